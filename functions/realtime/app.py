"""The apps' WebSockets: who connects, who leaves, and what they hear of.

A client is told nothing by an answer's body: without route responses API Gateway drops that.
"""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension import assemble
from textension.errors import ConfigurationError, Refused, Unavailable, Unreadable
from textension.realtime import Announcement

logger = Logger()
metrics = Metrics()

PONG = {"type": "pong"}
UNKNOWN_ACTION = {
    "type": "error",
    "code": "unknown_action",
    "detail": 'Send {"action": "ping"}; nothing else is known.',
}


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A WebSocket's event, or a batch of CloudEvents from the queue."""
    if "Records" in event:
        return _deliver(event["Records"], context)
    try:
        return _route(event)
    except Refused as refused:
        logger.warning("refused", reason=str(refused))
        metrics.add_metric("RealtimeRefused", MetricUnit.Count, 1)
        return {"statusCode": 401, "body": "unauthorized"}
    except (Unavailable, ConfigurationError) as error:
        logger.exception("unavailable", reason=str(error))
        metrics.add_metric("RealtimeUnavailable", MetricUnit.Count, 1)
        return {"statusCode": 503}


def _route(event: dict[str, Any]) -> dict[str, Any]:
    connection_id = event["requestContext"]["connectionId"]
    # By its type: what a client says may name any route.
    match event["requestContext"]["eventType"]:
        case "CONNECT":
            ticket = (event.get("queryStringParameters") or {}).get("ticket") or ""
            holder = assemble.realtime().connect(connection_id, ticket)
            logger.info("connected", connection=connection_id, user=holder.user)
            metrics.add_metric("RealtimeConnected", MetricUnit.Count, 1)
        case "DISCONNECT":
            assemble.realtime().disconnect(connection_id)
            logger.info("disconnected", connection=connection_id)
            metrics.add_metric("RealtimeDisconnected", MetricUnit.Count, 1)
        case _:
            frame = PONG if event["requestContext"]["routeKey"] == "ping" else UNKNOWN_ACTION
            posted = assemble.realtime().answer(connection_id, frame)
            metrics.add_metric(f"Realtime{posted.outcome.title()}", MetricUnit.Count, 1)
    return {"statusCode": 200}


def _deliver(records: list[dict[str, Any]], context: LambdaContext) -> dict[str, Any]:
    """Those that nobody could be told of come again; unreadable ones too, and end in the dead-letter queue."""
    metrics.add_metric("RealtimeEvents", MetricUnit.Count, len(records))
    announced: dict[str, Announcement] = {}
    failed: list[str] = []
    for record in records:
        try:
            announced[record["messageId"]] = Announcement.read(record["body"])
        except Unreadable as error:
            logger.exception("unreadable event", sqs_id=record["messageId"], reason=error.reason)
            failed.append(record["messageId"])
    try:
        report = assemble.realtime().deliver(list(announced.values()), remaining=context.get_remaining_time_in_millis)
    except ConfigurationError:
        logger.exception("nothing could be delivered")
        return _failures([record["messageId"] for record in records])
    for posted, count in report.posted.items():
        metrics.add_metric(f"Realtime{posted.outcome.title()}", MetricUnit.Count, count)
        if posted.reason:
            logger.warning("not delivered", reason=posted.reason, count=count)
    for announcement in report.unreached:
        logger.error("connections not read", id=announcement.id)
    failed += [record_id for record_id, announcement in announced.items() if announcement in report.unreached]
    return _failures(failed)


def _failures(record_ids: list[str]) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": record_id} for record_id in record_ids]}
