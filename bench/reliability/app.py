"""An extension's app: it listens on its WebSocket, connects again when that breaks, and reads what it missed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from textension.clock import SECOND

from bench.reliability import queues, requests_in
from bench.reliability.ledger import Hop
from tests import template_yaml

if TYPE_CHECKING:
    from bench.reliability.world import Errand, World

NAME: Final = f"the app of {requests_in.EXTENSION}"


@dataclass(slots=True)
class App:
    """One app of the run's extension, and the queue between SNS and `realtime`.

    Events are known by their ids, as an app knows them: a repeat shows nothing new.
    """

    world: "World"
    queue: queues.FifoQueue
    batch: int
    connection: str = ""
    cursor: str = ""
    published: set[str] = field(default_factory=set)
    framed: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    """What `/changes` had."""
    excused: set[str] = field(default_factory=set)
    """Events whose frame the app may miss: it was not connected, or did not take one of the same batch."""
    _delivering: set[str] = field(default_factory=set)
    _count: int = 0

    @classmethod
    def joined(cls, world: "World") -> "App":
        """An app that is connected and knows everything so far."""
        resources = template_yaml.load()["Resources"]
        settings = resources["RealtimeQueue"]["Properties"]
        queue = queues.FifoQueue(settings["VisibilityTimeout"] * SECOND, settings["RedrivePolicy"]["maxReceiveCount"])
        app = cls(world, queue, resources["RealtimeRealtimeQueue"]["Properties"]["BatchSize"])
        walls, sockets = world.site.boundaries, world.site.sockets
        before = walls.on_aws

        def took(target: str, body: bytes) -> None:
            before(target, body)
            app.heard_of(target, body)

        walls.on_aws = took
        sockets.on_trouble, sockets.on_gone = app._troubled, app._broke
        with world.site.quiet():
            if not app._poll() or not app._connect():
                raise RuntimeError("the app could not connect, though nothing goes wrong yet")
        return app

    # ------------------------------------------------------------ the queue

    def heard_of(self, target: str, body: bytes) -> None:
        """SNS has taken events: each goes into the queue, which keeps no order, raw."""
        if target not in {"sns.Publish", "sns.PublishBatch"}:
            return
        for name, text in parse_qsl(body.decode()):
            if name == "Message" or name.endswith(".Message"):
                self._count += 1
                self.published.add(json.loads(text)["id"])
                one = {"MessageDeduplicationId": str(self._count), "MessageGroupId": str(self._count)}
                self.queue.add({**one, "MessageBody": text}, self.world.now)

    def step(self) -> bool:
        """Hand a batch to the function; False where none is due."""
        bells = self.queue.receive(self.world.now, self.batch)
        if not bells:
            return False
        self._delivering = {json.loads(bell.body)["id"] for bell in bells}
        if not self.connection:
            self._troubled()
        answer = self.world.deliver("realtime", queues.sqs_event(bells))
        failed = {bell.id for bell in bells} if answer is None else queues.failures(answer)
        self.queue.delete([bell for bell in bells if bell.id not in failed])
        return True

    def _troubled(self) -> None:
        self.excused |= self._delivering

    # ------------------------------------------------------------ the WebSocket

    def _frame(self, body: str) -> None:
        event = json.loads(body)
        self.framed.add(event["id"])
        if "text" in event["data"]:
            self.world.ledger.note(self.world.now, Hop.FRAMED, event["data"]["text"], event["id"])

    def _broke(self, connection: str) -> None:
        if connection == self.connection:
            self.connection = ""
            self.world.insist(NAME, self._back, acknowledged=Hop.CONNECTED)

    def _back(self, _: "Errand") -> bool:
        return self._connect() and self._poll()

    def _connect(self) -> bool:
        """Open a WebSocket by a ticket: API Gateway asks the function, and opens it where that says 200."""
        if self.connection:
            return True
        answer = self.world.deliver("app_api", requests_in.of_app("POST", "/realtime-tickets"))
        if answer is None or answer["statusCode"] not in {200, 201}:
            return False
        self._count += 1
        connection = f"connection-{self._count}"
        event = requests_in.connecting(connection, json.loads(answer["body"])["ticket"])
        answer = self.world.deliver("realtime", event)
        if answer is None or answer["statusCode"] != 200:
            return False
        self.connection = connection
        self.world.site.sockets.open[connection] = self._frame
        return True

    # ------------------------------------------------------------ what it missed

    def poll(self) -> None:
        """Read everything that is new, with nothing going wrong any more: no part of the text's way."""
        crossings = self.world.site.boundaries.crossings
        counted = len(crossings)
        with self.world.site.quiet():
            if not self._poll():
                raise RuntimeError("/changes does not answer, though nothing goes wrong any more")
        del crossings[counted:]

    def _poll(self) -> bool:
        while True:
            query = {"since": self.cursor} if self.cursor else {}
            answer = self.world.deliver("app_api", requests_in.of_app("GET", "/changes", query=query))
            if answer is None or answer["statusCode"] != 200:
                return False
            page: dict[str, Any] = json.loads(answer["body"])
            self.read |= _ids(page["items"])
            self.cursor = page["next"]
            if not page["more"]:
                return True


def _ids(events: Iterable[dict[str, Any]]) -> set[str]:
    return {event["id"] for event in events}
