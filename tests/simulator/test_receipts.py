"""Delivery receipts: when they come, what they say, in which order."""

import time

import httpx
import pytest

from local.simulator import running

from .client import HANDSET, ORDINARY, ClickSend, eventually, message
from .receiver import Received, Receiver

FOURTEEN = (
    "timestamp_send,timestamp,message_id,status,status_code,status_text,error_code,error_text,custom_string,user_id,"
    "subaccount_id,message_type,messageid,customstring"
)


def test_an_accepted_message_gets_a_201_as_a_form(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)

    (sent,) = clicksend.sent_ok(message(custom_string="msg-0001"))

    (push,) = receiver.stays_at(1)
    assert (push.method, push.content_type) == ("POST", "application/x-www-form-urlencoded")
    assert ",".join(push.form) == FOURTEEN
    assert push.form["message_id"] == push.form["messageid"] == sent["message_id"]
    assert push.form["custom_string"] == push.form["customstring"] == "msg-0001"
    assert (push.form["status"], push.form["status_code"]) == ("Delivered", "201")
    assert push.form["status_text"] == "Success: Message received on handset."
    assert (push.form["error_code"], push.form["message_type"]) == ("", "sms")
    assert push.form["timestamp_send"] == str(sent["date"])


def test_every_enabled_rule_gets_its_receipt(clicksend: ClickSend, receiver: Receiver) -> None:
    rules: list[dict[str, object]] = [{}, {}, {"enabled": 0}, {"action": "NONE"}, {"match_type": 1}, {"match_type": 2}]
    for fields in rules:
        clicksend.push_receipts_to(receiver.url, **fields)

    clicksend.sent_ok(message())

    receiver.stays_at(3)


def test_a_rejected_message_gets_none(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)

    clicksend.sent_ok(message("nonsense"), message())

    receiver.stays_at(1)


def test_the_default_wait_is_half_a_second(receiver: Receiver) -> None:
    with running() as started:
        clicksend = ClickSend(started)
        clicksend.push_receipts_to(receiver.url)

        begun = time.monotonic()
        clicksend.sent_ok(message())

        assert 0.45 < receiver.wait(1)[0].at - begun < 1.5
        clicksend.close()


def test_receipts_for_test_numbers_can_be_switched_off_as_at_clicksend(
    clicksend: ClickSend, receiver: Receiver
) -> None:
    clicksend.settings(receipts_for_test_numbers=False)
    clicksend.push_receipts_to(receiver.url)

    clicksend.sent_ok(message(HANDSET), message(ORDINARY))

    assert receiver.stays_at(1)[0].form["message_id"] == clicksend.sent(to=ORDINARY)["messages"][0]["message_id"]


@pytest.mark.parametrize(
    ("plan", "codes"),
    [
        ("delivered", ["201"]),
        ("undelivered", ["301"]),
        ("pending_then_delivered", ["200", "201"]),
        ("temporary_failure", ["300"]),
        ("duplicate", ["201", "201"]),
        ("out_of_order", ["201", "200"]),
        ("none", []),
        ([300, "301", {"status_code": 201, "delay": 0.02}], ["300", "301", "201"]),
        ([], []),
    ],
)
def test_a_plan_says_which_receipts_come_in_which_order(
    clicksend: ClickSend, receiver: Receiver, plan: object, codes: list[str]
) -> None:
    clicksend.push_receipts_to(receiver.url)
    clicksend.fault("receipts", plan=plan)

    clicksend.sent_ok(message())

    assert [push.form["status_code"] for push in receiver.stays_at(len(codes))] == codes


def test_a_plan_is_used_up_and_may_be_for_one_number_only(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)
    clicksend.fault("receipts", plan=[301], to=ORDINARY)
    clicksend.fault("receipts", plan=[300], times=2)

    clicksend.sent_ok(message(ORDINARY), message(), message(), message())

    codes = sorted(push.form["status_code"] for push in receiver.stays_at(4))
    assert codes == ["201", "300", "300", "301"]
    assert clicksend.get("/simulator/faults") == {"faults": []}


def test_the_plan_of_the_settings_holds_for_all(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)
    clicksend.settings(receipt_plan="undelivered")

    clicksend.sent_ok(message(), message(body="2"))

    pushes = receiver.stays_at(2)
    assert [(push.form["status"], push.form["error_code"]) for push in pushes] == [("Undelivered", "8")] * 2


def test_a_receipt_may_lack_its_custom_string(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)
    clicksend.fault("receipts", plan="without_custom_string")
    clicksend.fault("receipts", plan=[{"custom_string": "empty"}])

    clicksend.sent_ok(message(custom_string="c"))
    receiver.wait(1)
    clicksend.sent_ok(message(custom_string="c"))

    absent, empty = receiver.stays_at(2)
    assert ",".join(absent.form) == FOURTEEN.replace("custom_string,", "").replace(",customstring", "")
    assert (empty.form["custom_string"], empty.form["customstring"]) == ("", "")


def test_a_receipt_may_overtake_the_answer_to_the_send(clicksend: ClickSend, receiver: Receiver) -> None:
    answered: list[float] = []

    def note(_: Received) -> None:
        time.sleep(0.1)  # the send is still open all this while
        assert not answered

    receiver.on_push = note
    clicksend.push_receipts_to(receiver.url)
    clicksend.fault("receipts", plan=[{"status_code": 200, "before_answer": True}, 201])

    (sent,) = clicksend.sent_ok(message())
    answered.append(time.monotonic())

    assert receiver.received[0].at < answered[0]
    assert receiver.received[0].form["message_id"] == sent["message_id"]
    receiver.on_push = lambda _: None
    receiver.wait(2)


def test_receipts_are_retried_like_texts(clicksend: ClickSend, receiver: Receiver) -> None:
    receiver.statuses = [500, 500, 200]
    clicksend.push_receipts_to(receiver.url)

    clicksend.sent_ok(message())

    receiver.stays_at(3)
    assert clicksend.pushes(kind="receipt")[0]["statuses"] == [500, 500, 200]


def test_a_scheduled_message_gets_its_receipt_after_its_time(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)
    later = int(time.time()) + 100

    (sent,) = clicksend.sent_ok(message(schedule=later))

    assert sent["schedule"] == later
    receiver.stays_at(0)
    assert clicksend.rows("/v3/sms/history")[0]["status"] == "Scheduled"


def test_a_reset_ends_receipts_that_are_still_to_come(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.settings(receipt_delay_seconds=0.1)
    clicksend.push_receipts_to(receiver.url)
    clicksend.sent_ok(message())

    clicksend.http.post("/simulator/reset")

    receiver.stays_at(0, seconds=0.25)


def test_a_processed_fault_still_brings_receipts(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_receipts_to(receiver.url)
    clicksend.fault("reset", processed=True)

    with pytest.raises(httpx.ReadError):
        clicksend.send(message())

    receiver.stays_at(1)


def test_history_shows_what_the_receipt_said(clicksend: ClickSend) -> None:
    clicksend.fault("receipts", plan=[301])
    clicksend.sent_ok(message())

    eventually(lambda: clicksend.rows("/v3/sms/history")[0]["status_code"] == "301")
    assert clicksend.rows("/v3/sms/history")[0]["status"] == "Failed"
