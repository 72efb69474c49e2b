"""Times are counted from when a text was due, and what never came is not left out of them."""

import re
import time

import pytest

from bench.interpreters import BenchError
from bench.latency import Found, Times, found, offered, part_of
from bench.quotas import on_paper, read_quotas


def run(rate: int = 5, *seconds: float, asked: int | None = None) -> Found:
    return Found(rate, asked or len(seconds), tuple(sorted(seconds)), float(rate), float(rate), 0)


def test_texts_are_offered_at_their_rate_whoever_still_waits() -> None:
    times, begun = Times(), []

    def slow(_index: int, _peer: str, _text: str) -> None:
        begun.append(time.time())
        time.sleep(0.3)

    offered("in", 20, 0.5, slow, times)

    due = sorted(times.due.values())
    assert len(due) == len(times.taken) == 10
    assert due[-1] - due[0] == pytest.approx(9 / 20, abs=0.001)
    assert max(begun) - min(begun) < 9 * 0.3 / 2  # one after the other would take nine times as long as one


def test_what_is_refused_is_counted() -> None:
    times = Times()

    def refuse(index: int, _peer: str, _text: str) -> None:
        if index == 1:
            raise BenchError("the webhook answered 503")

    offered("in", 100, 0.03, refuse, times)

    assert times.refused == ["BenchError: the webhook answered 503"]
    assert len(times.taken) == 2
    assert found(100, times).refused == 1


def test_a_time_is_counted_from_when_the_text_was_due() -> None:
    times = Times(due={"a": 10.0, "b": 11.0, "c": 12.0}, taken={"a": 10.1, "b": 11.1, "c": 12.1})
    times.came = {"a": 10.5, "b": 13.0, "another": 99.0}

    one = found(1, times)

    assert one.seconds == (0.5, 2.0)
    assert (one.asked, one.lost) == (3, 1)
    assert one.taken == pytest.approx(1)
    assert one.came == pytest.approx(1 / 2.5)  # of its own texts only


def test_what_never_came_is_slower_than_everything() -> None:
    one = run(5, *[0.1] * 90, asked=100)

    assert one.at(0.5) == one.at(0.9) == 0.1
    assert one.at(0.95) == float("inf")
    assert run(5, 0.1, 0.2, 0.3, 0.4).at(0.5) == 0.2
    assert run(5, 0.1, 0.2, 0.3, 0.4).at(0.99) == 0.4


def test_the_goal_is_of_five_texts_a_second_once_warm() -> None:
    runs = {"in": [run(1, 9.0), run(5, *[0.2] * 19, 3.0), run(20, 7.0)], "out": [run(1, 2.0)]}

    part = part_of(runs)

    assert [(one.measured, one.met) for one in part.goals] == [(0.2, True)]
    assert part.tables[0].rows[0][:4] == ["cold, the first", "1", "9.00", "–"]
    assert part.tables[0].rows[2][:3] == ["20/s", "1", "7.00"]


def test_a_run_that_lost_texts_misses_the_goal() -> None:
    part = part_of({"in": [run(1, 1.0), run(5, 0.1, asked=2)], "out": [run(1, 1.0)]})

    assert not part.goals[0].met
    assert part.tables[0].rows[1][3] == "> 40"
    assert part.tables[0].rows[1][-1] == "1"
    assert part.figures["in"].keys() == {"cold"}  # what is infinite is no figure


def test_the_way_on_paper_adds_up() -> None:
    rows = on_paper(read_quotas()["hops"]).rows

    whole = next(row for row in rows if row[0] == "together, warm")
    assert float(whole[1]) == sum(float(row[1]) for row in rows[: rows.index(whole)])
    assert all(row[3] for row in rows[: rows.index(whole)])


def test_every_quota_has_its_unit_date_and_source() -> None:
    for name, one in read_quotas().items():
        if name != "hops":
            assert {"value", "unit", "adjustable", "date", "source"} == one.keys(), name
            assert re.fullmatch(r"20\d\d(-\d\d){0,2}", one["date"]), name
