"""Seeded defects of what comes in and of what is told: each is the real code with one thing broken."""

import contextlib
import itertools
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from textension import events, ids, receipts
from textension.aws import items, messages, updates
from textension.aws.changes import Changes
from textension.aws.doorbells import Topic
from textension.aws.messages import Messages
from textension.aws.table import Put, Table, Update
from textension.clock import now_ms
from textension.errors import Unavailable
from textension.inbound import Door
from textension.message import Message
from textension.receipts import Receipts
from textension.relay import Relay
from textension.states import State

from bench.reliability.site import Site

WEBHOOK: Final = "inbound_webhook"
type Seeded = AbstractContextManager[object]


@contextmanager
def early_acknowledgement(site: Site) -> Iterator[None]:
    """200 whatever became of it."""
    handler = site.handlers[WEBHOOK]

    def always(event: dict[str, Any], context: Any) -> Any:
        answer = handler(event, context)
        return {**answer, "statusCode": 200} if "statusCode" in answer else answer

    with patch.dict(site.handlers, {WEBHOOK: always}):
        yield


def unconditional_store(_: Site) -> Seeded:
    """Message and pointer overwrite what is there."""
    writes = Messages._writes

    def bare(self: Messages, *arguments: Any) -> Any:
        return [replace(one, condition="") if isinstance(one, Put) else one for one in writes(self, *arguments)]

    return patch.object(Messages, "_writes", bare)


def dedupe_by_time(_: Site) -> Seeded:
    """A text's id is made of when it came."""
    return patch.object(ids, "message_id", lambda *_: ids.content_digest(str(now_ms()))[:26].upper())


def dedupe_by_peer(_: Site) -> Seeded:
    """A text's id is made of who sent it: a second one looks like a repeat."""
    make = ids.message_id

    def of_origin(account: str, origin: str, key: str) -> str:
        return make(account, origin, "one" if origin == ids.CLICKSEND else key)

    return patch.object(ids, "message_id", of_origin)


@contextmanager
def same_id_is_a_repeat(site: Site) -> Iterator[None]:
    """Nobody looks whether a repeat has the same content, and ids are too short to differ."""
    with dedupe_by_peer(site), patch.object(messages, "_seen", lambda *_: messages.Stored.SEEN):
        yield


def counted_apart(_: Site) -> Seeded:
    """Unread is counted by a write of its own, before the transaction."""
    store = Messages.store

    def apart(self: Messages, message: Message, *, digest: str, unread_for: Any = (), **more: Any) -> Any:
        for extension in unread_for:
            key, name = items.summary_key(message.conversation), {"#u": f"unread_{extension}"}
            self._table.update(Update(key, "ADD #u :one, version :one", name, {":one": 1}))
        return store(self, message, digest=digest, unread_for=(), **more)

    return patch.object(Messages, "store", apart)


def pointer_elsewhere(_: Site) -> Seeded:
    """The pointer by a message's id lies where nobody looks."""
    numbers = itertools.count()
    return patch.object(items, "pointer_key", lambda one: items.Key(f"MESSAGE#{one}#{next(numbers)}", "POINTER"))


@contextmanager
def stored_in_two_steps(_: Site) -> Iterator[None]:
    """Pointer first, then message and summary: no transaction."""
    transact = Table.transact

    def steps(self: Table, *writes: Any) -> None:
        if len(writes) < 3:
            return transact(self, *writes)
        transact(self, writes[1])
        return transact(self, writes[0], *writes[2:])

    with patch.object(Table, "transact", steps):
        yield


def published_first(_: Site) -> Seeded:
    """The webhook tells the apps, and then stores."""
    store = Messages.store

    def first(self: Messages, message: Message, **more: Any) -> Any:
        from textension import assemble

        assemble.relay().topic.publish(events.of(message))
        return store(self, message, **more)

    return patch.object(Messages, "store", first)


def told_before_written_down(_: Site) -> Seeded:
    """The relay publishes, and then adds to the changes."""
    add: Any = Changes.add
    waiting: list[Callable[[Changes], None]] = []

    def keep(_: Changes, told: Any, now: int) -> None:
        waiting.append(partial(add, events=list(told), now=now))

    publish = Topic.publish

    def both(self: Topic, told: Any) -> dict[str, str]:
        from textension import assemble

        missed = publish(self, told)
        waiting.pop()(assemble.relay().changes)
        return missed

    stack = ExitStack()
    stack.enter_context(patch.object(Changes, "add", keep))
    stack.enter_context(patch.object(Topic, "publish", both))
    return stack


def publish_swallowed(_: Site) -> Seeded:
    """What SNS does not take is taken for told."""
    publish = Topic.publish

    def quietly(self: Topic, told: Any) -> dict[str, str]:
        publish(self, told)
        return {}

    return patch.object(Topic, "publish", quietly)


def marked_before_published(_: Site) -> Seeded:
    """The mark that the apps know comes first."""
    announce = Relay.announce

    def hastily(self: Relay, *announced: Any) -> Any:
        for one in announced:
            if isinstance(one, Message):
                self._mark(one, replace(one, unannounced=False))
        return announce(self, *announced)

    return patch.object(Relay, "announce", hastily)


def changes_forgotten(_: Site) -> Seeded:
    """Events are published, and not kept for those who were offline."""
    return patch.object(Changes, "add", lambda *_, **__: None)


def new_event_ids(_: Site) -> Seeded:
    """An event that is published again has another id."""
    make = events._event
    return patch.object(events, "_event", lambda _id, *more: make(str(uuid.uuid4()), *more))


def not_due_to_announce(_: Site) -> Seeded:
    """What was not announced is due to nobody: only the stream brings it on."""
    due = vars(items)["due_at"]
    return patch.object(items, "due_at", lambda one: due(replace(one, unannounced=False)))


def never_announced(_: Site) -> Seeded:
    """A text is stored as if everybody knew it."""
    make = Door._message
    return patch.object(Door, "_message", lambda *given: replace(make(*given), unannounced=False))


def taken_out_first(_: Site) -> Seeded:
    """A quarantined post is removed, and then taken in."""

    def hastily(self: Door, post: Any, poster: Any) -> Any:
        self.quarantine.remove(post.account, post.id)
        return self.take(post.push, poster, bare=post.bare, posted_at=post.at)

    return patch.object(Door, "replay", hastily)


def receipt_swallowed(_: Site) -> Seeded:
    """A receipt that could not be written is acknowledged."""
    take = Receipts.take

    def quietly(self: Receipts, *given: Any) -> bool:
        with contextlib.suppress(Unavailable):
            return take(self, *given)
        return False

    return patch.object(Receipts, "take", quietly)


@contextmanager
def anything_goes(_: Site) -> Iterator[None]:
    """Every step is legal."""

    def everything(_: State) -> frozenset[State]:
        return frozenset(State)

    with patch.object(receipts, "sources", everything), patch.object(updates, "sources", everything):
        yield


def delivered_is_sent(_: Site) -> Seeded:
    """201 is read as if it were 200."""
    return patch.dict(receipts._MEANS, {"201": State.SENT})


def patient_client(_: Site) -> Seeded:
    """The AWS client waits ten seconds for each answer."""
    from textension.aws import clients

    return patch.object(clients.dynamodb().meta.config, "read_timeout", 10)
