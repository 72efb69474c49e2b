"""What the world hears of: CloudEvents 1.0 on the SNS topic, the same on every repeat."""

import json
from dataclasses import dataclass
from typing import Any

from textension.clock import iso
from textension.message import Direction, Message

MESSAGE_RECEIVED = "message.received"
MESSAGE_STATUS_CHANGED = "message.status_changed"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `attributes` are for filter policies, `body` is the CloudEvent."""

    id: str
    type: str
    account: str
    number: str
    extensions: tuple[str, ...]
    body: str


def of(message: Message) -> Event:
    """The event that announces the message's present state.

    Its id is made of the message's id, the state, and the attempt where there was more than one.
    """
    kind = MESSAGE_RECEIVED if message.direction is Direction.INBOUND else MESSAGE_STATUS_CHANGED
    attempt = f".{message.attempt}" if message.attempt > 1 else ""
    event_id = f"{message.id}.{message.state}{attempt}"
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/textension/accounts/{message.account}",
        "type": kind,
        "subject": message.id,
        "time": iso(message.changed_at),
        "datacontenttype": "application/json",
        "data": _data(message),
    }
    return Event(
        id=event_id,
        type=kind,
        account=message.account,
        number=message.conversation.number,
        extensions=message.extensions,
        body=json.dumps(body, ensure_ascii=True, separators=(",", ":")),
    )


def _data(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {
        "message_id": message.id,
        "account": message.account,
        "number": message.conversation.number,
        "peer": message.conversation.peer,
        "direction": message.direction,
        "state": message.state,
        "text": message.text,
        "sent_at": iso(message.sent_at),
        "received_at": iso(message.received_at),
        "extensions": list(message.extensions),
    }
    if message.reason:
        data["reason"] = message.reason
    return data
