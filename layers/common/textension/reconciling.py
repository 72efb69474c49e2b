"""What became of messages that nobody told us of: looked up in ClickSend's history, never sent again unasked.

An unknown message that history knows was sent; one that history has not known for a quarter of an hour is unresolved,
and a person decides; unless its writer wanted it at least once: then it is looked up once more, and sent again. A sent
message whose receipt never came is given what history says of it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from textension import ids
from textension.accepting import resend
from textension.aws.items import message_key
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.table import ConditionFailed
from textension.clicksend.client import REQUEST_TIMEOUT, ClickSend
from textension.clicksend.history import Row
from textension.clock import MINUTE, SECOND, Clock, now_ms
from textension.errors import ConfigurationError, Conflict, NoAnswer, TextensionError, Unavailable
from textension.message import HISTORY, Message, Receipt, moved
from textension.outbound import Clients
from textension.receipts import Receipts
from textension.states import RECEIPTS_END, State, next_look

AT_LEAST_ONCE: Final = "at_least_once"
"""The origin of what the machine sends again."""
UNRESOLVED_AFTER: Final = 15 * MINUTE
"""How long history must have stayed empty before a person is asked."""
LOOKUPS: Final = 15
"""Questions to ClickSend in one run: its limits are not published, and sending comes first."""
MARGIN: Final = 10 * MINUTE
"""How far ClickSend's clock may be off."""
_FAILED: Final = frozenset({"Failed", "Cancelled", "CancelledAfterReview"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciler:
    """Looks messages up."""

    messages: Messages
    receipts: Receipts
    signer: ids.Signer
    clients: Clients
    numbers: Numbers
    country: str
    unresolved_after: int = UNRESOLVED_AFTER
    clock: Clock = now_ms

    def run(self, due: Iterable[Message], *, remaining: Callable[[], int]) -> Counter[str]:
        """Look these up, the oldest first, with one question for all to the same peer; counts by what came of it.

        Whoever is not reached keeps its place, and is due again.
        """
        done: Counter[str] = Counter()
        groups = _by_peer(due)
        for group in groups[:LOOKUPS]:
            if remaining() < REQUEST_TIMEOUT * SECOND:
                break
            done.update(self._look(group, remaining))
        return done

    def _look(self, group: Sequence[Message], remaining: Callable[[], int]) -> Iterable[str]:
        account, peer = group[0].account, group[0].conversation.peer
        first = min(message.sent_at for message in group) - MARGIN
        try:
            client: ClickSend = self.clients.of(account)
            rows = client.history(first=first, last=self.clock() + MARGIN, to=peer, remaining=remaining)
        except (NoAnswer, ConfigurationError, Unavailable) as error:
            wait = (error.retry_after if isinstance(error, NoAnswer) else None) or MINUTE
            return [self._settle(message, None, wait) for message in group]
        known = self._ours(account, peer, rows)
        return [self._settle(message, known.get(message.id), 0) for message in group]

    def _ours(self, account: str, peer: str, rows: Iterable[Row]) -> Mapping[str, Row]:
        """The rows that prove to be messages of ours to this peer, by our id."""
        found: dict[str, Row] = {}
        for row in rows:
            ours = self.signer.message_of(account, row.custom_string) if row.custom_string else None
            if ours and row.direction == "out" and row.to == peer:
                found[ours] = row
        return found

    def _settle(self, message: Message, row: Row | None, wait: int) -> str:
        try:
            if row is not None:
                return self._found(message, row)
            return self._not_found(message, wait)
        except (ConditionFailed, Unavailable):
            return "look_lost"  # a receipt was faster, or the table is out of reach: it is due again if it must be

    def _found(self, message: Message, row: Row) -> str:
        """History has it: it was sent, and what else the row says."""
        now = self.clock()
        receipt = _receipt(row, now)
        if message.state is State.SENT:
            if receipt is None:
                return self._not_found(message, 0)
            self.receipts.apply(message, receipt, row.message_id)
            return "receipt_found"
        step = moved(
            message,
            State.SENT,
            at=now,
            source=HISTORY,
            clicksend_id=row.message_id,
            price=row.price,
            parts=row.parts,
            sender_id=row.from_ or None,
        )
        told = [receipt] if receipt else []
        self.messages.move_to_sent(
            message, step, fold=lambda one, waiting: self.receipts.folded(one, [*waiting, *told])
        )
        return "found"

    def _not_found(self, message: Message, wait: int) -> str:
        """An empty answer proves nothing, unless it stays empty; no answer (`wait`) not even that."""
        now = self.clock()
        if wait:
            self.messages.amend(message, replace(message, next_look_at=now + wait))
            return "not_answered"
        if message.state is State.UNKNOWN and now - message.changed_at >= self.unresolved_after:
            reason = message.reason or "HISTORY_EMPTY"
            # For one that is to go again, the next sweep asks once more: due at once.
            again = now if message.at_least_once else None
            step = moved(message, State.UNRESOLVED, at=now, source=HISTORY, reason=reason, next_look_at=again)
            self.messages.move(message, step)
            return "unresolved"
        if message.state is State.UNRESOLVED:
            return self._send_again(message, now)
        looks = message.looks + 1
        again = next_look(message.state, looks, now)
        if message.state is State.UNKNOWN:
            again = min(again or now, max(message.changed_at + self.unresolved_after, now + SECOND))
        elif now - message.changed_at > RECEIPTS_END:
            again = None
        self.messages.amend(message, replace(message, next_look_at=again, looks=looks))
        return "not_found"

    def _send_again(self, message: Message, now: int) -> str:
        """Send what its writer wanted at least once a second time, while it is valid; never a third time."""
        done = "resent"
        try:
            self._resend(message, now)
        except Unavailable:
            raise
        except TextensionError:  # opted out, blocked, disabled, taken off, or settled meanwhile
            done = "not_resent"
        present = self.messages.get(message_key(message))
        if present is not None and present.state is State.UNRESOLVED:
            self.messages.amend(present, replace(present, next_look_at=None))
        return done

    def _resend(self, message: Message, now: int) -> None:
        settings = self.numbers.get(message.conversation.number, fresh=True)
        if settings is None or settings.account != message.account or (message.valid_until or 0) <= now:
            raise Conflict("it is not sent any more", code="not_resendable")
        resend(
            message,
            settings,
            self.messages,
            origin=AT_LEAST_ONCE,
            author=message.author,
            country=self.country,
            now=now,
        )


def _receipt(row: Row, now: int) -> Receipt | None:
    """What a row says of delivery, as a receipt would; None while that is open."""
    code = row.status_code or ("301" if row.status in _FAILED else "")
    if code not in {"201", "301"}:
        return None
    return Receipt(status_code=code, at=now, error_code=row.error_code[:40], error_text=row.error_text[:200])


def _by_peer(due: Iterable[Message]) -> list[list[Message]]:
    groups: dict[tuple[str, str], list[Message]] = {}
    for message in sorted(due, key=lambda one: one.changed_at):
        groups.setdefault((message.account, message.conversation.peer), []).append(message)
    return list(groups.values())
