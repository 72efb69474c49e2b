"""`make reliability PART=load`: how many texts a second the local stack takes in, for long; and then ten times as many.

Over HTTP, through API Gateway, with IAM enforced, as `make run` starts it. What is answered 200 must be there, once,
and told to the apps; what is not may come again, which nobody does here.
"""

import asyncio
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from textension.aws.wire import from_wire

from bench.reliability import checker
from bench.reliability.history import Listed
from bench.reliability.ledger import Hop, Ledger
from bench.reliability.posting import Answer, Poster
from bench.reliability.report import Report
from tests.stack.office import Listener, Office
from tests.stack.running import RunningStack

WARM_RATE: Final = 4.0
"""Texts a second while each function gets its first processes."""
FIRST_RATE: Final = 6.0
FASTER: Final = 1.4
STEP_SECONDS: Final = 12.0
HELD_P95: Final = 1.0
"""Seconds. A rate is held where every post is answered 200 and 95 of 100 this soon, and all is told soon afterwards."""
TOLD_WITHIN: Final = 2.0
BURST: Final = 10
BURST_SECONDS: Final = 30.0
SETTLED_WITHIN: Final = 420.0
PEERS: Final = 400
REFUSED_WELL: Final = frozenset({"429", "503", "refused", "reset", "no answer"})
"""How a text may be turned away: ClickSend tries each of these again."""


@dataclass(slots=True)
class Load:
    """One stack under load: what was posted, and all that is to be known of it. Texts are numbered."""

    office: Office
    listener: Listener
    poster: Poster
    ledger: Ledger = field(default_factory=Ledger)
    peers: dict[str, str] = field(default_factory=dict)
    receipts: bool = True
    not_before: Mapping[str, int] = field(default_factory=dict)
    crashes: Sequence[str] = ()
    app: None = None
    history: Listed = field(default_factory=Listed)
    hasty: Sequence[tuple[str, str]] = ()
    dead: Sequence[str] = ()
    """Nothing is scheduled here, and nobody sees into the functions."""
    over: threading.Event = field(default_factory=threading.Event)
    _told: set[str] = field(default_factory=set)

    @property
    def now(self) -> int:
        """The present, in Unix ms."""
        return time.time_ns() // 1_000_000

    def post(self, rate: float, seconds: float) -> list[Answer]:
        """Post so many texts a second, each when its time has come, whatever became of those before."""
        texts = [f"load {number}" for number in range(len(self.peers), len(self.peers) + round(rate * seconds))]
        for number, text in enumerate(texts, len(self.peers)):
            self.peers[text] = f"+6142223{number % PEERS:04d}"
        posts = (self.office.values(text.upper().replace(" ", "-"), self.peers[text], text) for text in texts)
        answers = asyncio.run(self.poster.post_all(posts, rate))
        for text, answer in zip(texts, answers, strict=True):
            self.ledger.note(answer.at, Hop.ATTEMPTED, text)
            if answer.what == "200":
                self.ledger.note(answer.at, Hop.ACKNOWLEDGED, text)
        return answers

    def listen(self) -> None:
        """Hear what is told as soon as it is, in a thread of its own, until it is over."""
        sqs, url = self.listener.sqs, self.listener.url
        while not self.over.is_set():
            page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
            for one in page:
                self._hear(json.loads(json.loads(one["Body"])["Message"]))
            if page:
                heard = [{"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]} for place, one in enumerate(page)]
                sqs.delete_message_batch(QueueUrl=url, Entries=heard)

    def _hear(self, event: Mapping[str, Any]) -> None:
        told = event["data"]
        self.ledger.note(self.now, Hop.PUBLISHED, told["text"], event["id"])
        if event["id"] not in self._told:
            self._told.add(event["id"])
            self.ledger.note(self.now, Hop.TOLD, told["text"], told["state"])

    def untold(self) -> int:
        """How many texts were acknowledged that nobody was told of yet."""
        return len(self.ledger.texts(Hop.ACKNOWLEDGED).keys() - self.ledger.texts(Hop.TOLD).keys())

    def told_after(self, began: int) -> str:
        """How long after their answers texts were told that were posted since `began` (Unix ms)."""
        answered = {entry.text: entry.at for entry in self.ledger.of(Hop.ACKNOWLEDGED) if entry.at >= began}
        told = {entry.text: entry.at for entry in self.ledger.of(Hop.TOLD) if entry.text in answered}
        return spread([max(at - answered[text], 0) / 1000 for text, at in told.items()])

    def all_told(self, within: float) -> float:
        """Wait until all are told; how many seconds that took, or `within` where they were not."""
        began = time.monotonic()
        while self.untold() and time.monotonic() - began < within:
            time.sleep(0.2)
        return time.monotonic() - began

    def settle(self) -> float:
        """Wait until nothing is due any more, stored without an answer or not; how many seconds that took."""
        began = time.monotonic()
        while time.monotonic() - began < SETTLED_WITHIN:
            untold = self.untold()
            if not untold and not any("unannounced" in item for item in self.items()):
                break
            print(f"  {untold} of those that were acknowledged are not told yet", flush=True)
            time.sleep(5)
        time.sleep(1)  # what is marked as told is on its way to the listener
        return time.monotonic() - began

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, plain."""
        return [from_wire(item) for item in self.office.everything()]


def main(report: Report, *, minutes: float) -> None:
    """The part, as `make reliability PART=load` runs it."""
    with (
        tempfile.TemporaryDirectory(prefix="textension-load-") as folder,
        RunningStack.started(Path(folder)) as stack,
        Office.of(stack) as office,
        office.listening({"type": ["message.received"]}) as listener,
    ):
        load = Load(office, listener, Poster.of(stack.file.api_url, stack.file.demo.webhook_token))
        hearing = threading.Thread(target=load.listen)
        hearing.start()
        try:
            _measure(load, report, minutes)
        finally:
            load.over.set()
            hearing.join()


def _measure(load: Load, report: Report, minutes: float) -> None:
    load.post(WARM_RATE, STEP_SECONDS)
    load.all_told(60)
    rate = _highest(load, report)
    began = load.now
    held = load.post(rate, minutes * 60)
    report.say(f"Held for {minutes:g} min at {rate:.1f} texts a second: {described(held)}.")
    last = load.all_told(SETTLED_WITHIN)
    report.say(f"They were told to the apps {load.told_after(began)}; the last {last:.1f} s after the last post.")
    burst = load.post(rate * BURST, BURST_SECONDS)
    report.say(f"Then {rate * BURST:.0f} texts a second for {BURST_SECONDS:.0f} s: {described(burst)}.")
    report.say(f"All that was stored was told {load.settle():.0f} s after the burst.")
    verdict = checker.check(load, one_fault=False)
    refused = sum(answer.what != "200" for answer in (*held, *burst))
    replay = f"make reliability PART=load MINUTES={minutes:g}"
    report.verdict(f"{rate:.1f} texts a second, then {BURST} times that", verdict, faults=refused, replay=replay)
    for what, count in Counter(answer.what for answer in (*held, *burst)).items():
        if what != "200" and what not in REFUSED_WELL:
            report.fail(f"{count} posts were answered {what}")
    hidden = verdict.states["received"] - load.ledger.texts(Hop.ACKNOWLEDGED).total()
    report.say(f"Stored, though the answer that said so came too late for ClickSend: {hidden}.")


def _highest(load: Load, report: Report) -> float:
    """The highest rate that is held, stepwise: a step that is not held is tried once more."""
    rate, failed = FIRST_RATE, 0
    highest = rate
    while failed < 2:
        answers = load.post(rate, STEP_SECONDS)
        told = load.all_told(60)
        seconds = sorted(answer.seconds for answer in answers)
        p95 = seconds[len(seconds) * 95 // 100]
        print(f"  {rate:.1f} a second: {described(answers)}; told {told:.1f} s later", flush=True)
        if all(answer.what == "200" for answer in answers) and p95 <= HELD_P95 and told <= TOLD_WITHIN:
            highest, failed = rate, 0
            rate *= FASTER
        else:
            failed += 1
    report.say(
        f"Highest rate held for {STEP_SECONDS:.0f} s (all answered 200, 95 of 100 within {HELD_P95:.0f} s, all told "
        f"within {TOLD_WITHIN:.0f} s): {highest:.1f} texts a second."
    )
    return highest


def described(answers: Sequence[Answer]) -> str:
    """How posts were answered, and how soon those that were."""
    counts = Counter(answer.what for answer in answers)
    parts = [f"{count:,} × {what}" for what, count in counts.most_common()]
    if seconds := [answer.seconds for answer in answers if answer.what == "200"]:
        parts.append(f"200 {spread(seconds)}")
    return "; ".join(parts)


def spread(seconds: Sequence[float]) -> str:
    """How long things took, of which there is one at least."""
    ordered = sorted(seconds)
    at = [ordered[min(len(ordered) * share // 1000, len(ordered) - 1)] for share in (500, 950, 990)]
    named = zip(("p50", "p95", "p99", "max"), (*at, ordered[-1]), strict=True)
    return "after " + ", ".join(f"{name} {value * 1000:,.0f} ms" for name, value in named)
