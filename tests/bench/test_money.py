"""The price of a text: what was counted times the price list, checked against sums done by hand."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import report
from bench.flows import Step
from bench.interpreters import BenchError
from bench.money import INBOUND, OUTBOUND, at_least, cost, duration, part_of, read_prices
from bench.workloads.counting import Counting
from tests.template_yaml import ROOT

PRICES = read_prices()


def step(function: str = "inbound_webhook", **changes: object) -> Step:
    values: dict[str, object] = {
        "function": function,
        "texts": 10,
        "invocations": 10,
        "records": 10,
        "wall": 1.0,
        "cpu": 0.05,
        "calls": {"TransactWriteItems": 10},
        "entries": {},
        "units": {"write": 60.0, "read": 10.0},
        "log": 5000,
    }
    return Step(**{**values, **changes})  # type: ignore[arg-type]


def test_every_price_has_its_unit_and_date() -> None:
    assert {name for name, one in PRICES.items() if name != "waits_ms" and len(one["date"]) != 10} == set()


def test_a_price_without_its_date_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('[write_unit]\nprice = 1\nper = "million"\n')

    with pytest.raises(BenchError, match="write_unit needs price, per and date"):
        read_prices(file)


def test_a_whole_processor_is_billed_by_its_cpu_and_the_waiting() -> None:
    assert duration(step(), PRICES["waits_ms"], 1769) == pytest.approx(0.005 + 0.010)
    assert duration(step(), PRICES["waits_ms"], 128) == pytest.approx(0.005 * 1769 / 128 + 0.010)
    sender = step("outbound_sender", invocations=1)
    assert duration(sender, PRICES["waits_ms"], 1769) == pytest.approx(0.005 + 0.010 + 0.030)


def test_a_webhook_is_paid_for_as_by_hand() -> None:
    paid = cost("webhook", step(), PRICES, 1769)

    assert paid["REST API"] == 3.5
    assert paid["table, writes"] == pytest.approx(6 * 0.625)
    assert paid["table, reads"] == pytest.approx(1 * 0.125)
    assert paid["functions"] == pytest.approx(0.20 + 0.015 * 1769 / 1024 * 13.3334)
    assert paid["logs"] == pytest.approx((500 + 350) / 1000 * 0.5)
    assert paid["SNS"] == paid["SQS"] == paid["WebSocket"] == 0


def test_a_text_in_is_put_into_three_queues_and_any_other_event_into_one() -> None:
    relayed = step(
        "stream_relay",
        invocations=1,
        calls={"PublishBatch": 1, "SendMessageBatch": 1},
        entries={"PublishBatch": 10, "SendMessageBatch": 10},
    )

    three = cost("relay of a text in", relayed, PRICES, 512)
    one = cost("relay, queued", relayed, PRICES, 512)

    assert three["SNS"] == one["SNS"] == pytest.approx(0.05)
    assert three["SQS"] - one["SQS"] == pytest.approx(2 * 1.2 * 0.4)
    assert one["SQS"] == pytest.approx(1.2 * 0.4 + (0.1 + 0.2) * 0.5)


def test_an_indexs_write_in_a_transaction_counts_once_or_twice() -> None:
    counting = Counting([], capacity=True)
    told = {"CapacityUnits": 3.0, "Table": {"CapacityUnits": 1.0}}
    model = SimpleNamespace(name="PutItem")
    counting.on = True

    counting._answered(model, {"ConsumedCapacity": told})
    with counting._transaction():
        counting._answered(model, {"ConsumedCapacity": told})

    units = counting.taken()["units"]
    assert (units["write"], units["write at least"], units["read"]) == (3 + 6, 3 + 4, 0)
    assert at_least(units)["write"] == 7


def test_the_part_adds_up() -> None:
    steps = {name: step() for name in (*INBOUND, *OUTBOUND)}

    part = part_of(steps, PRICES, 10, "an engine")

    whole = part.tables[1].rows[-1]
    assert whole[0] == "together"
    assert float(whole[-1]) == pytest.approx(part.figures["inbound"], abs=0.01)
    assert float(whole[-1]) == pytest.approx(sum(map(float, whole[1:-1])), abs=0.05)


def test_the_docs_say_what_the_last_count_came_to() -> None:
    [part] = [one for one in report.read(ROOT / "docs" / "benchmarks") if one.name == "money"]
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8").partition("| | in | out, and its receipt |")[2]
    told = {
        name: (float(inward), float(outward))
        for name, inward, outward in re.findall(
            r"^\| (.+?) \| \**([\d.]+)\** \| \**([\d.]+)\** \|$", text, re.MULTILINE
        )
    }
    figures = part.figures

    together, least = told.pop("**together**"), told.pop("at least")

    assert together == pytest.approx((figures["inbound"], figures["outbound"]), abs=0.0051)
    assert least == pytest.approx((figures["inbound_at_least"], figures["outbound_at_least"]), abs=0.0051)
    for place in (0, 1):
        assert sum(pair[place] for pair in told.values()) == pytest.approx(together[place], abs=0.03)
