"""What the connected apps hear: every event of their extension, within a second, once in each call.

A frame that a client does not take is dropped, never kept for it: `/changes` closes that client's gap.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from textension.aws.clients import POSTS_AT_ONCE
from textension.aws.connections import (
    DELIVERED,
    GONE,
    POST_TIME,
    Connection,
    Connections,
    Gateway,
    Holder,
    Posted,
    Tickets,
    failed,
)
from textension.clock import SECOND, Clock, now_ms
from textension.errors import Unavailable, Unreadable

READS_AT_ONCE: Final = 10
MARGIN: Final = 2 * SECOND
"""What is kept of the time for the answer to the queue."""
HANDSHAKE: Final = 30 * SECOND
"""While a client connects, API Gateway calls its connection gone: a route may take 29 s to let it in."""

type Extension = tuple[str, str]
"""Account and extension."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One CloudEvent and whom it concerns; `body` is sent as it is."""

    id: str
    extensions: tuple[Extension, ...]
    body: str

    @classmethod
    def read(cls, body: str) -> "Announcement":
        """What the queue holds, a CloudEvent. Raises Unreadable."""
        try:
            event = json.loads(body)
            account, extensions = event["data"]["account"], event["data"]["extensions"]
            texts = [event["id"], account, *extensions]
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable("not_an_event") from error
        if not isinstance(extensions, list) or not all(isinstance(one, str) and one for one in texts):
            raise Unreadable("not_an_event")
        return cls(event["id"], tuple((account, extension) for extension in dict.fromkeys(extensions)), body)


@dataclass(slots=True)
class Report:
    """What became of a batch: how many frames were posted how, and what must come again."""

    posted: Counter[Posted] = field(default_factory=Counter)
    unreached: list[Announcement] = field(default_factory=list)
    """Whose connections could not be read: nobody has heard of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """Connects the apps and tells them."""

    tickets: Tickets
    connections: Connections
    gateway: Gateway
    clock: Clock = now_ms

    def connect(self, connection_id: str, ticket: str) -> Holder:
        """Let a client in that shows a ticket and is not barred; who it is. Raises Refused, Unavailable."""
        now = self.clock()
        holder = self.tickets.redeem(ticket, now)
        self.connections.open(Connection(connection_id, holder, now))
        return holder

    def disconnect(self, connection_id: str) -> None:
        """Forget a client. Raises Unavailable."""
        self.connections.close(connection_id)

    def answer(self, connection_id: str, body: Mapping[str, str]) -> Posted:
        """Send one client a frame of ours."""
        return self.gateway.post(connection_id, json.dumps(body))

    def deliver(self, announcements: Sequence[Announcement], *, remaining: Callable[[], int]) -> Report:
        """Tell every connection of the extensions concerned, each in the order given and of each event once.

        `remaining` is what is left of the time, in ms; what does not fit into it fails.
        """
        report = Report()
        found = self._connections_of(dict.fromkeys(one for each in announcements for one in each.extensions))
        frames: dict[Connection, dict[str, str]] = {}
        for announcement in announcements:
            reached = [found[extension] for extension in announcement.extensions]
            if None in reached:
                report.unreached.append(announcement)
                continue
            for connection in (one for connections in reached for one in connections or ()):
                frames.setdefault(connection, {}).setdefault(announcement.id, announcement.body)
        if frames:
            with ThreadPoolExecutor(min(POSTS_AT_ONCE, len(frames))) as pool:
                for posted in pool.map(lambda each: self._tell(each[0], each[1].values(), remaining), frames.items()):
                    report.posted.update(posted)
        return report

    def _connections_of(self, extensions: Iterable[Extension]) -> dict[Extension, list[Connection] | None]:
        """The connections of each; None where they could not be read."""

        def read(extension: Extension) -> list[Connection] | None:
            try:
                return self.connections.of_extension(*extension)
            except Unavailable:
                return None

        # One in this thread, which makes the client. Where it is not answered, the others need not be asked.
        waiting = list(extensions)
        found = {extension: read(extension) for extension in waiting[:1]}
        others = waiting[1:]
        if None in found.values():
            return found | dict.fromkeys(others)
        if others:
            with ThreadPoolExecutor(min(READS_AT_ONCE, len(others))) as pool:
                found |= zip(others, pool.map(read, others), strict=True)
        return found

    def _tell(self, connection: Connection, bodies: Iterable[str], remaining: Callable[[], int]) -> list[Posted]:
        """Post one client's frames; from the first that it does not take, the client is passed."""
        posted: list[Posted] = []
        for body in bodies:
            late = remaining() < POST_TIME + MARGIN
            posted.append(failed("no_time") if late else self.gateway.post(connection.id, body))
            if posted[-1] != DELIVERED:
                break
        if GONE in posted and self.clock() - connection.connected_at > HANDSHAKE:
            # Where the table does not take it, the next event finds the client gone again.
            with contextlib.suppress(Unavailable):
                self.connections.forget(connection)
        return posted
