"""Receipts: in any order, any number of times, before or after our own record, they only move a message forward."""

import itertools
from typing import Any

import pytest
from textension import assemble
from textension.aws.items import clicksend_key
from textension.clock import DAY, SECOND, now_ms
from textension.message import Message, moved
from textension.states import State

from tests.conftest import PEER, SUBACCOUNT, Backend
from tests.unit.test_inbound import outbound, post, reasons

RECEIPT = "/webhook/clicksend/receipt/{token}"
CLICKSEND_ID = "1EF2D909-D81A-65FA-BEC7-000000000001"


def receipt(code: str = "201", **changes: Any) -> dict[str, Any]:
    """What ClickSend posts for a delivery receipt, as 14 keys."""
    values = {
        "timestamp_send": "1759730400",
        "timestamp": "1759730412",
        "message_id": CLICKSEND_ID,
        "status": "Delivered" if code == "201" else "Undelivered",
        "status_code": code,
        "status_text": "Success: Message received on handset.",
        "error_code": "",
        "error_text": "",
        "custom_string": "",
        "user_id": "100001",
        "subaccount_id": SUBACCOUNT,
        "message_type": "sms",
        "messageid": CLICKSEND_ID,
        "customstring": "",
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def take(aws: Backend, values: dict[str, Any], **options: Any) -> int:
    return post(aws, values, resource=RECEIPT, **options)


def claimed(aws: Backend) -> Message:
    """Our text, a worker just about to post it."""
    message = outbound(aws)
    place = aws.messages.locate([message.id])[message.id]
    claimed, _ = aws.messages.claim(place, worker="one", now=now_ms())
    assert claimed is not None
    return claimed


def recorded(aws: Backend, message: Message) -> tuple[Any, ...]:
    """The worker records ClickSend's answer, and applies what had been waiting."""
    step = moved(message, State.SENT, at=now_ms(), source="test", clicksend_id=CLICKSEND_ID, price="0.0792", parts=1)
    waiting = aws.messages.move_to_sent(message, step)
    assemble.sender().receipts.apply_waiting(step, waiting)
    return waiting


def state(aws: Backend, message: Message) -> State:
    found = aws.messages.by_id(message.id)
    assert found is not None
    return found.state


def custom(aws: Backend, message: Message) -> str:
    return assemble.door().signer.custom_string("main", message.id)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("201", State.DELIVERED),
        ("301", State.UNDELIVERED),
        ("200", State.SENT),
        ("300", State.SENT),
        ("302", State.SENT),
        ("999", State.SENT),
        ("<script>", State.SENT),
    ],
)
def test_each_status_code_means_what_the_table_says(aws: Backend, code: str, expected: State) -> None:
    message = claimed(aws)
    recorded(aws, message)

    assert take(aws, receipt(code)) == 200

    assert state(aws, message) is expected
    found = aws.messages.by_id(message.id)
    assert found
    assert [one.status_code for one in found.receipts] == [code if code.isdigit() else "other"]


@pytest.mark.parametrize("order", [*itertools.permutations(("200", "300", "201", "301", "201"))][::7])
def test_in_every_order_the_final_state_is_the_same(aws: Backend, order: tuple[str, ...]) -> None:
    message = claimed(aws)
    recorded(aws, message)
    for code in order:
        take(aws, receipt(code))
    found = aws.messages.by_id(message.id)
    assert found
    assert found.state is State.DELIVERED
    assert {one.status_code for one in found.receipts} == set(order)
    assert [step.state for step in found.journey][:3] == ["queued", "sending", "sent"]


def test_a_repeat_changes_nothing(aws: Backend) -> None:
    message = claimed(aws)
    recorded(aws, message)
    take(aws, receipt())
    before = aws.messages.by_id(message.id)
    take(aws, receipt())
    assert aws.messages.by_id(message.id) == before


@pytest.mark.parametrize("code", ["200", "201", "301"])
def test_a_receipt_inside_the_send_moves_the_message_and_the_answer_fills_in(aws: Backend, code: str) -> None:
    message = claimed(aws)

    take(aws, receipt(code, custom_string=custom(aws, message)))
    early = state(aws, message)
    recorded(aws, message)

    found = aws.messages.by_id(message.id)
    assert found
    assert found.state is early is {"200": State.SENT, "201": State.DELIVERED, "301": State.UNDELIVERED}[code]
    assert (found.clicksend_id, found.price, found.parts) == (CLICKSEND_ID, "0.0792", 1)


@pytest.mark.parametrize("codes", [["201"], ["301", "201"], ["200"], ["999"]])
def test_a_receipt_without_custom_string_before_our_record_is_not_lost(aws: Backend, codes: list[str]) -> None:
    message = claimed(aws)
    for code in codes:
        assert take(aws, receipt(code)) == 200
    assert state(aws, message) is State.SENDING

    assert {one.status_code for one in recorded(aws, message)} == set(codes)

    expected = State.DELIVERED if "201" in codes else State.SENT
    assert state(aws, message) is expected
    assert take(aws, receipt(codes[-1])) == 200
    assert state(aws, message) is expected


@pytest.mark.parametrize("end", [State.UNKNOWN, State.SENT])
def test_an_unknown_outcome_is_settled_by_its_receipt(aws: Backend, end: State) -> None:
    message = claimed(aws)
    unknown = aws.messages.move(message, moved(message, State.UNKNOWN, at=now_ms(), source="test"))
    take(aws, receipt("201" if end is State.UNKNOWN else "200", custom_string=custom(aws, unknown)))
    assert state(aws, message) is (State.DELIVERED if end is State.UNKNOWN else State.SENT)
    found = aws.messages.by_id(message.id)
    assert found
    assert found.clicksend_id == CLICKSEND_ID


def test_what_is_not_ours_is_kept_for_72_hours_and_not_quarantined(aws: Backend) -> None:
    assert take(aws, receipt(custom_string="another-tool")) == 200
    item = aws.table.get(clicksend_key("main", CLICKSEND_ID))
    assert item
    left = item["expires_at"] - now_ms() // SECOND
    assert 3 * DAY // SECOND - 60 < left <= 3 * DAY // SECOND
    assert reasons(aws) == []


def test_a_forged_custom_string_moves_nothing(aws: Backend) -> None:
    message = claimed(aws)
    forged = custom(aws, message)[:-1] + "_"
    take(aws, receipt(custom_string=forged if forged != custom(aws, message) else forged[:-1] + "-"))
    assert state(aws, message) is State.SENDING


def test_a_receipt_at_the_sms_path_is_recognised(aws: Backend) -> None:
    message = claimed(aws)
    recorded(aws, message)
    assert post(aws, receipt()) == 200
    assert state(aws, message) is State.DELIVERED


def test_a_receipt_of_an_unknown_subaccount_is_quarantined(aws: Backend) -> None:
    message = claimed(aws)
    recorded(aws, message)
    assert take(aws, receipt(subaccount_id="999")) == 200
    assert reasons(aws) == ["subaccount_unknown"]
    assert state(aws, message) is State.SENT


def test_a_receipt_with_a_wrong_token_is_refused(aws: Backend) -> None:
    before = aws.items()
    assert take(aws, receipt(), token="wrong") == 403
    assert aws.items() == before


def test_integers_in_json_are_as_good(aws: Backend) -> None:
    message = claimed(aws)
    recorded(aws, message)
    take(aws, {**receipt(), "status_code": 201, "error_code": None, "error_text": None}, kind="json")
    assert state(aws, message) is State.DELIVERED


def test_a_receipt_is_told_from_an_inbound_text_by_its_keys(aws: Backend) -> None:
    take(
        aws,
        {
            "message_id": "1",
            "from": PEER,
            "body": "status_code=201",
            "status_code": "201",
            "to": "+61411111111",
            "subaccount_id": SUBACCOUNT,
        },
    )
    assert aws.messages.conversations("main", "+61411111111", limit=10)
