"""The report: one JSON file of what every part found last, and the page and charts that are made of it."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bench.result import Goal, Part, Table, number
from bench.svg import drawn

ORDER: Final = ("cold", "warm", "growth", "latency", "sending", "money", "idle", "scale")
INTRODUCTION: Final = """# Benchmarks

Made by `make bench` (`ROWS=cold,sending` for some parts). Textension beside what one
would use instead, and beside the floor. Every figure on this page is the bench's own output; `results.json` holds them
all. A part is as old as the date under its heading. Machines differ and are noisy: ratios and counts carry over,
milliseconds do not.
"""


def write(folder: Path, measured: Iterable[Part]) -> list[Part]:
    """Put what was measured in the place of what was there, and make page and charts anew; all parts, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = {one.name: one for one in read(folder)} | {one.name: one for one in measured}
    ordered = [parts[name] for name in ORDER if name in parts]
    texts = {"results.json": json.dumps([one.plain() for one in ordered], indent=1, ensure_ascii=False) + "\n"}
    texts["README.md"] = page(ordered)
    texts |= {f"{chart.name}.svg": drawn(chart) for part in ordered for chart in part.charts}
    for old in folder.glob("*.svg"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return ordered


def read(folder: Path) -> list[Part]:
    """What was measured before; nothing where there is no file."""
    file = folder / "results.json"
    return [Part.of(one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.exists() else []


def page(parts: Iterable[Part]) -> str:
    """The page in Markdown."""
    parts = list(parts)
    goals = [goal for part in parts for goal in part.goals]
    lines = [INTRODUCTION, "## Goals\n", table(goals_table(goals))]
    if missed := [goal for goal in goals if not goal.met]:
        lines.append("Missed, and why:\n")
        lines += [f"- {goal.what}: {goal.cause}." for goal in missed]
        lines.append("")
    for part in parts:
        lines += [f"## {part.title}\n", f"{part.measured_on}, {part.seconds:.0f} s.\n", f"{part.how}\n"]
        lines += [f"![{chart.title}]({chart.name}.svg)\n" for chart in part.charts]
        for one in part.tables:
            lines += [f"### {one.title}\n", table(one)]
            lines += [f"{one.note}\n"] if one.note else []
    return "\n".join(lines).rstrip() + "\n"


def goals_table(goals: Iterable[Goal]) -> Table:
    """The goals beside what was measured; the ratio is measured ÷ wanted."""
    rows = [
        [
            one.what,
            f"{'≤' if one.direction == 'at most' else '≥'} {wanted(one.wanted)} {one.unit}".strip(),
            f"{number(one.measured)} {one.unit}".strip(),
            f"{one.measured / one.wanted:.2f}",
            "yes" if one.met else "**no**",
        ]
        for one in goals
    ]
    return Table("Goals", ["what", "goal", "measured", "measured ÷ goal", "met"], rows)


def wanted(value: float) -> str:
    """A goal as it was set."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


def table(one: Table) -> str:
    """A table in Markdown, figures to the right."""
    columns = [[row[index] for row in one.rows] for index in range(len(one.head))]
    right = [bool(column) and all(_is_figure(cell) for cell in column) for column in columns]
    rule = ["---:" if figure else "---" for figure in right]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [one.head, rule, *one.rows]) + "\n"


def _is_figure(cell: str) -> bool:
    return cell in {"", "–"} or bool(re.match(r"[\d$<≤-]", cell))
