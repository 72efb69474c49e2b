"""What a part of the bench found: tables, charts and goals, in a form that JSON keeps and the report renders."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

type Direction = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that was asked for. `cause` says why it is missed, where it is; the report shows it only then."""

    what: str
    direction: Direction
    wanted: float
    measured: float
    unit: str = ""
    cause: str = ""

    @property
    def met(self) -> bool:
        """Whether the measured figure is on the right side of the wanted one."""
        return self.measured <= self.wanted if self.direction == "at most" else self.measured >= self.wanted


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are printed; every one is as long as the head."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a row of another length: it would shift the figures under wrong heads."""
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"a row of {self.title!r} has {len(row)} cells, its head {len(self.head)}: {row}")


@dataclass(frozen=True, slots=True)
class Chart:
    """Horizontal bars, one for each label."""

    name: str
    title: str
    unit: str
    bars: list[tuple[str, float]]


@dataclass(slots=True)
class Part:
    """One part of the bench: what is under one heading of the report."""

    name: str
    title: str
    how: str
    """How it was measured, in a few sentences of Markdown."""
    tables: list[Table] = field(default_factory=list)
    charts: list[Chart] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    """The bare figures: what other parts compute with, and what later runs are compared to."""
    measured_on: str = ""
    seconds: float = 0.0

    def plain(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Self:
        """Out of JSON again."""
        return cls(
            **{
                **plain,
                "tables": [Table(**one) for one in plain["tables"]],
                "charts": [
                    Chart(**{**one, "bars": [(str(label), float(value)) for label, value in one["bars"]]})
                    for one in plain["charts"]
                ],
                "goals": [Goal(**one) for one in plain["goals"]],
            }
        )


def median(values: Iterable[float]) -> float:
    """The middle one: what a noisy machine says of itself."""
    return statistics.median(values)


def paired(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios, pair by pair: both ran one after the other, when the machine was as fast."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def number(value: float) -> str:
    """A figure with three digits that matter."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
