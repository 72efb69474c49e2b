"""What AWS allows, and how long its hops take: `quotas.toml`, with dates and sources."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench.interpreters import BenchError
from bench.money import read_prices
from bench.result import Table

QUOTAS: Final = Path(__file__).with_name("quotas.toml")
WAY: Final = (
    ("API Gateway takes the post", "api_gateway"),
    ("`inbound_webhook`: 1 transaction", ("TransactWriteItems",)),
    ("the stream is polled", "stream_poll"),
    ("`stream_relay`: the change written, published", ("request", "PublishBatch")),
    ("SNS to SQS, the waiting receive is answered", "queue"),
    ("`realtime`: a query, a post to the connection", ("request", "PostToConnection")),
    ("the frame reaches the app", "frame"),
)
"""The hops from ClickSend to the app: one of `quotas.toml`, or requests whose waits are in `prices.toml`."""


def on_paper(hops: Mapping[str, Mapping[str, Any]]) -> Table:
    """The same way on AWS, by what is published, or else supposed."""
    waits = read_prices()["waits_ms"]
    rows, least, most = [], 0.0, 0.0
    for name, hop in WAY:
        if isinstance(hop, str):
            low, high, source = hops[hop]["least"], hops[hop]["most"], hops[hop]["source"]
            source = f"{source} ({hops[hop]['date']})" if hops[hop]["date"] else source
        else:
            low = sum(waits[one] for one in hop)
            high, source = low * 3, "`prices.toml` supposes the least; three times that at most, with our own CPU"
        rows.append([name, f"{low:g}", f"{high:g}", source])
        least, most = least + low, most + high
    rows.append(["together, warm", f"{least:g}", f"{most:g}", ""])
    cold = hops["cold"]
    rows.append(["each function that is cold, of three", f"{cold['least']:g}", f"{cold['most']:g}", cold["source"]])
    return Table("On AWS, on paper: ms from the post to the frame", ["hop", "least", "most", "where from"], rows)


def read_quotas(file: Path = QUOTAS) -> dict[str, Any]:
    """The quotas. Raises BenchError for one without its unit, date or source."""
    quotas = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, one in quotas.items():
        if name != "hops" and not {"value", "unit", "adjustable", "date", "source"} <= one.keys():
            raise BenchError(f"bench/quotas.toml: {name} needs value, unit, adjustable, date and source")
    return quotas


def allowed(quotas: Mapping[str, Any]) -> Table:
    """The quotas, as they were read."""
    rows = [
        [
            name,
            f"{one['value']:,}",
            one["unit"],
            "yes" if one["adjustable"] else "no",
            f"{one['source']} ({one['date']})",
        ]
        for name, one in quotas.items()
        if name != "hops"
    ]
    return Table("What AWS allows", ["", "allowed", "of what", "raised on request", "where from"], rows)
