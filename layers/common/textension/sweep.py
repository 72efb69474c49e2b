"""What nobody finished: found in the index `due`, and handed to whoever would have finished it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from textension.aws.items import DUE_SHARDS, Key
from textension.aws.messages import Messages
from textension.clock import SECOND, Clock, now_ms
from textension.errors import Unavailable
from textension.message import Message, Notice
from textension.overdue import end_lease, expire, release
from textension.relay import Relay
from textension.states import State, due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One look at everything that is due. It has no rules of its own."""

    messages: Messages
    relay: Relay
    clock: Clock = now_ms

    def run(self, *, remaining: Callable[[], int]) -> Counter[str]:
        """Do what is due, until 5 s before the end of `remaining` (ms); counts by what was done.

        One item's trouble does not keep the others waiting: it stays due.
        """
        done: Counter[str] = Counter()
        first = random.randrange(DUE_SHARDS)  # noqa: S311 - so that no shard is always the last
        for offset in range(DUE_SHARDS):
            for key in self._due((first + offset) % DUE_SHARDS):
                if remaining() < 5 * SECOND:
                    done["out_of_time"] += 1
                    return done
                done[self._settle(key)] += 1
        return done

    def _due(self, shard: int) -> Iterator[Key]:
        """All that is due in a shard: what cannot be settled is passed, and stays due."""
        start = None
        while True:
            keys, start = self.messages.due(shard, self.clock(), start)
            yield from keys
            if start is None:
                return

    def _settle(self, key: Key) -> str:
        try:
            message = self.messages.announcement(key)
            if message is None:
                return "gone"
            if isinstance(message, Notice):
                return self._notice(message)
            now = self.clock()
            if (due_at(message) or now + 1) > now:
                return "settled"  # the index lags behind the table
            return self._do(message, now)
        except Unavailable:
            return "unavailable"
        except (KeyError, ValueError, TypeError):
            return "unreadable"  # an item that this code cannot read: it stays due, and the metric says so

    def _notice(self, notice: Notice) -> str:
        if not notice.unannounced:
            return "settled"
        self.relay.announce(notice)
        return "announced"

    def _do(self, message: Message, now: int) -> str:
        if message.state is State.QUEUED and message.valid_until and message.valid_until <= now:
            expire(self.messages, message, now=now)
            return "expired"
        if message.state is State.SENDING and (message.lease_until or now) <= now:
            end_lease(self.messages, message, now=now)
            return "lease_ended"
        if message.state is State.SCHEDULED and (message.scheduled_at or now) <= now:
            release(self.messages, message, now=now)
            return "released"
        if message.unannounced:
            self.relay.announce(message)
            return "announced"
        if message.state is State.QUEUED:
            self.relay.ring_again(message)
            return "rung"
        return "nothing"
