"""`make reliability PART=kills`: texts in both directions while the workers, and the table, are killed again and again.

In real time and with real processes: what `Killed` only plays elsewhere in this bench is `kill -9` here. The table is
Amazon's DynamoDB Local on disk, which keeps what it has said yes to; the project's emulator does not, killed like that.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from textension.clock import HOUR, MINUTE, SECOND

from bench import dynamodb_local as amazons
from bench.reliability import checker, engines, queues
from bench.reliability.ground import WORKERS, ground
from bench.reliability.outside import Outside
from bench.reliability.report import Report
from bench.reliability.storm import Storm

STEP: Final = 3 * MINUTE
HISTORY_DECIDES: Final = 22 * MINUTE
"""By then history has settled what is unknown: a lease, and a quarter of an hour."""
LONGEST: Final = 3 * HOUR
QUIET_WITHIN: Final = 240.0
DEFECT: Final = "early-acknowledgement"
"""Of those in the registry the one that any kill of the table shows: 200 though nothing is stored."""
CONTROL_SECONDS: Final = 10.0
TOLD_AGAIN_AFTER: Final = queues.REMEMBERED / SECOND + 5


@dataclass(frozen=True, slots=True)
class Came:
    """What one run came to. `killed` is by function; idle workers, the whole set and the table have names of their own.
    `journeys` counts how replies that were once unknown were settled."""

    verdict: checker.Verdict
    killed: Counter[str]
    journeys: Counter[str]
    seed: int
    seconds: float
    webhook_p95: int
    """Milliseconds."""
    given_up: int
    """Records of the stream that were tried too often."""
    dead: int
    """Doorbells that rang too often."""

    def told(self, report: Report) -> None:
        """Into the report: one row, and what else is to be known."""
        kills = self.killed.total()
        replay = f"make reliability PART=kills SEED={self.seed} SECONDS={self.seconds:.0f}"
        report.verdict("kill -9 of workers and table", self.verdict, faults=kills, replay=replay)
        by_function = ", ".join(f"{name} {count}" for name, count in sorted(self.killed.items()))
        report.say(f"{kills} kills in {self.seconds:.0f} s (seed {self.seed}): {by_function}.")
        unclear = ", ".join(f"{count} {how}" for how, count in sorted(self.journeys.items())) or "none"
        report.say(f"Replies that were unknown once, by what settled them: {unclear}.")
        report.say(
            f"Given up by the stream: {self.given_up} records; dead letters: {self.dead} doorbells; events published "
            f"once more, which apps know by their id: {self.verdict.counts['published twice']}."
        )
        report.say(f"The webhook answered within {self.webhook_p95} ms in 95 of 100 calls, the killed ones included.")


def main(report: Report, *, seconds: float, seed: int | None) -> None:
    """The part, as `make reliability PART=kills` runs it. Raises Missing."""
    came = run(seconds=seconds, seed=random.randrange(10**6) if seed is None else seed)
    came.told(report)
    found = run(seconds=CONTROL_SECONDS, seed=came.seed, defect=DEFECT).verdict.findings
    if any(one.check is checker.Check.LOST for one in found):
        report.say(f"The seeded defect `{DEFECT}` is found within {CONTROL_SECONDS:.0f} s.")
    else:
        report.fail(f"the seeded defect {DEFECT} was not found")


def run(*, seconds: float, seed: int, most_receives: int | None = None, defect: str = "") -> Came:
    """So many seconds of kills, and until all is settled. A doorbell may be received as often as the template says,
    unless `most_receives` says something else; `defect` breaks the code on purpose. Raises Missing where the table's
    engine cannot be had here."""
    if not amazons.available():
        raise engines.Missing("Amazon's DynamoDB Local is not there: put java (17 or newer) and npm on the PATH")
    with ground(seed, most_receives, defect) as (outside, table):
        storm = Storm(outside, table, seconds, seed)
        with ThreadPoolExecutor(16) as threads:
            crew = outside.crew(threads, hands=6, senders=WORKERS["outbound_sender"])
            try:
                storm.rage(crew)
                _drain(outside, crew)
            finally:
                outside.calm = True
                outside.over.set()
        for one in crew:
            one.result()
        verdict = checker.check(outside, one_fault=False)
        took = sorted(took for function, took in outside.ledger.answers if function == "inbound_webhook")
        return Came(
            verdict=verdict,
            killed=outside.pool.killed + storm.restarts,
            journeys=_journeys(outside.items()),
            seed=seed,
            seconds=seconds,
            webhook_p95=took[len(took) * 95 // 100],
            given_up=outside.stream.given_up,
            dead=len(outside.dead),
        )


def _drain(outside: Outside, crew: Sequence["Future[None]"]) -> None:
    """Nothing is killed any more: in real time until all is quiet, then in the functions' time from one sweep to the
    next, until nothing is due. The receipts that were held come when history has had its say."""
    ended = time.monotonic()
    _still_there(crew)
    outside.calm = True
    _quiet(outside, crew)
    began = swept = outside.now
    while True:
        due = outside.due()
        if not due and not outside.held:
            return
        if outside.now - began > LONGEST:
            return  # what is still due then is for the checker to find
        if outside.held and (not due or outside.now - began >= HISTORY_DECIDES):
            outside.release()
        elif due:
            outside.go_to(max(int(due[0]["due_at"]), outside.now + STEP))
            swept = outside.now
            outside.sweep_once()
        _quiet(outside, crew)
        if any(one.get("state") == "queued" and one.get("rung_at", 0) >= swept for one in outside.due()):
            # Its first doorbell is dead, and for five minutes, which are real, the queue swallows another one.
            time.sleep(max(ended + TOLD_AGAIN_AFTER - time.monotonic(), 0))


def _quiet(outside: Outside, crew: Sequence["Future[None]"]) -> None:
    """Wait until nobody has anything to do, twice in a row. What is left after that long is given up."""
    sqs, seen, until = outside.engine.client("sqs"), 0, time.monotonic() + QUIET_WITHIN
    while seen < 2:
        time.sleep(0.35)
        left = outside.busy(sqs)
        seen = 0 if left else seen + 1
        _still_there(crew)
        if time.monotonic() > until:
            raise TimeoutError(f"not quiet after {QUIET_WITHIN:.0f} s: {left}")


def _still_there(crew: Sequence["Future[None]"]) -> None:
    """Raise what went wrong with the driver itself."""
    for one in crew:
        if one.done():
            one.result()


def _journeys(table: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How texts went on that were once unknown."""
    found: Counter[str] = Counter()
    for item in table:
        states = [step["state"] for step in item.get("journey", ())]
        if "unknown" not in states:
            continue
        step = item["journey"][states.index("unknown") + 1 :]
        found[f"{step[0]['state']} by {step[0]['source']}" if step else "still unknown"] += 1
    return found
