"""What the files under events/ take for granted: the secrets that they were made with, the messages that they name.

The same for the handlers in this process and for the functions in their containers.
"""

import hashlib
import json
import time
from pathlib import Path
from typing import Any, Final

from textension import ids
from textension.accepting import VALIDITY
from textension.aws import items
from textension.aws.connections import TICKET_LIFE, Connection, Connections, Holder
from textension.aws.emails import EmailMarks, MarkState
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.push_subscriptions import PushSubscriptions
from textension.aws.table import Put, Table
from textension.clock import DAY, HOUR, MINUTE, now_ms
from textension.message import Conversation, Direction, Message, NumberSettings, Step
from textension.states import State

from tests.browser import Browser
from tests.template_yaml import ROOT

EVENTS: Final = ROOT / "events"
ACCOUNT: Final = "main"
NUMBER: Final = "+61411111111"
PEER: Final = "+61422222222"
SUBACCOUNT: Final = "100002"
CONVERSATION: Final = Conversation(ACCOUNT, NUMBER, PEER)
EXTENSIONS: Final = ("101", "102")

TOKEN: Final = "test-token-abcdefghijklmnopqrstuvwxyz012345"
SIGNING_VERSION: Final = "t"
SIGNING_KEY: Final = "test-signing-key-01234567890123456789012345678901234567890123456"
SIGNER: Final = ids.Signer(ids.SigningKey(SIGNING_VERSION, SIGNING_KEY.encode()))


def functions() -> list[str]:
    """The folders of events/, each named like its function's."""
    return sorted(path.name for path in EVENTS.iterdir())


def cases(function: str) -> list[str]:
    """The names of a function's files."""
    return sorted(path.stem for path in (EVENTS / function).glob("*.json"))


def path_of(function: str, case: str) -> Path:
    """One file."""
    return EVENTS / function / f"{case}.json"


def event(function: str, case: str) -> dict[str, Any]:
    """What one file holds."""
    envelope: dict[str, Any] = json.loads(path_of(function, case).read_text(encoding="ascii"))
    return envelope


def message_id(key: str) -> str:
    """The id of the outbound message that the files know as `key`."""
    return ids.message_id(ACCOUNT, "events", key)


def outbound(key: str, state: State, **changes: Any) -> Message:
    """An outbound message that needs nobody's attention yet: announced, its doorbell rung just now."""
    now = now_ms()
    values: dict[str, Any] = {
        "text": f"Shall we confirm? ({key})",
        "sent_at": now,
        "received_at": now,
        "changed_at": now,
        "rung_at": now if state is State.QUEUED else None,
        "valid_until": now + VALIDITY,
        "journey": (Step(state=state, at=now, source="events"),),
    }
    return Message(
        id=message_id(key),
        conversation=CONVERSATION,
        direction=Direction.OUTBOUND,
        state=state,
        extensions=EXTENSIONS,
        **{**values, **changes},
    )


def put(messages: Messages, message: Message) -> Message:
    """Store a message, whatever its state."""
    messages.store(message, digest=ids.content_digest(message.id))
    return message


ANSWERED: Final = (
    "answered",
    "receipt_201",
    "receipt_301",
    "receipt_200",
    "receipt_300",
    "receipt_201_at_the_sms_path",
)
"""Messages that are sent already, which replies and receipts of `inbound_webhook` speak of."""

BELLS: Final = {
    "batch_of_one": ("batch_of_one",),
    "batch_of_ten": tuple(f"batch_of_ten_{number:02d}" for number in range(1, 11)),
    "body_malformed": ("body_malformed_1", "body_malformed_3"),
    "body_malformed_ahead_of_its_conversation": ("malformed_ahead_2",),
    "message_unknown": (),
    "rung_twice": ("rung_twice",),
}
"""The messages that each file of `outbound_sender` asks to send."""


def for_inbound_webhook(messages: Messages) -> None:
    """What customers reply to, and what ClickSend reports on."""
    for key in ANSWERED:
        put(messages, outbound(key, State.SENT))


def for_outbound_sender(messages: Messages, case: str) -> None:
    """What waits to be sent."""
    for key in BELLS[case]:
        put(messages, outbound(key, State.QUEUED))


def for_sweeper(messages: Messages) -> None:
    """One message for each thing that may be due."""
    long_ago = now_ms() - 10 * MINUTE
    put(messages, outbound("unannounced", State.SENT, changed_at=long_ago, unannounced=True))
    put(messages, outbound("rung_in_vain", State.QUEUED, rung_at=long_ago))
    put(messages, outbound("too_late", State.QUEUED, rung_at=long_ago, valid_until=long_ago + MINUTE))
    put(messages, outbound("worker_lost", State.SENDING, lease_until=long_ago, claimed_by="0123456789abcdef"))
    put(messages, outbound("not_due", State.QUEUED, valid_until=int(time.time() * 1000) + DAY + HOUR))


WEB_APP: Final = {
    "COGNITO_ENDPOINT": "https://cognito-idp.ap-southeast-2.amazonaws.com/",
    "USER_POOL_ID": "ap-southeast-2_Pool00000",
    "USER_POOL_CLIENT_ID": "TestClientId0000000000000",
    "AWS_REGION": "ap-southeast-2",
    "WEBSOCKET_URL": "wss://abcdef1234.execute-api.ap-southeast-2.amazonaws.com/live",
}
"""The environment of `web_app`, besides its parameter."""
SUBSCRIBED: Final = ("101", "102", "103")
"""Extensions with one browser each that takes pushes; nobody texts the last."""


def for_push_notifier(table: Table, endpoint: str) -> None:
    """Browsers whose push service is at `endpoint`."""
    for extension in SUBSCRIBED:
        subscription = Browser().subscription(f"browser-{extension}", f"{endpoint}/{extension}")
        PushSubscriptions(table).put(ACCOUNT, extension, subscription)


CONNECTED: Final = {"TestConnected1Id=": "101", "TestConnected2Id=": "102", "TestConnected3Id=": "103"}
"""Connections of `realtime`, with their extensions; the first is whom the files of one client are about."""
NEWCOMER: Final = "TestNewcomer1cId="
TICKET: Final = "test-ticket-abcdefghijklmnopqrstuvwxyz01234"
TICKET_EXPIRED: Final = "test-ticket-expired-klmnopqrstuvwxyz0123456"


def for_realtime(table: Table) -> None:
    """Who is connected, and the tickets that are shown."""
    now = now_ms()
    for connection, extension in CONNECTED.items():
        Connections(table).open(Connection(connection, Holder(ACCOUNT, extension, f"user-{extension}"), now - HOUR))
    for text, expires in ((TICKET, now + TICKET_LIFE), (TICKET_EXPIRED, now - 1)):
        item = {"account": ACCOUNT, "extension": "101", "user": "user-101", "expires": expires}
        key = items.ticket_key(hashlib.sha256(text.encode()).hexdigest())
        table.put(Put(key, item, condition=""))


SALES: Final = "sales@example.com"
COPIED: Final = {
    "one_text": ("one_text",),
    "several_texts": ("several_1", "several_2", "several_3"),
    "unreadable_between_texts": ("between_1", "between_3"),
}
"""The texts that each file of `email_notifier` tells of."""
COPY_TEXTS: Final = {
    "one_text": "Are you open today? \U0001f600",
    "several_2": "<b>Second</b> line:\n1 & 2",
    "several_3": "\u200f\u05e9\u05dc\u05d5\u05dd",
}
SENT_BACK: Final = ("bounce_permanent", "bounce_transient", "complaint")
"""The files of `email_notifier` that speak of a mail of ours, each of the text that is named like it."""


def received(key: str) -> Message:
    """The inbound text that the files know as `key`."""
    at = 1_759_730_400_000
    return Message(
        id=message_id(key),
        conversation=CONVERSATION,
        direction=Direction.INBOUND,
        text=COPY_TEXTS.get(key, f"A text ({key})"),
        state=State.RECEIVED,
        sent_at=at,
        received_at=at + 321,
        changed_at=at + 321,
        extensions=EXTENSIONS,
        journey=(Step(state=State.RECEIVED, at=at + 321, source="clicksend"),),
    )


def for_email_notifier(table: Table, case: str) -> None:
    """The number's address, and the mail that came back from there."""
    Numbers(table).put(
        NumberSettings(number=NUMBER, account=ACCOUNT, extensions=EXTENSIONS, emails=(SALES,), label="Sales")
    )
    if case in SENT_BACK:
        put(Messages(table), received(case))
        EmailMarks(table).claim(message_id(case), SALES, now=now_ms())
        EmailMarks(table).settle(message_id(case), SALES, MarkState.SENT)
