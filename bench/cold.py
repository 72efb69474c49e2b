"""Cold starts: each function from the built artifacts, in an interpreter that has loaded nothing yet."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.aws import aws
from bench.interpreters import ALTERNATIVES, FUNCTIONS, Ran, alternatives, path_of, run
from bench.result import Chart, Goal, Part, Table, median, number, paired
from local.build import BUILT
from tests.build.conftest import LAYER, PUSH_LAYER
from tests.build.test_layer import zipped

MEGABYTE: Final = 1024 * 1024
FLOOR: Final = (("import", "import boto3"), ("init", "boto3.client('dynamodb')"))
DOCUMENTED: Final = (("import", "import app"),)
_CLIENTS: Final = "from textension.aws import clients\nfrom textension import assemble\n"
INIT: Final = {
    "inbound_webhook": f"{_CLIENTS}assemble.webhook_secret(); assemble.door(); clients.dynamodb()",
    "stream_relay": f"{_CLIENTS}assemble.relay(); clients.dynamodb(); clients.sns(); clients.sqs()",
    "outbound_sender": f"{_CLIENTS}assemble.sender(); clients.dynamodb()",
    "app_api": f"{_CLIENTS}assemble.office(); clients.dynamodb()",
    "realtime": f"{_CLIENTS}assemble.realtime(); clients.dynamodb()",
    "sweeper": f"{_CLIENTS}assemble.sweep(); clients.dynamodb()",
    "email_notifier": f"{_CLIENTS}assemble.copies(); clients.dynamodb(); clients.sesv2()",
    "push_notifier": f"{_CLIENTS}assemble.pushes(); clients.dynamodb()",
    "web_app": "",
}
"""What a function makes before it can answer its first event: its parts, its clients, the secrets that it reads."""
HOW: Final = """\
Each in a fresh interpreter (`python -I -S`) that has the built artifacts and the packages of Lambda's runtime on its
path. *Ready* is import, every client and secret that the first event needs, and the parts made of them; the floor is
`import boto3; boto3.client('dynamodb')`, *documented* a function as Powertools' and AWS's documentation teach it
(`bench/alternatives/documented`), over the same packages, whole, with bytecode too. Ratios are of CPU time, by pairs
that ran one after the other; all are medians of {rounds} rounds. Memory is the most that the process held. On Lambda
all of it is slower."""
CAUSE: Final = (
    "what is left is pydantic, Powertools' logger, and one read of a secret, which the floor does not have: "
    "`python -X importtime` over the artifacts shows them"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that starts cold."""

    name: str
    path: list[Path]
    stages: tuple[tuple[str, str], ...]


def candidates() -> list[Candidate]:
    """The floor, the function of the documentation, and every function of ours."""
    ours = [Candidate(name, path_of(name), (("import", "import app"), ("init", INIT[name]))) for name in FUNCTIONS]
    documented = Candidate("documented", [ALTERNATIVES / "documented", alternatives()], DOCUMENTED)
    return [Candidate("floor", [], FLOOR), documented, *ours]


def measure(*, rounds: int, say: Callable[[str], None]) -> Part:
    """All candidates, one after the other, in every round."""
    ran: dict[str, list[Ran]] = {one.name: [] for one in candidates()}
    with aws() as backend:
        for count in range(rounds + 1):
            for one in candidates():
                done = run(one.path, *one.stages, environment=backend.environment("nowhere"))
                if count:  # the first round fills the disk's cache
                    ran[one.name].append(done)
            say(f"cold starts: round {count} of {rounds}")
    return _part(ran, rounds)


def _part(ran: dict[str, list[Ran]], rounds: int) -> Part:
    walls = {name: [one.wall() for one in runs] for name, runs in ran.items()}
    cpus = {name: [one.cpu() for one in runs] for name, runs in ran.items()}
    to_floor = {name: paired(cpus[name], cpus["floor"]) for name in ran}
    to_documented = {name: paired(cpus[name], cpus["documented"]) for name in ran}
    rows = [
        [
            name,
            number(median(one.wall("import") for one in runs) * 1000),
            number(median(walls[name]) * 1000),
            number(median(cpus[name]) * 1000),
            f"{to_floor[name]:.2f}",
            f"{to_documented[name]:.2f}",
            number(median(one.last.memory for one in runs)),
            str(runs[-1].last.modules),
            f"{zipped(BUILT / FUNCTIONS[name]) / 1024:.1f}" if name in FUNCTIONS else "–",
        ]
        for name, runs in ran.items()
    ]
    head = ["", "import, ms", "ready, ms", "ready, CPU ms", "× floor", "× documented", "peak, MB", "modules", "zip, KB"]
    common, push = zipped(LAYER) / MEGABYTE, zipped(PUSH_LAYER) / MEGABYTE
    part = Part(
        "cold",
        "Cold start",
        HOW.format(rounds=rounds),
        figures={
            "ready_cpu_ms": {name: median(values) * 1000 for name, values in cpus.items()},
            "ready_wall_ms": {name: median(values) * 1000 for name, values in walls.items()},
            "modules": {name: runs[-1].last.modules for name, runs in ran.items()},
            "memory_mb": {name: median(one.last.memory for one in runs) for name, runs in ran.items()},
            "layer_zip_mb": common,
        },
    )
    part.tables = [
        Table("From nothing to ready", head, rows),
        Table(
            "Layers",
            ["", "zipped, MB"],
            [["common (both processors)", f"{common:.1f}"], ["push (one function)", f"{push:.1f}"]],
        ),
    ]
    part.charts = [Chart("cold", "Ready to answer", "CPU ms", [(name, median(cpus[name]) * 1000) for name in ran])]
    part.goals = _goals(to_floor, to_documented, common)
    return part


def _goals(to_floor: dict[str, float], to_documented: dict[str, float], layer: float) -> list[Goal]:
    return [
        Goal("cold start of `inbound_webhook` ÷ floor", "at most", 1.4, to_floor["inbound_webhook"], "×", CAUSE),
        Goal("cold start of `outbound_sender` ÷ floor", "at most", 1.8, to_floor["outbound_sender"], "×", CAUSE),
        *(
            Goal(f"cold start of `{name}` ÷ documented", "at most", 0.7, to_documented[name], "×", CAUSE)
            for name in ("inbound_webhook", "outbound_sender")
        ),
        Goal("layer without boto3, zipped", "at most", 8, layer, "MB", "see the table of what the layer holds"),
    ]
