"""The table of figures: printed, and written into the page between its two marks."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.reliability.cases import Tally
from bench.reliability.checker import Check, Verdict
from bench.reliability.engines import ROOT
from bench.reliability.screen import clear

PAGE: Final = ROOT / "docs" / "reliability.md"
CHART: Final = ROOT / "docs" / "images" / "reliability-outage.svg"
FIGURES: Final = "figures"
"""The block of the whole bench; a part that runs apart has one of its own."""
_COLUMNS: Final = (
    "part",
    "runs",
    "faults",
    "attempted",
    "acknowledged",
    "lost",
    "unexpected",
    "duplicated",
    "illegal",
    "silent",
)


@dataclass(slots=True)
class Report:
    """Rows as they come in, what was measured besides, and everything that is wrong."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    block: str = FIGURES

    def row(self, part: str, runs: int, faults: int, counts: Counter[str], found: Counter[Check]) -> None:
        """One row: what was run, and what was found."""
        untrue = found[Check.LOST] + found[Check.UNTRUE] + found[Check.MISCOUNTED]
        duplicated, unexpected = found[Check.DUPLICATED], found[Check.UNEXPECTED] + found[Check.EARLY]
        numbers = (runs, faults, counts["attempted"], counts["acknowledged"], untrue, unexpected, duplicated)
        self.rows.append((part, *(f"{number:,}" for number in (*numbers, found[Check.ILLEGAL], found[Check.SILENT]))))
        clear()
        print(" | ".join(self.rows[-1]), flush=True)

    def tally(self, part: str, tally: Tally) -> None:
        """A row of many cases, each of which is wrong or not."""
        found = Counter(one.check for outcome in tally.broken for one in outcome.verdict.findings)
        self.row(part, tally.cases, tally.fired.total(), tally.counts, found)
        for outcome in tally.broken:
            for one in outcome.verdict.findings:
                self.fail(f"{one}\n  make reliability CASE='{outcome.case.name}'")

    def verdict(self, part: str, verdict: Verdict, *, faults: int, replay: str) -> None:
        """A row of one workload."""
        self.row(part, 1, faults, verdict.counts, Counter(one.check for one in verdict.findings))
        for one in verdict.findings:
            self.fail(f"{one}\n  {replay}")

    def say(self, line: str) -> None:
        """Something measured."""
        self.lines.append(line)
        clear()
        print(line, flush=True)

    def fail(self, line: str) -> None:
        """Something wrong."""
        self.wrong.append(line)
        clear()
        print(f"WRONG  {line}", flush=True)

    @property
    def markdown(self) -> str:
        """The figures as the page shows them."""
        table = [f"| {' | '.join(_COLUMNS)} |", f"|---|{'---:|' * (len(_COLUMNS) - 1)}"]
        table += [f"| {' | '.join(row)} |" for row in self.rows]
        lines = [*table, "", *(f"- {line}" for line in self.lines)]
        if self.block == FIGURES and CHART.exists():
            lines += ["", f"![Replies accepted, and at ClickSend, through an outage of ClickSend](images/{CHART.name})"]
        return "\n".join(lines)

    def write(self, page: Path = PAGE) -> None:
        """Put the figures into the page."""
        by = "make reliability" if self.block == FIGURES else f"make reliability PART={self.block}"
        begin, end = f"<!-- {self.block}: written by {by} -->", f"<!-- end of {self.block} -->"
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        if not rest or end not in rest:
            raise ValueError(f"{page} has lost its marks: put {begin} and {end} back")
        page.write_text(f"{before}{begin}\n{self.markdown}\n{end}{after}", encoding="utf-8")
