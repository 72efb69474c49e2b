"""The small form of `make reliability PART=kills`: real processes, killed in real time, on Amazon's engine."""

import random
from collections.abc import Callable

import pytest

from bench import dynamodb_local
from bench.reliability import kills
from bench.reliability.ledger import Hop

SECONDS = 6.0
AS_OFTEN_AS_IT_TAKES = 1000
"""How often a doorbell may ring: what becomes of a dead one takes five minutes to see."""


def test_killed_again_and_again_nothing_is_lost_and_nothing_sent_twice(figure: Callable[[str], None]) -> None:
    if not dynamodb_local.available():
        pytest.skip("Amazon's DynamoDB Local is not there: put java (17 or newer) and npm on the PATH")
    seed = random.SystemRandom().randrange(10**6)

    came = kills.run(seconds=SECONDS, seed=seed, most_receives=AS_OFTEN_AS_IT_TAKES)

    counts, killed = came.verdict.counts, came.killed
    figure(f"reliability: {killed.total()} kills, {counts[Hop.ACKNOWLEDGED]} texts (seed {seed}): nothing lost")
    assert came.verdict.findings == (), f"make reliability PART=kills SECONDS={SECONDS:.0f} SEED={seed}"
    assert counts[Hop.ACKNOWLEDGED] == counts["stored"] > 0
    assert killed["DynamoDB Local"] == killed["all workers at once"] == 1
    assert killed.total() > 5
