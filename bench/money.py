"""What a text costs on AWS: what was counted in real runs, times a dated price list."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench import flows
from bench.aws import aws
from bench.flows import Step
from bench.interpreters import BenchError
from bench.result import Chart, Goal, Part, Table
from bench.simulator import simulator

MILLION: Final = 1_000_000
FULL_CORE_MB: Final = 1769
"""The memory that one whole processor comes with: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
MEMORIES: Final = (128, 256, 512, 1024, 1769)
DEFAULT_MB: Final = 512
BATCH: Final = 10
INBOUND: Final = ("webhook", "relay of a text in", "realtime of a text in")
OUTBOUND: Final = (
    "app_api, send",
    "relay, queued",
    "sender",
    "relay, sent",
    "receipt",
    "relay, delivered",
    "realtime of a text out",
)
BEHIND_REST: Final = ("webhook", "app_api, send", "receipt")
QUEUES_OF_A_TEXT_IN: Final = 3
"""Realtime, e-mail and pushes hear of a text in; of all else only realtime does (the template's filter policies)."""
HOW: Final = """\
Counted at the clients of the built functions while {count} texts came in and {count} replies went out, each in batches
of ten behind the webhook and the API, over {engine}, whose consumed capacity has every index in it. For the
units all of it was done once more with each write of a transaction made alone, and counted twice, as AWS documents (2
units for 1 KB). Whether an index's write within one counts 2 units too AWS does not say: all figures suppose it, and
*at least* is what it is otherwise. Duration is the CPU time measured here, stretched to the share of a processor that
the memory brings, and the waiting that `prices.toml` assumes for each request. US East, `prices.toml` with its dates;
no free tier. The lowest possible is one request, one invocation of 1 ms and one write."""
PRICES: Final = Path(__file__).with_name("prices.toml")


def read_prices(file: Path = PRICES) -> dict[str, Any]:
    """The price list. Raises BenchError for a price without its unit or date."""
    prices = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, one in prices.items():
        if name != "waits_ms" and not {"price", "per", "date"} <= one.keys():
            raise BenchError(f"bench/prices.toml: {name} needs price, per and date")
    return prices


def cost(name: str, step: Step, prices: Mapping[str, Any], memory: int) -> dict[str, float]:
    """Dollars of a million texts in one step, by what they are paid for."""
    of = {key: one["price"] for key, one in prices.items() if key != "waits_ms"}
    calls = {call: count / step.texts for call, count in step.calls.items()}
    invocations = step.invocations / step.texts
    seconds = duration(step, prices["waits_ms"], memory)
    entries = {call: count / step.texts for call, count in step.entries.items()}
    queues = QUEUES_OF_A_TEXT_IN if name == "relay of a text in" else 1
    rings = entries.get("SendMessageBatch", 0)
    return {
        "REST API": of["rest_request"] if name in BEHIND_REST else 0,
        "functions": invocations * of["lambda_request"] + seconds * memory / 1024 * of["lambda_gb_second"] * MILLION,
        "table, writes": step.units.get("write", 0) / step.texts * of["write_unit"],
        "table, reads": step.units.get("read", 0) / step.texts * of["read_unit"],
        "SNS": calls.get("PublishBatch", 0) * of["sns_publish"],
        # SNS puts a message into a queue by itself; it is taken and deleted in batches.
        "SQS": entries.get("PublishBatch", 0) * queues * (1 + 2 / BATCH) * of["sqs_request"]
        + (calls.get("SendMessageBatch", 0) + rings * 2 / BATCH) * of["sqs_fifo_request"],
        "WebSocket": calls.get("PostToConnection", 0) * of["websocket_message"],
        "logs": (step.log / step.texts + invocations * prices["waits_ms"]["platform_log_bytes"])
        / 1e9
        * of["logs_gb"]
        * MILLION,
    }


def duration(step: Step, waits: Mapping[str, float], memory: int) -> float:
    """Seconds that are billed of one text: at most a whole processor's worth of CPU, and the waiting."""
    share = min(memory / FULL_CORE_MB, 1)
    waiting = sum(count * waits.get(call, waits["request"]) for call, count in step.calls.items()) / 1000
    if step.function == "outbound_sender":
        waiting += step.invocations * waits["clicksend"] / 1000
    return (step.cpu / share + waiting) / step.texts


def measure(*, count: int, say: Callable[[str], None]) -> Part:
    """Walk texts through the functions, and price them."""
    with aws() as backend, simulator() as clicksend:
        if not backend.counts_capacity:
            raise BenchError("consumed capacity needs DynamoDB Local: install Java 17 or newer, and npm")
        flows.secrets_for(backend, clicksend)
        walk, counted = (
            flows.steps_of(flows.walked(backend, f"money-{by_units}", count=count, counted=by_units))
            for by_units in (False, True)
        )
        steps = {name: replace(step, units=counted[name].units) for name, step in walk.items()}
        say(f"money: {count} texts in and out")
        return part_of(steps, read_prices(), count, backend.engine)


def total(steps: Mapping[str, Step], names: tuple[str, ...], prices: Mapping[str, Any], memory: int) -> float:
    """Dollars of a million texts through all of these steps."""
    return sum(sum(cost(name, steps[name], prices, memory).values()) for name in names)


def at_least(units: Mapping[str, float]) -> dict[str, float]:
    """Units, with an index's write counted once within a transaction too."""
    return {**units, "write": units.get("write at least", units.get("write", 0))}


def part_of(steps: Mapping[str, Step], prices: Mapping[str, Any], count: int, engine: str) -> Part:
    """The part, of what was counted."""
    inbound, outbound = (total(steps, names, prices, DEFAULT_MB) for names in (INBOUND, OUTBOUND))
    indexes_once = {name: replace(step, units=at_least(step.units)) for name, step in steps.items()}
    least_in, least_out = (total(indexes_once, names, prices, DEFAULT_MB) for names in (INBOUND, OUTBOUND))
    lowest = prices["rest_request"]["price"] + prices["lambda_request"]["price"] + prices["write_unit"]["price"]
    carrier = prices["carrier_text"]["price"] * MILLION
    part = Part("money", "AWS calls and money", HOW.format(count=count, engine=engine))
    part.tables = [
        _calls(steps),
        _itemised("A million texts in, at 512 MB, $", steps, INBOUND, prices),
        _itemised("A million texts out and their receipts, at 512 MB, $", steps, OUTBOUND, prices),
        Table(
            "By memory, $ a million",
            ["", *(f"{memory:,} MB" for memory in MEMORIES)],
            [
                [label, *(f"{total(steps, names, prices, memory):.2f}" for memory in MEMORIES)]
                for label, names in (("in", INBOUND), ("out", OUTBOUND))
            ],
        ),
        Table(
            "Beside the lowest possible, and the carrier",
            ["", "$ a million", "÷ lowest", "of the carrier's price"],
            [
                [label, f"{value:,.2f}", f"{value / lowest:.1f}", f"{value / carrier:.3%}"]
                for label, value in (
                    ("in", inbound),
                    ("in, at least", least_in),
                    ("out", outbound),
                    ("out, at least", least_out),
                    ("lowest possible", lowest),
                    ("carrier", carrier),
                )
            ],
        ),
    ]
    bars = [("in", inbound), ("out", outbound), ("lowest", lowest)]
    part.charts = [Chart("money", "A million texts on AWS", "$", bars)]
    part.figures = {
        "inbound": inbound,
        "outbound": outbound,
        "inbound_at_least": least_in,
        "outbound_at_least": least_out,
        "steps": {name: {"calls": one.calls, "units": one.units, "texts": one.texts} for name, one in steps.items()},
    }
    part.goals = [
        Goal("AWS, a million texts in", "at most", 13, inbound, "$", CAUSE),
        Goal("AWS, a million texts out with receipts", "at most", 25, outbound, "$", CAUSE),
        *_call_goals(steps),
    ]
    return part


CAUSE: Final = (
    "three items in each accepting transaction, at two units a kilobyte and with three indexes at the most that they "
    "can cost, and a change and a mark for each state that the apps hear of: the table below shows the share of each"
)


def _call_goals(steps: Mapping[str, Step]) -> list[Goal]:
    two_writes = "the event is written down before it is published, and the mark can only follow the publish"
    wanted = (
        ("webhook", 1, "", False),
        ("relay of a text in", 2, two_writes, True),
        ("sender", 2.5, "", False),
        ("receipt", 2, "its message is found by a pointer, read, and written under the state that it had", False),
        ("app_api, send", 2, "", False),
    )
    return [
        Goal(
            f"AWS requests, {name}",
            "at most",
            most,
            sum(steps[name].calls.values()) / (steps[name].records if by_record else steps[name].texts),
            "",
            cause,
        )
        for name, most, cause, by_record in wanted
    ]


def _calls(steps: Mapping[str, Step]) -> Table:
    rows = [
        [
            name,
            ", ".join(f"{count / one.texts:.3g} {call}" for call, count in sorted(one.calls.items())),
            f"{one.units.get('write', 0) / one.texts:.2f}",
            f"{one.units.get('read', 0) / one.texts:.2f}",
            f"{one.log / one.texts:.0f}",
        ]
        for name, one in steps.items()
    ]
    return Table("Requests of one text", ["step", "requests", "write units", "read units", "log, bytes"], rows)


def _itemised(title: str, steps: Mapping[str, Step], names: tuple[str, ...], prices: Mapping[str, Any]) -> Table:
    costs = {name: cost(name, steps[name], prices, DEFAULT_MB) for name in names}
    kinds = list(costs[names[0]])
    rows = [[name, *(f"{one[kind]:.2f}" for kind in kinds), f"{sum(one.values()):.2f}"] for name, one in costs.items()]
    sums = [sum(one[kind] for one in costs.values()) for kind in kinds]
    rows.append(["together", *(f"{value:.2f}" for value in sums), f"{sum(sums):.2f}"])
    return Table(title, ["", *kinds, "together"], rows)
