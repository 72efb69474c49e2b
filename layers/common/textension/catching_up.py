"""What ClickSend received while nobody could be told: read in its history, and taken in through the same door.

A look begins before the mark, since history may lag, and ends before the present, since a push may still be on its
way. What is there already costs one look at its pointer. The mark moves past what is in the table, and nothing else.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from textension import ids
from textension.aws import twins
from textension.aws.catch_ups import CatchUps, CaughtUpTo
from textension.aws.circuits import Circuits
from textension.aws.secrets import CredentialsSecret
from textension.aws.summaries import TWINS_WITHIN
from textension.aws.table import Table
from textension.clicksend.history import Row
from textension.clock import MINUTE, SECOND, Clock, now_ms
from textension.errors import ConfigurationError, NoAnswer, Unavailable
from textension.inbound import Taken

if TYPE_CHECKING:
    from textension.inbound import Door
    from textension.outbound import Clients

EVERY: Final = 5 * MINUTE
"""Between two looks of the sweeper."""
OVERLAP: Final = 30 * MINUTE
"""How far a look goes back before the mark: how late ClickSend's history shows a text is not documented."""
GRACE: Final = TWINS_WITHIN
"""How long the push of a text has the first word."""
SKEW: Final = 10 * MINUTE
"""How far ClickSend's clock may be ahead of ours."""
PAGES: Final = 5
"""Pages of history in one look of the sweeper, of 100 rows each: sending and receipts share its minute."""
LOOKS: Final = 15
"""Accounts that one run of the sweeper asks ClickSend about: its limits are for each address that asks."""
MARGIN: Final = 10 * SECOND
"""What taking a page in may take; none is asked for without it."""
NEW: Final = "new"
"""What a dry look counts, beside what is there already."""
UNAVAILABLE: Final = "UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a look has done so far: counts by what became of each text (Taken), and how far it is (Unix ms)."""

    account: str
    done: Counter[str] = field(default_factory=Counter)
    reached: int = 0
    complete: bool = False
    trouble: str = ""
    """A reason code, where ClickSend or the table kept it from going on."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of history in order of time, those before and after the ones that are to be handled among them."""

    rows: Sequence[Row]
    until: int
    """Rows up to here are handled."""
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchUp:
    """Brings accounts up to date. `clients` is made when the first one is asked: it needs the HTTP client."""

    door: "Callable[[], Door]"
    table: Table
    marks: CatchUps
    circuits: Circuits
    secret: CredentialsSecret
    clients: "Callable[[], Clients]"
    clock: Clock = now_ms
    rests_until: dict[str, int] = field(default_factory=dict)
    """Until when an account's mark need not even be read, as far as this process knows."""

    def run(self, *, remaining: Callable[[], int]) -> list[Progress]:
        """A look at each account whose time has come, as far as `remaining` (ms) allows.

        One account's trouble is in its Progress. Raises Unavailable or ConfigurationError when there is no reading the
        secret.
        """
        looks: list[Progress] = []
        for credentials in self.secret.accounts():
            if len(looks) >= LOOKS:
                break  # those who had their look rest now: the next run takes the others
            account = credentials.account
            if credentials.complete and self.rests_until.get(account, 0) <= self.clock():
                try:
                    looks += list(self._due(account, remaining))[-1:]
                except Unavailable:
                    looks.append(Progress(account, trouble=UNAVAILABLE))
        return looks

    def _due(self, account: str, remaining: Callable[[], int]) -> Iterator[Progress]:
        now = self.clock()
        state = self.marks.get(account) or self.marks.begin(account, now=now)
        again = max((state.looked_at or state.started_at) + EVERY, state.wait_until or 0)
        if state.position is not None and not state.trouble:
            again = now
        if again > now:
            self.rests_until[account] = again
        elif self.circuits.get(account) is None:  # else the sender finds out when ClickSend is back
            yield from self.look(state, remaining=remaining, pages=PAGES)

    def look(
        self,
        state: CaughtUpTo,
        *,
        since: int | None = None,
        remaining: Callable[[], int],
        pages: int,
        dry: bool = False,
    ) -> Iterator[Progress]:
        """Bring an account up to date, in pages or several at once: what was done after each. The last one tells all.

        `since` (Unix ms) goes back so far, instead of from the mark on. A `dry` look writes nothing: it counts as `new`
        what is not here under its id. Raises Unavailable.
        """
        started = self.clock()
        first = since if since is not None else state.position or state.mark - OVERLAP
        progress = Progress(state.account, reached=first)
        try:
            for stretch in self._stretches(state.account, first, started, remaining, pages):
                done = progress.done + self._handle(state, stretch, progress.reached, dry=dry)
                progress = Progress(state.account, done, stretch.until, complete=stretch.last)
                if not dry:
                    self._move(state, progress, since=since, at=started)
                yield progress
            if not progress.complete:
                yield progress
        except (NoAnswer, ConfigurationError) as error:
            reason = error.reason if isinstance(error, NoAnswer) else "CREDENTIALS_REFUSED"
            wait = error.retry_after if isinstance(error, NoAnswer) else None
            if not dry:
                self.marks.trouble(state.account, reason, at=started, wait=wait)
            yield Progress(state.account, progress.done, progress.reached, trouble=reason)

    def _move(self, state: CaughtUpTo, progress: Progress, *, since: int | None, at: int) -> None:
        """What was taken in is durable: the mark may follow, unless it would leave something out before it."""
        if since is not None and (since > state.mark or not progress.complete):
            return
        position = None if progress.complete else progress.reached
        self.marks.move(state.account, max(progress.reached, state.mark), position=position, at=at)

    def _stretches(
        self, account: str, first: int, now: int, remaining: Callable[[], int], pages: int
    ) -> Iterator[_Stretch]:
        """The history from `first` on, piece by piece; each with its surroundings, in which twins are told apart.

        Raises NoAnswer, ConfigurationError, Unavailable.
        """
        from textension.clicksend.client import REQUEST_TIMEOUT

        client, position, asked = self.clients().of(account), first, 0
        while asked < pages:
            rows: list[Row] = []
            begins, number, more = position - TWINS_WITHIN, 1, True
            while more and (not rows or rows[-1].at < begins + 3 * TWINS_WITHIN):
                if remaining() < REQUEST_TIMEOUT * SECOND + MARGIN:
                    return
                page, more = client.history_page(number, first=begins, last=now + SKEW)
                number, asked, rows = number + 1, asked + 1, rows + page
            if any(one.at > other.at for one, other in pairwise(rows)):
                raise NoAnswer("NOT_IN_ORDER")  # what comes where it is not looked for would be left out
            # The next stretch is asked for by time, not as the next page: rows that appear meanwhile shift pages.
            until = rows[-1].at - TWINS_WITHIN if more else now - GRACE
            yield _Stretch(rows, min(until, now - GRACE), last=not more or until >= now - GRACE)
            if not more or until >= now - GRACE:
                return
            position = until

    def _handle(self, state: CaughtUpTo, stretch: _Stretch, first: int, *, dry: bool) -> Counter[str]:
        """Take in what is new of a stretch. Raises Unavailable: then the mark stays where it is."""
        account = state.account
        inbound = {row.message_id: row for row in stretch.rows if row.direction == "in"}
        theirs = {
            ids.message_id(account, ids.CLICKSEND, row.message_id): row
            for row in inbound.values()
            if first <= row.at <= stretch.until
        }
        done: Counter[str] = Counter()
        seen = twins.known(self.table, theirs) if theirs else set()
        done[Taken.SEEN] += len(seen)
        if dry:
            done[NEW] += len(theirs) - len(seen)
            return +done
        for message_id, row in theirs.items():
            if message_id not in seen:
                outcome = self.door().recover(
                    _posted(row), account, at=row.at, since=state.started_at, unless=inbound.keys()
                )
                done[outcome.taken] += 1
        return +done


def _posted(row: Row) -> dict[str, str]:
    """A row as ClickSend would have posted it."""
    return {
        "message_id": row.message_id,
        "from": row.from_,
        "to": row.to,
        "body": row.body,
        "custom_string": row.custom_string,
        "subaccount_id": row.subaccount_id,
        "timestamp": str(row.at // SECOND),
    }
