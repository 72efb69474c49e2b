"""`make reliability`: everything, its figures printed and written into the page; or one case again."""

import argparse
import os
import signal
import sys
import time

from bench.reliability import cases, crew, engines, parts, workloads
from bench.reliability.cases import Case
from bench.reliability.report import Report
from bench.reliability.site import Site, opened
from bench.reliability.virtual import BEGIN

LEAST = 60.0
"""Seconds for pairs and random faults, however long the rest has taken."""
RANDOM = "random"
"""The part that may be run alone, and its block on the page."""
MOST_JOBS = 4
"""Processes, unless more are asked for."""


def main() -> int:
    """Run what was asked for; 0 where nothing is wrong."""
    from bench.reliability import realtime

    if any(part in sys.argv for part in realtime.PARTS):
        return realtime.main()
    options = _options()
    for ending in (signal.SIGINT, signal.SIGTERM):  # a shell's background ignores ctrl-C, and all that inherit that
        signal.signal(ending, signal.default_int_handler)
    told, told_random = Report(), Report(block=RANDOM)
    try:
        _carry_out(told, told_random, options)
    except engines.Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    except (KeyboardInterrupt, crew.WorkerFailed) as ended:
        print(f"{ended}\nstopped: of the random faults what is done is written, of all else nothing", file=sys.stderr)
        if options.write and told_random.rows:
            told_random.write()
        return 1 if isinstance(ended, crew.WorkerFailed) else 130
    reports = [one for one in (told, told_random) if one.rows]
    if options.write and not options.case and options.seed is None:
        for one in reports:
            one.write()
    wrong = sum(len(one.wrong) for one in reports)
    print(f"{wrong} wrong")
    return 1 if wrong else 0


def _carry_out(told: Report, told_random: Report, options: argparse.Namespace) -> None:
    """One case or seed again, the random part, or everything."""
    if options.case or options.seed is not None:
        _one_again(told, options)
        return
    with crew.at_work(options.jobs) as hands:
        if options.part != RANDOM:
            _everything(hands, told, told_random, options)
            return
        if options.first > 1:
            told_random.go_on()
        until = time.monotonic() + options.minutes * 60
        parts.random_faults(hands, told_random, options.messages, first=options.first, until=until)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make reliability", description=__doc__)
    kinds = "the random faults alone; kills or load: those in real time, which have options of their own"
    parser.add_argument("--part", choices=[RANDOM], help=kinds)
    parser.add_argument("--case", type=_case, help="one run again, by the name that a failure printed")
    parser.add_argument("--seed", type=int, help="one random episode again")
    parser.add_argument("--texts", type=int, default=parts.EPISODE, help="how many texts that episode has")
    parser.add_argument("--jobs", type=_jobs, default=min(os.cpu_count() or 1, MOST_JOBS), help="processes at a time")
    parser.add_argument("--messages", type=int, default=200_000, help="texts of all random episodes together")
    parser.add_argument("--first", type=int, default=1, help="with --part random: go on from this seed, and add a row")
    parser.add_argument("--minutes", type=float, default=240, help="after so long nothing new is begun")
    parser.add_argument("--sample", type=int, default=0, help="at most so many single faults of each flow; 0 is all")
    parser.add_argument("--outage", type=int, default=360, help="minutes of the long outage of ClickSend")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    return parser.parse_args()


def _case(text: str) -> str:
    """A name of something that can be played again."""
    if text not in parts.LONG:
        try:
            Case.named(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}; {', '.join(sorted(parts.LONG))}") from error
    return text


def _jobs(text: str) -> int:
    """A number of processes. argparse says of a ValueError which option it was."""
    jobs = int(text)
    if jobs < 1:
        raise argparse.ArgumentTypeError(f"{jobs}: give 1 or more")
    return jobs


def _everything(hands: crew.Crew, told: Report, told_random: Report, options: argparse.Namespace) -> None:
    ends = time.monotonic() + options.minutes * 60
    parts.controls(hands, told)
    parts.single_faults(hands, told, options.sample)
    parts.outages(hands, told, options.outage)
    parts.absences(hands, told)
    rest = max(ends - time.monotonic(), LEAST)
    ends = time.monotonic() + rest
    parts.pairs(hands, told, until=ends - rest / 2)
    parts.random_faults(hands, told_random, options.messages, until=ends)
    parts.all_races(hands, told)


def _one_again(told: Report, options: argparse.Namespace) -> None:
    with opened(engines.emulator()) as site:
        if options.case in parts.LONG:
            parts.long_again(site, told, options.case)
        elif options.case:
            _again(site, told, Case.named(options.case))
        else:
            _episode(site, told, options.seed, options.texts)


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


if __name__ == "__main__":
    sys.exit(main())
