"""The parts of the whole run, each spread over the crew, its outcomes gathered in the report."""

import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from textension.clock import HOUR

from bench.reliability import cases, chart, engines, missing, races, report, workloads
from bench.reliability.cases import Outcome, Tally
from bench.reliability.checker import Check, Finding
from bench.reliability.controls import Scenario, control
from bench.reliability.crew import Crew, Task
from bench.reliability.flows import FLOWS, SPECIAL
from bench.reliability.ledger import Hop
from bench.reliability.registry import DEFECTS
from bench.reliability.report import Report
from bench.reliability.screen import Progress
from bench.reliability.site import Site, opened
from bench.reliability.virtual import BEGIN
from bench.reliability.workloads import Episode

PROMPT: Final = ("inbound", "receipt", "reply", "replay")
"""The ways in which nothing waits by itself: what takes long there is our recovery."""
PAIRED: Final = ("inbound", "reply")
"""The ways of which all pairs of faults are run."""
EPISODE: Final = 100
"""Texts of one episode: few enough to replay, enough to meet each other."""

OUTAGE: Final = "ten minutes without "
EVERY: Final = 1_500
"""Seconds between the texts of a day of which nobody tells us."""
LONG_OUTAGE: Final = "6 hours without ClickSend"
LONG: Final = frozenset({*missing.ABSENCES, *(f"{OUTAGE}{what}" for what in workloads.OUTAGES), LONG_OUTAGE})
"""What can be played again by its name."""

_sound: dict[Scenario, tuple[Finding, ...]] = {}
"""What sound code is found to do wrong: nothing. Found out once in each process."""


def controls(crew: Crew, told: Report) -> None:
    """Every seeded defect."""
    by_name = {one.name: one for one in DEFECTS}
    progress = Progress("seeded defects", len(DEFECTS))
    found = 0
    for name, holds in crew.each(partial(_control, name=name) for name in by_name):
        found += holds
        if not holds:
            told.fail(f"the defect {name} ({by_name[name].what}) was not found, or sound code was blamed")
        progress.step(len(told.wrong))
    told.say(f"Seeded defects found: {found} of {len(DEFECTS)}.")


def _control(site: Site, name: str) -> tuple[str, bool]:
    defect = next(one for one in DEFECTS if one.name == name)
    return name, control(site, defect, _sound).holds


def single_faults(crew: Crew, told: Report, sample: int) -> None:
    """Every fault at every crossing of every flow, or `sample` of each flow's (0 is all)."""
    slowest: list[tuple[int, str]] = []
    found = dict(crew.each(partial(cases.singles_of, flow=flow) for flow in (*FLOWS, *SPECIAL)))
    for flow in (*FLOWS, *SPECIAL):
        chosen = cases.sampled({flow: found[flow]}, sample, random.Random(1)) if sample else found[flow]
        part = f"{flow}, each single fault"
        progress = Progress(part, len(chosen))
        outcomes = crew.each(partial(cases.run, case=case) for case in chosen)
        told.tally(part, _gathered(outcomes, progress, told, slowest if flow in PROMPT else None))
    if sample:
        told.say(
            f"A bounded run: {sample} of the single faults of each way, chosen by a seed; without SAMPLE all of them."
        )
    longest = max(slowest)
    longest_s = f"{longest[0] / 1000:.0f} s ({longest[1]})"
    told.say(f"Longest from a single fault to the text's last step, no worker killed: {longest_s}.")


def _gathered(
    outcomes: Iterable[Outcome], progress: Progress, told: Report, slowest: list[tuple[int, str]] | None = None
) -> Tally:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
        states = outcome.verdict.states
        unclear = states["unknown"] + states["unresolved"]
        if slowest is not None and not unclear and not any(fault.startswith("killed") for fault in outcome.fired):
            slowest.append((outcome.recovery, outcome.case.name))
        progress.step(len(told.wrong) + len(tally.broken))
    return tally


def pairs(crew: Crew, told: Report, *, until: float) -> None:
    """All pairs of faults of two flows, until then (by the monotonic clock); the first ones in mixed order."""
    for flow in PAIRED:
        ((_, firsts),) = crew.each([partial(cases.singles_of, flow=flow)])
        random.Random(1).shuffle(firsts)
        part = f"{flow}, pairs of faults"
        progress, tally, done = Progress(part, None), Tally(), 0
        for one in crew.each(_until(until, (partial(cases.run_all_behind, first=first) for first in firsts))):
            tally.join(one)
            done += 1
            progress.step(len(told.wrong) + len(tally.broken), one.cases)
        told.tally(part, tally)
        if done < len(firsts):
            told.say(f"{part}: all behind {done} of {len(firsts)} first ones; the time was over.")


def _until[T](ends: float, these: Iterable[T]) -> Iterator[T]:
    """These, while there is time."""
    for one in these:
        if time.monotonic() > ends:
            return
        yield one


def random_faults(crew: Crew, told: Report, messages: int, *, first: int = 1, until: float) -> None:
    """Episodes with faults at random, of so many texts together; `first` is the first one's seed. Of what is stopped
    there is a row too."""
    counts: Counter[str] = Counter()
    found: Counter[Check] = Counter()
    texts = fired = runs = 0
    progress = Progress("random, texts", messages)
    seeds = range(first, first + -(-messages // EPISODE))
    try:
        for one in crew.each(_until(until, (partial(workloads.episode, seed=seed, texts=EPISODE) for seed in seeds))):
            texts, fired, runs = texts + one.texts, fired + one.fired.total(), runs + 1
            counts += one.verdict.counts
            found += Counter(finding.check for finding in one.verdict.findings)
            for finding in one.verdict.findings:
                told.fail(f"{finding}\n  make reliability SEED={one.seed}")
            progress.step(len(told.wrong), one.texts)
    finally:
        begun = "" if first == 1 else f" from seed {first:,} on"
        if runs:
            told.row(f"random, {texts:,} texts{begun}", runs, fired, counts, found)


def outages(crew: Crew, told: Report, minutes: int) -> None:
    """Ten minutes without each dependency, and a long time (minutes) without ClickSend."""
    progress = Progress("outages", len(workloads.OUTAGES) + 1)
    tasks: list[Task[tuple[str, Episode]]] = [
        partial(_outage, what=what, minutes=10, every=120) for what in workloads.OUTAGES
    ]
    tasks.append(partial(_long, minutes=minutes))
    found: dict[str, Episode] = {}
    for what, one in crew.each(tasks):
        found[what] = one
        progress.step(len(told.wrong))
    for what in workloads.OUTAGES:
        one = found[what]
        told.verdict(
            f"{OUTAGE}{what}", one.verdict, faults=one.fired.total(), replay=f"make reliability CASE='{OUTAGE}{what}'"
        )
        heard, sent = (workloads.first_success(one, hop) for hop in (Hop.TOLD, Hop.ARRIVED))
        settled = (one.verdict.settled_after - one.healed_at) / 60_000
        told.say(
            f"After {what} came back: first text told within {_seconds(heard)}, first reply at ClickSend within "
            f"{_seconds(sent)}, everything settled within {settled:.0f} min."
        )
    _long_outage(told, found[""], minutes)


def _waited(one: Episode) -> str:
    """How long a text that came in waited at most, from its acknowledgement until an app could hear of it."""
    told = {entry.text: entry.at for entry in one.entries if entry.hop is Hop.TOLD and entry.text.startswith("in ")}
    waits = [
        told[entry.text] - entry.at for entry in one.entries if entry.hop is Hop.ACKNOWLEDGED and entry.text in told
    ]
    return _seconds(max(waits, default=None))


def long_again(site: Site, told: Report, name: str) -> None:
    """An outage or an absence again."""
    if name in missing.ABSENCES:
        one = missing.absence(site, name, every=EVERY).episode
    elif name == LONG_OUTAGE:
        _, one = _long(site, 360)
    else:
        _, one = _outage(site, name.removeprefix(OUTAGE), minutes=10, every=120)
    told.verdict(name, one.verdict, faults=one.fired.total(), replay="")


def _long(site: Site, minutes: int) -> tuple[str, Episode]:
    return _outage(site, "", minutes=minutes, every=minutes * 60 // 24)


def _outage(site: Site, what: str, minutes: int, every: int) -> tuple[str, Episode]:
    return what, workloads.outage(site, what or "ClickSend", minutes=minutes, every=every)


def _long_outage(told: Report, one: Episode, minutes: int) -> None:
    long = f"{minutes // 60} hours" if minutes > 60 else f"{minutes} minutes"
    replay = f"make reliability CASE='{LONG_OUTAGE}'"
    told.verdict(f"{long} without ClickSend", one.verdict, faults=one.fired.total(), replay=replay)
    told.say(f"ClickSend was asked {one.asked_in_outage} times in those {long}; dead letters: {one.dead_letters}.")
    first = BEGIN + 5 * 60_000
    drawing = chart.drawn(
        one.entries,
        began=BEGIN,
        outage=(first, first + minutes * 60_000),
        title=f"Replies through {long} without ClickSend",
    )
    report.CHART.write_text(drawing, encoding="utf-8")


def absences(crew: Crew, told: Report) -> None:
    """What nobody told us for a day, and what the stream had no longer."""
    progress = Progress("days of which nobody tells us", len(missing.ABSENCES))
    found: dict[str, missing.Missed] = {}
    for one in crew.each(partial(missing.absence, name=name, every=EVERY) for name in missing.ABSENCES):
        found[one.name] = one
        progress.step(len(told.wrong))
    for name, what in missing.ABSENCES.items():
        one = found[name]
        told.verdict(
            name, one.episode.verdict, faults=one.episode.fired.total(), replay=f"make reliability CASE='{name}'"
        )
        settled = (one.episode.verdict.settled_after - one.episode.healed_at) / HOUR
        if what.stream:
            told.say(
                f"{name}: {one.records_lost} records were too old; a text was told {_waited(one.episode)} late at most."
            )
        else:
            seen = f"{one.given_up} posts given up, {one.recovered} texts out of history, {one.posted_late} posted too"
            told.say(f"{name}: {seen}; everything settled {settled:.1f} h after the end.")


def _seconds(milliseconds: int | None) -> str:
    return "never" if milliseconds is None else f"{milliseconds / 1000:.0f} s"


def all_races(crew: Crew, told: Report) -> None:
    """Races, on both engines, in real time. The last thing that a crew does: whoever has had another engine's clients
    has none that are watched any more."""
    for engine, found in itertools.chain(crew.each([_races]), crew.each([_races_elsewhere])):
        if isinstance(found, str):
            told.say(f"Races not run on {engine} here: {found}.")
            continue
        for race in found:
            told.say(f"{race.name}, {race.rounds} times on {engine}: {len(race.wrong)} wrong.")
            for wrong in race.wrong:
                told.fail(f"{race.name} on {engine}: {wrong}")


def _races(site: Site) -> tuple[str, list[races.Race] | str]:
    return site.engine.name, races.all_races(site)


def _races_elsewhere(site: Site) -> tuple[str, list[races.Race] | str]:
    try:
        with engines.dynamodb_local(site.engine) as other, opened(other) as there:
            return _races(there)
    except engines.Missing as missing:
        return "Amazon's DynamoDB Local", str(missing)
