"""The things that everything else speaks of: numbers, conversations, messages."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from textension.clock import SECOND
from textension.optout import Keyword
from textension.states import State, first_look

HISTORY: Final = "history"
"""The source of a step that ClickSend's history told of."""


class Direction(StrEnum):
    """Seen from the PBX."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Trust(StrEnum):
    """How an inbound message proved its origin."""

    TOKEN = "token-only"  # noqa: S105 - the level's name
    ECHOED_MAC = "echoed-mac"
    SUBACCOUNT = "subaccount-only"
    HISTORY = "history"
    """Nobody posted it: our own credentials read it in ClickSend's history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberSettings:
    """One of our numbers: who owns it and who is told of its messages."""

    number: str
    account: str
    extensions: tuple[str, ...]
    emails: tuple[str, ...] = ()
    label: str = ""
    enabled: bool = True
    added_at: int | None = None
    """When the account got it (Unix ms), set once: no text of before is caught up. None of those added before that."""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that one of our numbers and one peer said to each other."""

    account: str
    number: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a message's journey: what it became, when (Unix ms), who said so, and why."""

    state: State
    at: int
    source: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A delivery receipt as recorded on its message, keyed there by `status_code`."""

    status_code: str
    at: int
    status_text: str = ""
    error_code: str = ""
    error_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something about a conversation that the world is to hear of, other than a message's state.

    `id` is the event's, the same on every repeat; `at` in Unix ms; `extensions` are those that it concerns.
    """

    id: str
    kind: str
    """The type of the event."""
    slot: str
    """What it replaces where it was not announced yet: its place in the conversation."""
    conversation: Conversation
    extensions: tuple[str, ...]
    at: int
    data: Mapping[str, str | int | bool]
    unannounced: bool = True
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text, in either direction. Times are Unix milliseconds; `sent_at` is the thread's order."""

    id: str
    conversation: Conversation
    direction: Direction
    text: str
    state: State
    sent_at: int
    """ClickSend's time of an inbound text (whole seconds); our acceptance of an outbound one."""
    received_at: int
    """When we stored it. Fixed, with `sent_at`, by the first store."""
    changed_at: int
    """When the state last changed."""
    extensions: tuple[str, ...] = ()
    unannounced: bool = False
    """The present state has not been published yet."""
    listed_at: int | None = None
    """For when the table's index `due` has it: for when it is due (`states.due_at`), or somewhat before."""
    clicksend_id: str | None = None
    twin_id: str | None = None
    """ClickSend's other id of an inbound text that came in twice, pushed and in history, under different ids."""
    version: int = 1

    trust: Trust | None = None
    keyword: Keyword | None = None
    """What an inbound text asked: to be texted no more, or again."""

    attempt: int = 1
    scheduled_at: int | None = None
    next_attempt_at: int | None = None
    rung_at: int | None = None
    valid_until: int | None = None
    lease_until: int | None = None
    claimed_by: str | None = None
    """The worker that has the lease."""
    author: str | None = None
    """The extension that wrote an outbound text."""
    resend_of: str | None = None
    """The message that this one sends again."""
    resent_as: str | None = None
    """The message that was sent in this one's place."""
    next_look_at: int | None = None
    """When to look into ClickSend's history for what became of it."""
    looks: int = 0
    """How often that was done without finding it."""
    at_least_once: bool = False
    """Its writer would rather have it twice than never: the machine sends it again, once, when it is unresolved."""
    alone: bool = False
    """ClickSend refused a batch that held it: it goes in a request of its own."""
    reason: str = ""
    """Why it is in its present state: ClickSend's code, or ours."""
    price: str | None = None
    """ClickSend's decimal, in the account's currency."""
    parts: int | None = None
    sender_id: str | None = None
    """The `from` that ClickSend really used; it may substitute one."""
    expires_at: int | None = None
    """When it ends, in Unix seconds, as DynamoDB's TTL takes them; None is never."""
    journey: tuple[Step, ...] = ()
    receipts: tuple[Receipt, ...] = ()

    @property
    def account(self) -> str:
        """The tenant."""
        return self.conversation.account

    @property
    def caught_up(self) -> bool:
        """An inbound text that was found in ClickSend's history before anybody posted it."""
        return self.direction is Direction.INBOUND and bool(self.journey) and self.journey[0].source == HISTORY


def first(message: Message) -> Message:
    """The message as it was when it was accepted: what a repeated request is answered."""
    accepted = message.journey[0]
    return replace(
        message,
        state=accepted.state,
        changed_at=accepted.at,
        reason="",
        clicksend_id=None,
        price=None,
        parts=None,
        sender_id=None,
        resent_as=None,
        receipts=(),
        journey=(accepted,),
    )


def moved(message: Message, to: State, *, at: int, source: str, reason: str = "", **changes: Any) -> Message:
    """The message after one step: its journey longer, the step to be announced, what only the old state used gone.

    Whether the step is legal is for the conditional write to find (`states.sources`).
    """
    step = Step(state=to, at=at, source=source, reason=reason)
    settled: dict[str, Any] = dict.fromkeys(("lease_until", "claimed_by", "next_attempt_at", "rung_at"))
    return replace(
        message,
        **{
            **settled,
            "next_look_at": first_look(to, at),
            "looks": 0,
            "state": to,
            "changed_at": at,
            "unannounced": True,
            "reason": reason,
            "journey": (*message.journey, step),
            **changes,
        },
    )


def order(message: Message) -> str:
    """The message's place in its thread: provider's second, our millisecond, id. Sorts as text."""
    return f"{message.sent_at // SECOND:010d}{message.received_at:013d}{message.id}"
