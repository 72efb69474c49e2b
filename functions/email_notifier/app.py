"""The queue of e-mail copies: inbound texts to mail, and what SES says of mails that came back."""

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
    """A batch of records. What could not be mailed comes again; what nothing can be made of too, and ends in the
    dead-letter queue."""
    metrics.add_metric("EmailRecords", MetricUnit.Count, len(event["Records"]))
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        try:
            report = assemble.copies().take(record["body"], remaining=context.get_remaining_time_in_millis)
        except (Unreadable, Unavailable, ConfigurationError) as error:
            logger.exception("not taken", extra={"sqs_id": record["messageId"], "reason": str(error)})
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        for result, count in report.done.items():
            metrics.add_metric(f"Email{result.title()}", MetricUnit.Count, count)
        counts = {str(result): count for result, count in report.done.items()}
        logger.info("taken", extra={"id": report.message_id, **counts})
        if report.again:
            logger.warning("to be tried again", extra={"id": report.message_id, "reasons": report.again})
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
