"""Negative controls: what a seeded defect is, and whether the bench finds it. One that finds nothing proves nothing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

from bench.reliability import cases, checker
from bench.reliability.checker import Check, Finding
from bench.reliability.faults import Strike, Striking
from bench.reliability.site import Site

SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Scenario:
    """A flow with faults at named crossings."""

    flow: str
    strikes: tuple[Strike, ...] = ()

    def run(self, site: Site) -> tuple[Finding, ...]:
        """What the checker finds after a run of it."""
        world = cases.ALL[self.flow].run(site, Striking(self.strikes), seed=SEED)
        findings = checker.check(world).findings
        world.end()
        return findings


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break the code. `seeded` does it until its block ends; `found_by` are the checks that must see it."""

    name: str
    what: str
    seeded: Callable[[Site], AbstractContextManager[object]]
    scenario: Scenario
    found_by: frozenset[Check]


@dataclass(frozen=True, slots=True)
class Control:
    """What came of one control: what was found with the defect, and (it must be nothing) without."""

    defect: Defect
    found: tuple[Finding, ...]
    without: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether the defect was found by a check that is to see it, and nothing was where there is none."""
        return not self.without and any(one.check in self.defect.found_by for one in self.found)


def control(site: Site, defect: Defect, sound: dict[Scenario, tuple[Finding, ...]]) -> Control:
    """Run a defect's scenario with it and, once for all that share it, without."""
    if defect.scenario not in sound:
        sound[defect.scenario] = defect.scenario.run(site)
    with defect.seeded(site):
        found = defect.scenario.run(site)
    site.forget()
    return Control(defect, found, sound[defect.scenario])
