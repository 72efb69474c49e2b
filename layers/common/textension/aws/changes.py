"""What changed on a number, as it was published: what an app that was offline asks for."""

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import Put, Table
from textension.aws.wire import Item
from textension.clock import DAY, MINUTE, SECOND
from textension.events import CONVERSATION_READ, Event

TTL: Final = 30 * DAY
"""How long changes are kept."""
OVERLAP: Final = MINUTE
"""A change may become visible this much later than its time says: a relay runs for at most 30 s, and clocks differ."""
REMEMBERED: Final = 300
"""Changes of the overlap that a position remembers at most; beyond them some are given again."""
_MARK: Final = 8


@dataclass(frozen=True, slots=True)
class Position:
    """How far an app has read: what comes `after` (a sort key), but for those whose marks it has `seen`.

    Who has read everything is set back by the overlap, and remembers what it had of it.
    """

    after: str
    seen: tuple[str, ...] = ()

    @classmethod
    def at(cls, time: int) -> Self:
        """Where the changes from that time on (Unix ms) begin."""
        return cls(f"{max(time, 0):013d}")


@dataclass(frozen=True, slots=True)
class Change:
    """One event as it was published. A repeat has the same id."""

    id: str
    at: int
    body: str


class Changes:
    """The changes of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, events: Iterable[tuple[Event, int | None]], now: int) -> None:
        """Write events down, before they are published: who connects after that finds them here.

        With each comes when the text that it tells of ends (Unix seconds), if it does. Up to 25 in one request.
        Raises Unavailable.
        """
        puts = [self._put(event, now, until) for event, until in events]
        # One request may not write an item twice: a batch that has a record twice has the same event twice.
        self._table.put_all(list({put.key: put for put in puts}.values()))

    def _put(self, event: Event, now: int, until: int | None) -> Put:
        ends = (now + TTL) // SECOND
        conversation = event.conversation
        key = Key(items.changes_pk(conversation.account, conversation.number), f"{now:013d}{event.id}")
        item: Item = {
            "id": event.id,
            "at": now,
            "peer": conversation.peer,
            "body": event.body,
            "only_for": list(event.extensions) if event.type == CONVERSATION_READ else None,
            "expires_at": min(ends, until or ends),
            "version": 1,
        }
        return Put(key, item, condition="")

    def present(self, account: str, numbers: Sequence[str], extension: str, *, now: int) -> Position:
        """Where somebody stands who wants what comes from now on."""
        position = Position.at(now - OVERLAP)
        while True:
            _, position, more = self.since(account, numbers, extension, position, limit=REMEMBERED, now=now)
            if not more:
                return position

    def since(
        self, account: str, numbers: Sequence[str], extension: str, position: Position, *, limit: int, now: int
    ) -> tuple[list[Change], Position, bool]:
        """A page of what changed on these numbers, in order of arrival; where it ends; whether there is more."""
        room = limit + len(position.seen)
        pages = [
            self._table.query(
                pk=items.changes_pk(account, number), sk_after=position.after, limit=room, consistent=True
            )
            for number in numbers
        ]
        # Behind the end of a page that goes on, another number's changes may come before what is not read yet.
        horizon = min((page[-1]["sk"] for page, rest in pages if rest and page), default=None)
        read: list[Item] = []
        found: list[Change] = []
        for item in heapq.merge(*(page for page, _ in pages), key=lambda one: str(one["sk"])):
            if len(found) == limit or (horizon and item["sk"] > horizon):
                return found, _position(position, read, now, more=True), True
            read.append(item)
            if items.expired(item, now):
                continue
            if mark(item["id"]) not in position.seen and extension in item.get("only_for", (extension,)):
                found.append(Change(item["id"], item["at"], item["body"]))
        more = horizon is not None
        return found, _position(position, read, now, more=more), more


def _position(before: Position, read: Sequence[Item], now: int, *, more: bool) -> Position:
    """Where the next page starts. It never stands still while there is more."""
    window = Position.at(now - OVERLAP).after
    marks = [mark(item["id"]) for item in read if item["sk"] > window]
    kept = before.seen if more or before.after > window else ()
    seen = tuple(dict.fromkeys([*kept, *marks]))[-REMEMBERED:]
    return Position(read[-1]["sk"] if more else max(window, before.after), seen)


def mark(change_id: str) -> str:
    """A short name for a change, for positions to remember."""
    return hashlib.sha256(change_id.encode()).hexdigest()[:_MARK]
