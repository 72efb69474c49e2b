"""Compares what was promised with what became of it, in the manner of Jepsen: out of the ledger and the table alone."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from bench.reliability.ledger import Hop, Ledger


class Check(StrEnum):
    """What can be found wrong."""

    LOST = "lost"
    """Said to be ours, and not there; or never told, never sent, never acknowledged."""
    UNEXPECTED = "unexpected"
    """There, and nobody asked for it."""
    DUPLICATED = "duplicated"
    """Stored, told or sent more than once."""
    ILLEGAL = "illegal-transition"
    SILENT = "silent"
    """Accepted, neither final nor visibly unclear, and nobody will look at it again."""
    UNTRUE = "untrue"
    """The state says what did not happen, or hides what did."""
    MISCOUNTED = "miscounted"
    """The unread counter, or a pointer."""
    EARLY = "early"
    """Sent before its time, or told before it was durable."""
    LATE = "late-answer"
    """The webhook took more than five seconds to answer."""
    DEAD_LETTER = "dead-letter"
    """Something healthy ended in a dead-letter queue."""
    CRASHED = "crashed"
    """A function ended with an exception."""


# Written down here once more, and not imported: a bench that asks the code what is legal finds nothing in it.
_SETTLED: Final = frozenset({"sent", "delivered", "undelivered"})
LEGAL: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"received", "queued", "scheduled"}),
    "received": frozenset(),
    "scheduled": frozenset({"queued", "cancelled"}),
    "queued": frozenset({"sending", "cancelled", "rejected", "expired"}) | _SETTLED,
    "sending": frozenset({"queued", "rejected", "unknown"}) | _SETTLED,
    "unknown": frozenset({"unresolved"}) | _SETTLED,
    "unresolved": _SETTLED,
    "sent": frozenset({"delivered", "undelivered"}),
    "undelivered": frozenset({"delivered"}),
    "delivered": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
    "expired": frozenset(),
}
UNCLEAR: Final = frozenset({"unknown", "unresolved"})
FINAL: Final = frozenset({"received", "delivered", "undelivered", "rejected", "cancelled", "expired"})
ANSWER_WITHIN: Final = 5_000
"""Milliseconds: ClickSend's shortest time-out on record is three times as long."""


class Run(Protocol):
    """What is looked at: how it came about, in virtual time or in real, is no matter."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def now(self) -> int: ...
    @property
    def receipts(self) -> bool: ...
    @property
    def peers(self) -> Mapping[str, str]: ...
    @property
    def not_before(self) -> Mapping[str, int]: ...
    @property
    def crashes(self) -> Sequence[str]: ...
    @property
    def hasty(self) -> Sequence[tuple[str, str]]: ...
    @property
    def dead(self) -> Sequence[str]: ...
    @property
    def app(self) -> Any:
        """An app that listens to frames; None where there is none."""

    @property
    def history(self) -> Any:
        """Texts that ClickSend gave up posting, and lists."""

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, plain."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: with which text, and what was seen."""

    check: Check
    text: str
    seen: str

    def __str__(self) -> str:
        return f"{self.check}: {self.text}: {self.seen}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one run came to. `counts` are by hop; `settled_after` (ms) is when the last text was settled."""

    findings: tuple[Finding, ...]
    counts: Counter[str]
    states: Counter[str]
    settled_after: int


def check(run: Run, *, one_fault: bool = True) -> Verdict:
    """Look at everything after a drain. Where no more than `one_fault` struck, the webhook must also have answered in
    time, and no doorbell may be among the dead letters: several in a row may do that."""
    items = run.items()
    messages = [item for item in items if str(item["sk"]).startswith("MESSAGE#") and "direction" in item]
    by_text: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        by_text.setdefault(message["text"], []).append(message)
    findings = [
        *_kept(run, by_text),
        *_sent(run, by_text),
        *_told(run, messages),
        *_heard(run, messages, one_fault=one_fault),
        *(finding for message in messages for finding in _journey(message)),
        *_counted(run, items, messages),
        *_answered(run, one_fault=one_fault),
    ]
    counts = Counter({str(hop): run.ledger.texts(hop).total() for hop in Hop})
    counts["stored"] = len(messages)
    counts["published twice"] = counts["published"] - counts["told"]
    settled = max((message["changed_at"] for message in messages), default=run.now)
    return Verdict(tuple(findings), counts, Counter(one["state"] for one in messages), settled)


def _kept(run: Run, by_text: Mapping[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    """Stored once, if acknowledged; and nothing else."""
    for text in run.ledger.texts(Hop.ACKNOWLEDGED):
        if text not in by_text:
            yield Finding(Check.LOST, text, "acknowledged, and not in the table")
    for text in run.history.texts - by_text.keys():
        yield Finding(Check.LOST, text, "in ClickSend's history, and not in the table")
    for text, hop in run.ledger.given_up:
        # What ClickSend stops posting is in its history: there is a text of it, or the state says what it reported.
        if text not in by_text or (hop is Hop.ACKNOWLEDGED and text not in run.history.texts):
            yield Finding(Check.LOST, text, f"never {hop}, however often it was tried")
    for text, found in by_text.items():
        if text not in run.peers:
            yield Finding(Check.UNEXPECTED, text, "in the table, and nobody's")
        if len(found) > 1:
            yield Finding(Check.DUPLICATED, text, f"{len(found)} times in the table")


def _sent(run: Run, by_text: Mapping[str, list[dict[str, Any]]]) -> Iterator[Finding]:
    """At ClickSend at most once, and only what was accepted; the state says so."""
    arrived = run.ledger.texts(Hop.ARRIVED)
    for text, count in arrived.items():
        if count > 1:
            yield Finding(Check.DUPLICATED, text, f"{count} times at the carrier")
        if text not in by_text:
            yield Finding(Check.UNEXPECTED, text, "at the carrier, and not in the table")
    for entry in run.ledger.of(Hop.ARRIVED):
        if entry.at < run.not_before.get(entry.text, 0):
            yield Finding(Check.EARLY, entry.text, "at the carrier before its time")
    for text, (message, *_) in by_text.items():
        if message["direction"] == "outbound":
            yield from _true(message, arrived=text in arrived, reported=run.receipts)


def _true(message: dict[str, Any], *, arrived: bool, reported: bool) -> Iterator[Finding]:
    """The state says what happened."""
    text, state = message["text"], message["state"]
    if not arrived and state in {"sent", "delivered"}:
        yield Finding(Check.UNTRUE, text, f"{state}, and never at the carrier")
    if arrived and state in {"rejected", "cancelled", "expired", "queued", "scheduled"}:
        yield Finding(Check.UNTRUE, text, f"{state}, and at the carrier")
    if arrived and state not in FINAL and reported:
        yield Finding(Check.UNTRUE, text, f"{state}, though ClickSend reported that it was delivered")
    if state in {"rejected", "expired"}:
        yield Finding(Check.LOST, text, f"{state} for no reason of its own: {message.get('reason')}")


def _told(run: Run, messages: list[dict[str, Any]]) -> Iterator[Finding]:
    """The apps have heard each state's event once, the last one above all."""
    told = run.ledger.details(Hop.TOLD)
    times = Counter((entry.text, entry.detail) for entry in run.ledger.of(Hop.TOLD))
    for message in messages:
        text, state = message["text"], message["state"]
        if state not in told.get(text, set()):
            yield Finding(Check.LOST, text, f"{state}, and the apps have not heard of it")
        walked = Counter(step["state"] for step in message["journey"])
        for (told_text, told_state), count in times.items():
            if told_text != text:
                continue
            if told_state not in walked:
                yield Finding(Check.UNEXPECTED, text, f"told to be {told_state}, which it never was")
            elif count > walked[told_state]:
                yield Finding(Check.DUPLICATED, text, f"told {count} times to be {told_state}")
    for text, what in run.hasty:
        yield Finding(Check.EARLY, text, f"told to the apps before it was {what}")
    known = {message["text"] for message in messages}
    for text in told.keys() - known:
        yield Finding(Check.UNEXPECTED, text, "told to the apps, and not in the table")


def _heard(run: Run, messages: list[dict[str, Any]], *, one_fault: bool) -> Iterator[Finding]:
    """An app that listens gets each event as a frame, or could not; what it missed is among the changes. It knows an
    event by its id: a frame that comes again says nothing new. A state that a text had left before SNS took it may be
    among the changes alone."""
    if (app := run.app) is None:
        return
    dead = {json.loads(bell.body)["id"] for bell in app.queue.dead}
    for event in app.published - app.framed - app.excused - dead:
        yield Finding(Check.LOST, event, "no frame, though the app was connected and took what came")
    for event in app.published - app.framed - app.read:
        yield Finding(Check.LOST, event, "neither a frame, nor among the changes that the app read")
    published = app.published | {entry.detail for entry in run.ledger.of(Hop.PUBLISHED)}
    walked = {f"{message['id']}.{step['state']}" for message in messages for step in message["journey"][:-1]}
    listed = {event for event in app.read if ".".join(event.split(".")[:2]) in walked}
    for event in (app.framed - published) | (app.read - published - listed):
        yield Finding(Check.UNEXPECTED, event, "heard by the app, and never published")
    for event in dead if one_fault else ():
        yield Finding(Check.DEAD_LETTER, event, "in the dead-letter queue of the WebSockets")


def _journey(message: dict[str, Any]) -> Iterator[Finding]:
    before = ""
    for step in message["journey"]:
        if step["state"] not in LEGAL[before]:
            yield Finding(Check.ILLEGAL, message["text"], f"{before or 'nothing'} became {step['state']}")
        before = step["state"]
    if before != message["state"]:
        yield Finding(Check.ILLEGAL, message["text"], f"{message['state']}, and its journey ends with {before}")
    state, due = message["state"], "due_at" in message
    if message.get("unannounced") and not due:
        yield Finding(Check.SILENT, message["text"], f"{state}, unannounced, and due to nobody")
    if state in FINAL or state == "unresolved" or (state in {"unknown", "sent"} and due):
        return
    yield Finding(Check.SILENT, message["text"], f"{state}{'' if due else ', and due to nobody'}")


def _counted(run: Run, items: list[dict[str, Any]], messages: list[dict[str, Any]]) -> Iterator[Finding]:
    """Unread counters count each text once; each message is found by its id."""
    inbound = Counter(one["pk"] for one in messages if one["direction"] == "inbound")
    for item in items:
        if item["sk"] == "SUMMARY" and item.get("unread_101", 0) != inbound[item["pk"]]:
            seen = f"unread {item.get('unread_101', 0)}, of {inbound[item['pk']]}"
            yield Finding(Check.MISCOUNTED, item["pk"], seen)
    pointers = {item["message_id"]: item["message_sk"] for item in items if "message_sk" in item}
    changes = {item["id"] for item in items if str(item["pk"]).startswith("CHANGES#")}
    for message in messages:
        if pointers.get(message["id"]) != message["sk"]:
            yield Finding(Check.MISCOUNTED, message["text"], "its pointer leads elsewhere")
    for entry in run.ledger.of(Hop.PUBLISHED):
        if entry.detail not in changes:
            yield Finding(Check.LOST, entry.text, f"{entry.detail} was published, and is not among the changes")


def _answered(run: Run, *, one_fault: bool) -> Iterator[Finding]:
    slowest = max((took for function, took in run.ledger.answers if function == "inbound_webhook"), default=0)
    if one_fault and slowest > ANSWER_WITHIN:
        yield Finding(Check.LATE, "the webhook", f"answered after {slowest} ms")
    for body in run.dead if one_fault else ():
        yield Finding(Check.DEAD_LETTER, body, "in the outbound dead-letter queue")
    for crash in run.crashes:
        yield Finding(Check.CRASHED, crash, "instead of an answer")
