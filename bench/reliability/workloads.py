"""Many texts at once: with faults at random, and through an outage of one dependency."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from textension.clock import HOUR, MINUTE, SECOND

from bench.reliability import checker
from bench.reliability.app import App
from bench.reliability.faults import AtRandom, Crossing, Fault, Kind, Nothing
from bench.reliability.flows import own
from bench.reliability.ledger import Entry, Hop
from bench.reliability.requests_in import NUMBER
from bench.reliability.site import Site
from bench.reliability.world import Happening, World

RATE: Final = 0.18
"""How probably each crossing fails."""
TROUBLE: Final = 20 * MINUTE
"""For how long faults strike; then everything is well again, and what is left to do is done."""
PEERS: Final = 12
DRAIN: Final = 4 * 60


@dataclass(frozen=True, slots=True)
class Episode:
    """What one workload came to. `took` in virtual ms; `entries` for charts."""

    seed: int
    verdict: checker.Verdict
    fired: Counter[Fault]
    texts: int
    crossings: int
    took: int
    entries: tuple[Entry, ...]
    healed_at: int = 0
    dead_letters: int = 0
    asked_in_outage: int = 0
    """Requests to what was out of reach, while it was."""


def episode(site: Site, *, seed: int, texts: int) -> Episode:
    """Texts in both directions within 20 minutes in which everything fails now and then; the seed decides all of it."""
    world = World.begin(site, seed=seed)
    own(world, NUMBER)
    world.app = App.joined(world)
    chooser = random.Random(seed)
    for number in range(texts):
        at = world.now + chooser.randrange(TROUBLE)
        world.later.append((at, _something(world, chooser, f"{seed}-{number}")))
    site.forget()
    plan = AtRandom(seed, RATE)
    site.boundaries.crossings, site.boundaries.fired, site.boundaries.plan = [], [], plan
    began = world.now

    def heal() -> None:
        plan.over = True

    world.later.append((began + TROUBLE, heal))
    world.run(minutes=DRAIN)
    return ended(world, seed=seed, texts=texts, began=began, healed_at=began + TROUBLE)


def _something(world: World, chooser: random.Random, name: str) -> Happening:
    peer = f"+6142222{chooser.randrange(PEERS):04d}"
    kind = chooser.choices(("in", "out", "later"), (5, 4, 1))[0]
    minutes = chooser.randrange(1, 15)
    if kind == "in":
        return lambda: world.text_in(f"in {name}", peer)
    if kind == "out":
        return lambda: world.ask(f"out {name}", peer)
    return lambda: world.ask(f"later {name}", peer, in_minutes=minutes)


@dataclass(slots=True)
class Outage:
    """Everything that begins with `target` is out of reach between two times (virtual Unix ms)."""

    kind: Kind
    target: str
    begins: int
    ends: int
    faults: tuple[Fault, ...]
    asked: int = 0
    _turn: int = field(default=0)

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""
        there = crossing.kind is self.kind and crossing.target.startswith(self.target)
        if not there or not self.begins <= crossing.at < self.ends:
            return None
        self.asked += 1
        self._turn += 1
        return self.faults[self._turn % len(self.faults)]


AWS_DOWN: Final = (Fault.ERROR_BEFORE, Fault.HANG_BEFORE, Fault.THROTTLE)
CLICKSEND_DOWN: Final = (Fault.REFUSED, Fault.REFUSED, Fault.THROTTLE)
"""Ways to be down that prove that nothing was taken: then every text is to arrive, once, when it is over."""
OUTAGES: Final = {
    "the table": (Kind.AWS, "dynamodb", AWS_DOWN),
    "SNS": (Kind.AWS, "sns", AWS_DOWN),
    "SQS": (Kind.AWS, "sqs", AWS_DOWN),
    "the secrets": (Kind.AWS, "secrets", AWS_DOWN),
    "ClickSend": (Kind.HTTP, "POST", CLICKSEND_DOWN),
}


def outage(site: Site, what: str, *, minutes: int, every: int, seed: int = 1) -> Episode:
    """A text in and a text out each `every` seconds, before, through and after an outage of so many minutes."""
    kind, target, faults = OUTAGES[what]
    world = World.begin(site, seed=seed)
    own(world, NUMBER)
    site.forget()
    began = world.now
    plan = Outage(kind, target, began + 5 * MINUTE, began + (5 + minutes) * MINUTE, faults)
    last = plan.ends + 5 * MINUTE
    world.later.append((plan.begins, site.forget))  # new workers begin just then, which know no secret
    for number, at in enumerate(range(began, last, every * SECOND)):
        peer = f"+6142222{number % PEERS:04d}"
        world.later.append((at, both(world, number, peer)))
    site.boundaries.crossings, site.boundaries.fired, site.boundaries.plan = [], [], plan
    world.run(minutes=(last - began + 4 * HOUR) // MINUTE)
    texts = 2 * len(range(began, last, every * SECOND))
    return ended(world, seed=seed, texts=texts, began=began, healed_at=plan.ends, asked=plan.asked)


def both(world: World, number: int, peer: str) -> Happening:
    """A text in and a text out at once."""

    def happen() -> None:
        world.text_in(f"in {number}", peer)
        world.ask(f"out {number}", peer)

    return happen


def first_success(found: Episode, hop: Hop) -> int | None:
    """How long (ms) after the end of the trouble something got through there again."""
    after = [entry.at - found.healed_at for entry in found.entries if entry.hop is hop and entry.at >= found.healed_at]
    return min(after, default=None)


def ended(world: World, *, seed: int, texts: int, began: int, healed_at: int, asked: int = 0) -> Episode:
    """What a world came to whose time is over; it is put away."""
    walls = world.site.boundaries
    walls.plan = Nothing()
    world.arrivals()
    if world.app:
        world.app.poll()
    fired, crossings = walls.counts(), len(walls.crossings)
    verdict = checker.check(world, one_fault=False)
    world.end()
    return Episode(
        seed=seed,
        verdict=verdict,
        fired=fired,
        texts=texts,
        crossings=crossings,
        took=world.now - began,
        entries=tuple(world.ledger.entries),
        healed_at=healed_at,
        dead_letters=len(world.queue.dead),
        asked_in_outage=asked,
    )
