"""`make reliability`: everything, its figures printed and written into the page; or one case again."""

import argparse
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from bench.reliability import cases, chart, controls, engines, races, report, workloads
from bench.reliability.cases import Case, Tally
from bench.reliability.checker import Check, Finding
from bench.reliability.flows import FLOWS, SPECIAL
from bench.reliability.ledger import Hop
from bench.reliability.registry import DEFECTS
from bench.reliability.report import Report
from bench.reliability.site import Site, opened
from bench.reliability.virtual import BEGIN

PROMPT = ("inbound", "receipt", "reply", "replay")
"""The ways in which nothing waits by itself: what takes long there is our recovery."""
LEAST = 60.0
"""Seconds for pairs and random faults, however long the rest has taken."""
EPISODE = 100
"""Texts of one episode: few enough to replay, enough to meet each other."""


def main() -> int:
    """Run what was asked for; 0 where nothing is wrong."""
    if "--part" in sys.argv:
        from bench.reliability import realtime

        return realtime.main()
    options = _options()
    told = Report()
    try:
        with engines.emulator() as engine, opened(engine) as site:
            if options.case:
                _again(site, told, Case.named(options.case))
            elif options.seed is not None:
                _episode(site, told, options.seed, options.texts)
            else:
                _everything(site, told, options)
                _races_elsewhere(engine, told)
    except engines.Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    if told.rows and not options.case and options.seed is None and options.write:
        told.write()
    print(f"{len(told.wrong)} wrong")
    return 1 if told.wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make reliability", description=__doc__)
    parser.add_argument("--part", help="kills or load: those in real time, which have options of their own")
    parser.add_argument("--case", help="one case again, by the name that a failure printed")
    parser.add_argument("--seed", type=int, help="one random episode again")
    parser.add_argument("--texts", type=int, default=EPISODE, help="how many texts that episode has")
    parser.add_argument("--messages", type=int, default=200_000, help="texts of all random episodes together")
    parser.add_argument("--minutes", type=float, default=240, help="after so long nothing new is begun")
    parser.add_argument("--sample", type=int, default=0, help="at most so many single faults of each flow; 0 is all")
    parser.add_argument("--outage", type=int, default=360, help="minutes of the long outage of ClickSend")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    return parser.parse_args()


def _everything(site: Site, told: Report, options: argparse.Namespace) -> None:
    ends = time.monotonic() + options.minutes * 60
    _controls(site, told)
    _singles(site, told, options.sample)
    _outages(site, told, options.outage)
    _races(site, told)
    rest = max(ends - time.monotonic(), LEAST)
    ends = time.monotonic() + rest
    _pairs(site, told, until=ends - rest * 3 / 4)
    _random(site, told, options.messages, until=ends)


def _controls(site: Site, told: Report) -> None:
    sound: dict[controls.Scenario, tuple[Finding, ...]] = {}
    held = [controls.control(site, defect, sound) for defect in DEFECTS]
    for one in held:
        if not one.holds:
            told.fail(f"the defect {one.defect.name} ({one.defect.what}) was not found, or sound code was blamed")
    told.say(f"Seeded defects found: {sum(one.holds for one in held)} of {len(held)}.")


def _singles(site: Site, told: Report, sample: int) -> None:
    slowest: list[tuple[int, str]] = []
    for flow in (*FLOWS, *SPECIAL):
        found = {flow: list(cases.singles(site, flow))}
        chosen = cases.sampled(found, sample, random.Random(1)) if sample else found[flow]
        tally = _run_all(site, chosen, slowest if flow in PROMPT else None)
        told.tally(f"{flow}, each single fault", tally)
    if sample:
        told.say(
            f"A bounded run: {sample} of the single faults of each way, chosen by a seed; without SAMPLE all of them."
        )
    longest = max(slowest)
    longest_s = f"{longest[0] / 1000:.0f} s ({longest[1]})"
    told.say(f"Longest from a single fault to the text's last step, no worker killed: {longest_s}.")


def _run_all(site: Site, chosen: Iterable[Case], slowest: list[tuple[int, str]] | None = None) -> Tally:
    tally = Tally()
    for case in chosen:
        outcome = cases.run(site, case)
        tally.add(outcome)
        unclear = outcome.verdict.states["unknown"] + outcome.verdict.states["unresolved"]
        if slowest is not None and not unclear and not any(fault.startswith("killed") for fault in outcome.fired):
            slowest.append((outcome.recovery, case.name))
    return tally


def _pairs(site: Site, told: Report, *, until: float) -> None:
    half = time.monotonic() + (until - time.monotonic()) / 2
    for flow, ends in (("inbound", half), ("reply", until)):
        chosen = _until(ends, cases.pairs(site, flow, random.Random(1)))
        told.tally(f"{flow}, pairs of faults", _run_all(site, chosen))


def _until[T](ends: float, these: Iterable[T]) -> Iterator[T]:
    """These, while there is time."""
    for one in these:
        if time.monotonic() > ends:
            return
        yield one


def _random(site: Site, told: Report, messages: int, *, until: float) -> None:
    counts: Counter[str] = Counter()
    found: Counter[Check] = Counter()
    texts = fired = runs = 0
    for seed in itertools.count(1):
        if texts >= messages or time.monotonic() > until:
            break
        one = workloads.episode(site, seed=seed, texts=EPISODE)
        texts, fired, runs = texts + one.texts, fired + one.fired.total(), runs + 1
        counts += one.verdict.counts
        found += Counter(finding.check for finding in one.verdict.findings)
        for finding in one.verdict.findings:
            told.fail(f"{finding}\n  make reliability SEED={seed}")
    told.row(f"random, {texts:,} texts", runs, fired, counts, found)


def _episode(site: Site, told: Report, seed: int, texts: int) -> None:
    one = workloads.episode(site, seed=seed, texts=texts)
    replay = f"make reliability SEED={seed}"
    told.verdict(f"random, seed {seed}", one.verdict, faults=one.fired.total(), replay=replay)


def _again(site: Site, told: Report, case: Case) -> None:
    outcome = cases.run(site, case)
    for crossing in outcome.crossings:
        struck = dict(case.faults).get(crossing.index, "")
        at = (crossing.at - BEGIN) / 1000
        told.say(f"{crossing.index:4d} {at:10.3f} s  {crossing.function:16s} {crossing.target} {struck}")
    told.say(f"states: {dict(outcome.verdict.states)}")
    for finding in outcome.verdict.findings:
        told.fail(str(finding))


def _outages(site: Site, told: Report, minutes: int) -> None:
    for what in workloads.OUTAGES:
        one = workloads.outage(site, what, minutes=10, every=120)
        told.verdict(f"ten minutes without {what}", one.verdict, faults=one.fired.total(), replay=f"outage of {what}")
        heard, sent = (workloads.first_success(one, hop) for hop in (Hop.TOLD, Hop.ARRIVED))
        settled = (one.verdict.settled_after - one.healed_at) / 60_000
        told.say(
            f"After {what} came back: first text told within {_seconds(heard)}, first reply at ClickSend within "
            f"{_seconds(sent)}, everything settled within {settled:.0f} min."
        )
    one = workloads.outage(site, "ClickSend", minutes=minutes, every=minutes * 60 // 24)
    long = f"{minutes // 60} hours" if minutes > 60 else f"{minutes} minutes"
    told.verdict(f"{long} without ClickSend", one.verdict, faults=one.fired.total(), replay="outage of ClickSend")
    told.say(f"ClickSend was asked {one.asked_in_outage} times in those {long}; dead letters: {one.dead_letters}.")
    first = BEGIN + 5 * 60_000
    drawing = chart.drawn(
        one.entries,
        began=BEGIN,
        outage=(first, first + minutes * 60_000),
        title=f"Replies through {long} without ClickSend",
    )
    report.CHART.write_text(drawing, encoding="utf-8")


def _seconds(milliseconds: int | None) -> str:
    return "never" if milliseconds is None else f"{milliseconds / 1000:.0f} s"


def _races(site: Site, told: Report) -> None:
    for race in races.all_races(site):
        told.say(f"{race.name}, {race.rounds} times on {site.engine.name}: {len(race.wrong)} wrong.")
        for wrong in race.wrong:
            told.fail(f"{race.name} on {site.engine.name}: {wrong}")


def _races_elsewhere(engine: engines.Engine, told: Report) -> None:
    try:
        with engines.dynamodb_local(engine) as other, opened(other) as site:
            _races(site, told)
    except engines.Missing as missing:
        told.say(f"Races not run on Amazon's DynamoDB Local here: {missing}.")


if __name__ == "__main__":
    sys.exit(main())
