"""The bodies of requests and answers. Requests refuse what they do not know; answers are made here only."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from textension import segments
from textension.aws.contacts import Contact as StoredContact
from textension.aws.conversations import OptOut as StoredOptOut
from textension.aws.conversations import Summary
from textension.clock import iso
from textension.message import Direction, NumberSettings
from textension.message import Message as StoredMessage
from textension.states import State

type Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-11-22T03:15:00.000Z"])]
type E164 = Annotated[str, Field(examples=["+61411111111"])]
type Peer = Annotated[str, Field(examples=["+61422222222"])]
type MessageId = Annotated[str, Field(examples=["38VSP1M892RHB0THPX80B1AYM9"])]
type Opaque = Annotated[str, Field(examples=["1zq0T9m2WbqvB7nQ4uWkX2gWzE2OTU1MDY1MTUwMDBd"])]
type Cursor = Annotated[
    Opaque | None, Field(description="Give it as `cursor` for the next page; null on the last one.")
]


def _no_half_characters(value: object) -> object:
    """Half a surrogate pair is no text: it can be neither stored nor sent."""
    if isinstance(value, str):
        value.encode()
    return value


def _trimmed(value: object) -> object:
    value = _no_half_characters(value)
    return value.strip() if isinstance(value, str) else value


def _text_only(value: object) -> object:
    """A time is given in words: a number is as likely to be seconds as milliseconds."""
    if not isinstance(value, str):
        raise ValueError("give the time as text, like 2026-11-22T03:15:00Z")
    return value


Text = Annotated[str, BeforeValidator(_no_half_characters)]
Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_text_only),
    Field(examples=["2026-11-22T03:15:00Z"]),
]
Trimmed = Annotated[str, BeforeValidator(_trimmed)]


class Request(BaseModel):
    """The body of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """The body of an answer."""

    model_config = ConfigDict(frozen=True)


# ---------------------------------------------------------------- who and what


class Me(Answer):
    """Who the token says you are."""

    account: Annotated[str, Field(examples=["main"])]
    extension: Annotated[str, Field(examples=["101"])]
    email: Annotated[str, Field(examples=["101@example.com"])]
    admin: bool


class Number(Answer):
    """A number that you may text from."""

    number: E164
    label: Annotated[str, Field(examples=["Sales"])]
    enabled: bool
    extensions: Annotated[list[str], Field(description="Who shares it.", examples=[["101", "102"]])]

    @classmethod
    def of(cls, settings: NumberSettings) -> "Number":
        """As its extensions see it."""
        return cls(
            number=settings.number,
            label=settings.label,
            enabled=settings.enabled,
            extensions=list(settings.extensions),
        )


class Numbers(Answer):
    """All of them."""

    items: list[Number]


# ---------------------------------------------------------------- conversations


class Conversation(Answer):
    """All that one number and one peer said to each other, as a list shows it."""

    number: E164
    peer: Peer
    contact_name: Annotated[str | None, Field(examples=["Ana Souza"])]
    last_text: Annotated[str, Field(description="The beginning of the newest text.", examples=["Are you open today?"])]
    last_direction: Direction | None
    last_message_id: MessageId | None
    last_at: Time | None
    unread: Annotated[int, Field(description="Yours: other extensions count for themselves.", ge=0)]
    opted_out: bool
    blocked: bool

    @classmethod
    def of(cls, summary: Summary, extension: str, name: str | None) -> "Conversation":
        """As that extension sees it."""
        return cls(
            number=summary.conversation.number,
            peer=summary.conversation.peer,
            contact_name=name,
            last_text=summary.last_text,
            last_direction=summary.last_direction,
            last_message_id=summary.last_message_id or None,
            last_at=iso(summary.last_at) if summary.last_at else None,
            unread=summary.unread.get(extension, 0),
            opted_out=summary.opted_out,
            blocked=summary.blocked,
        )


class Conversations(Answer):
    """A page, the newest first. With `unread` it may be short."""

    items: list[Conversation]
    next: Cursor


class ReadUpTo(Request):
    """The last message that was seen."""

    up_to: MessageId


class Unread(Answer):
    """What is unread now: what arrived after that message."""

    unread: Annotated[int, Field(ge=0)]


# ---------------------------------------------------------------- messages


class Message(Answer):
    """One text, in either direction."""

    id: MessageId
    number: E164
    peer: Peer
    direction: Direction
    text: Annotated[str, Field(examples=["Are you open today?"])]
    state: State
    reason: Annotated[str | None, Field(description="Why it is in that state.", examples=["INVALID_RECIPIENT"])]
    sent_at: Annotated[Time, Field(description="The order of the thread.")]
    received_at: Time
    changed_at: Annotated[Time, Field(description="When the state last changed.")]
    author: Annotated[str | None, Field(description="The extension that wrote it.", examples=["101"])]
    scheduled_at: Time | None
    valid_until: Time | None
    sender_id: Annotated[
        str | None,
        Field(description="What the peer saw as the sender, where ClickSend changed it.", examples=["+61444444444"]),
    ]
    segments: Annotated[int | None, Field(description="Of an outbound text.")]
    resend_of: MessageId | None
    resent_as: MessageId | None

    @classmethod
    def of(cls, message: StoredMessage) -> "Message":
        """As the apps see it."""
        return cls(**_message(message))


class JourneyStep(Answer):
    """What a message became, when, by whose word, and why."""

    state: State
    at: Time
    source: Annotated[str, Field(examples=["app:101"])]
    reason: Annotated[str | None, Field(examples=["INVALID_RECIPIENT"])]


class Receipt(Answer):
    """A delivery receipt of ClickSend's: 201 delivered, 301 undelivered, others are not final."""

    status_code: Annotated[str, Field(examples=["201"])]
    at: Time
    text: Annotated[str, Field(examples=["Success: Message received on handset."])]


class MessageWithJourney(Message):
    """One text with all that became of it."""

    journey: list[JourneyStep]
    receipts: list[Receipt]
    clicksend_id: Annotated[str | None, Field(examples=["1F1E7DCE-3B60-6D06-90B8-81AD96EAF64F"])]
    price: Annotated[str | None, Field(description="In the account's currency.", examples=["0.0792"])]

    @classmethod
    def of(cls, message: StoredMessage) -> "MessageWithJourney":
        """As the apps see it."""
        return cls(
            **_message(message),
            journey=[
                JourneyStep(state=step.state, at=iso(step.at), source=step.source, reason=step.reason or None)
                for step in message.journey
            ],
            receipts=[
                Receipt(status_code=one.status_code, at=iso(one.at), text=one.error_text or one.status_text)
                for one in message.receipts
            ],
            clicksend_id=message.clicksend_id,
            price=message.price,
        )


def _message(message: StoredMessage) -> dict[str, Any]:
    def time(at: int | None) -> str | None:
        return iso(at) if at else None

    outbound = message.direction is Direction.OUTBOUND
    return {
        "id": message.id,
        "number": message.conversation.number,
        "peer": message.conversation.peer,
        "direction": message.direction,
        "text": message.text,
        "state": message.state,
        "reason": message.reason or None,
        "sent_at": iso(message.sent_at),
        "received_at": iso(message.received_at),
        "changed_at": iso(message.changed_at),
        "author": message.author,
        "scheduled_at": time(message.scheduled_at),
        "valid_until": time(message.valid_until),
        "sender_id": message.sender_id if message.sender_id != message.conversation.number else None,
        "segments": segments.measure(message.text).segments if outbound else None,
        "resend_of": message.resend_of,
        "resent_as": message.resent_as,
    }


class Messages(Answer):
    """A page of a thread, the newest first."""

    items: list[Message]
    next: Cursor


class NewMessage(Request):
    """A text to send."""

    text: Annotated[Text, Field(description="1 to 8 segments: see POST /segments.", examples=["Yes, until five."])]
    schedule_at: Annotated[Moment | None, Field(description="When to send it, within 90 days; else now.")] = None
    valid_until: Annotated[
        Moment | None,
        Field(
            description="After this it is not sent any more; else after 24 hours, at most 72 after it is to be sent."
        ),
    ] = None
    at_least_once: Annotated[
        bool | None,
        Field(
            description="For alerts that had better come twice than never. Where nobody can find out whether the text "
            "went out (`unresolved`), it is sent again, once, as a new message (`resend_of`), while it is valid. The "
            "risk: the peer may get it twice, and both are paid for. Without it the machine never sends again.",
            examples=[False],
        ),
    ] = None


def unix_ms(time: datetime | None) -> int | None:
    """A time of a request as the package counts it."""
    return None if time is None else int(time.timestamp() * 1000)


class Draft(Request):
    """A text that is being written."""

    text: Annotated[Text, Field(max_length=10_000, examples=["Yes, until five."])]


class Size(Answer):
    """What a text costs: one character outside GSM 03.38 makes all of it UCS-2."""

    encoding: Literal["GSM-7", "UCS-2"]
    characters: Annotated[int, Field(description="In units of the encoding.", ge=0)]
    segments: Annotated[int, Field(ge=0)]


# ---------------------------------------------------------------- changes


class Event(Answer):
    """A CloudEvent (1.0), just as the WebSocket brings it. A repeat has the same id."""

    model_config = ConfigDict(frozen=True, extra="allow")

    specversion: Literal["1.0"]
    id: Annotated[str, Field(examples=["38VSP1M892RHB0THPX80B1AYM9.received"])]
    source: Annotated[str, Field(examples=["/textension/accounts/main"])]
    type: Literal["message.received", "message.status_changed", "conversation.read", "number.opted_out"]
    subject: MessageId
    time: Time
    datacontenttype: Literal["application/json"]
    data: Annotated[
        dict[str, Any],
        Field(
            description="Of a message: what `GET /messages/{id}` begins with. Ignore what you do not know.",
            examples=[
                {
                    "message_id": "38VSP1M892RHB0THPX80B1AYM9",
                    "account": "main",
                    "number": "+61411111111",
                    "peer": "+61422222222",
                    "extensions": ["101", "102"],
                    "direction": "inbound",
                    "state": "received",
                    "text": "Are you open today?",
                    "sent_at": "2026-11-22T03:15:00.000Z",
                    "received_at": "2026-11-22T03:15:00.000Z",
                }
            ],
        ),
    ]


class Changes(Answer):
    """What changed, in order of arrival."""

    items: list[Event]
    next: Annotated[Opaque, Field(description="Give it as `since` the next time, at once where there is `more`.")]
    more: bool


class Ticket(Answer):
    """Good for one WebSocket connection, for 30 seconds."""

    ticket: Annotated[str, Field(examples=["q3m0cT8yN1vJb5uKx7RzE2wLs9dHfA4gPiUoVtYjMnB"])]
    expires_at: Time


# ---------------------------------------------------------------- contacts, pushes


class ContactName(Request):
    """What to call a peer."""

    name: Annotated[Trimmed, Field(min_length=1, max_length=80, examples=["Ana Souza"])]


class Contact(Answer):
    """A peer's name, for everybody in the account."""

    peer: Peer
    name: Annotated[str, Field(examples=["Ana Souza"])]
    changed_at: Time

    @classmethod
    def of(cls, contact: StoredContact) -> "Contact":
        """As the apps see it."""
        return cls(peer=contact.peer, name=contact.name, changed_at=iso(contact.changed_at))


class PushKeys(Request):
    """The browser's keys (RFC 8291), base64url."""

    p256dh: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_-]{86,88}={0,2}$",
            examples=["BMu4p1bqS7w6m1tq4qPq0Yf8Ck3lV0b9hZ5n2dXr7sT1yU6iO3aE8gJ4kL5zQ0wR2cV7xN9mD1fH6jK3pS8uB0o"],
        ),
    ]
    auth: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{21,24}={0,2}$", examples=["mN4pQ7rS2tU5vW8xY1zA3b"])]


class PushSubscription(Request):
    """What `PushManager.subscribe` gave the app."""

    endpoint: Annotated[str, Field(max_length=1000, examples=["https://fcm.googleapis.com/fcm/send/abc"])]
    keys: PushKeys
    show_text: Annotated[StrictBool, Field(description="Whether a push may carry a text's beginning.")] = False


class OptOut(Answer):
    """A peer who is not to be texted from a number."""

    number: E164
    peer: Peer
    at: Time

    @classmethod
    def of(cls, opt_out: StoredOptOut) -> "OptOut":
        """As the admin sees it."""
        return cls(number=opt_out.conversation.number, peer=opt_out.conversation.peer, at=iso(opt_out.at))


class OptOuts(Answer):
    """A page, by number and peer; it may be short."""

    items: list[OptOut]
    next: Cursor
