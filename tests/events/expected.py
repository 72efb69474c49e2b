"""What becomes of each file under events/: one line for each."""

from dataclasses import dataclass
from typing import Final

from textension.feedback import Kind
from textension.message import Trust
from textension.states import State


@dataclass(frozen=True, slots=True)
class Stored:
    """200, and the text is in the conversation."""

    text: str = "Yes please"
    trust: Trust = Trust.TOKEN


@dataclass(frozen=True, slots=True)
class Receipt:
    """200, the receipt is recorded on the message of the same name, which is in that state now."""

    code: str
    state: State


@dataclass(frozen=True, slots=True)
class Stray:
    """200, and the receipt waits for its message."""

    clicksend_id: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """200, and the post is kept as it came."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """403, and nothing is kept."""


type Inbound = Stored | Receipt | Stray | Quarantined | Refused

INBOUND: Final[dict[str, Inbound]] = {
    "form_16_keys": Stored(),
    "form_16_keys_unencoded": Stored(),
    "form_14_keys": Stored(),
    "form_13_keys": Stored(),
    "form_10_keys": Stored(),
    "json_16_keys": Stored(),
    "json_16_keys_strings": Stored(),
    "json_13_keys_integers": Stored(),
    "json_nulls": Stored(),
    "get_16_keys": Stored(),
    "json_labelled_as_form": Stored(),
    "form_labelled_as_json": Stored(),
    "content_type_missing": Stored(),
    "to_missing": Stored(),
    "body_empty": Stored(""),
    "text_with_every_trap": Stored("Grüße \U0001f600\nsecond line: 1+1=2 & 100%25\0end\u200f שלום"),
    "link_only": Stored("https://example.com/media/1.jpg?expires=7d&size=full"),
    "reply_with_custom_string": Stored(trust=Trust.ECHOED_MAC),
    "reply_to_substituted_number": Stored(trust=Trust.ECHOED_MAC),
    "receipt_201": Receipt("201", State.DELIVERED),
    "receipt_301": Receipt("301", State.UNDELIVERED),
    "receipt_200": Receipt("200", State.SENT),
    "receipt_300": Receipt("300", State.SENT),
    "receipt_201_at_the_sms_path": Receipt("201", State.DELIVERED),
    "receipt_of_another_tool": Stray("1EF2D909-D81A-65FA-BEC7-000000000006"),
    "subaccount_unknown": Quarantined("subaccount_unknown"),
    "number_unknown": Quarantined("number_unknown"),
    "not_json": Quarantined("not_json"),
    "not_utf8": Quarantined("not_utf8"),
    "nothing_posted": Quarantined("empty"),
    "message_id_missing": Quarantined("message_id_missing"),
    "duplicate_keys": Quarantined("duplicate_keys"),
    "token_wrong": Refused(),
    "bare_path": Refused(),
}


@dataclass(frozen=True, slots=True)
class Relayed:
    """Types of the events published; states whose doorbell rang; positions of the records that failed."""

    published: tuple[str, ...] = ()
    rung: int = 0
    failed: tuple[int, ...] = ()


STREAM: Final = {
    "message_received": Relayed(("message.received",)),
    "message_queued": Relayed(("message.status_changed",), rung=1),
    "status_changed_to_sent": Relayed(("message.status_changed",)),
    "poison_between_messages": Relayed(("message.received", "message.received"), failed=(1,)),
    "mark_published": Relayed(),
    "summary_changed": Relayed(),
    "ttl_remove": Relayed(),
    "conversation_read": Relayed(("conversation.read",)),
}

APP: Final[dict[str, tuple[int, str | None]]] = {
    "me": (200, None),
    "conversations": (200, None),
    "send_path_encoded": (202, None),
    "send_path_decoded": (202, None),
    "send_without_key": (400, "idempotency_key_missing"),
    "send_form": (415, "unsupported_media_type"),
    "send_not_json": (400, "json_invalid"),
    "number_of_another_extension": (404, "not_found"),
    "admin_groups_by_comma": (200, None),
    "admin_groups_in_brackets": (200, None),
    "admin_by_nobody": (403, "admin_only"),
    "openapi": (200, None),
}
"""The status of each file of `app_api`, and the code of its problem."""

REPLAYS: Final = ("replay_absent",)
"""The files of `inbound_webhook` that are no posts: `app_api` asks for quarantined ones."""

SENDER: Final[dict[str, tuple[int, ...]]] = {
    "batch_of_one": (),
    "batch_of_ten": (),
    "body_malformed": (1,),
    "body_malformed_ahead_of_its_conversation": (0, 1),
    "message_unknown": (),
    "rung_twice": (),
}
"""Positions of the records that the queue is to bring again."""


@dataclass(frozen=True, slots=True)
class Emailed:
    """Positions of the records that are to come again, and what is noted of the address: the kind, and if for good."""

    failed: tuple[int, ...] = ()
    noted: tuple[Kind, bool] | None = None


EMAIL: Final[dict[str, Emailed]] = {
    "one_text": Emailed(),
    "several_texts": Emailed(),
    "unreadable_between_texts": Emailed(failed=(1,)),
    "bounce_permanent": Emailed(noted=(Kind.BOUNCE, True)),
    "bounce_transient": Emailed(noted=(Kind.BOUNCE, False)),
    "complaint": Emailed(noted=(Kind.COMPLAINT, True)),
    "bounce_of_another_tool": Emailed(),
    "topic_validated": Emailed(),
}

SWEEPER: Final = {"each_minute": {"announced": 1, "rung": 1, "expired": 1, "lease_ended": 1}}
"""What is done of `arrange.for_sweeper`."""


@dataclass(frozen=True, slots=True)
class Socket:
    """What a WebSocket's event is answered, whether 101 has that connection afterwards, the type of the frame sent."""

    status: int
    connected: bool
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """The types of the events that each extension hears; positions of the records that failed."""

    heard: dict[str, tuple[str, ...]]
    failed: tuple[int, ...] = ()


SOCKETS: Final = {
    "connect": Socket(200, connected=True),
    "connect_ticket_expired": Socket(401, connected=False),
    "connect_ticket_missing": Socket(401, connected=False),
    "connect_ticket_unknown": Socket(401, connected=False),
    "disconnect": Socket(200, connected=False),
    "ping": Socket(200, connected=True, frame="pong"),
    "default": Socket(200, connected=True, frame="error"),
    "default_not_json": Socket(200, connected=True, frame="error"),
}
_ALL: Final = ("message.received", "message.received", "number.opted_out")
BATCHES: Final = {
    "batch_of_one": Batch({"101": ("message.received",), "102": ("message.received",)}),
    "batch_of_events": Batch({"101": ("message.received", "message.status_changed", *_ALL[1:]), "102": _ALL}),
    "batch_with_a_repeat": Batch({"101": ("message.received",), "102": ("message.received",)}),
    "batch_with_an_unreadable_record": Batch(
        {"101": ("message.received", "message.status_changed"), "102": ("message.received",)}, failed=(1, 3)
    ),
}
REALTIME: Final[dict[str, Socket | Batch]] = {**SOCKETS, **BATCHES}


PUSHES: Final[dict[str, tuple[tuple[int, ...], int]]] = {
    "batch_of_one": ((), 2),
    "batch_with_an_unreadable_record": ((0,), 4),
    "record_that_comes_again": ((), 2),
}
"""Positions of the records that the queue is to bring again, and how many pushes go out to `arrange.SUBSCRIBED`."""

WEB: Final = {
    "app": (308, ""),
    "app_with_its_slash": (200, "text/html; charset=utf-8"),
    "index_by_name": (200, "text/html; charset=utf-8"),
    "config": (200, "application/json"),
    "head_of_config": (200, "application/json"),
    "nothing_there": (404, "application/problem+json"),
    "path_that_climbs": (404, "application/problem+json"),
}
"""The status of each answer of the web app, and its type."""


def failures(records: list[dict[str, dict[str, str]]], positions: tuple[int, ...]) -> dict[str, list[dict[str, str]]]:
    """A batch's answer that names the records at these positions."""
    names = [str(record.get("messageId") or record["dynamodb"]["SequenceNumber"]) for record in records]
    return {"batchItemFailures": [{"itemIdentifier": names[position]} for position in positions]}
