"""`python -m bench [--rows cold,sending] [--quick] [--out docs/benchmarks]`."""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import cold, growth, idle, latency, machine, money, report, scale, sending, warm
from bench.interpreters import BenchError
from bench.result import Part
from local.build import ensure_built
from local.config import PROJECT
from local.errors import LocalError

type Measure = Callable[[Callable[[str], None]], Part]


def measures(*, quick: bool, full: bool, measured: Callable[[], list[Part]]) -> dict[str, Measure]:
    """The parts, in the order of the report."""
    return {
        "cold": lambda say: cold.measure(rounds=1 if quick else 7, say=say),
        "warm": lambda say: warm.measure(rounds=3 if quick else 11, say=say),
        "growth": lambda say: growth.measure(rounds=2 if quick else 4, quick=quick, full=full, say=say),
        "latency": lambda say: latency.measure(quick=quick, say=say),
        "idle": lambda say: idle.measure(minutes=10 if quick else 60, say=say),
        "money": lambda say: money.measure(count=10 if quick else 50, say=say),
        "scale": lambda say: scale.measure(measured=measured, say=say),
        "sending": lambda say: sending.measure(rounds=1 if quick else 3, say=say),
    }


def main() -> int:
    """Measure what was asked for and write the report; 1 where a part could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", default="", help="some of the parts, by commas")
    parser.add_argument("--quick", action="store_true", help="few rounds: to see that it works, not how fast")
    parser.add_argument("--growth", choices=("usual", "full"), default="usual", help="full: up to a million messages")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "benchmarks")
    arguments = parser.parse_args()
    known = measures(
        quick=arguments.quick, full=arguments.growth == "full", measured=lambda: report.read(arguments.out)
    )
    wanted = [name for name in arguments.rows.replace(" ", "").split(",") if name] or list(known)
    if unknown := set(wanted) - known.keys():
        parser.error(f"no such rows: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)

    try:
        ensure_built()
        done, failed = _measured({name: known[name] for name in known if name in wanted}, arguments.out, say)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n" + report.page(done))
    return 1 if failed else 0


def _measured(parts: dict[str, Measure], out: Path, say: Callable[[str], None]) -> tuple[list[Part], bool]:
    """Measure the parts, and write each down at once: the next may compute with it."""
    done, failed = [], False
    for name, measure in parts.items():
        started = time.monotonic()
        say(name)
        try:
            part = measure(say)
        except BenchError as error:
            say(f"{name} was not measured: {error}")
            failed = True
            continue
        part.seconds = time.monotonic() - started
        part.measured_on = f"{datetime.now(UTC):%Y-%m-%d}, {machine.description()}"
        done.append(part)
        report.write(out, [part])
    return done, failed


if __name__ == "__main__":
    sys.exit(main())
