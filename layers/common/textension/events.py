"""What the world hears of: CloudEvents 1.0 on the SNS topic, the same on every repeat."""

import json
from dataclasses import dataclass
from typing import Any

from textension import ids
from textension.clock import iso
from textension.message import Conversation, Direction, Message, Notice
from textension.optout import Keyword

MESSAGE_RECEIVED = "message.received"
MESSAGE_STATUS_CHANGED = "message.status_changed"
CONVERSATION_READ = "conversation.read"
NUMBER_OPTED_OUT = "number.opted_out"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `attributes` are for filter policies, `body` is the CloudEvent."""

    id: str
    type: str
    conversation: Conversation
    extensions: tuple[str, ...]
    body: str


def of(announced: Message | Notice) -> list[Event]:
    """The events that announce a message's present state, or a notice.

    The id of a message's event is made of its own, its state, and how often it was in that where it was more than once.
    A keyword has an event of its own; where two cross, the later `sent_at` holds.
    """
    if isinstance(announced, Notice):
        return [_of_notice(announced)]
    message = announced
    kind = MESSAGE_RECEIVED if message.direction is Direction.INBOUND else MESSAGE_STATUS_CHANGED
    times = sum(step.state is message.state for step in message.journey)
    found = [_of_message(message, kind, f"{message.state}.{times}" if times > 1 else message.state, _data(message))]
    if message.keyword:
        data = {**_identity(message), "opted_out": message.keyword is Keyword.STOP, "sent_at": iso(message.sent_at)}
        found.append(_of_message(message, NUMBER_OPTED_OUT, message.keyword, data))
    return found


def opted_out(conversation: Conversation, extensions: tuple[str, ...], *, at: int, by: str) -> Notice:
    """The notice that an opt-out was lifted by somebody other than the peer; `by` is who."""
    return Notice(
        id=f"{ids.message_id(conversation.account, 'opt-out', _place(conversation))}.{at}",
        kind=NUMBER_OPTED_OUT,
        slot="OPTOUT",
        conversation=conversation,
        extensions=extensions,
        at=at,
        data={"opted_out": False, "sent_at": iso(at), "by": by},
    )


def read(conversation: Conversation, extension: str, *, up_to: str, unread: int, at: int) -> Notice:
    """The notice that an extension has read its conversation up to that message."""
    return Notice(
        id=f"{up_to}.read.{extension}.{unread}",
        kind=CONVERSATION_READ,
        slot=f"READ#{extension}",
        conversation=conversation,
        extensions=(extension,),
        at=at,
        data={"up_to": up_to, "unread": unread, "read_at": iso(at)},
    )


def _place(conversation: Conversation) -> str:
    return f"{conversation.number}\0{conversation.peer}"


def _of_message(message: Message, kind: str, suffix: str, data: dict[str, Any]) -> Event:
    return _event(
        f"{message.id}.{suffix}", kind, message.id, message.conversation, message.extensions, message.changed_at, data
    )


def _of_notice(notice: Notice) -> Event:
    conversation = notice.conversation
    data = {
        "account": conversation.account,
        "number": conversation.number,
        "peer": conversation.peer,
        "extensions": list(notice.extensions),
        **notice.data,
    }
    return _event(notice.id, notice.kind, notice.id, conversation, notice.extensions, notice.at, data)


def _event(
    event_id: str,
    kind: str,
    subject: str,
    conversation: Conversation,
    extensions: tuple[str, ...],
    at: int,
    data: dict[str, Any],
) -> Event:
    body = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/textension/accounts/{conversation.account}",
        "type": kind,
        "subject": subject,
        "time": iso(at),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Event(
        id=event_id,
        type=kind,
        conversation=conversation,
        extensions=extensions,
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
    optional = {
        "reason": message.reason,
        "author": message.author,
        "scheduled_at": iso(message.scheduled_at) if message.scheduled_at else None,
        "resend_of": message.resend_of,
    }
    return data | {name: value for name, value in optional.items() if value}
