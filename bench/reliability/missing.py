"""What nobody told us for a day: ClickSend's posts that no one answered, records that the stream no longer has."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from unittest.mock import patch

from textension import assemble
from textension.clock import DAY, HOUR, MINUTE
from textension.message import Trust

from bench.reliability import workloads
from bench.reliability.faults import Crossing, Fault, Kind
from bench.reliability.flows import own
from bench.reliability.ledger import Hop
from bench.reliability.requests_in import NUMBER
from bench.reliability.site import Site
from bench.reliability.workloads import PEERS, Episode
from bench.reliability.world import World

BEFORE: Final = 5 * MINUTE
AFTER: Final = 10 * MINUTE
"""Texts come and go for so long before and after, too."""
DRAIN: Final = 3 * DAY
"""A receipt that never came is looked for in ClickSend's history at twice the distance each time."""


@dataclass(frozen=True, slots=True)
class Absence:
    """What is away for `hours`: functions that nobody can call, or the stream. ClickSend's history lists what comes in
    `listed_after` (ms); `by_hand` is an operator's `textension catch-up --since` at the end."""

    name: str
    hours: int
    functions: frozenset[str] = frozenset()
    stream: bool = False
    listed_after: int = 0
    by_hand: bool = False


_WEBHOOK: Final = frozenset({"inbound_webhook"})
ABSENCES: Final = {
    one.name: one
    for one in (
        Absence("24 hours without the webhook", 24, _WEBHOOK),
        Absence("24 hours without webhook and sweeper", 24, _WEBHOOK | {"sweeper"}),
        Absence(
            "24 hours without the webhook, history three hours late",
            24,
            _WEBHOOK,
            listed_after=3 * HOUR,
            by_hand=True,
        ),
        Absence("30 hours without the stream", 30, stream=True),
    )
}


@dataclass(slots=True)
class Unreachable:
    """Functions that nobody can call between two times (virtual Unix ms)."""

    functions: frozenset[str]
    begins: int
    ends: int

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""
        away = crossing.kind is Kind.DELIVERY and crossing.function in self.functions
        return Fault.NOT_DELIVERED if away and self.begins <= crossing.at < self.ends else None


@dataclass(frozen=True, slots=True)
class Missed:
    """What one absence came to: texts that came in out of history, those of them that ClickSend did post in the end,
    posts (texts and receipts) that it gave up, and records that the stream lost."""

    name: str
    episode: Episode
    recovered: int
    posted_late: int
    given_up: int
    records_lost: int


def absence(site: Site, name: str, *, every: int, seed: int = 1) -> Missed:
    """A text in and a text out each `every` seconds, before, through and after an absence."""
    what = ABSENCES[name]
    with _history(site, what):
        world = World.begin(site, seed=seed)
        own(world, NUMBER)
        world.history.after = what.listed_after
        site.forget()
        began = world.now
        plan = Unreachable(what.functions, began + BEFORE, began + BEFORE + what.hours * HOUR)
        if what.stream:
            world.later.append((plan.begins, partial(_stop_stream, world, plan.ends)))
        moments = range(began, plan.ends + AFTER, every * 1000)
        for number, at in enumerate(moments):
            world.later.append((at, workloads.both(world, number, f"+6142222{number % PEERS:04d}")))
        if what.by_hand:
            after = plan.ends + what.listed_after + HOUR
            world.later.append((after, lambda: _catch_up(world, since=began)))
        site.boundaries.crossings, site.boundaries.fired, site.boundaries.plan = [], [], plan
        world.run(minutes=(plan.ends - began + DRAIN) // MINUTE)
        recovered = {one["text"] for one in world.items() if one.get("trust") == Trust.HISTORY and "text" in one}
        posted = recovered & world.ledger.texts(Hop.ACKNOWLEDGED).keys()
        given_up, lost = len(world.ledger.given_up), world.stream.given_up
        episode = workloads.ended(world, seed=seed, texts=2 * len(moments), began=began, healed_at=plan.ends)
    return Missed(name, episode, len(recovered), len(posted), given_up, lost)


@contextmanager
def _history(site: Site, what: Absence) -> Iterator[None]:
    """ClickSend's history shows what became of texts, and what came in as late as said, until the block ends."""
    shown = {
        "receipt_plan": [{"status_code": 201, "delay": 0}],
        "history_delay_seconds": what.listed_after // 1000,
    }
    hidden = {"receipt_plan": [], "history_delay_seconds": 0}
    site.control.put("/simulator/settings", json=shown).raise_for_status()
    try:
        yield
    finally:
        site.control.put("/simulator/settings", json=hidden).raise_for_status()


def _stop_stream(world: World, until: int) -> None:
    world.stream.stopped_until = until


def _catch_up(world: World, *, since: int) -> None:
    """`textension catch-up --since`, as often as ClickSend is asked for it."""
    endless = 10**15

    def command(_: dict[str, Any], __: Any) -> None:
        catching = assemble.catch_up()
        state = catching.marks.begin("main", now=world.now)
        last = list(catching.look(state, since=since, remaining=lambda: endless, pages=endless))[-1]
        if not last.complete:
            raise RuntimeError(f"it ended with {last}")

    name = "catch-up --since"
    commands: dict[str, Callable[..., None]] = {name: command}
    with patch.dict(world.site.handlers, commands), patch.dict(world.site.timeouts, {name: endless}):
        world.call(name, {})
