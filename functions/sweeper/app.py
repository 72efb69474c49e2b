"""Each minute: what is due is done."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(_event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """One sweep; counts by what was done."""
    done = assemble.sweep().run(remaining=context.get_remaining_time_in_millis)
    metrics.add_metric("Swept", MetricUnit.Count, done.total())
    for what, count in done.items():
        metrics.add_metric(f"Swept{what.title().replace('_', '')}", MetricUnit.Count, count)
    if done:
        logger.info("swept", extra=dict(done))
    return dict(done)
