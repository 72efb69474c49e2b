"""What an operation costs when there is much already: it must not depend on how long the history is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench import flows
from bench.aws import Aws, aws
from bench.flows import ENVIRONMENT, GATEWAY, TOKEN, WALKED
from bench.interpreters import FUNCTIONS, WORKLOADS, BenchError, path_of, run
from bench.result import Chart, Goal, Part, Table, median, number
from bench.simulator import simulator
from local.build import BUILT

OPERATIONS: Final = {
    "webhook": "webhook, a text stored",
    "thread": "page of a thread",
    "conversations": "page of conversations",
    "changes": "page of changes",
    "sender": "sender, claim and record",
}
"""The steps that are compared, by what the report calls them; all others of the workload only prepare them."""
FEW: Final = 10
HUNDRED: Final = 100
HOW: Final = """\
Each operation ten times in each of {rounds} rounds, over a table that holds only what its row says, beside {few} other
conversations or {hundred} messages. What is there already are clones of items that the functions had written before,
put there by BatchWriteItem; the messages' pointers are left out. Pages are of ten entries, so that the smallest size
fills them too. Requests and capacity units (of all indexes) are counts, the same in every round unless a range is shown
(a number's settings are read again now and then); CPU and wall time are medians of the rounds, beside the least and the
most that was seen, which is their noise, and of more than life has: to be counted, each write of a transaction is made
alone. The engine is {engine}: its wall time is that of a database in
this machine's memory; units and requests are what carries over to AWS. {asked}"""
FULL_RUN: Final = "A million messages were asked for, with `GROWTH=full`."
USUAL_RUN: Final = "A million messages were not run; `make bench ROWS=growth GROWTH=full` does."


@dataclass(frozen=True, slots=True)
class Size:
    """How much is there: messages (and as many changes) of one conversation, conversations of its number."""

    messages: int
    conversations: int

    @property
    def label(self) -> str:
        """What it is called in the report."""
        return f"{self.messages:,} messages, {self.conversations:,} conversations"


@dataclass(frozen=True, slots=True)
class Axis:
    """Sizes that differ in one thing, smallest first."""

    name: str
    sizes: tuple[Size, ...]


def axes(*, quick: bool, full: bool) -> tuple[Axis, ...]:
    """What is compared."""
    messages = (HUNDRED, 1_000) if quick else (HUNDRED, 10_000, *((1_000_000,) if full else ()))
    conversations = (FEW, HUNDRED) if quick else (FEW, 1_000, 100_000)
    return (
        Axis("messages and changes", tuple(Size(count, FEW) for count in messages)),
        Axis("conversations", tuple(Size(HUNDRED, count) for count in conversations)),
    )


def measure(*, rounds: int, quick: bool, full: bool, say: Callable[[str], None]) -> Part:
    """Fill a table for every size, and do every operation over it."""
    found: dict[Size, Sequence[Mapping[str, Any]]] = {}
    compared = axes(quick=quick, full=full)
    with simulator() as clicksend:
        for size in dict.fromkeys(size for axis in compared for size in axis.sizes):
            with aws() as backend:  # each of its own, so that none has to carry another's items
                if not backend.counts_capacity:
                    raise BenchError("consumed capacity needs DynamoDB Local: install Java 17 or newer, and npm")
                flows.secrets_for(backend, clicksend)
                done = grown(backend, size, rounds)
                found[size] = done["rounds"]
                say(f"growth: {size.label}, filled in {done['filled']:.0f} s")
    return part_of(compared, found, engine=backend.engine, rounds=rounds, full=full)


def grown(backend: Aws, size: Size, rounds: int) -> dict[str, Any]:
    """The workload over a new table of that size."""
    backend.make_table("growth")
    given = {
        "folders": {name: str(BUILT / FUNCTIONS[name]) for name in WALKED},
        "table": "growth",
        "token": TOKEN,
        "connections_url": backend.url + GATEWAY,
        "messages": size.messages,
        "conversations": size.conversations,
        "rounds": rounds,
        "counted": backend.counts_capacity,
    }
    arguments = ", ".join(f"{name}={name}" for name in given)
    path = [*path_of("outbound_sender")[1:], WORKLOADS]
    code = f"import growth; out = growth.run({arguments})"
    environment = backend.environment("growth") | ENVIRONMENT
    return dict(run(path, ("grow", code), environment=environment, given=given, timeout=3600 * 2).out)


# -------------------------------------------------------------------- what it found


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operation costs, in each round: requests, units, CPU and wall seconds."""

    requests: list[float]
    units: list[float]
    cpu: list[float]
    wall: list[float]


def cost_of(operation: str, rounds: Sequence[Mapping[str, Any]]) -> Cost:
    """The cost of one operation, out of the steps of the rounds."""
    steps = [one[operation] for one in rounds]
    return Cost(
        [sum(one["calls"].values()) / one["texts"] for one in steps],
        [(one["units"]["read"] + one["units"]["write"]) / one["texts"] for one in steps],
        [one["cpu"] / one["texts"] for one in steps],
        [one["wall"] / one["texts"] for one in steps],
    )


def growth(values: Sequence[float]) -> float:
    """How much more the largest is than the smallest, as a share of that: 0 where nothing grows."""
    return max(values) / min(values) - 1


def part_of(
    compared: Sequence[Axis],
    found: Mapping[Size, Sequence[Mapping[str, Any]]],
    *,
    engine: str,
    rounds: int,
    full: bool,
) -> Part:
    """The part, of what was measured."""
    how = HOW.format(rounds=rounds, few=FEW - 1, hundred=HUNDRED, engine=engine, asked=FULL_RUN if full else USUAL_RUN)
    part = Part("growth", "What grows with the history", how)
    worst: dict[str, list[tuple[float, str]]] = {"requests": [], "units": []}
    for axis in compared:
        costs = {size: {name: cost_of(name, found[size]) for name in OPERATIONS} for size in axis.sizes}
        part.tables.append(_table(axis, costs))
        for name in OPERATIONS:
            for kind, several in worst.items():
                middle = [median(getattr(costs[size][name], kind)) for size in axis.sizes]
                several.append((growth(middle), f"{OPERATIONS[name]} over {axis.name}"))
    bars = [
        (f"{size.messages:,} × {size.conversations:,}: {name}", median(cost_of(name, rounds_).wall) * 1000)
        for name in OPERATIONS
        for size, rounds_ in found.items()
    ]
    part.charts = [Chart("growth", "Messages × conversations that are there: an operation takes", "ms", bars)]
    part.figures = {
        size.label: {
            name: {kind: median(getattr(cost_of(name, several), kind)) for kind in ("requests", "units", "cpu", "wall")}
            for name in OPERATIONS
        }
        for size, several in found.items()
    }
    part.goals = [
        Goal(f"{kind}, the most that any operation grows", "at most", 5, most * 100, "%", f"it is the {where}")
        for kind, (most, where) in ((kind, max(several)) for kind, several in worst.items())
    ]
    return part


def _table(axis: Axis, costs: Mapping[Size, Mapping[str, Cost]]) -> Table:
    head = ["operation", axis.name, "requests", "units", "CPU, ms", "seen", "wall, ms", "seen"]
    rows = []
    for name, label in OPERATIONS.items():
        for size, of_size in costs.items():
            one = of_size[name]
            grown_ = size.messages if axis.name.startswith("messages") else size.conversations
            rows.append(
                [
                    label,
                    f"{grown_:,}",
                    _counted(one.requests),
                    _counted(one.units),
                    number(median(one.cpu) * 1000),
                    _seen(one.cpu),
                    number(median(one.wall) * 1000),
                    _seen(one.wall),
                ]
            )
    return Table(f"By {axis.name}", head, rows)


def _counted(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def _seen(values: Sequence[float]) -> str:
    return f"{number(min(values) * 1000)} to {number(max(values) * 1000)}"
