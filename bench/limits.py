"""The limits that a stack meets as a whole: each of a setting or quota, and of what one text needs of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from textension.aws.items import DUE_SHARDS

from bench.idle import template
from bench.money import DEFAULT_MB, FULL_CORE_MB, read_prices
from bench.result import number

RATES: Final = (10, 1_000, 30_000)
BATCH: Final = 10
IN: Final = ("webhook", "relay of a text in", "realtime of a text in")
SMS_POST: Final = "/~1webhook~1clicksend~1sms~1{token}"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: at how many texts a second it is met, when they are spread over many numbers."""

    short: str
    name: str
    needs: str
    breaks_at: float
    lifted: str


def limits_of(
    steps: Mapping[str, Mapping[str, float]],
    counted: Mapping[str, Mapping[str, Any]],
    cpu_us: Mapping[str, float],
    quotas: Mapping[str, Any],
) -> list[Limit]:
    """All of them, in no order: units by `steps`, requests as `counted` by the money part, CPU of warm invocations."""
    return [
        *_of_the_template(counted, cpu_us),
        *_of_the_table(steps, cpu_us, counted, quotas),
        *_of_the_account(counted, cpu_us, quotas),
    ]


def requests(step: Mapping[str, Any], *names: str) -> float:
    """Requests of one text in a step, of these operations, or all."""
    return float(sum(count for name, count in step["calls"].items() if not names or name in names) / step["texts"])


def seconds(name: str, counted: Mapping[str, Mapping[str, Any]], cpu_us: Mapping[str, float]) -> float:
    """How long a function is busy with one text in a step: its CPU at the share of a processor that it has, and the
    waits of `prices.toml`. A step that was not measured warm has the CPU of a relayed record.
    """
    waits = read_prices()["waits_ms"]
    step = counted[name]
    waited = sum(count * waits.get(call, waits["request"]) for call, count in step["calls"].items()) / step["texts"]
    waited += waits["clicksend"] / BATCH if name == "sender" else 0
    cpu = cpu_us.get(name, cpu_us["relay of a text in"])
    return float(waited / 1000 + cpu / 1e6 * FULL_CORE_MB / DEFAULT_MB)


def resource(logical: str) -> dict[str, Any]:
    """A resource's properties."""
    found: dict[str, Any] = template()["Resources"][logical]["Properties"]
    return found


def _of_the_template(counted: Mapping[str, Mapping[str, Any]], cpu_us: Mapping[str, float]) -> list[Limit]:
    stage = next(one for one in template()["Resources"].values() if one["Type"] == "AWS::ApiGateway::Stage")
    rates = {one["ResourcePath"]: one["ThrottlingRateLimit"] for one in stage["Properties"]["MethodSettings"]}
    sender = resource("OutboundSenderOutboundQueue")["ScalingConfig"]["MaximumConcurrency"]
    busy = seconds("sender", counted, cpu_us)
    return [
        Limit(
            "webhook's throttle",
            "throttle of the webhook's method (the rest comes again by ClickSend)",
            "1 post",
            float(rates[SMS_POST]),
            "`ThrottlingRateLimit` in the template's `MethodSettings`",
        ),
        Limit(
            "apps' throttle",
            "throttle of the apps' methods, replies alone",
            "1 request",
            float(rates["/*"]),
            "`AppRequestsPerSecond`",
        ),
        Limit(
            "senders at once",
            f"{sender} senders at once, replies alone",
            f"{number(busy * 1000)} ms of one",
            sender / busy,
            "`MaximumConcurrency` of the outbound queue; then ClickSend's own pace",
        ),
    ]


def _of_the_table(
    steps: Mapping[str, Mapping[str, float]],
    cpu_us: Mapping[str, float],
    counted: Mapping[str, Mapping[str, Any]],
    quotas: Mapping[str, Any],
) -> list[Limit]:
    of_the_table: dict[str, float] = {}
    for step in IN[:2]:
        for kind, units in steps[step].items():
            name = kind if kind.startswith("index ") else "table"
            of_the_table[name] = of_the_table.get(name, 0) + units
    table = of_the_table["table"]
    due, shards = of_the_table["index due"], DUE_SHARDS
    key, whole, new = (quotas[name]["value"] for name in ("table_partition_writes", "table_writes", "table_new_writes"))
    mapping = resource("StreamRelayTableStream")
    batches = mapping.get("ParallelizationFactor", 1)
    relayed = seconds("relay of a text in", counted, cpu_us)
    a_shard = batches / relayed  # a relay takes its records one after the other
    fullest = key / table  # texts a second that one partition takes in at most; its stream has one shard
    partitions = new / key
    relay = partitions * a_shard if a_shard < fullest else whole / table
    return [
        Limit(
            "a new table",
            "a new table, before it has grown with its load",
            f"{table:.3g} units",
            new / table,
            "warm throughput set beforehand, or half an hour of growing load",
        ),
        Limit("the table", "the table", f"{table:.3g} units", whole / table, "a higher quota, on request"),
        Limit(
            "due shards",
            f"the {shards} shards of `due`",
            f"{due:.3g} units",
            shards * key / due,
            "`items.DUE_SHARDS`; or a shard by time as well",
        ),
        Limit(
            "relay",
            f"relay of the stream of a new table: {partitions:g} shards, {batches} batch of each at once",
            f"{number(relayed * 1000)} ms of one relay",
            relay,
            "`ParallelizationFactor` of the stream, up to 10 (order holds for each item)",
        ),
    ]


def _of_the_account(
    counted: Mapping[str, Mapping[str, Any]], cpu_us: Mapping[str, float], quotas: Mapping[str, Any]
) -> list[Limit]:
    posts = requests(counted["realtime of a text in"], "PostToConnection")
    busy = sum(seconds(name, counted, cpu_us) for name in IN)
    return [
        Limit(
            "API Gateway",
            "API Gateway's requests of the AWS account",
            f"1 post and {posts:.3g} frame",
            quotas["rest_requests"]["value"] / (1 + posts),
            "a higher quota, on request; each app more is a frame more",
        ),
        Limit(
            "executions at once",
            "Lambda's executions at once",
            f"{number(busy * 1000)} ms of functions",
            quotas["concurrency"]["value"] / busy,
            "a higher quota, on request; `WebhookConcurrency` keeps some for the webhook",
        ),
        Limit(
            "SNS",
            "SNS's messages of the AWS account",
            "1 event",
            float(quotas["sns_publishes"]["value"]),
            "a higher quota, on request; Sydney begins with a twentieth",
        ),
        Limit(
            "the outbound queue",
            "the outbound queue, replies alone (300/s for each conversation)",
            "1 ring",
            float(quotas["fifo_requests"]["value"]),
            "rings in batches; groups are conversations, so that none is full before its peer complains",
        ),
    ]
