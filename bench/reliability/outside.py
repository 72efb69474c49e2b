"""What lies around the workers in real time, and outlives them: ClickSend's pushes, an app that asks again, the stream,
the queue and the topic. Nothing of it is killed, so whatever gets lost, the workers or the table have lost."""

import contextlib
import heapq
import itertools
import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from textension.aws.wire import from_wire
from textension.clock import SECOND

from bench.reliability import queues, requests_in
from bench.reliability.engines import Engine
from bench.reliability.history import Listed
from bench.reliability.ledger import Hop, Ledger
from bench.reliability.stream import Stream
from bench.reliability.workers import Pool
from local.simulator.payloads import PushRequest

WAITS: Final = (0.5, 1.0, 2.0)
"""Seconds between tries, the last one for ever: ClickSend and apps wait longer, which would leave less to be killed."""
RECEIPTS_AFTER: Final = (0.2, 3.0)
"""Seconds from a text's arrival at ClickSend to its receipt."""
HELD: Final = 1 / 3
"""How many receipts come only when everything else is settled: until then history alone can know of these texts."""
SWEPT_EVERY: Final = 5.0
"""Seconds; the template says a minute, in which hardly one sweep would be killed."""
PAUSE: Final = 0.2


@dataclass(order=True, slots=True)
class Errand:
    """Something that somebody wants done, and tries again until it is."""

    due_at: float
    number: int
    text: str = field(compare=False)
    run: Callable[[], bool] = field(compare=False)
    acknowledged: Hop = field(compare=False)
    tries: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Bells:
    """Addresses of the queues: doorbells, those that rang too often, and what was published."""

    outbound: str
    dead: str
    heard: str


@dataclass(slots=True)
class Outside:
    """One run's surroundings. `ahead` (ms) is how far the functions' clock is before the real one."""

    engine: Engine
    pool: Pool
    table_name: str
    token: str
    bells: Bells
    control: httpx.Client
    stream: Stream
    chooser: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    peers: dict[str, str] = field(default_factory=dict)
    ahead: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    held: list[Callable[[], None]] = field(default_factory=list)
    calm: bool = False
    """Nothing is killed any more, and nobody new texts: then the table must answer."""
    receipts: bool = True
    not_before: Mapping[str, int] = field(default_factory=dict)
    app: None = None
    history: Listed = field(default_factory=Listed)
    hasty: Sequence[tuple[str, str]] = ()
    """Nothing is scheduled here; and whether what is told is durable already, is asked in virtual time only."""
    _errands: list[Errand] = field(default_factory=list)
    _at_work: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _arrived: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    _found: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The functions' present, in Unix ms."""
        return time.time_ns() // 1_000_000 + self.ahead

    @property
    def crashes(self) -> list[str]:
        """What handlers raised instead of an answer."""
        return self.pool.crashes

    @property
    def dead(self) -> list[str]:
        """Doorbells that ended as dead letters: how many there still are."""
        names = ["ApproximateNumberOfMessages"]
        found = self.engine.client("sqs").get_queue_attributes(QueueUrl=self.bells.dead, AttributeNames=names)
        return ["a doorbell"] * int(found["Attributes"][names[0]])

    # ------------------------------------------------------------ what others do

    def text_in(self, text: str, peer: str) -> None:
        """A handset texts us: ClickSend pushes until it is answered 200."""
        self.peers[text] = peer
        push = requests_in.text(f"IN-{text}", peer=peer, body=text, at=self.now)
        self._push(text, push, "sms", Hop.ACKNOWLEDGED)

    def ask(self, text: str, peer: str) -> None:
        """An app sends a text, and asks again with the same key until it is answered 202."""
        self.peers[text] = peer
        event = requests_in.sending(f"key-{text}", peer=peer, body={"text": text})

        def run() -> bool:
            self.ledger.note(self.now, Hop.ATTEMPTED, text)
            answer = self._call("app_api", event)
            return answer is not None and answer["statusCode"] == 202

        self._add(text, run, Hop.ACKNOWLEDGED)

    def release(self) -> None:
        """Push the receipts that were held."""
        held, self.held = self.held, []
        for one in held:
            one()

    def _push(self, text: str, push: PushRequest, kind: str, hop: Hop, after: float = 0.0) -> None:
        event = requests_in.webhook(push, self.token, kind)

        def run() -> bool:
            if kind == "sms":
                self.ledger.note(self.now, Hop.ATTEMPTED, text)
            answer = self._call("inbound_webhook", event)
            return answer is not None and answer["statusCode"] == 200

        self._add(text, run, hop, after)

    def _add(self, text: str, run: Callable[[], bool], hop: Hop, after: float = 0.0) -> None:
        with self._lock:
            heapq.heappush(self._errands, Errand(time.monotonic() + after, next(self._numbers), text, run, hop))

    def _call(self, function: str, event: dict[str, Any]) -> Any:
        began = time.monotonic()
        answer = self.pool.call(function, event, self.ahead)
        self.ledger.answers.append((function, round((time.monotonic() - began) * 1000)))
        return answer

    # ------------------------------------------------------------ what the platform does, each in a thread of its own

    def run_errands(self) -> None:
        """Try what is due, until the end."""
        while not self.over.is_set():
            with self._lock:
                due = self._errands and self._errands[0].due_at <= time.monotonic()
                errand = heapq.heappop(self._errands) if due else None
                self._at_work += errand is not None
            if errand is None:
                time.sleep(0.02)
                continue
            done = errand.run()
            if done:
                self.ledger.note(self.now, errand.acknowledged, errand.text)
            with self._lock:
                self._at_work -= 1
                if not done:
                    errand.due_at = time.monotonic() + WAITS[min(errand.tries, len(WAITS) - 1)]
                    errand.tries += 1
                    heapq.heappush(self._errands, errand)

    def read_stream(self) -> None:
        """Hand the table's records to the relay, the first that failed again with all behind it."""
        while not self.over.is_set():
            with self._table_may_be_gone():
                self.stream.read(self.now)
                self._found["stream"] = len(self.stream.waiting)
            batch = self.stream.due(self.now)
            if not batch:
                time.sleep(0.05)
                continue
            answer = self._call("stream_relay", queues.stream_event(batch))
            self.stream.settle(batch, None if answer is None else queues.failures(answer), self.now)
            if answer is None:
                time.sleep(PAUSE)

    def serve_queue(self) -> None:
        """Hand doorbells to the sender; those that it does not take are visible again after a while."""
        sqs = self.engine.client("sqs")
        while not self.over.is_set():
            if not self.pool.open.wait(PAUSE):
                continue
            page = sqs.receive_message(
                QueueUrl=self.bells.outbound, MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"]
            ).get("Messages", [])
            if not page:
                continue
            bells = [queues.Bell(one["MessageId"], one["Body"], one["Attributes"]["MessageGroupId"], 0) for one in page]
            answer = self._call("outbound_sender", queues.sqs_event(bells))
            failed = {bell.id for bell in bells} if answer is None else queues.failures(answer)
            for one in page:
                if one["MessageId"] not in failed:
                    with contextlib.suppress(sqs.exceptions.ClientError):  # visible again already: it comes once more
                        sqs.delete_message(QueueUrl=self.bells.outbound, ReceiptHandle=one["ReceiptHandle"])

    def sweep(self) -> None:
        """Call the sweeper now and then, until the calm."""
        while not self.calm:
            self._call("sweeper", {})
            self.over.wait(SWEPT_EVERY)

    def sweep_once(self) -> None:
        """Call the sweeper now."""
        self._call("sweeper", {})

    def listen(self) -> None:
        """An app hears what is published, and knows events by their id."""
        sqs = self.engine.client("sqs")
        while not self.over.is_set():
            page = sqs.receive_message(QueueUrl=self.bells.heard, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for one in page.get("Messages", []):
                self._heard(json.loads(json.loads(one["Body"])["Message"]))
                sqs.delete_message(QueueUrl=self.bells.heard, ReceiptHandle=one["ReceiptHandle"])

    def _heard(self, event: dict[str, Any]) -> None:
        told = event["data"]
        if "text" not in told:
            return
        self.ledger.note(self.now, Hop.PUBLISHED, told["text"], event["id"])
        if event["id"] not in self._told:
            self._told.add(event["id"])
            self.ledger.note(self.now, Hop.TOLD, told["text"], told["state"])

    def watch_clicksend(self) -> None:
        """Note what ClickSend has taken, and have its receipts pushed: some soon, some held."""
        while not self.over.is_set():
            for message in self.control.get("/simulator/sent").json()["messages"]:
                if message["status"] == "SUCCESS" and message["message_id"] not in self._arrived:
                    self._arrived.add(message["message_id"])
                    self._arrival(message)
            self.over.wait(0.5)

    def _arrival(self, message: dict[str, Any]) -> None:
        text = message["body"]
        self.ledger.note(self.now, Hop.ARRIVED, text, message["message_id"])

        def report(after: float = 0.0) -> None:
            push = requests_in.receipt(message["message_id"], custom_string=message["custom_string"], at=self.now)
            self._push(text, push, "receipt", Hop.REPORTED, after)

        if self.chooser.random() < HELD:
            self.held.append(report)
        else:
            report(self.chooser.uniform(*RECEIPTS_AFTER))

    @contextlib.contextmanager
    def _table_may_be_gone(self) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError):
            if self.calm:
                raise
            time.sleep(PAUSE)

    # ------------------------------------------------------------ what is left

    def crew(self, pool: ThreadPoolExecutor, *, hands: int, senders: int) -> list["Future[None]"]:
        """All threads, begun; each ends by itself once it is `over`, or with what went wrong with it."""
        jobs = [self.read_stream, self.sweep, self.listen, self.watch_clicksend]
        jobs += [self.run_errands] * hands + [self.serve_queue] * senders
        return [pool.submit(job) for job in jobs]

    def busy(self, sqs: Any) -> dict[str, int]:
        """How much there is still to be done, by where."""
        with self._lock:
            left = {"errands": len(self._errands) + self._at_work, "stream": self._found.get("stream", 1)}
        for name, url in (("queue", self.bells.outbound), ("topic", self.bells.heard)):
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            left[name] = sum(int(counts[one]) for one in names)
        return {name: count for name, count in left.items() if count}

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, plain."""
        pages = self.engine.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.table_name, ConsistentRead=True)
        return [from_wire(item) for page in found for item in page["Items"]]

    def due(self) -> list[dict[str, Any]]:
        """What somebody must look at, the most urgent first."""
        return sorted((item for item in self.items() if "due_at" in item), key=lambda item: int(item["due_at"]))

    def go_to(self, at: int) -> None:
        """Let the functions' time be `at` at least (Unix ms)."""
        self.ahead += max(at - self.now, 0) + SECOND
