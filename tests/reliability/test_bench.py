"""The reliability bench's small form: nothing lost, nothing twice; and what is broken on purpose is found."""

import itertools
import os
import random
import time
from collections.abc import Callable, Iterator

import pytest

from bench.reliability import cases, missing, races, workloads
from bench.reliability.cases import Case, Tally
from bench.reliability.checker import Finding
from bench.reliability.controls import Defect, Scenario, control
from bench.reliability.flows import FLOWS, SPECIAL
from bench.reliability.registry import DEFECTS
from bench.reliability.site import Site

SINGLES = 10.0
PAIRS = 6.0
RANDOM = float(os.environ.get("RANDOM_FAULTS_SECONDS", "240"))
"""Seconds, each: `make reliability` takes as long as everything takes."""
TEXTS = 30
SELDOM = 3 * 3600 + 1200
"""Seconds between texts of a day of which we are told nothing."""
SEEDS = random.SystemRandom()
SOUND: dict[Scenario, tuple[Finding, ...]] = {}


def told(outcomes: Tally) -> list[str]:
    return [
        f"{finding}\n  make reliability CASE='{outcome.case.name}'"
        for outcome in outcomes.broken
        for finding in outcome.verdict.findings
    ]


def for_seconds[T](these: Iterator[T], seconds: float) -> Iterator[T]:
    ends = time.monotonic() + seconds
    for one in these:
        yield one
        if time.monotonic() > ends:
            return


@pytest.mark.parametrize("flow", [*FLOWS, *SPECIAL])
def test_a_text_goes_its_way(site: Site, flow: str) -> None:
    outcome = cases.run(site, Case(flow, ()))
    assert outcome.verdict.findings == ()
    assert outcome.fired.total() == 0


def test_any_one_fault_anywhere_loses_and_doubles_nothing(site: Site, figure: Callable[[str], None]) -> None:
    seed = SEEDS.randrange(10**6)
    everything = [case for flow in FLOWS for case in cases.singles(site, flow)]
    random.Random(seed).shuffle(everything)

    tally = Tally()
    for case in for_seconds(iter(everything), SINGLES):
        tally.add(cases.run(site, case))

    figure(f"reliability: {tally.cases} of {len(everything)} single faults (seed {seed}): {len(tally.broken)} broken")
    assert told(tally) == []


@pytest.mark.parametrize("flow", ["inbound", "reply"])
def test_any_two_faults_lose_and_double_nothing(site: Site, flow: str, figure: Callable[[str], None]) -> None:
    seed = SEEDS.randrange(10**6)
    firsts = list(cases.singles(site, flow))

    tally = Tally()
    for number in for_seconds(itertools.count(seed), PAIRS):
        tally.add(cases.run_pair(site, flow, firsts, number))

    figure(f"reliability: {tally.cases} pairs of faults, {flow} (seed {seed}): {len(tally.broken)} broken")
    assert told(tally) == []


def test_faults_at_random_lose_and_double_nothing(site: Site, figure: Callable[[str], None]) -> None:
    texts = fired = 0
    for seed in for_seconds(iter(SEEDS.sample(range(10**6), 1000)), RANDOM):
        found = workloads.episode(site, seed=seed, texts=TEXTS)
        texts, fired = texts + found.texts, fired + found.fired.total()
        assert found.verdict.findings == (), f"make reliability SEED={seed} TEXTS={TEXTS}"
    figure(f"reliability: {texts} texts, {fired} faults at random: nothing lost, nothing twice")
    assert fired > texts


@pytest.mark.parametrize("name", missing.ABSENCES)
def test_what_nobody_told_us_for_a_day_comes_in_once(site: Site, name: str, figure: Callable[[str], None]) -> None:
    found = missing.absence(site, name, every=SELDOM)
    figure(f"reliability: {name}: {found.recovered} texts out of history, {found.posted_late} of them posted too")
    assert found.episode.verdict.findings == ()
    if missing.ABSENCES[name].stream:
        assert found.records_lost > 0
    else:
        # ClickSend gave texts and receipts up, and history had them; the newest it posted in the end, too.
        assert found.given_up > found.recovered - found.posted_late > 0
        assert found.posted_late > 0 or found.name.endswith("late")


@pytest.mark.parametrize("defect", DEFECTS, ids=[one.name for one in DEFECTS])
def test_a_seeded_defect_is_found_and_sound_code_is_not_blamed(site: Site, defect: Defect) -> None:
    found = control(site, defect, SOUND)
    assert found.without == ()
    assert {one.check for one in found.found} & found.defect.found_by, found.found


def test_there_are_thirty_of_them() -> None:
    assert len({one.name for one in DEFECTS}) >= 30


def test_whoever_is_first_nothing_is_done_twice(site: Site) -> None:
    for race in races.all_races(site, rounds=2):
        assert race.wrong == (), race.name
