"""The platform around the functions: what is pushed, asked for, streamed, queued and swept, in virtual time."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from textension.aws.catch_ups import CatchUps
from textension.aws.table import Table
from textension.aws.wire import from_wire
from textension.clock import MINUTE, SECOND, iso
from textension.errors import TextensionError

from bench.reliability import queues, requests_in
from bench.reliability.app import App
from bench.reliability.boundaries import Invocation, Killed
from bench.reliability.faults import Fault, Kind, Nothing, Plan
from bench.reliability.history import Listed
from bench.reliability.ledger import Hop, Ledger
from bench.reliability.site import Context, Site
from bench.reliability.virtual import BEGIN
from bench.reliability.witness import Witness
from local.simulator.payloads import PushRequest
from local.simulator.pushes import WAITS
from tests import template_yaml

APP_WAITS: Final = (2, 5, 10, 20, 40, 60, 120, 300, 600, 1200, 2400)
"""Seconds between an app's tries to send a text."""
LATER: Final = 10 * MINUTE
type Happening = Callable[[], None]


@dataclass(slots=True)
class Errand:
    """Something that somebody outside wants done, and tries again while nobody says that it is."""

    text: str
    due_at: int
    run: Callable[["Errand"], bool]
    waits: Sequence[float]
    acknowledged: Hop
    tries: int = 0


@dataclass(slots=True)
class World:
    """One run: a table of its own, a ledger of all that happens, and a plan of what goes wrong."""

    site: Site
    table: str
    ledger: Ledger
    stream: queues.Stream
    queue: queues.FifoQueue
    witness: Witness
    seed: int
    receipts: bool = True
    """Whether ClickSend pushes receipts for what arrives."""
    reported_after: int = 3 * SECOND
    """How long after that, in ms."""
    errands: list[Errand] = field(default_factory=list)
    later: list[tuple[int, Happening]] = field(default_factory=list)
    peers: dict[str, str] = field(default_factory=dict)
    """The other side of each text."""
    accepted: dict[str, str] = field(default_factory=dict)
    """The ids of texts that were asked for, as the API told them."""
    history: Listed = field(default_factory=Listed)
    app: App | None = None
    """Who listens, where somebody does."""
    swept_at: int = 0
    hurried: bool = False
    """Receipts come before the answer to the send."""
    crashes: list[str] = field(default_factory=list)
    not_before: dict[str, int] = field(default_factory=dict)
    """When a scheduled text may be sent."""
    _due: int | None = None
    _seen: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, site: Site, *, seed: int, plan: Plan | None = None, **options: Any) -> "World":
        """An empty world at the virtual beginning. Nothing goes wrong until `arm`."""
        random.seed(seed)
        site.clock.now = BEGIN
        name = site.new_table()
        resources = template_yaml.load()["Resources"]
        mapping, settings = resources["StreamRelayTableStream"]["Properties"], resources["OutboundQueue"]["Properties"]
        arn = site.table.describe_table(TableName=name)["Table"]["LatestStreamArn"]
        ledger = Ledger()
        queue = queues.FifoQueue(settings["VisibilityTimeout"] * SECOND, settings["RedrivePolicy"]["maxReceiveCount"])
        witness = Witness(site.clock, ledger, queue)
        world = cls(
            site=site,
            table=name,
            ledger=ledger,
            witness=witness,
            stream=queues.Stream(
                site.streams,
                arn,
                batch=mapping["BatchSize"],
                retries=mapping["MaximumRetryAttempts"],
                oldest=mapping["MaximumRecordAgeInSeconds"] * SECOND,
            ),
            queue=queue,
            seed=seed,
            **options,
        )
        walls = site.boundaries
        walls.crossings, walls.fired, walls.plan = [], [], plan or Nothing()
        walls.mute = 0
        site.control.post("/simulator/reset", json={}).raise_for_status()
        # The sweeper has run for ever: what is in ClickSend's history from now on is for it to bring in.
        CatchUps(Table(name)).begin("main", now=BEGIN)
        walls.on_aws, walls.on_clicksend, walls.invocation = witness.took, witness.left, None
        walls.on_answer = world.answered
        site.sockets.reset()
        return world

    def end(self) -> None:
        """Give the table back."""
        self.site.boundaries.plan = Nothing()
        self.site.drop_table(self.table)

    @property
    def now(self) -> int:
        """Virtual Unix ms."""
        return self.site.clock.now

    @property
    def hasty(self) -> list[tuple[str, str]]:
        """Texts that were told before they were what the second part says."""
        return self.witness.hasty

    @property
    def dead(self) -> list[str]:
        """Doorbells that ended as dead letters."""
        return [bell.body for bell in self.queue.dead]

    # ------------------------------------------------------------ what others see

    def answered(self) -> None:
        """ClickSend has answered; a hurried receipt is faster than its answer."""
        if self.hurried:
            self.reported_after = 0
            self.arrivals()
            for errand in [one for one in self.errands if one.acknowledged is Hop.REPORTED]:
                self._try(errand)

    def arrivals(self) -> None:
        """Note what ClickSend has taken since, and have its receipts pushed."""
        if not self.witness.posted:
            return
        self.witness.posted = False
        for message in self.site.control.get("/simulator/sent").json()["messages"]:
            if message["message_id"] in self._seen or message["status"] != "SUCCESS":
                continue
            self._seen.add(message["message_id"])
            if message["body"] not in self.peers:
                continue  # another run's
            self.ledger.note(self.now, Hop.ARRIVED, message["body"], message["message_id"])
            if self.receipts:
                self.report(message, at=self.now + self.reported_after)

    def report(self, message: dict[str, Any], *, at: int) -> None:
        """ClickSend pushes a receipt for a message that it showed us."""
        push = requests_in.receipt(message["message_id"], custom_string=message["custom_string"], at=at)
        self.push(message["body"], push, kind="receipt", at=at)

    # ------------------------------------------------------------ what others do

    def push(self, text: str, push: PushRequest, *, kind: str = "sms", at: int = 0) -> None:
        """ClickSend posts to our webhook until it is answered 200."""
        event = requests_in.webhook(push, self.site.token, kind)

        def run(errand: Errand) -> bool:
            if kind == "sms":
                self.ledger.note(self.now, Hop.ATTEMPTED, errand.text)
            answer = self.deliver("inbound_webhook", event)
            return answer is not None and answer["statusCode"] == 200

        hop = Hop.ACKNOWLEDGED if kind == "sms" else Hop.REPORTED
        self.errands.append(Errand(text, at or self.now, run, WAITS, hop))

    def text_in(
        self,
        text: str,
        peer: str,
        *,
        to: str = requests_in.NUMBER,
        key: str = "",
        posted_after: int | None = 0,
    ) -> None:
        """A handset texts us: ClickSend has it in its history, and posts it: so much later (ms), or never (None)."""
        self.peers[text] = peer
        message_id = key or f"IN-{self.seed}-{text}"
        order = {"from": peer, "to": to, "body": text, "message_id": message_id, "timestamp": self.now // SECOND}
        listed = {**order, "custom_string": "", "subaccount_id": requests_in.SUBACCOUNT}
        self.site.control.post("/simulator/inbound", json=listed).raise_for_status()
        self.history.add(text, self.now)
        if posted_after is not None:
            post = requests_in.text(message_id, peer=peer, body=text, at=self.now, to=to)
            self.push(text, post, at=self.now + posted_after)

    def ask(self, text: str, peer: str, *, in_minutes: int = 0) -> None:
        """An app sends a text, and tries again with the same key until it is answered."""
        self.peers[text] = peer
        body: dict[str, Any] = {"text": text}
        if in_minutes:
            self.not_before[text] = self.now + in_minutes * MINUTE
            body["schedule_at"] = iso(self.not_before[text])
        event = requests_in.sending(f"key-{self.seed}-{text}", peer=peer, body=body)

        def run(errand: Errand) -> bool:
            self.ledger.note(self.now, Hop.ATTEMPTED, errand.text)
            answer = self.deliver("app_api", event)
            if answer is None or answer["statusCode"] != 202:
                return False
            self.accepted[errand.text] = json.loads(answer["body"])["id"]
            return True

        self.insist(text, run)

    def insist(self, text: str, run: Callable[[Errand], bool], *, acknowledged: Hop = Hop.ACKNOWLEDGED) -> None:
        """Somebody tries something until it is done, at growing distances."""
        self.errands.append(Errand(text, self.now, run, APP_WAITS, acknowledged))

    def replay(self, text: str, post_id: str) -> None:
        """An admin has a quarantined post taken in again, until it is said to be."""

        def run(_: Errand) -> bool:
            answer = self.deliver("inbound_webhook", {"replay": {"account": "main", "post_id": post_id}})
            return answer is not None and answer.get("outcome") in {"stored", "seen", None}

        self.insist(text, run)

    # ------------------------------------------------------------ functions

    def deliver(self, function: str, event: dict[str, Any]) -> Any:
        """Call a function with what may go wrong on the way; its answer, None where nobody heard one."""
        fault = self.site.boundaries.cross(Kind.DELIVERY, "invoke", function)
        if fault is Fault.NOT_DELIVERED:
            return None
        if fault is Fault.REORDERED:
            event = {**event, "Records": list(reversed(event["Records"]))} if "Records" in event else event
        answer = self.call(function, event)
        if fault is Fault.DUPLICATE:
            answer = self.call(function, event)
        if fault is Fault.AGAIN_LATER:
            self.later.append((self.now + LATER, lambda: self.call(function, event)))
        return None if fault is Fault.ANSWER_LOST else answer

    def call(self, function: str, event: dict[str, Any]) -> Any:
        """Call a function; None where it did not come to an end."""
        began, timeout = self.now, self.site.timeouts[function]
        walls = self.site.boundaries
        outer, walls.invocation = walls.invocation, Invocation(function, began + timeout)
        try:
            return self.site.handlers[function](event, Context(self.site, began + timeout))
        except Killed:
            self.site.forget()
            return None
        except Exception as error:  # noqa: BLE001 - as Lambda does: the caller learns that it failed
            if not ("replay" in event and isinstance(error, TextensionError)):  # a replay's errors are its answers
                self.crashes.append(f"{function}: {type(error).__name__}: {error}")
            return None
        finally:
            walls.invocation = outer
            self.ledger.answers.append((function, self.now - began))
            if function in {"outbound_sender", "sweeper"}:
                self.arrivals()

    # ------------------------------------------------------------ time

    def run(self, *, minutes: int, most: int = 10**9) -> None:
        """Let happen what happens, until nothing is left to happen, or this many minutes have passed, or functions
        were called more often than `most`: then they turn in circles."""
        end = self.now + minutes * MINUTE
        with self.site.quiet():
            while True:
                while self._step():
                    pass
                upcoming = self._next()
                if upcoming is None or upcoming > end or len(self.ledger.answers) > most:
                    return
                self.site.clock.advance_to(upcoming)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, plain."""
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self.site.table.scan(TableName=self.table, ConsistentRead=True, **start)
            found += [from_wire(item) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _step(self) -> bool:
        """Do one thing that is due; False where there is none."""
        for errand in sorted(self.errands, key=lambda one: one.due_at):
            if errand.due_at <= self.now:
                self._try(errand)
                return True
        for one in [one for one in self.later if one[0] <= self.now]:
            self.later.remove(one)
            one[1]()
            return True
        if self.witness.unread:
            self.witness.unread = False
            self.stream.read(self.now)
        if batch := self.stream.due(self.now):
            answer = self.deliver("stream_relay", queues.stream_event(batch))
            self.stream.settle(batch, None if answer is None else queues.failures(answer), self.now)
            return True
        if bells := self.queue.receive(self.now, 10):
            answer = self.deliver("outbound_sender", queues.sqs_event(bells))
            failed = {bell.id for bell in bells} if answer is None else queues.failures(answer)
            self.queue.delete([bell for bell in bells if bell.id not in failed])
            return True
        return self.app is not None and self.app.step()

    def _try(self, errand: Errand) -> None:
        done = errand.run(errand)
        if done:
            self.ledger.note(self.now, errand.acknowledged, errand.text)
            self.errands.remove(errand)
            if errand.acknowledged is Hop.ACKNOWLEDGED:
                self.history.have(errand.text)
        elif errand.tries >= len(errand.waits):
            self.ledger.given_up.append((errand.text, errand.acknowledged))
            self.errands.remove(errand)
        else:
            errand.due_at = self.now + round(errand.waits[errand.tries] * SECOND)
            errand.tries += 1

    def _next(self) -> int | None:
        """When the next thing happens. Minutes in which the sweeper would find nothing are passed over."""
        times = [one.due_at for one in self.errands] + [at for at, _ in self.later]
        heard_at = self.app.queue.next_at() if self.app else None
        times += [at for at in (self.stream.next_at(), self.queue.next_at(), heard_at) if at is not None]
        if self.witness.unsought:
            self.witness.unsought = False
            index = self.site.table.scan(TableName=self.table, IndexName="due")["Items"]
            self._due = min((int(item["due_at"]["N"]) for item in index), default=None)
        due = [max(self._due, self.swept_at + MINUTE)] if self._due is not None else []
        if (look_at := self.history.next_look(self.swept_at)) is not None:
            due.append(look_at)
        if due:
            sweep_at = min(due)
            sweep_at += -sweep_at % MINUTE
            if not times or sweep_at <= min(times):
                self.later.append((sweep_at, self._sweep))
                self.swept_at = sweep_at
                times.append(sweep_at)
        return min(times, default=None)

    def _sweep(self) -> None:
        if self.deliver("sweeper", {}) is not None and self.history.incomplete:
            self.history.looked({item["text"] for item in self.items() if "text" in item}, self.now)
