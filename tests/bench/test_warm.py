"""What is measured warm is what happened for real: the same requests, answered from the tape."""

import json
from typing import Any

import pytest

from bench.replaying import Answer, Tape, identity_of, service_of
from bench.warm import CASES, part_of, recorded
from tests.bench.conftest import Around

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"


@pytest.fixture(scope="module")
def found(servers: Around) -> dict[str, Any]:
    return recorded(servers.aws, servers.clicksend, 1, cases=["webhook", "sender"], texts=3)


def test_both_make_the_requests_that_were_recorded(found: dict[str, Any]) -> None:
    assert found["webhook"]["calls"] == ["dynamodb.TransactWriteItems"]
    assert found["sender"]["units"] == 3
    assert found["sender"]["calls"].count("POST") == 1


def test_ours_costs_more_than_the_requests_alone(found: dict[str, Any]) -> None:
    for one in found.values():
        ours, bare = one["allocations"]["ours"], one["allocations"]["bare"]
        assert one["ours"][0] > 0 < one["bare"][0]
        assert ours["functions"] > bare["functions"] > 100
        assert ours["peak_kb"] > bare["peak_kb"]


def test_a_webhook_leaves_no_memory_behind(found: dict[str, Any]) -> None:
    assert abs(found["webhook"]["allocations"]["ours"]["left"]) < 10


def test_a_webhook_calls_hardly_more_functions_than_its_request_does(found: dict[str, Any]) -> None:
    """A count that no machine changes, to guard what the goal measures in CPU."""
    one = found["webhook"]["allocations"]

    assert one["ours"]["functions"] / one["bare"]["functions"] < 1.35


# -------------------------------------------------------------------- the tape


def asked(operation: str, **body: Any) -> tuple[str, str]:
    return identity_of("dynamodb", f"DynamoDB_20120810.{operation}", "/", json.dumps(body).encode())


def test_a_request_is_known_by_its_operation_and_keys_whenever_it_is_made() -> None:
    key = {"pk": {"S": "MESSAGE#1"}, "sk": {"S": "POINTER"}}
    other = {**key, "pk": {"S": "MESSAGE#2"}}

    early = asked("UpdateItem", Key=key, ExpressionAttributeValues={":now": {"N": "1"}})
    late = asked("UpdateItem", Key=key, ExpressionAttributeValues={":now": {"N": "2"}})

    assert early == late
    assert early != asked("UpdateItem", Key=other)
    assert early != asked("DeleteItem", Key=key)
    assert asked("BatchGetItem", RequestItems={"t": {"Keys": [key]}}) != asked(
        "BatchGetItem", RequestItems={"t": {"Keys": [other]}}
    )


def test_a_query_is_known_by_what_it_asks_for() -> None:
    one, other = (asked("Query", ExpressionAttributeValues={":pk": {"S": pk}}) for pk in ("A", "B"))

    assert one != other


def test_what_is_not_signed_for_aws_is_clicksends() -> None:
    assert service_of(SIGNED.format("sns")) == "sns"
    assert service_of("Basic dTpw") == service_of(None) == "clicksend"
    assert identity_of("sns", None, "/", b"Action=Publish&Message=m") == ("sns.Publish", "[]")
    assert identity_of("clicksend", None, "/v3/sms/send", b"{}") == ("/v3/sms/send", "")


def test_the_tape_answers_with_the_last_of_the_same_step() -> None:
    tape = Tape({"": "http://nowhere"})
    tape.control("/-/record/a%20step")
    tape.keep(("Get", "k"), Answer(200, (), b"first"))
    tape.keep(("Get", "k"), Answer(200, (), b"second"))
    tape.keep(("Get", "l"), Answer(200, (), b"third"))
    tape.control("/-/replay/a%20step")

    assert tape.find(("Get", "k")).body == b"second"
    assert tape.find(("Get", "unheard of")).body == b"third"
    assert tape.missed == []

    tape.control("/-/replay/another")
    assert tape.find(("Get", "k")).body == b"second"
    assert tape.find(("Get", "unheard of")).status == 500
    assert tape.missed == ["another: Get"]


def test_a_step_that_is_recorded_again_posts_anew() -> None:
    tape = Tape({"": "http://nowhere"})
    for step in ("send", "other", "send"):
        tape.control(f"/-/record/{step}")
        tape.posts.append({"step": step})

    assert json.loads(tape.control("/-/posts/send")) == [{"step": "send"}]


# -------------------------------------------------------------------- the part


def test_ratios_are_by_pairs() -> None:
    costs = {"functions": 2.0, "peak_kb": 4.0, "left": 0.0}
    one = {"units": 1, "calls": ["dynamodb.Query", "dynamodb.Query", "POST"], "ours": [4e-3, 9e-3, 2e-3]}
    one |= {"bare": [2e-3, 3e-3, 2e-3], "allocations": {"ours": costs, "bare": costs}}

    part = part_of(dict.fromkeys(CASES, one), 3, "an engine")

    assert part.figures["ratio"]["webhook"] == pytest.approx(2)
    assert part.tables[0].rows[0][1:4] == ["4,000", "2,000", "2.00"]
    assert part.tables[0].rows[0][-1] == "2 Query, 1 POST"
    assert [goal.met for goal in part.goals] == [False]
