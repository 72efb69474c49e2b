"""One run with faults at chosen crossings: every single one of a flow, pairs of them, and what came of each."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.reliability import checker
from bench.reliability.faults import AFTER, FAULTS, KILLS, At, Crossing, Fault, Nothing
from bench.reliability.flows import FLOWS, SPECIAL
from bench.reliability.site import Site

SEED: Final = 1
"""Of every case, so that all runs of a flow are the same up to the first fault."""

ALL: Final = {**FLOWS, **SPECIAL}


@dataclass(frozen=True, slots=True)
class Case:
    """A flow, and what goes wrong at which of its crossings."""

    flow: str
    faults: tuple[tuple[int, Fault], ...]

    @property
    def name(self) -> str:
        """What `--case` takes: `reply:17=hang-after,18=killed-before`."""
        return f"{self.flow}:{','.join(f'{index}={fault}' for index, fault in self.faults)}"

    @classmethod
    def named(cls, name: str) -> "Case":
        """The case of that name. Raises ValueError."""
        flow, _, faults = name.partition(":")
        if flow not in ALL:
            raise ValueError(f"no flow is called {flow}: there are {', '.join(ALL)}")
        pairs = [one.partition("=") for one in faults.split(",") if one]
        return cls(flow, tuple((int(index), Fault(fault)) for index, _, fault in pairs))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case. `recovery` (ms): from the last fault until the text's last step; `fired` struck."""

    case: Case
    verdict: checker.Verdict
    fired: Counter[Fault]
    crossings: tuple[Crossing, ...]
    recovery: int


@dataclass(slots=True)
class Tally:
    """Many outcomes added up."""

    cases: int = 0
    fired: Counter[Fault] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)
    slowest: Outcome | None = None
    """The longest recovery where no worker was killed."""

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.cases += 1
        self.fired += outcome.fired
        self.counts += outcome.verdict.counts
        self.states += outcome.verdict.states
        if outcome.verdict.findings:
            self.broken.append(outcome)

    def join(self, other: "Tally") -> None:
        """Count what another has counted."""
        self.cases += other.cases
        self.fired += other.fired
        self.counts += other.counts
        self.states += other.states
        self.broken += other.broken


def run(site: Site, case: Case) -> Outcome:
    """Run one case to its end, and look at what is left."""
    world = ALL[case.flow].run(site, At(dict(case.faults)) if case.faults else Nothing(), seed=SEED)
    walls = site.boundaries
    fired = Counter(fault for _, fault in walls.fired)
    crossings = tuple(walls.crossings)
    last = max((crossing.at for crossing, _ in walls.fired), default=0)
    verdict = checker.check(world, one_fault=len(case.faults) < 2)
    world.end()
    return Outcome(case, verdict, fired, crossings, max(verdict.settled_after - last, 0) if last else 0)


def singles(site: Site, flow: str) -> Iterator[Case]:
    """Every fault at every crossing of a flow that goes well."""
    for crossing in run(site, Case(flow, ())).crossings:
        for fault in FAULTS[crossing.kind]:
            if _says_something(crossing, fault):
                yield Case(flow, ((crossing.index, fault),))


def singles_of(site: Site, flow: str) -> tuple[str, list[Case]]:
    """A flow, and all its single faults."""
    return flow, list(singles(site, flow))


_behind: dict[Case, tuple[Crossing, ...]] = {}
"""What a case crosses. It is the same each time, so that one run of it tells."""


def pair(site: Site, flow: str, firsts: Sequence[Case], chooser: random.Random) -> Case:
    """Two faults, the second anywhere behind the first in the run that has it, chosen by seed."""
    while True:
        first = chooser.choice(firsts)
        if first not in _behind:
            _behind[first] = run(site, first).crossings
        ((index, _),) = first.faults
        later = _behind[first][index + 1 :]
        if later:
            second = chooser.choice(later)
            return Case(flow, (*first.faults, (second.index, chooser.choice(FAULTS[second.kind]))))


def run_pair(site: Site, flow: str, firsts: Sequence[Case], seed: int) -> Outcome:
    """Two faults, chosen by a seed, and what came of them."""
    return run(site, pair(site, flow, firsts, random.Random(seed)))


def run_all_behind(site: Site, first: Case) -> Tally:
    """A first fault, and behind it every other one at every crossing of the run that has it."""
    tally = Tally()
    ((index, _),) = first.faults
    for crossing in run(site, first).crossings[index + 1 :]:
        for fault in FAULTS[crossing.kind]:
            if _says_something(crossing, fault):
                tally.add(run(site, Case(first.flow, (*first.faults, (crossing.index, fault)))))
    return tally


def _says_something(crossing: Crossing, fault: Fault) -> bool:
    """Reordering needs a batch; and what only reads is not hurt more by failing after than before."""
    if fault is Fault.REORDERED:
        return crossing.function in {"stream_relay", "outbound_sender", "realtime"}
    reads = ("GetItem", "BatchGetItem", "Query", "GetSecretValue")
    if crossing.target.rpartition(".")[2] in reads:
        return fault not in (AFTER - KILLS - {Fault.SLOW, Fault.HANG_AFTER})
    return True


def sampled(cases: Mapping[str, list[Case]], most: int, chooser: random.Random) -> list[Case]:
    """At most so many cases of each flow, chosen by seed, in their order."""
    chosen: list[Case] = []
    for found in cases.values():
        kept = sorted(chooser.sample(range(len(found)), min(most, len(found))))
        chosen += [found[index] for index in kept]
    return chosen
