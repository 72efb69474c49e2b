"""A reply leaves once, from the right number, and its state tells the truth."""

import time
from collections.abc import Iterator

import pytest

from tests.stack.office import NUMBER, Office, eventually

pytestmark = pytest.mark.stack
PEER = "+61422222222"


@pytest.fixture(autouse=True)
def _no_faults(office: Office) -> Iterator[None]:
    yield
    office.clicksend("DELETE", "/faults")
    office.close_circuit()


def test_a_reply_is_sent_once_and_becomes_delivered(office: Office) -> None:
    with office.listening({"type": ["message.status_changed"]}) as listener:
        message_id = office.send(PEER, "we are open")
        eventually(lambda: office.state(message_id) == "delivered", within=20, what="delivered")
        eventually(lambda: "delivered" in listener.states(message_id), within=10, what="its event")
        states = listener.states(message_id)

    (arrived,) = office.arrivals("we are open")
    assert (arrived["from"], arrived["to"]) == (NUMBER, PEER)
    assert arrived["custom_string"].startswith(message_id)
    assert len(arrived["custom_string"]) == 49
    request = office.clicksend("GET", "/requests")["requests"][-1]
    assert office.file.demo.clicksend_username in str(request)
    assert states == ["queued", "sent", "delivered"]
    message = office.message(message_id)
    assert message["clicksend_id"] == arrived["message_id"]
    assert [step["state"] for step in message["journey"]] == ["queued", "sending", "sent", "delivered"]


def test_a_burst_goes_out_once_each_and_in_order(office: Office) -> None:
    ids = [office.send("+61433333333", f"burst {number}") for number in range(5)]
    for message_id in ids:
        eventually(lambda one=message_id: office.state(one) == "delivered", within=30, what="delivered")  # type: ignore[misc]
    bodies = [one["body"] for one in office.clicksend("GET", "/sent")["messages"] if one["body"].startswith("burst")]
    assert bodies == [f"burst {number}" for number in range(5)]


def test_a_hang_after_accept_is_unknown_and_not_sent_again(office: Office) -> None:
    office.clicksend("POST", "/faults", mode="receipts", plan=[])
    office.clicksend("POST", "/faults", mode="reset", processed=True)
    message_id = office.send(PEER, "did it go?")
    eventually(lambda: office.state(message_id) == "unknown", within=40, what="unknown")

    office.sweep()
    time.sleep(3)

    assert office.state(message_id) == "unknown"
    assert len(office.arrivals("did it go?")) == 1


def test_an_unknown_outcome_is_settled_by_its_receipt(office: Office) -> None:
    office.clicksend("POST", "/faults", mode="500", processed=True)
    message_id = office.send(PEER, "it did go")
    eventually(lambda: office.state(message_id) == "delivered", within=40, what="delivered")
    journey = [step["state"] for step in office.message(message_id)["journey"]]
    assert journey[:2] == ["queued", "sending"]
    assert len(office.arrivals("it did go")) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"mode": "status", "status": "INVALID_RECIPIENT"}, "INVALID_RECIPIENT"),
        ({"mode": "status", "status": "THROTTLED"}, "THROTTLED"),
        ({"mode": "400", "times": 1}, "BAD_REQUEST"),
    ],
)
def test_a_refusal_is_final_and_says_why(office: Office, fault: dict[str, object], reason: str) -> None:
    office.clicksend("POST", "/faults", **fault)
    message_id = office.send(PEER, f"refused with {reason}")
    eventually(lambda: office.state(message_id) == "rejected", within=20, what="rejected")
    assert office.message(message_id)["reason"] == reason


def test_what_clicksend_had_no_time_for_is_sent_a_little_later(office: Office) -> None:
    office.clicksend("POST", "/faults", mode="429", retry_after=1)
    message_id = office.send(PEER, "after a pause")
    eventually(lambda: office.message(message_id)["reason"] == "TOO_MANY_REQUESTS", within=20, what="queued again")

    def delivered() -> bool:
        office.sweep()
        return office.state(message_id) == "delivered"

    eventually(delivered, within=90, what="delivered after the sweeper's round")
    assert len(office.arrivals("after a pause")) == 1
    journey = [step["state"] for step in office.message(message_id)["journey"]]
    assert journey == ["queued", "sending", "queued", "sending", "sent", "delivered"]


def test_without_credit_a_message_waits(office: Office) -> None:
    office.clicksend("POST", "/faults", mode="status", status="INSUFFICIENT_CREDIT")
    message_id = office.send(PEER, "when there is credit")
    eventually(lambda: office.message(message_id)["reason"] == "INSUFFICIENT_CREDIT", within=20, what="waiting")
    assert office.state(message_id) == "queued"


@pytest.mark.parametrize(
    ("plan", "state"),
    [
        ([{"status_code": 301}], "undelivered"),
        ([{"status_code": 200}, {"status_code": 201}], "delivered"),
        ([{"status_code": 301}, {"status_code": 201}], "delivered"),
        ([{"status_code": 201}, {"status_code": 200}], "delivered"),
        ([{"status_code": 201}, {"status_code": 201}], "delivered"),
        ([{"status_code": 201, "custom_string": "absent"}], "delivered"),
        ([{"status_code": 201, "before_answer": True}], "delivered"),
        ([{"status_code": 201, "before_answer": True, "custom_string": "absent"}], "delivered"),
    ],
    ids=str,
)
def test_receipts_in_every_order(office: Office, plan: list[dict[str, object]], state: str) -> None:
    office.clicksend("POST", "/faults", mode="receipts", plan=plan)
    message_id = office.send(PEER, f"with receipts {plan}")
    eventually(
        lambda: len(office.message(message_id)["receipts"]) >= len({str(one["status_code"]) for one in plan}),
        within=30,
        what="all receipts",
    )
    message = office.message(message_id)
    assert message["state"] == state
    assert message["clicksend_id"]


def test_a_reply_to_our_text_is_known_to_answer_it(office: Office) -> None:
    message_id = office.send("+447777777777", "shall we?")
    eventually(lambda: office.state(message_id) == "delivered", within=20, what="delivered")
    office.clicksend("POST", "/inbound", **{"from": "+447777777777", "to": NUMBER, "body": "yes"}, wait=True)
    newest = office.cli("messages", "list", "--peer", "+447777777777")[0]
    assert (newest["text"], newest["trust"]) == ("yes", "echoed-mac")
