"""What a message changes of its conversation's summary, in one conditional update."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from textension.aws import items
from textension.aws.table import Update
from textension.aws.updates import Expression
from textension.aws.wire import Item
from textension.clock import MINUTE, SECOND
from textension.message import Direction, Message
from textension.optout import Keyword

PREVIEW: Final = 160
"""Characters of a text that its conversation's summary shows."""
TWINS_WITHIN: Final = 2 * MINUTE
"""How far apart the times of one text may be, pushed and in history."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a message may change of its conversation's summary: all of it, unless the summary says otherwise."""

    newest: bool = True
    """It becomes the preview; a late one leaves the present one in place."""
    in_force: bool = True
    """Its keyword holds; one that is older than the present one says nothing."""
    quiet: bool = False
    """The peer is blocked: its texts are kept, and nobody is told."""
    ending: bool = True
    """The summary ends with it. One that holds an opt-out or a block, or is of texts that never end, never does."""
    caught_up_to: int = 0
    """The time of the newest text that was found in history."""
    version: int | None = None
    """The summary's version when no text was found that may be the same; None where there was no need to look."""

    @classmethod
    def of(cls, message: Message, summary: Item) -> Self:
        """What a message may change of this summary."""
        at = _second(message)
        return cls(
            newest=at >= summary.get("last_at", at),
            in_force=at >= summary.get("opt_out_at", at),
            quiet=bool(summary.get("blocked")),
            ending=not (summary.get("opt_out_at") or summary.get("blocked"))
            and ("last_at" not in summary or 0 < summary.get("expires_at", 0) <= (message.expires_at or 0)),
            caught_up_to=summary.get("caught_up_to", 0),
            version=summary.get("version", 0) if may_have_twin(message, summary) else None,
        )


def may_have_twin(message: Message, summary: Item) -> bool:
    """Whether a text of another id may be the same: of each that history tells, or where history told of one lately."""
    if message.direction is not Direction.INBOUND:
        return False
    return message.caught_up or summary.get("caught_up_to", 0) >= _second(message) - TWINS_WITHIN


def summary(message: Message, reach: Reach, unread_for: Sequence[str]) -> Update:
    """The update that writes a message into its conversation's summary, if that still is as `reach` takes it to be.

    Nothing outbound is written where the peer has opted out or is blocked. An inbound text is written only where none
    can be the same, or where nothing was written since somebody looked (`reach.version`).
    """
    change = _Change(message, reach)
    for name, value in items.conversation_item(message.conversation).items():
        change.expression.set(name, value)
    change.expression.set("inbox", items.inbox(message.conversation))
    change.preview()
    change.opt_out()
    change.end()
    change.twins()
    change.barred()
    return change.update(unread_for)


@dataclass(slots=True)
class _Change:
    """One message's change of a summary, in the making: what is set, and what must hold for it."""

    message: Message
    reach: Reach
    expression: Expression = field(default_factory=Expression)
    conditions: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def inbound(self) -> bool:
        return self.message.direction is Direction.INBOUND

    @property
    def unannounced(self) -> bool:
        """Whether nobody is told of it: the peer is blocked."""
        return self.inbound and self.reach.quiet

    def demand(self, condition: str, **values: Any) -> None:
        self.conditions.append(condition)
        self.values |= {f":{name}": value for name, value in values.items()}

    def preview(self) -> None:
        """The newest text is what a list shows."""
        if not self.reach.newest or self.unannounced:
            return
        message, now = self.message, _second(self.message)
        self.demand("(attribute_not_exists(last_at) OR last_at <= :now)", now=now)
        self.expression.set("last_at", now)
        self.expression.set("last_text", message.text[:PREVIEW])
        self.expression.set("last_direction", message.direction)
        self.expression.set("last_message_id", message.id)
        self.expression.put("last_expires_at", message.expires_at)

    def opt_out(self) -> None:
        """The newest keyword holds."""
        if not self.message.keyword or not self.reach.in_force:
            return
        now = _second(self.message)
        self.demand("(attribute_not_exists(opt_out_at) OR opt_out_at <= :now)", now=now)
        self.expression.set("opted_out", self.message.keyword is Keyword.STOP)
        self.expression.set("opt_out_at", now)

    def end(self) -> None:
        """It ends with its last text, unless it holds what must not be forgotten."""
        ends = self.message.expires_at
        if not ends or (self.message.keyword and self.reach.in_force):
            self.expression.remove("expires_at")
        elif self.reach.ending:
            self.demand("attribute_not_exists(opt_out_at)")
            self.demand("(attribute_not_exists(last_at) OR expires_at <= :ends)", ends=ends)
            self.expression.set("expires_at", ends)

    def twins(self) -> None:
        """No text may be the same one, or else nothing was written since somebody looked."""
        if self.message.caught_up:
            self.expression.set("caught_up_to", max(_second(self.message), self.reach.caught_up_to))
        if self.reach.version:
            self.demand("version = :version", version=self.reach.version)
        elif self.reach.version is not None:
            self.demand("attribute_not_exists(version)")
        elif self.inbound:
            twins = _second(self.message) - TWINS_WITHIN
            self.demand("(attribute_not_exists(caught_up_to) OR caught_up_to < :twins)", twins=twins)

    def barred(self) -> None:
        """A blocked peer's texts are kept quietly; nothing goes to who is blocked, or has opted out."""
        if not self.inbound:
            self.demand("(attribute_not_exists(opted_out) OR opted_out = :no)", no=False)
        if self.unannounced:
            self.demand("blocked = :yes", yes=True)
        else:
            self.demand("(attribute_not_exists(blocked) OR blocked = :no)", no=False)

    def update(self, unread_for: Sequence[str]) -> Update:
        """The whole of it, with one more unread text for each of these extensions."""
        text, names = self.expression.text, dict(self.expression.names)
        for index, extension in enumerate(unread_for if self.inbound and not self.unannounced else ()):
            names[f"#u{index}"] = f"unread_{extension}"
            text += f", #u{index} :one"
        key = items.summary_key(self.message.conversation)
        return Update(key, text, names, {**self.expression.values, **self.values}, " AND ".join(self.conditions))


def _second(message: Message) -> int:
    """ClickSend knows whole seconds only: within one, what arrives later is newer, as it is in the thread."""
    return message.sent_at // SECOND * SECOND
