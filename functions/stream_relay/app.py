"""The table's stream: every message whose state nobody has been told yet is announced."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble
from textension.aws import items
from textension.aws.wire import from_wire
from textension.errors import ConfigurationError, Unavailable
from textension.message import Message, Notice
from textension.states import State

logger = Logger()
metrics = Metrics()

UNCLEAR = frozenset({State.UNKNOWN, State.UNRESOLVED})
"""Nobody knows whether ClickSend has the message."""


@metrics.log_metrics
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """A batch of stream records. What fails comes again, by the stream or by the sweeper.

    A record that nothing can be made of keeps none behind it waiting; a dependency that is out of reach ends the batch.
    """
    metrics.add_metric("RelayRecords", MetricUnit.Count, len(event["Records"]))
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            announced = _unannounced(change.get("NewImage") or {})
            if announced is not None:
                assemble.relay().announce(announced)
                what = announced.state if isinstance(announced, Message) else announced.kind
                logger.info("announced", extra={"id": announced.id, "state": what})
                metrics.add_metric("RelayAnnounced", MetricUnit.Count, 1)
                if what in UNCLEAR:
                    metrics.add_metric("MessagesUnclear", MetricUnit.Count, 1)
        except (Unavailable, ConfigurationError, KeyError, ValueError, TypeError) as error:
            logger.exception("not announced", extra={"event_id": record.get("eventID")})
            metrics.add_metric("RelayFailed", MetricUnit.Count, 1)
            failures.append({"itemIdentifier": change["SequenceNumber"]})
            if isinstance(error, Unavailable):
                break
    return {"batchItemFailures": failures}


def _unannounced(image: dict[str, Any]) -> Message | Notice | None:
    if "unannounced" not in image:
        return None  # the world knows it already
    return items.announcement(from_wire(image))
