"""The report says what was measured, and keeps what was measured before."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench import report
from bench.result import Chart, Goal, Part, Table, number, paired
from bench.svg import drawn


def part(name: str = "cold", **changes: object) -> Part:
    made = Part(name, "Cold start", "In turns.", measured_on="2026-11-24, a machine", seconds=3.4)
    for field, value in changes.items():
        setattr(made, field, value)
    return made


def goal(measured: float, *, least: bool = False) -> Goal:
    return Goal("starts ÷ floor", "at least" if least else "at most", 1.4, measured, "×", "pydantic")


def test_a_part_survives_json() -> None:
    one = part(
        tables=[Table("t", ["a", "b"], [["x", "1"]])], charts=[Chart("c", "C", "ms", [("ours", 1.5)])], goals=[goal(1)]
    )

    assert Part.of(json.loads(json.dumps(one.plain()))) == one


def test_a_goal_that_is_missed_is_shown_with_its_cause() -> None:
    text = report.page([part(goals=[goal(1.75), goal(1.4), goal(1.5, least=True)])])

    assert "| starts ÷ floor | ≤ 1.4 × | 1.75 × | 1.25 | **no** |" in text
    assert "| starts ÷ floor | ≤ 1.4 × | 1.40 × | 1.00 | yes |" in text
    assert "| starts ÷ floor | ≥ 1.4 × | 1.50 × | 1.07 | yes |" in text
    assert text.count("- starts ÷ floor: pydantic.") == 1


def test_where_all_goals_are_met_no_cause_is_given() -> None:
    assert "Missed" not in report.page([part(goals=[goal(1)])])


def test_a_run_of_one_part_keeps_the_others(tmp_path: Path) -> None:
    charted = part("cold", charts=[Chart("cold", "C", "ms", [("ours", 1)])])
    report.write(tmp_path, [part("sending", title="Sending"), charted])

    kept = report.write(tmp_path, [part("cold", title="Cold start anew")])

    assert [one.title for one in kept] == ["Cold start anew", "Sending"]
    page = (tmp_path / "README.md").read_text()
    assert page.index("## Cold start anew") < page.index("## Sending")
    assert not (tmp_path / "cold.svg").exists()  # the chart is gone with the part that had it


def test_a_row_of_another_length_than_its_head_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells, its head 3"):
        Table("t", ["", "a", "b"], [["x", "1"]])


def test_figures_stand_to_the_right() -> None:
    assert "| --- | ---: | ---: |" in report.table(Table("t", ["", "ms", "×"], [["a", "1", "–"], ["b", "20", "0.5"]]))


def test_a_chart_is_an_svg_with_a_bar_for_each_figure() -> None:
    chart = Chart("c", "a < b & c", "ms", [("floor", 50), ("ours <1>", 100)])

    root = ET.fromstring(drawn(chart))  # noqa: S314 - our own

    space = "{http://www.w3.org/2000/svg}"
    bars = [one for one in root.iter(f"{space}rect") if one.get("class") != "back"]
    widths = [float(one.get("width", "0")) for one in bars]
    assert widths[1] == pytest.approx(widths[0] * 2)
    assert [one.get("class") for one in bars] == ["other", "bar"]
    assert {"a < b & c", "ours <1>"} <= {one.text for one in root.iter(f"{space}text")}


def test_pairs_are_compared_one_by_one() -> None:
    assert paired([10, 40, 9], [10, 20, 9]) == 1
    with pytest.raises(ValueError, match="shorter"):
        paired([1, 2], [1])


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1234.5, "1,234"), (56.78, "56.8"), (1.234, "1.23"), (0.01234, "0.012")]
)
def test_figures_have_the_digits_that_matter(value: float, text: str) -> None:
    assert number(value) == text
