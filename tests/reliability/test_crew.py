"""Runs spread over processes: each has a ground of its own, what breaks there is told, and none is left behind."""

import os
from functools import partial

import pytest

from bench.reliability import cases
from bench.reliability.boundaries import BenchBroken
from bench.reliability.cases import Case
from bench.reliability.crew import WorkerFailed, at_work
from bench.reliability.faults import Fault
from bench.reliability.site import Site


def where(site: Site, number: int) -> tuple[int, int, str]:
    return number, os.getpid(), site.simulator.url


def broken(_: Site) -> None:
    raise BenchBroken("on purpose")


def test_tasks_are_spread_over_processes_which_end_with_the_crew() -> None:
    with at_work(2) as crew:
        found = list(crew.each(partial(where, number=number) for number in range(20)))
        outcomes = list(crew.each([partial(cases.run, case=Case("inbound", ((0, Fault.ANSWER_LOST),)))]))
        with pytest.raises(WorkerFailed, match="on purpose"):
            list(crew.each([broken]))

    assert sorted(number for number, _, _ in found) == list(range(20))
    assert len({process for _, process, _ in found} - {os.getpid()}) == len({url for _, _, url in found}) == 2
    assert [one.verdict.findings for one in outcomes] == [()]
    assert outcomes[0].fired == {Fault.ANSWER_LOST: 1}
    for process in {process for _, process, _ in found}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
