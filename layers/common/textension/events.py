"""What the world hears of: CloudEvents 1.0 on the SNS topic, the same on every repeat."""

import json
from dataclasses import dataclass
from typing import Any

from textension.clock import iso
from textension.message import Direction, Message
from textension.optout import Keyword

MESSAGE_RECEIVED = "message.received"
MESSAGE_STATUS_CHANGED = "message.status_changed"
NUMBER_OPTED_OUT = "number.opted_out"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `attributes` are for filter policies, `body` is the CloudEvent."""

    id: str
    type: str
    account: str
    number: str
    extensions: tuple[str, ...]
    body: str


def of(message: Message) -> list[Event]:
    """The events that announce a message's present state.

    An id is made of the message's id, the state, and the attempt where there was more than one. A keyword has an event
    of its own; where two cross, the later `sent_at` holds.
    """
    kind = MESSAGE_RECEIVED if message.direction is Direction.INBOUND else MESSAGE_STATUS_CHANGED
    attempt = f".{message.attempt}" if message.attempt > 1 else ""
    announced = [_event(message, kind, f"{message.state}{attempt}", _data(message))]
    if message.keyword:
        data = {**_identity(message), "opted_out": message.keyword is Keyword.STOP, "sent_at": iso(message.sent_at)}
        announced.append(_event(message, NUMBER_OPTED_OUT, message.keyword, data))
    return announced


def _event(message: Message, kind: str, suffix: str, data: dict[str, Any]) -> Event:
    event_id = f"{message.id}.{suffix}"
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/textension/accounts/{message.account}",
        "type": kind,
        "subject": message.id,
        "time": iso(message.changed_at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Event(
        id=event_id,
        type=kind,
        account=message.account,
        number=message.conversation.number,
        extensions=message.extensions,
        body=json.dumps(body, ensure_ascii=True, separators=(",", ":")),
    )


def _identity(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.id,
        "account": message.account,
        "number": message.conversation.number,
        "peer": message.conversation.peer,
        "extensions": list(message.extensions),
    }


def _data(message: Message) -> dict[str, Any]:
    data: dict[str, Any] = {
        **_identity(message),
        "direction": message.direction,
        "state": message.state,
        "text": message.text,
        "sent_at": iso(message.sent_at),
        "received_at": iso(message.received_at),
    }
    if message.reason:
        data["reason"] = message.reason
    return data
