"""Sending: accepted once, claimed by one worker, posted once, and never again without proof that it was not taken."""

import contextlib
import random
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from textension import ids
from textension.aws import items
from textension.aws.circuits import Circuit, Circuits, comeback
from textension.aws.messages import Messages, Outlook
from textension.aws.table import ConditionFailed
from textension.clicksend.answers import Meaning, Verdict
from textension.clicksend.client import REQUEST_TIMEOUT, ClickSend, OutboundSms
from textension.clock import MINUTE, SECOND, Clock, now_ms
from textension.errors import ConfigurationError, Unavailable
from textension.message import Message, moved
from textension.overdue import SOURCE, expire
from textension.receipts import Receipts
from textension.states import State

BATCH: Final = 10
"""Messages of one request: what one receive of the FIFO queue brings at most."""
MARGIN: Final = 3 * SECOND
"""What recording a request's outcome may take; a request is not begun without it."""
type Remaining = Callable[[], int]
"""The milliseconds that the caller has left."""
OUT_OF_TIME: Final = "OUT_OF_TIME"
_FIRST_WAIT: Final = 30 * SECOND
_LONGEST_WAIT: Final = 15 * MINUTE
_UNREADABLE: Final = (KeyError, ValueError, TypeError)
"""What an item of another version of this code may raise: one message's trouble is not another's."""


@dataclass(frozen=True, slots=True)
class Doorbell:
    """What the queue carries: one attempt at one message."""

    message_id: str
    attempt: int


class Clients(Protocol):
    """Gives an account's client. Raises ConfigurationError or Unavailable when there is none to be had."""

    def of(self, account: str, *, again: bool = False) -> ClickSend:
        """`again` reads the credentials anew."""

    def close(self) -> None:
        """Give all connections back."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one call did: the messages that were posted, as recorded; the doorbells to ring again; what was lost."""

    posted: list[Message]
    failed: list[Doorbell]
    """The table was out of reach before anything was posted."""
    unrecorded: list[str]
    """Ids of messages that were posted, and whose outcome the table did not take: their leases will end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends what the doorbells ask for."""

    messages: Messages
    receipts: Receipts
    signer: ids.Signer
    clients: Clients
    circuits: Circuits
    clock: Clock = now_ms

    def send(self, doorbells: Sequence[Doorbell], *, remaining: Remaining) -> Report:
        """Claim, post and record; what does not fit into `remaining` goes back to the queue.

        While an account's circuit is not closed, one worker asks once in 30 s with one message; the others wait.
        Raises Unavailable when not even the messages could be found.
        """
        places = self.messages.locate([bell.message_id for bell in doorbells])
        outlook = self.messages.outlook(places.values())
        report = Report([], [], [])
        ready: dict[str, Message] = {}
        probing: set[str] = set()
        for bell in doorbells:
            place = places.get(bell.message_id)
            message = outlook.messages.get(place) if place else None
            if message is None or message.id in ready:
                report.failed.extend([bell] if place in outlook.unreadable else [])
                continue
            try:
                ready |= {message.id: message} if self._may_go(message, outlook, probing) else {}
            except Unavailable:
                report.failed.append(bell)
        for request in _requests(self._claimed(ready, doorbells, report)):
            self._send_together(request, report, remaining, outlook.circuits)
        return report

    # ------------------------------------------------------------ steps

    def _may_go(self, message: Message, outlook: Outlook, probing: set[str]) -> bool:
        """Whether a message may be claimed. One that may not for longer is settled."""
        now = self.clock()
        if message.state is not State.QUEUED:
            return False
        if items.conversation_pk(message.conversation) in outlook.opted_out:
            # The peer opted out after this text was accepted.
            self._move(message, moved(message, State.REJECTED, at=now, source=SOURCE, reason="OPTED_OUT"))
            return False
        if message.valid_until and message.valid_until <= now:
            expire(self.messages, message, now=now)
            return False
        circuit = outlook.circuits.get(message.account)
        if circuit is not None and not self._may_probe(circuit, probing, now):
            self._wait(message, circuit, now)
            return False
        return True

    def _claimed(self, ready: Mapping[str, Message], doorbells: Sequence[Doorbell], report: Report) -> list[Message]:
        try:
            return self.messages.claim(list(ready.values()), worker=secrets.token_hex(8), now=self.clock())
        except Unavailable:
            report.failed.extend(bell for bell in doorbells if bell.message_id in ready)
            return []

    def _may_probe(self, circuit: Circuit, probing: set[str], now: int) -> bool:
        """Whether this message is the one that asks whether ClickSend is back."""
        if circuit.account in probing or circuit.is_open(now):
            return False
        if not self.circuits.probe(circuit.account, now=now):
            return False
        probing.add(circuit.account)
        return True

    def _wait(self, message: Message, circuit: Circuit, now: int) -> None:
        """Back to waiting: the sweeper rings again, with an attempt of its own so that SQS does not swallow it."""
        if (message.next_attempt_at or now) > now:
            return  # it waits already
        until = comeback(circuit, message.sent_at, now)
        later = replace(message, next_attempt_at=until, rung_at=None, attempt=message.attempt + 1)
        with contextlib.suppress(ConditionFailed):
            self.messages.amend(message, later)

    def _send_together(
        self,
        request: Sequence[Message],
        report: Report,
        remaining: Remaining,
        circuits: Mapping[str, Circuit],
    ) -> None:
        account = request[0].account
        customs = {self.signer.custom_string(account, message.id): message for message in request}
        texts = [
            OutboundSms(message.conversation.peer, message.conversation.number, message.text, custom)
            for custom, message in customs.items()
        ]
        verdicts = self._verdicts(account, texts, remaining)
        closed = account not in circuits
        open_until = self._heed(account, verdicts.values(), closed=closed)
        told = [(message, verdicts[custom]) for custom, message in customs.items()]
        recorded = self._sent_together(told)
        report.posted.extend(recorded.values())
        for message, verdict in told:
            if message.id in recorded:
                continue
            try:
                report.posted.append(self._record(message, verdict, open_until))
            except (Unavailable, ConditionFailed, *_UNREADABLE):
                report.unrecorded.append(message.id)

    def _verdicts(self, account: str, texts: Sequence[OutboundSms], remaining: Remaining) -> Mapping[str, Verdict]:
        verdicts: Mapping[str, Verdict] = {}
        for again in (False, True):
            if remaining() < REQUEST_TIMEOUT * SECOND + MARGIN:
                return verdicts or _all(texts, Verdict(meaning=Meaning.NOT_PROCESSED, reason=OUT_OF_TIME))
            try:
                verdicts = self.clients.of(account, again=again).send(texts)
            except ConfigurationError:
                return _all(texts, Verdict(meaning=Meaning.ACCOUNT, reason="CREDENTIALS_UNUSABLE"))
            except Unavailable:
                return _all(texts, Verdict(meaning=Meaning.ACCOUNT, reason="SECRET_UNAVAILABLE"))
            if not any(verdict.meaning is Meaning.UNAUTHORIZED for verdict in verdicts.values()):
                break
        return verdicts

    def _heed(self, account: str, verdicts: Iterable[Verdict], *, closed: bool) -> int | None:
        """Open the account's circuit where a request failed, or close it; until when it is open (Unix ms)."""
        told = list(verdicts)
        failed = told[0]
        try:
            if not all(_fails(verdict) for verdict in told):
                if not closed:
                    self.circuits.close(account)
                return None
            return self.circuits.open(
                account,
                failed.reason,
                now=self.clock(),
                wait=failed.retry_after,
                at_once=failed.meaning is not Meaning.UNKNOWN,
            )
        except Unavailable:
            return None  # the messages wait by their own backoff

    def _record(self, message: Message, verdict: Verdict, open_until: int | None) -> Message:
        match verdict.meaning:
            case Meaning.SENT:
                step = self._sent(message, verdict)
                return self.messages.move_to_sent(message, step, fold=self.receipts.folded)
            case Meaning.REJECTED:
                return self._settle(message, State.REJECTED, verdict, clicksend_id=verdict.clicksend_id)
            case Meaning.UNKNOWN:
                return self._settle(message, State.UNKNOWN, verdict)
            case Meaning.ALONE:
                return self._requeue(message, verdict.reason, 0, alone=True)
            case Meaning.ACCOUNT | Meaning.UNAUTHORIZED | Meaning.NOT_PROCESSED:
                wait = verdict.retry_after or backoff(message.attempt)
                if open_until is not None:
                    wait = max(open_until - self.clock(), 0)
                return self._requeue(message, verdict.reason, wait)

    def _sent_together(self, told: Sequence[tuple[Message, Verdict]]) -> dict[str, Message]:
        """Record all at once what ClickSend has taken; what is left of it goes one by one."""
        sent = [(message, verdict) for message, verdict in told if verdict.meaning is Meaning.SENT]
        steps = [(message, self._sent(message, verdict)) for message, verdict in sent]
        return {message.id: message for message in self.messages.record_sent(steps)}

    def _sent(self, message: Message, verdict: Verdict) -> Message:
        return moved(
            message,
            State.SENT,
            at=self.clock(),
            source=SOURCE,
            clicksend_id=verdict.clicksend_id.upper() if verdict.clicksend_id else None,
            price=verdict.price,
            parts=verdict.parts,
            sender_id=verdict.sender_id,
        )

    def _settle(self, message: Message, to: State, verdict: Verdict, **changes: Any) -> Message:
        step = moved(message, to, at=self.clock(), source=SOURCE, reason=verdict.reason, **changes)
        return self._move(message, step)

    def _requeue(self, message: Message, reason: str, wait: int, **changes: Any) -> Message:
        """Back to the queue, on proof that it was not taken; due at the next attempt."""
        now = self.clock()
        later = {"attempt": message.attempt + 1, "next_attempt_at": now + wait}
        step = moved(message, State.QUEUED, at=now, source=SOURCE, reason=reason, **later, **changes)
        return self._move(message, step)

    def _move(self, old: Message, new: Message) -> Message:
        try:
            return self.messages.move(old, new, fenced=True)
        except ConditionFailed as failed:
            return items.message(failed.found) if failed.found else old  # a receipt has settled it


def backoff(attempt: int) -> int:
    """Milliseconds to wait after the attempt: 30 s doubling to 15 min, the upper half of it at random."""
    longest = min(_FIRST_WAIT << min(attempt - 1, 10), _LONGEST_WAIT)
    return longest // 2 + random.randrange(longest // 2)  # noqa: S311 - jitter


def _fails(verdict: Verdict) -> bool:
    """Whether a verdict says that ClickSend is not to be asked for a while."""
    if verdict.reason == OUT_OF_TIME:
        return False
    return verdict.meaning in {Meaning.ACCOUNT, Meaning.UNAUTHORIZED, Meaning.NOT_PROCESSED, Meaning.UNKNOWN}


def _all(texts: Sequence[OutboundSms], verdict: Verdict) -> dict[str, Verdict]:
    return {text.custom_string: verdict for text in texts}


def _requests(claimed: Iterable[Message]) -> list[list[Message]]:
    """What goes together: an account's messages, at most ten; those that a batch was refused for go alone."""
    together: dict[str, list[list[Message]]] = {}
    requests: list[list[Message]] = []
    for message in claimed:
        batches = together.setdefault(message.account, [])
        if message.alone:
            requests.append([message])
        elif batches and len(batches[-1]) < BATCH:
            batches[-1].append(message)
        else:
            batches.append([message])
            requests.append(batches[-1])
    return requests
