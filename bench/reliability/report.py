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
        lost = found[Check.LOST] + found[Check.UNTRUE] + found[Check.MISCOUNTED]
        apart = (found[Check.DUPLICATED], found[Check.ILLEGAL], found[Check.SILENT])
        unexpected = found.total() - lost - sum(apart)
        numbers = (runs, faults, counts["attempted"], counts["acknowledged"], lost, unexpected, *apart)
        self.rows.append((part, *(f"{number:,}" for number in numbers)))
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

    def go_on(self, page: Path = PAGE) -> None:
        """Begin with the rows that the page has."""
        _, written, _ = self._parts(page)
        rows = [line.strip("| ").split(" | ") for line in written.splitlines() if line.startswith("| ")]
        self.rows = [tuple(row) for row in rows[1:]] + self.rows

    def write(self, page: Path = PAGE) -> None:
        """Put the figures into the page."""
        before, _, after = self._parts(page)
        page.write_text(f"{before}\n{self.markdown}\n{after}", encoding="utf-8")

    def _parts(self, page: Path) -> tuple[str, str, str]:
        """The page up to this block's first mark, what is between the marks, and the page from the other mark on."""
        by = "make reliability" if self.block == FIGURES else f"make reliability PART={self.block}"
        begin, end = f"<!-- {self.block}: written by {by} -->", f"<!-- end of {self.block} -->"
        before, mark, rest = page.read_text(encoding="utf-8").partition(begin)
        written, other, after = rest.partition(end)
        if not mark or not other:
            raise ValueError(f"{page} has lost its marks: put {begin} and {end} back")
        return before + mark, written, other + after
