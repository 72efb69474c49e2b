"""The queue of pushes: inbound texts to the browsers of their extensions."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble
from textension.errors import ConfigurationError, Unavailable, Unreadable

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of records. What a push service did not take comes again, for that browser; what nothing can be made of
    too, and ends in the dead-letter queue."""
    metrics.add_metric("PushRecords", MetricUnit.Count, len(event["Records"]))
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        repeated = int(record["attributes"]["ApproximateReceiveCount"]) > 1
        try:
            report = assemble.pushes().take(
                record["body"], repeated=repeated, remaining=context.get_remaining_time_in_millis
            )
        except (Unreadable, Unavailable, ConfigurationError) as error:
            logger.exception("not taken", extra={"sqs_id": record["messageId"], "reason": str(error)})
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        for outcome, count in report.done.items():
            metrics.add_metric(f"Push{outcome.title()}", MetricUnit.Count, count)
        logger.info("taken", extra={"id": report.message_id, **report.done})
        if report.refused:
            logger.warning("refused for good", extra={"id": report.message_id, "reasons": report.refused})
        if report.again:
            logger.warning("to be tried again", extra={"id": report.message_id, "reasons": report.again})
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
