"""`make reliability PART=kills` and `PART=load`: what runs in real time, each with a place of its own on the page."""

import argparse
import sys

from bench.reliability import engines, kills, load
from bench.reliability.report import Report

PARTS = ("kills", "load")


def main() -> int:
    """Run the part that was asked for; 0 where nothing is wrong."""
    options = _options()
    told = Report(block=options.part)
    try:
        if options.part == "kills":
            kills.main(told, seconds=options.seconds, seed=options.seed)
        else:
            load.main(told, minutes=options.minutes)
    except engines.Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    if options.write:
        told.write()
    print(f"{len(told.wrong)} wrong")
    return 1 if told.wrong else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make reliability", description=__doc__)
    parser.add_argument("--part", choices=PARTS, required=True)
    parser.add_argument("--seconds", type=float, default=300, help="how long something is killed (kills)")
    parser.add_argument("--seed", type=int, help="the moments of an earlier run (kills)")
    parser.add_argument("--minutes", type=float, default=20, help="how long the highest rate is held (load)")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/reliability.md")
    return parser.parse_args()
