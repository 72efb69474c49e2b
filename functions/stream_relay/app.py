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

    A record that nothing can be made of keeps none behind it waiting.
    """
    metrics.add_metric("RelayRecords", MetricUnit.Count, len(event["Records"]))
    failed: list[str] = []
    found: dict[str, Message | Notice] = {}
    for record in event["Records"]:
        change = record["dynamodb"]
        try:
            announced = _unannounced(change.get("NewImage") or {})
        except (KeyError, ValueError, TypeError):
            logger.exception("not announced", extra={"event_id": record.get("eventID")})
            failed.append(change["SequenceNumber"])
        else:
            found |= {change["SequenceNumber"]: announced} if announced is not None else {}
    failed += _announce(found) if found else []
    if failed:
        metrics.add_metric("RelayFailed", MetricUnit.Count, len(failed))
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}


def _announce(found: dict[str, Message | Notice]) -> list[str]:
    """Announce these, by their sequence numbers; those that could not be."""
    try:
        untold = {id(one.announced): one.reason for one in assemble.relay().announce(*found.values())}
    except (Unavailable, ConfigurationError):
        logger.exception("nothing could be announced")
        return list(found)
    for announced in found.values():
        what = announced.state if isinstance(announced, Message) else announced.kind
        if id(announced) in untold:
            logger.error("not announced", extra={"id": announced.id, "state": what, "reason": untold[id(announced)]})
            continue
        logger.info("announced", extra={"id": announced.id, "state": what})
        metrics.add_metric("RelayAnnounced", MetricUnit.Count, 1)
        if what in UNCLEAR:
            metrics.add_metric("MessagesUnclear", MetricUnit.Count, 1)
    return [sequence for sequence, announced in found.items() if id(announced) in untold]


def _unannounced(image: dict[str, Any]) -> Message | Notice | None:
    if "unannounced" not in image:
        return None  # the world knows it already
    return items.announcement(from_wire(image))
