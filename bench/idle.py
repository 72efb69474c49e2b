"""What a stack costs that does nothing: what the template makes, what its sweeper does, and the price list."""

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench import flows
from bench.aws import Aws, aws
from bench.flows import ENVIRONMENT
from bench.interpreters import WORKLOADS, BenchError, path_of, run
from bench.money import DEFAULT_MB, FULL_CORE_MB, read_prices
from bench.result import Chart, Goal, Part, Table
from bench.simulator import simulator
from tests.template import operations
from tests.template.translated import Template, translate

HOURS: Final = 720
"""A month, of 30 days."""
LONG_POLL: Final = 20
"""Seconds that a receive waits in an empty queue (`ReceiveMessageWaitTimeSeconds`; Lambda's pollers do the same)."""
POLLERS: Final = 5
RESTING: Final = 2
"""Lambda begins with five pollers of a queue, and drops to two where it rests, unless MaximumConcurrency is set."""
MILLION: Final = 1_000_000
HOW: Final = """\
What `template.yaml` makes with its default parameters, times `prices.toml`, with and without what AWS gives an account
for nothing; and an hour of the sweeper, minute by minute with nothing due, counted over {engine} and
the simulator, for one account with one number. A month has 30 days. Lambda's pollers wait {wait} s in an empty queue:
two of them, or as many as `MaximumConcurrency` allows up to five, since with that set Lambda does not drop to two. An
empty query costs half a unit on AWS, and nothing by DynamoDB Local: the half is added."""
CAUSE: Final = "the table shows each part: secrets are the largest, and each function that polls a queue costs as well"


@dataclass(frozen=True, slots=True)
class Item:
    """One line: how many of what in a month, its price, and how many of them cost nothing."""

    name: str
    count: float
    price: float
    free: float = 0

    @property
    def listed(self) -> float:
        """Dollars without anything for nothing."""
        return self.count * self.price

    @property
    def paid(self) -> float:
        """Dollars of the only stack of an AWS account."""
        return max(self.count - self.free, 0) * self.price


@functools.cache
def template() -> Template:
    """The template as CloudFormation gets it, by its defaults."""
    return translate()


def hour(backend: Aws, minutes: int = 60) -> dict[str, Any]:
    """What the sweeper does in that time."""
    backend.make_table("idle")
    environment = backend.environment("idle") | ENVIRONMENT
    path = [*path_of("sweeper"), WORKLOADS]
    code = "import app, idle; out = idle.run(app=app, table='idle', minutes=minutes)"
    return dict(run(path, ("idle", code), environment=environment, given={"minutes": minutes}).out)


def polls() -> dict[str, float]:
    """Receives a month of the queues that functions read, standard and FIFO."""
    resources = template()["Resources"]
    found = {"standard": 0.0, "fifo": 0.0}
    for one in resources.values():
        source = one["Properties"].get("EventSourceArn", {}) if one["Type"] == "AWS::Lambda::EventSourceMapping" else {}
        queue = resources.get(source.get("Fn::GetAtt", [""])[0], {"Type": ""})
        if queue["Type"] != "AWS::SQS::Queue":
            continue
        most = one["Properties"].get("ScalingConfig", {}).get("MaximumConcurrency")
        pollers = min(most, POLLERS) if most else RESTING
        found["fifo" if queue["Properties"].get("FifoQueue") else "standard"] += pollers * HOURS * 3600 / LONG_POLL
    return found


def count_of(kind: str) -> int:
    """How many of a type the template makes with its defaults."""
    return sum(one["Type"] == kind for one in template()["Resources"].values())


def watched() -> int:
    """How many metrics its alarms watch: each is paid for."""
    return sum(len(list(operations.watched(one))) for one in operations.alarms(template()).values())


def items(swept: Mapping[str, Any], prices: Mapping[str, Any]) -> list[Item]:
    """The lines, in the order of docs/costs.md."""

    def of(name: str, price: str, count: float) -> Item:
        return Item(name, count, prices[price]["price"], prices[price].get("free", 0))

    polled = polls()
    a_run = 1 / swept["runs"]
    runs = HOURS * 60
    seconds = swept["cpu"] * a_run * FULL_CORE_MB / DEFAULT_MB + sum(swept["calls"].values()) * a_run * 0.005
    units = swept["units"]
    reads = units["read"] + swept["calls"].get("Query", 0) / 2  # all of them empty, since nothing is due
    log = (swept["log"] * a_run + prices["waits_ms"]["platform_log_bytes"]) * runs
    return [
        of("secrets", "secret_month", count_of("AWS::SecretsManager::Secret")),
        # Both kinds share what SQS gives for nothing; the dearer ones are counted in full.
        of("polling standard queues (millions)", "sqs_request", polled["standard"] / MILLION),
        of("polling FIFO queues (millions)", "sqs_fifo_request", polled["fifo"] / MILLION),
        of("alarm metrics", "alarm_month", watched()),
        of("sweeper, runs (millions)", "lambda_request", runs / MILLION),
        of("sweeper, GB-seconds", "lambda_gb_second", runs * seconds * DEFAULT_MB / 1024),
        of("sweeper, its schedule (millions)", "schedule", runs / MILLION),
        of("sweeper, reads (million units)", "read_unit", reads * a_run * runs / MILLION),
        of("sweeper, writes (million units)", "write_unit", units["write"] * a_run * runs / MILLION),
        of(
            "sweeper, secrets read (10,000)",
            "secret_reads",
            swept["calls"].get("GetSecretValue", 0) * a_run * runs / 1e4,
        ),
        of("sweeper, log (GB)", "logs_gb", log / 1e9),
        of("dashboards", "dashboard_month", count_of("AWS::CloudWatch::Dashboard")),
        of("figures that the sweeper publishes", "metric_month", len(swept["figures"])),
    ]


def measure(*, minutes: int, say: Callable[[str], None]) -> Part:
    """Count the sweeper's hour, and price the template."""
    with aws() as backend, simulator() as clicksend:
        if not backend.counts_capacity:
            raise BenchError("consumed capacity needs DynamoDB Local: install Java 17 or newer, and npm")
        flows.secrets_for(backend, clicksend)
        swept = hour(backend, minutes)
        say(f"idle: {minutes} minutes of the sweeper")
        return part_of(swept, backend.engine)


def part_of(swept: Mapping[str, Any], engine: str) -> Part:
    """The part, of what was counted."""
    lines = items(swept, read_prices())
    paid, listed = math.fsum(one.paid for one in lines), math.fsum(one.listed for one in lines)
    part = Part("idle", "A stack that does nothing", HOW.format(engine=engine, wait=LONG_POLL))
    rows = [
        [one.name, f"{one.count:,.4g}", f"{one.price:.4g}", f"{one.listed:.2f}", f"{one.paid:.2f}"] for one in lines
    ]
    part.tables = [
        Table(
            "A month",
            ["", "how many", "$ each", "$ by the list", "$ of an account's only stack"],
            [*rows, ["together", "", "", f"{listed:.2f}", f"{paid:.2f}"]],
        )
    ]
    part.charts = [
        Chart(
            "idle",
            "A stack that does nothing, a month",
            "$",
            [(one.name.partition(" (")[0], one.paid) for one in lines if one.paid > 0],
        )
    ]
    part.figures = {"swept": dict(swept), "paid": paid, "listed": listed}
    part.goals = [Goal("a stack that does nothing, a month", "at most", 3, paid, "$", CAUSE)]
    return part


def documented(swept: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The lines of docs/costs.md, by their first words, with their dollars; the last is the sum."""
    paid = {one.name: one.paid for one in items(swept, read_prices())}

    def together(*begins: str) -> float:
        return math.fsum(value for name, value in paid.items() if name.startswith(begins))

    groups = {
        f"{count_of('AWS::SecretsManager::Secret')} secrets": together("secrets"),
        "polling": together("polling"),
        f"{watched()} alarm metrics": together("alarm"),
        "the sweeper": together("sweeper, runs", "sweeper, GB", "sweeper, its schedule", "sweeper, log"),
        "what it reads and writes": together("sweeper, reads", "sweeper, writes", "sweeper, secrets"),
        "a dashboard": together("dashboards"),
        "figures": together("figures"),
    }
    return [*groups.items(), ("**together**", math.fsum(groups.values()))]
