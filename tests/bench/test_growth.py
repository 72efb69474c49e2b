"""What grows is found: by sums done by hand, and by one small real run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bench.growth import OPERATIONS, Axis, Size, axes, cost_of, grown, growth, part_of
from tests.bench.conftest import Around

SMALL, LARGE = Size(100, 10), Size(10_000, 10)


def rounds(*, queries: int = 10, units: float = 20) -> Sequence[Mapping[str, Any]]:
    step = {"calls": {"Query": queries, "GetItem": 10}, "units": {"read": units, "write": 0}, "texts": 10}
    return [{name: {**step, "cpu": cpu, "wall": cpu * 2} for name in OPERATIONS} for cpu in (0.01, 0.03, 0.02)]


def test_a_small_table_serves_every_operation(around: Around) -> None:
    done = grown(around.aws, Size(12, 11), 1)

    [one] = done["rounds"]
    assert OPERATIONS.keys() <= one.keys()
    if around.aws.counts_capacity:  # a late text would ask twice, and grow with nothing
        assert one["webhook"]["calls"] == {"TransactWriteItems": 10}
        assert one["thread"]["units"]["read"] > 0


def test_a_cost_is_of_one_operation() -> None:
    cost = cost_of("thread", rounds())

    assert cost.requests == [2, 2, 2]
    assert cost.units == [2, 2, 2]
    assert cost.cpu == pytest.approx([0.001, 0.003, 0.002])


def test_growth_is_the_share_by_which_the_largest_exceeds_the_smallest() -> None:
    assert growth([2, 2]) == 0
    assert growth([2, 2.1, 2]) == pytest.approx(0.05)


def test_what_grows_misses_its_goal_and_is_named() -> None:
    axis = Axis("messages and changes", (SMALL, LARGE))
    found = {SMALL: rounds(), LARGE: [{**one, "changes": rounds(units=22)[0]["changes"]} for one in rounds()]}

    part = part_of([axis], found, engine="an engine", rounds=3, full=False)

    requests, units = part.goals
    assert requests.met
    assert not units.met
    assert units.measured == pytest.approx(10)
    assert units.cause == "it is the page of changes over messages and changes"
    assert ["page of changes", "10,000", "2", "2.2"] in [row[:4] for table in part.tables for row in table.rows]
    assert "A million messages were not run" in part.how


def test_a_million_is_compared_only_where_it_was_asked_for() -> None:
    usual, full = (
        {size.messages for axis in axes(quick=False, full=full) for size in axis.sizes} for full in (False, True)
    )

    assert max(usual) == 10_000
    assert full - usual == {1_000_000}
    assert {size.conversations for size in axes(quick=False, full=False)[1].sizes} == {10, 1_000, 100_000}
