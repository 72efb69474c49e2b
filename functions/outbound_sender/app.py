"""The outbound queue: doorbells in, texts out through ClickSend, and what became of them in the table."""

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble
from textension.errors import ConfigurationError, Unavailable
from textension.outbound import Doorbell
from textension.states import State

logger = Logger()
metrics = Metrics()


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of doorbells. Those that came to nothing for want of the table ring again; unreadable ones too,
    and end in the dead-letter queue."""
    metrics.add_metric("OutboundDoorbells", MetricUnit.Count, len(event["Records"]))
    bells: dict[Doorbell, dict[str, Any]] = {}
    failed: list[dict[str, Any]] = []
    for record in event["Records"]:
        try:
            body = json.loads(record["body"])
            bells[Doorbell(str(body["message_id"]), int(body["attempt"]))] = record
        except (ValueError, KeyError, TypeError):
            logger.exception("unreadable doorbell", sqs_id=record["messageId"])
            failed.append(record)
    try:
        report = assemble.sender().send(list(bells), remaining=context.get_remaining_time_in_millis)
    except (Unavailable, ConfigurationError):
        logger.exception("nothing could be claimed")
        return _failures(event, list(event["Records"]))
    for message in report.posted:
        logger.info("attempted", id=message.id, state=message.state, attempt=message.attempt, reason=message.reason)
        metrics.add_metric(f"Outbound{message.state.title()}", MetricUnit.Count, 1)
        # A message that a batch was refused for waits too, to go alone: ClickSend is well.
        if message.state is State.UNKNOWN or (message.state is State.QUEUED and not message.alone):
            metrics.add_metric("ClickSendErrors", MetricUnit.Count, 1)
    for message_id in report.unrecorded:
        logger.error("outcome not recorded", id=message_id)
        metrics.add_metric("OutboundUnrecorded", MetricUnit.Count, 1)
    return _failures(event, [*failed, *(bells[bell] for bell in report.failed)])


def _failures(event: dict[str, Any], failed: list[dict[str, Any]]) -> dict[str, Any]:
    """The failed records, and those behind them in the same conversation: order holds within one."""
    groups: set[str] = set()
    identifiers = {record["messageId"] for record in failed}
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        group = record["attributes"]["MessageGroupId"]
        if record["messageId"] in identifiers or group in groups:
            groups.add(group)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
