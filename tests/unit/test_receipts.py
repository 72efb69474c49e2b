"""Receipts: in any order, any number of times, before or after our own record, they only move a message forward."""

import itertools
from typing import Any

import pytest
from textension import assemble
from textension.aws import clients
from textension.aws.items import clicksend_key, message_key
from textension.aws.table import TransactionCancelled
from textension.clock import DAY, SECOND, now_ms
from textension.errors import Unavailable
from textension.message import Message, moved
from textension.states import ANNOUNCE_GRACE, State

from tests.conftest import PEER, SUBACCOUNT, Backend
from tests.unit.test_inbound import outbound, post, reasons
from tests.unit.test_outbound import queue

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
    claimed = aws.claim(message.id)
    assert claimed is not None
    return claimed


def recorded(aws: Backend, message: Message) -> Message:
    """The worker records ClickSend's answer, and what had been waiting."""
    step = moved(message, State.SENT, at=now_ms(), source="test", clicksend_id=CLICKSEND_ID, price="0.0792", parts=1)
    return aws.messages.move_to_sent(message, step, fold=assemble.sender().receipts.folded)


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

    assert {one.status_code for one in recorded(aws, message).receipts} == set(codes)

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


def test_a_receipt_for_a_message_that_waits_for_another_attempt_keeps_it_from_being_sent_again(aws: Backend) -> None:
    message = claimed(aws)
    waits = moved(message, State.QUEUED, at=now_ms(), source="test", attempt=2, next_attempt_at=now_ms())
    aws.messages.move(message, waits)

    take(aws, receipt(custom_string=custom(aws, message)))

    assert state(aws, message) is State.DELIVERED
    assert aws.claim(message.id, "two") is None


def test_a_receipt_that_proves_whose_it_is_outweighs_clicksends_id(aws: Backend) -> None:
    one, other = claimed(aws), queue(aws, to="+61433333333", key="other")
    recorded(aws, one)
    aws.claim(other.id, "two")

    take(aws, receipt(custom_string=custom(aws, other)))

    assert (state(aws, one), state(aws, other)) == (State.SENT, State.DELIVERED)


def test_what_was_waiting_is_recorded_in_the_same_transaction(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = claimed(aws)
    take(aws, receipt("200"))
    take(aws, receipt("201"))
    for verb in ("update", "put"):
        monkeypatch.setattr(aws.table, verb, None)  # nothing may be left for a second write
    after = recorded(aws, message)
    assert after.state is state(aws, message) is State.DELIVERED
    assert [step.state for step in after.journey] == ["queued", "sending", "sent", "delivered"]


def test_a_pointer_that_came_and_went_is_no_reason_to_forget_the_answer(
    aws: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = claimed(aws)
    transact, cancelled = aws.table.transact, [TransactionCancelled({1: None}), TransactionCancelled({0: None})]

    def sometimes(*writes: Any) -> None:
        if cancelled:
            raise cancelled.pop()
        transact(*writes)

    monkeypatch.setattr(aws.table, "transact", sometimes)
    recorded(aws, message)
    assert state(aws, message) is State.SENT


def test_an_answer_that_cannot_be_recorded_is_said(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = claimed(aws)

    def never(*writes: Any) -> None:
        raise TransactionCancelled({1: None})

    monkeypatch.setattr(aws.table, "transact", never)
    with pytest.raises(Unavailable):
        recorded(aws, message)


def test_an_id_too_long_to_be_clicksends_is_quarantined(aws: Backend) -> None:
    assert take(aws, receipt(message_id="x" * 3000)) == 200
    assert reasons(aws) == ["message_id_malformed"]


def test_a_receipt_with_a_sender_is_a_receipt(aws: Backend) -> None:
    message = claimed(aws)
    recorded(aws, message)
    take(aws, {**receipt(), "from": "+61411111111"})
    assert state(aws, message) is State.DELIVERED


@pytest.mark.parametrize(("code", "expected"), [("201", State.DELIVERED), ("301", State.UNDELIVERED)])
def test_the_last_receipt_of_a_sent_text_takes_two_requests(aws: Backend, code: str, expected: State) -> None:
    message = recorded(aws, claimed(aws))
    calls: list[str] = []
    clients.dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    assert take(aws, receipt(code, custom_string=custom(aws, message))) == 200

    assert calls == ["BatchGetItem", "UpdateItem"]
    after = aws.messages.by_id(message.id)
    assert after is not None
    assert (after.state, after.clicksend_id, after.price) == (expected, CLICKSEND_ID, "0.0792")
    assert [step.state for step in after.journey] == [State.QUEUED, State.SENDING, State.SENT, expected]
    assert [one.status_code for one in after.receipts] == [code]
    assert after.unannounced
    assert after.listed_at == after.changed_at + ANNOUNCE_GRACE


def test_a_receipt_whose_message_was_erased_writes_nothing(aws: Backend) -> None:
    message = recorded(aws, claimed(aws))
    clients.dynamodb().delete_item(TableName=aws.table_name, Key=message_key(message).wire)

    assert take(aws, receipt()) == 200

    assert aws.messages.get(message_key(message)) is None


def test_a_receipt_leaves_the_id_under_which_its_text_was_recorded(aws: Backend) -> None:
    message = recorded(aws, claimed(aws))
    other = CLICKSEND_ID.replace("0001", "0002")

    assert take(aws, receipt(message_id=other, custom_string=custom(aws, message))) == 200

    after = aws.messages.by_id(message.id)
    assert after is not None
    assert (after.state, after.clicksend_id) == (State.DELIVERED, CLICKSEND_ID)
