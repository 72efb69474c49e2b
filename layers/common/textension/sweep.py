"""What nobody finished: found in the index `due`, and handed to whoever would have finished it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textension.aws.circuits import Circuit, Circuits
from textension.aws.items import DUE_SHARDS, Key
from textension.aws.messages import Messages
from textension.clock import SECOND, Clock, now_ms
from textension.errors import Unavailable
from textension.message import Message, Notice
from textension.overdue import end_lease, expire, release
from textension.relay import Relay
from textension.states import State, due_at

if TYPE_CHECKING:
    from textension.reconciling import Reconciler

_UNREADABLE: Final = (KeyError, ValueError, TypeError)


@dataclass(slots=True)
class Swept:
    """What one sweep did, and what it knows by now. `oldest_age` (ms) is how long the oldest thing was due."""

    done: Counter[str] = field(default_factory=Counter)
    oldest_age: int = 0
    to_look_up: list[Message] = field(default_factory=list)
    circuits: dict[str, Circuit | None] = field(default_factory=dict)
    probed: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One look at everything that is due. It has no rules of its own.

    `reconciler` is made only where something is to be looked up: it needs the HTTP client.
    """

    messages: Messages
    relay: Relay
    circuits: Circuits
    reconciler: "Callable[[], Reconciler]"
    clock: Clock = now_ms

    def run(self, *, remaining: Callable[[], int]) -> Swept:
        """Do what is due, until 5 s before the end of `remaining` (ms); what was done.

        One item's trouble, or one shard's, does not keep the others waiting: it stays due. What waited longest goes
        first. Raises Unavailable where no shard could be read.
        """
        swept = Swept()
        pages = [self._pages(shard, swept) for shard in random.sample(range(DUE_SHARDS), DUE_SHARDS)]
        while pages:
            due: list[Key] = []
            for page in list(pages):
                keys = next(page, None)
                if keys is None:
                    pages.remove(page)
                due += keys or ()
            if not self._settle_all(due, swept, remaining):
                swept.done["out_of_time"] += 1
                break
        if swept.done["shard_unread"] == DUE_SHARDS:
            raise Unavailable("no shard of what is due could be read")
        if swept.to_look_up and remaining() > 5 * SECOND:
            swept.done.update(self.reconciler().run(swept.to_look_up, remaining=remaining))
        return swept

    def _pages(self, shard: int, swept: Swept) -> Iterator[list[Key]]:
        """All that is due in a shard, as far as it can be read: what cannot be settled is passed, and stays due."""
        start = None
        while True:
            try:
                keys, start = self.messages.due(shard, self.clock(), start)
            except Unavailable:
                swept.done["shard_unread"] += 1
                return
            yield keys
            if start is None:
                return

    def _settle_all(self, keys: Sequence[Key], swept: Swept, remaining: Callable[[], int]) -> bool:
        """Settle these, the oldest first; False where the time ran out."""
        for start in range(0, len(keys), 100):
            try:
                found = self.messages.announcements(keys[start : start + 100])
            except Unavailable:
                swept.done["unavailable"] += len(keys[start : start + 100])
                continue
            swept.done += Counter({"unreadable": len(found.unreadable), "gone": found.gone})
            for announcement in sorted(found.readable, key=_age):
                if remaining() < 5 * SECOND:
                    return False
                if what := self._settle(announcement, swept):
                    swept.done[what] += 1
        return True

    def _settle(self, found: Message | Notice, swept: Swept) -> str:
        """What was done; empty where its time has not come: it is listed somewhat early (`states.listed`)."""
        try:
            if isinstance(found, Notice):
                return self._notice(found)
            now = self.clock()
            due = due_at(found)
            if due is None:
                return "settled"  # the index lags behind the table
            if due > now:
                return ""
            swept.oldest_age = max(swept.oldest_age, now - due)
            return self._do(found, now, swept)
        except Unavailable:
            return "unavailable"
        except _UNREADABLE:
            return "unreadable"  # an item that this code cannot read: it stays due, and the metric says so

    def _notice(self, notice: Notice) -> str:
        if not notice.unannounced:
            return "settled"
        return self._announce(notice)

    def _do(self, message: Message, now: int, swept: Swept) -> str:
        if moved := self._moved_by_time(message, now):
            return moved
        if message.unannounced:
            return self._announce(message)
        if message.state is State.QUEUED:
            return self._ring(message, now, swept)
        if message.state in {State.UNKNOWN, State.UNRESOLVED, State.SENT}:
            swept.to_look_up.append(message)
            return "to_look_up"
        return "nothing"

    def _announce(self, found: Message | Notice) -> str:
        return "unavailable" if self.relay.announce(found) else "announced"

    def _moved_by_time(self, message: Message, now: int) -> str:
        """What time alone does to a message; empty where it does nothing."""
        if message.state is State.QUEUED and message.valid_until and message.valid_until <= now:
            expire(self.messages, message, now=now)
            return "expired"
        if message.state is State.SENDING and (message.lease_until or now) <= now:
            end_lease(self.messages, message, now=now)
            return "lease_ended"
        if message.state is State.SCHEDULED and (message.scheduled_at or now) <= now:
            release(self.messages, message, now=now)
            return "released"
        return ""

    def _ring(self, message: Message, now: int, swept: Swept) -> str:
        """While an account's circuit is not closed, one message a run asks whether ClickSend is back; others wait."""
        if message.account not in swept.circuits:
            swept.circuits[message.account] = self.circuits.get(message.account)
        circuit = swept.circuits[message.account]
        if circuit is not None and (circuit.is_open(now) or message.account in swept.probed):
            return "held"
        if circuit is not None:
            swept.probed.add(message.account)
        self.relay.ring_again(message)
        return "rung"


def _age(found: Message | Notice) -> int:
    return found.at if isinstance(found, Notice) else found.sent_at
