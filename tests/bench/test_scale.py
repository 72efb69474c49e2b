"""What breaks first is what has the least room, and a hot key is one that really gets the texts."""

from pathlib import Path
from typing import Any

import pytest

from bench.interpreters import BenchError
from bench.limits import Limit, limits_of, seconds
from bench.quotas import read_quotas
from bench.result import Part
from bench.scale import IN, KEYS, LIFTS, SCENARIOS, hottest, measure, part_of, spread, units_in
from tests.bench.conftest import Around

QUOTAS = read_quotas()
UNITS = {"CONVERSATION": 5.0, "MESSAGE": 2.0, "CHANGES": 1.0, "index inbox": 4.0, "index log": 2.0, "index due": 3.0}
STEPS: dict[str, dict[str, float]] = {"webhook": UNITS, "relay of a text in": {"CHANGES": 1.0}}
CPU = {"webhook": 2_000.0, "relay of a text in": 5_000.0, "sender": 4_000.0}


def step(**calls: int) -> dict[str, Any]:
    return {"calls": calls, "units": {}, "texts": 10}


COUNTED = {
    "webhook": step(TransactWriteItems=10),
    "relay of a text in": step(BatchWriteItem=10, PublishBatch=10, UpdateItem=10),
    "realtime of a text in": step(Query=2, PostToConnection=10),
    "sender": step(BatchGetItem=2, UpdateItem=10, TransactWriteItems=10),
}


def limits() -> dict[str, Limit]:
    return {one.short: one for one in limits_of(STEPS, COUNTED, CPU, QUOTAS)}


def test_all_texts_to_one_conversation_are_all_on_one_key() -> None:
    hot = {one.kind: one for one in hottest(1, 1, UNITS, texts=1_000)}

    assert hot.keys() == KEYS.keys() == LIFTS.keys()
    assert hot["CONVERSATION"].share == hot["CHANGES"].share == hot["index inbox"].share == 1
    assert hot["MESSAGE"].share == 1 / 1_000
    assert hot["index due"].share == pytest.approx(1 / 8, abs=0.05)
    assert hot["CONVERSATION"].at(1_000) == 5_000
    assert hot["CONVERSATION"].breaks_at(1_000) == 200


def test_texts_to_one_number_spread_over_conversations_but_not_over_its_lists() -> None:
    hot = {one.kind: one.share for one in hottest(1, 100, UNITS, texts=1_000)}

    assert hot["CONVERSATION"] == pytest.approx(1 / 100)
    assert hot["CHANGES"] == hot["index inbox"] == hot["index log"] == 1


def test_texts_to_many_numbers_spread_over_everything_but_due() -> None:
    hot = {one.kind: one.share for one in hottest(100, 10, UNITS, texts=1_000)}

    assert hot["CHANGES"] == hot["index log"] == pytest.approx(1 / 100)
    assert hot["index due"] > 1 / 10


def test_a_text_in_is_webhook_and_relay() -> None:
    assert units_in({**STEPS, "sender": {"CHANGES": 99.0}})["CHANGES"] == 2


def test_the_time_of_a_function_is_its_cpu_by_its_share_and_its_waits() -> None:
    # 10 ms for a transaction by prices.toml; 512 MB have 512/1769 of a processor.
    assert seconds("webhook", COUNTED, CPU) == pytest.approx(0.010 + 0.002 * 1769 / 512)
    assert seconds("sender", COUNTED, CPU) == pytest.approx((0.2 * 5 + 5 + 10 + 30) / 1000 + 0.004 * 1769 / 512)


def test_limits_are_what_is_allowed_by_what_one_text_needs() -> None:
    found = limits()

    assert found["webhook's throttle"].breaks_at == 50  # the template's
    assert found["a new table"].breaks_at == pytest.approx(4_000 / (5 + 2 + 1 + 1))
    assert found["due shards"].breaks_at == pytest.approx(8 * 1_000 / 3)
    assert found["API Gateway"].breaks_at == 5_000
    assert found["relay"].breaks_at == pytest.approx(4 / (0.025 + 0.005 * 1769 / 512))


def test_a_faster_relay_lifts_its_limit() -> None:
    batched = {**COUNTED, "relay of a text in": step(BatchWriteItem=2, PublishBatch=1)}
    fast = {one.short: one.breaks_at for one in limits_of(STEPS, batched, CPU | {"relay of a text in": 100.0}, QUOTAS)}

    assert fast["relay"] == pytest.approx(40_000 / 9)


def test_the_first_to_break_is_at_the_top() -> None:
    parts = {"money": Part("money", "", "", figures={"steps": COUNTED})}
    parts["warm"] = Part("warm", "", "", figures={"cpu_us": CPU})

    part = part_of(STEPS, parts, QUOTAS, "an engine")

    order = [float(row[2].replace(",", "")) for row in part.tables[0].rows]
    assert order == sorted(order)
    assert part.tables[0].rows[0][3] == "holds"
    assert part.tables[0].rows[0][4] == "20 × too much"
    one_number = part.tables[1 + list(SCENARIOS).index("one number, 1,000 peers")].rows
    assert next(row for row in one_number if row[0].startswith("index `inbox`"))[4] == "**4,000**"


def test_without_the_parts_that_it_computes_with_it_says_which() -> None:
    with pytest.raises(BenchError, match=r"measure warm first: ROWS=warm,scale"):
        measure(measured=lambda: [Part("money", "", "")], say=print)


def test_a_quota_without_its_date_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "quotas.toml"
    file.write_text('[rest]\nvalue = 1\nunit = "x"\nadjustable = true\nsource = "x"\n')

    with pytest.raises(BenchError, match="rest needs value, unit, adjustable, date and source"):
        read_quotas(file)


def test_every_key_that_a_text_in_writes_is_looked_at(around: Around) -> None:
    if not around.aws.counts_capacity:
        pytest.skip("units are counted by DynamoDB Local only: install Java 17 or newer, and npm")

    steps = spread(around.aws, count=3)

    assert set(units_in(steps)) == set(KEYS)
    assert all(steps[name] for name in IN)
