"""Warm invocations: what our code costs on top of the requests that it makes, beside a handler that only makes them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from bench import flows
from bench.aws import Aws, aws
from bench.flows import ENVIRONMENT, TOKEN, WALKED
from bench.interpreters import FUNCTIONS, WORKLOADS, BenchError, path_of, run
from bench.replaying import CLICKSEND, TABLE, Tape, replaying
from bench.result import Chart, Goal, Part, Table, median, number, paired
from bench.simulator import Simulator, simulator
from local.build import BUILT

BATCH: Final = 10
CASES: Final = {
    "webhook": "webhook",
    "receipt": "receipt",
    "relay of a text in": "relayed record",
    "sender": "sent message",
    "app_api, send": "API, send",
    "app_api, thread": "API, thread",
}
"""The steps of the flow that are measured, by what the report calls them."""
HOW: Final = """\
The built artifacts' handlers beside *bare* ones, which make the same requests with the same parameters through
botocore's clients, and the same post to ClickSend, and do nothing else: no parsing, no rules, no log. Each invocation
happens once for real (over {engine} and the simulator) and is recorded; then both do
it over and over, in turns, and get the recorded answers from a socket of another process. CPU is the measured process's
alone, of one text or record; relay and sender get ten in a batch. Medians of {rounds} pairs of blocks, ratios by pairs;
*spread* is the half of the pairs around the middle. *Functions called*, Python's and C's, is a count that the machine
hardly changes. *Held at most* is the peak of what one invocation allocates (`tracemalloc`), *left* the blocks of memory
that it leaves behind (`sys.getallocatedblocks`): about 0 where nothing leaks."""
CAUSE: Final = (
    "beside the {calls} of the bare handler, the event is parsed and checked, items are made, and a line is logged: "
    "functions called, below, is the same ratio without the machine's noise"
)


def measure(*, rounds: int, say: Callable[[str], None]) -> Part:
    """Record a whole life, and measure its steps."""
    with aws() as backend, simulator() as clicksend:
        found = recorded(backend, clicksend, rounds)
        say(f"warm: {len(found)} steps, {rounds} pairs each")
        return part_of(found, rounds, backend.engine)


def recorded(
    backend: Aws, clicksend: Simulator, rounds: int, *, cases: Iterable[str] = CASES, texts: int = BATCH
) -> dict[str, Any]:
    """What the workload measured of each case. Raises BenchError where the tape lacks an answer."""
    backend.make_table("warm")
    tape = Tape({TABLE: backend.table_url, CLICKSEND: clicksend.url, "": backend.url})
    with replaying(tape) as url:
        flows.secrets_for(backend, Simulator(url))
        environment = backend.environment("warm") | ENVIRONMENT
        environment |= {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_DYNAMODB": url}
        environment["OUTBOUND_QUEUE_URL"] = f"{url}/123456789012/outbound.fifo"
        given = {
            "folders": {name: str(BUILT / FUNCTIONS[name]) for name in WALKED},
            "table": "warm",
            "token": TOKEN,
            "url": url,
            "cases": list(cases),
            "rounds": rounds,
            "texts": texts,
        }
        arguments = ", ".join(f"{name}={name}" for name in given)
        code = f"import warm; out = warm.run({arguments})"
        path = [*path_of("outbound_sender")[1:], WORKLOADS]
        out = run(path, ("warm", code), environment=environment, given=given).out
    if tape.missed:
        raise BenchError(f"the tape has no answer to {sorted(set(tape.missed))}")
    return dict(out)


def part_of(found: Mapping[str, Any], rounds: int, engine: str) -> Part:
    """The part, of what was measured."""
    ratios = {name: paired(one["ours"], one["bare"]) for name, one in found.items()}
    part = Part("warm", "Warm invocations", HOW.format(rounds=rounds, engine=engine))
    head = ["", "CPU, µs", "bare, µs", "× bare", "spread", "of our own, µs", "requests of an invocation"]
    part.tables = [
        Table("CPU of one", head, [_cpu(name, one, ratios[name]) for name, one in found.items()]),
        Table(
            "What else it takes",
            [
                "",
                "functions called",
                "bare",
                "× bare",
                "held at most by an invocation, KB",
                "bare, KB",
                "× bare",
                "left, blocks",
            ],
            [_allocated(name, one["allocations"]) for name, one in found.items()],
        ),
    ]
    part.charts = [
        Chart(
            "warm",
            "CPU of one, beside the bare handler that makes the same requests",
            "µs",
            [
                bar
                for name, one in found.items()
                for bar in (
                    (CASES[name], median(one["ours"]) * 1e6),
                    (f"bare, {CASES[name]}", median(one["bare"]) * 1e6),
                )
            ],
        )
    ]
    part.figures = {
        "cpu_us": {name: median(one["ours"]) * 1e6 for name, one in found.items()},
        "bare_cpu_us": {name: median(one["bare"]) * 1e6 for name, one in found.items()},
        "ratio": ratios,
        "allocations": {name: one["allocations"]["ours"] for name, one in found.items()},
    }
    calls = ", ".join(found["webhook"]["calls"])
    part.goals = [
        Goal("warm CPU of a webhook ÷ bare handler", "at most", 1.5, ratios["webhook"], "×", CAUSE.format(calls=calls))
    ]
    return part


def _cpu(name: str, one: Mapping[str, Any], ratio: float) -> list[str]:
    ours, bare = (median(one[who]) * 1e6 for who in ("ours", "bare"))
    low, high = _middle([mine / theirs for mine, theirs in zip(one["ours"], one["bare"], strict=True)])
    return [
        CASES[name],
        number(ours),
        number(bare),
        f"{ratio:.2f}",
        f"{low:.2f} to {high:.2f}",
        number(median(mine - theirs for mine, theirs in zip(one["ours"], one["bare"], strict=True)) * 1e6),
        _calls(one["calls"]),
    ]


def _middle(values: list[float]) -> tuple[float, float]:
    """The quartiles."""
    ordered = sorted(values)
    return ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]


def _calls(calls: list[str]) -> str:
    names = [one.rpartition(".")[2] for one in calls]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))


def _allocated(name: str, one: Mapping[str, Mapping[str, float]]) -> list[str]:
    ours, bare = one["ours"], one["bare"]
    return [
        CASES[name],
        number(ours["functions"]),
        number(bare["functions"]),
        f"{ours['functions'] / bare['functions']:.2f}",
        number(ours["peak_kb"]),
        number(bare["peak_kb"]),
        f"{ours['peak_kb'] / bare['peak_kb']:.2f}",
        f"{ours['left']:.1f}",
    ]
