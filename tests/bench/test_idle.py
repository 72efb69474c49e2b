"""An idle stack's cost: computed from the template and from what was counted, and told the same in docs/costs.md."""

import re
from collections.abc import Iterator

import pytest

from bench import report
from bench.idle import Item, documented, hour, items, part_of, polls
from bench.money import read_prices
from tests.bench.conftest import Around
from tests.template_yaml import ROOT

SWEPT = {
    "calls": {"Query": 480, "GetItem": 90, "GetSecretValue": 12, "UpdateItem": 18},
    "units": {"read": 95.0, "write": 18.0},
    "cpu": 1.2,
    "log": 18_000,
    "figures": ["Swept", "OldestDueSeconds"],
    "runs": 60,
}


def in_the_docs() -> Iterator[tuple[str, float]]:
    table = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8").partition("| | a month |")[2].partition("\n\n")[0]
    for name, dollars in re.findall(r"^\| (.+?) \| \**([\d.]+)\** \|$", table, re.MULTILINE):
        yield name, float(dollars)


def test_the_docs_say_what_the_template_and_the_last_count_come_to() -> None:
    [part] = [one for one in report.read(ROOT / "docs" / "benchmarks") if one.name == "idle"]
    told, computed = list(in_the_docs()), documented(part.figures["swept"])

    assert len(told) == len(computed)
    for (name, dollars), (begins, exact) in zip(told, computed, strict=True):
        assert name.startswith(begins)
        assert dollars == pytest.approx(exact, abs=0.0051), name


def test_every_line_is_in_the_docs_once() -> None:
    [whole] = [dollars for name, dollars in documented(SWEPT) if name == "**together**"]

    assert whole == pytest.approx(sum(one.paid for one in items(SWEPT, read_prices())))


def test_what_is_for_nothing_is_taken_off_and_never_pays() -> None:
    assert Item("alarms", 16, 0.1, 10).paid == pytest.approx(0.6)
    assert Item("alarms", 16, 0.1, 10).listed == pytest.approx(1.6)
    assert Item("dashboards", 1, 3, 3).paid == 0


def test_a_queue_is_polled_by_as_many_as_its_concurrency_lets() -> None:
    found, month = polls(), 30 * 86400 / 20

    assert found["fifo"] == 5 * month  # outbound: MaximumConcurrency 10
    assert found["standard"] == (2 + 2 + 5) * month  # realtime rests at two; e-mail's concurrency is 2, push's 5


def test_an_empty_query_costs_half_a_unit() -> None:
    [reads] = [one for one in items(SWEPT, read_prices()) if one.name.startswith("sweeper, reads")]

    assert reads.count * 1e6 == pytest.approx((95 + 480 / 2) / 60 * 43_200)


def test_too_dear_a_stack_misses_its_goal() -> None:
    busy = {**SWEPT, "units": {"read": 95.0, "write": 1800.0}}

    assert part_of(SWEPT, "an engine").goals[0].met
    assert not part_of(busy, "an engine").goals[0].met


def test_the_sweeper_of_an_idle_stack_asks_for_what_was_counted(around: Around) -> None:
    """Guards the count of its requests, which no machine changes."""
    swept = hour(around.aws, 5)
    [part] = [one for one in report.read(ROOT / "docs" / "benchmarks") if one.name == "idle"]
    before = part.figures["swept"]

    assert swept["calls"]["Query"] / swept["runs"] == before["calls"]["Query"] / before["runs"]
    assert set(swept["figures"]) <= set(before["figures"])
