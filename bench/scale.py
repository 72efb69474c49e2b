"""What breaks first when there is more: what one text needs, counted, beside what AWS allows, dated."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from textension.aws import items
from textension.message import Conversation

from bench import flows
from bench.aws import Aws, aws
from bench.flows import ENVIRONMENT, GATEWAY, TOKEN, WALKED
from bench.interpreters import FUNCTIONS, WORKLOADS, BenchError, path_of, run
from bench.limits import RATES, Limit, limits_of
from bench.quotas import allowed, read_quotas
from bench.result import Chart, Part, Table, number
from bench.simulator import simulator
from local.build import BUILT

TEXTS: Final = 20_000
"""How many texts the simulation spreads over keys."""
SCENARIOS: Final = {
    "one conversation": (1, 1),
    "one number, 1,000 peers": (1, 1_000),
    "1,000 numbers, 20 peers each": (1_000, 20),
}
"""How many numbers are texted, and by how many peers each."""
IN: Final = ("webhook", "relay of a text in")
HOW: Final = """\
Nothing here was run at these rates: it is what one text needs, counted at the clients over {engine} (and,
for requests and CPU, by the parts *AWS calls and money* and *Warm invocations*), beside `bench/quotas.toml`, with its
dates, and `template.yaml`. A message is a text in with all that follows; replies are counted with their receipt. One
account, one app that listens. The hottest key is found by dealing {texts:,} texts to the real keys of
`textension/aws/items.py`; of a request's units each of its items has an equal share, and an index's are by its own key.
What has more than 1,000 units a second on one key is throttled by AWS, whatever the table allows."""
KEYS: Final = {
    "CONVERSATION": "message and summary, `CONVERSATION#…`",
    "MESSAGE": "pointer, `MESSAGE#<id>`",
    "CHANGES": "what changed, `CHANGES#a#<number>`",
    "index inbox": "index `inbox`, by number",
    "index log": "index `log`, by number",
    "index due": "index `due`, by shard",
}
LIFTS: Final = {
    "CONVERSATION": "none is needed: no peer texts so fast, and ClickSend would not deliver it",
    "MESSAGE": "none is needed: each text has its own",
    "CHANGES": "a shard in the key (`CHANGES#a#<number>#<n>`), which `/changes` reads all of",
    "index inbox": "a shard in `inbox`, by hash of the peer; lists read all and merge",
    "index log": "the day, or a shard, in `log`; the log of messages reads all and merges",
    "index due": "`items.DUE_SHARDS`, 8 now; the sweeper reads them all",
}


def spread(backend: Aws, count: int = 10) -> dict[str, dict[str, float]]:
    """Write units of one text, by step and by kind of key."""
    backend.make_table("scale")
    given = {
        "folders": {name: str(BUILT / FUNCTIONS[name]) for name in WALKED},
        "table": "scale",
        "token": TOKEN,
        "connections_url": backend.url + GATEWAY,
        "count": count,
    }
    arguments = ", ".join(f"{name}={name}" for name in given)
    path = [*path_of("outbound_sender")[1:], WORKLOADS]
    code = f"import keys; out = keys.run({arguments})"
    return dict(run(path, ("keys", code), environment=backend.environment("scale") | ENVIRONMENT, given=given).out)


@dataclass(frozen=True, slots=True)
class Hot:
    """The hottest key of a kind: its share of all texts, and the units that one text writes there."""

    kind: str
    share: float
    units: float

    def at(self, rate: float) -> float:
        """Units a second on that key."""
        return rate * self.share * self.units

    def breaks_at(self, most: float) -> float:
        """Texts a second at which it is full."""
        return most / (self.share * self.units)


def keys_of(conversation: Conversation, message_id: str) -> dict[str, str]:
    """The partition key of each kind that a text is written under, as `items` makes them."""
    return {
        "CONVERSATION": items.conversation_pk(conversation),
        "MESSAGE": items.pointer_key(message_id).pk,
        "CHANGES": items.changes_pk(conversation.account, conversation.number),
        "index inbox": items.inbox(conversation),
        "index log": items.log(conversation.account, conversation.number),
        "index due": items.due_shard(zlib.crc32(message_id.encode())),
    }


def hottest(numbers: int, peers: int, units: Mapping[str, float], texts: int = TEXTS) -> list[Hot]:
    """The hottest key of each kind when texts go to that many numbers, of that many peers each."""
    dealt: dict[str, Counter[str]] = {kind: Counter() for kind in KEYS}
    for index in range(texts):
        # Knuth's multiplier deals texts to conversations as evenly in each run as a hash does.
        place = index * 2654435761 % (numbers * peers)
        conversation = Conversation("main", f"+6141{place % numbers:07d}", f"+6142{place // numbers:07d}")
        for kind, key in keys_of(conversation, f"text-{index}").items():
            dealt[kind][key] += 1
    return [Hot(kind, many.most_common(1)[0][1] / texts, units.get(kind, 0)) for kind, many in dealt.items()]


def units_in(steps: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Write units of a text in, by kind of key."""
    together: Counter[str] = Counter()
    for step in IN:
        together.update(steps[step])
    return dict(together)


def measure(*, measured: Callable[[], Iterable[Part]], say: Callable[[str], None]) -> Part:
    """Count where a text's writes go, and compute the rest from what other parts have `measured`."""
    parts = {one.name: one for one in measured()}
    if lacking := {"money", "warm"} - parts.keys():
        raise BenchError(f"measure {' and '.join(sorted(lacking))} first: ROWS={','.join(sorted(lacking))},scale")
    with aws() as backend, simulator() as clicksend:
        if not backend.counts_capacity:
            raise BenchError("consumed capacity needs DynamoDB Local: install Java 17 or newer, and npm")
        flows.secrets_for(backend, clicksend)
        steps = spread(backend)
        say("scale: counted where the writes of a text go")
        return part_of(steps, parts, read_quotas(), backend.engine)


def part_of(
    steps: Mapping[str, Mapping[str, float]], parts: Mapping[str, Part], quotas: Mapping[str, Any], engine: str
) -> Part:
    """The part, of what was counted and what is allowed."""
    units = units_in(steps)
    hot = {name: hottest(numbers, peers, units) for name, (numbers, peers) in SCENARIOS.items()}
    most = quotas["table_partition_writes"]["value"]
    found = limits_of(steps, parts["money"].figures["steps"], parts["warm"].figures["cpu_us"], quotas)
    part = Part("scale", "What breaks first", HOW.format(engine=engine, texts=TEXTS))
    part.tables = [
        _limits(found),
        *(_hot(name, several, most) for name, several in hot.items()),
        allowed(quotas),
    ]
    part.charts = [
        Chart("scale", "Texts a second at which it breaks, spread over many numbers", "texts/s", _bars(found))
    ]
    part.figures = {
        "breaks_at": {one.name: one.breaks_at for one in found},
        "units_in": units,
        "hot": {name: {one.kind: one.breaks_at(most) for one in several if one.units} for name, several in hot.items()},
    }
    return part


def _bars(found: Iterable[Limit]) -> list[tuple[str, float]]:
    return [(one.short, one.breaks_at) for one in sorted(found, key=lambda one: one.breaks_at)]


def _limits(found: Iterable[Limit]) -> Table:
    head = ["what breaks, the first at the top", "one text needs", "at texts/s", *(f"{rate:,}/s" for rate in RATES)]
    rows = [
        [
            one.name,
            one.needs,
            f"{one.breaks_at:,.0f}",
            *("holds" if rate <= one.breaks_at else f"{rate / one.breaks_at:,.3g} × too much" for rate in RATES),
            one.lifted,
        ]
        for one in sorted(found, key=lambda one: one.breaks_at)
    ]
    return Table("Limits of the whole", [*head, "what lifts it"], rows)


def _hot(name: str, several: Iterable[Hot], most: float) -> Table:
    head = ["key", "units of a text", "of all texts", *(f"units/s at {rate:,}/s" for rate in RATES), "full at texts/s"]
    rows = [
        [
            KEYS[one.kind],
            number(one.units),
            f"{one.share:.2%}",
            *(_marked(one.at(rate), most) for rate in RATES),
            f"{one.breaks_at(most):,.0f}",
            LIFTS[one.kind],
        ]
        for one in sorted(several, key=lambda one: -one.share * one.units)
        if one.units
    ]
    return Table(f"The hottest keys, texts to {name}", [*head, "what lifts it"], rows)


def _marked(value: float, most: float) -> str:
    """A figure, bold where it is more than is allowed."""
    return f"**{value:,.0f}**" if value > most else f"{value:,.0f}"
