"""Texts from handsets: which rules fire, what is pushed, and what happens when nobody answers."""

import json
from itertools import pairwise
from typing import Any

import pytest

from local.simulator import running
from local.simulator.pushes import masked

from .client import HANDSET, NUMBER, ClickSend, eventually, message
from .receiver import TOKEN, Receiver, receiving

SIXTEEN = (
    "originalsenderid,body,message,sms,custom_string,to,original_message_id,originalmessageid,customstring,from,"
    "originalmessage,user_id,subaccount_id,original_body,timestamp,message_id"
)
FOURTEEN = (
    "originalsenderid,body,message,sms,custom_string,original_message_id,originalmessageid,customstring,from,"
    "originalmessage,user_id,subaccount_id,timestamp,message_id"
)
THIRTEEN = (
    "originalsenderid,body,message,sms,from,to,timestamp,message_id,original_message_id,original_body,user_id,"
    "subaccount_id,custom_string"
)
TEN = "timestamp,to,from,body,original_body,original_message_id,custom_string,user_id,subaccount_id,message_id"
BODY = "Yes & no = 50 % + ünï\n😀 <b>"


def test_a_form_push_carries_the_sixteen_keys(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)

    answer = clicksend.text(BODY, timestamp=1710886316)

    (push,) = receiver.wait(1)
    assert (push.method, push.content_type) == ("POST", "application/x-www-form-urlencoded")
    assert ",".join(push.form) == SIXTEEN
    assert push.form["body"] == push.form["message"] == BODY
    assert push.form["from"] == push.form["sms"] == HANDSET
    assert push.form["to"] == push.form["originalsenderid"] == NUMBER
    assert push.form["timestamp"] == "1710886316"
    assert push.form["message_id"] == answer["message_id"]
    assert "from=%2B61422222222" in push.body
    assert "body=Yes+%26+no" in push.body


def test_a_json_push_has_strings_and_integers_as_seen(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url, webhook_type="json")

    clicksend.text(BODY, timestamp=1710886316)

    (push,) = receiver.wait(1)
    assert push.content_type == "application/json"
    assert ",".join(push.json) == SIXTEEN
    assert push.json["body"] == BODY
    assert (push.json["user_id"], push.json["subaccount_id"], push.json["timestamp"]) == (100001, 100002, "1710886316")


def test_a_get_push_puts_the_keys_in_the_query(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(f"{receiver.url}?k=1", webhook_type="get")

    clicksend.text(BODY)

    (push,) = receiver.wait(1)
    assert (push.method, push.body, push.content_type) == ("GET", "", None)
    assert ",".join(push.query) == f"k,{SIXTEEN}"
    assert push.query["body"] == BODY


@pytest.mark.parametrize(("profile", "keys"), [(16, SIXTEEN), (14, FOURTEEN), (13, THIRTEEN), (10, TEN)])
def test_each_profile_has_its_keys_in_order(clicksend: ClickSend, receiver: Receiver, profile: int, keys: str) -> None:
    clicksend.push_inbound_to(receiver.url)
    clicksend.push_inbound_to(receiver.url, webhook_type="json")

    clicksend.text(profile=profile, wait=True)

    assert {",".join(push.form if "form" in str(push.content_type) else push.json) for push in receiver.received} == {
        keys
    }


@pytest.mark.parametrize(
    ("order", "kinds"),
    [
        ({"profile": 16}, (int, int, str)),
        ({"profile": 13}, (int, int, int)),
        ({"profile": 16, "integers": True}, (int, int, int)),
        ({"profile": 13, "integers": False}, (str, str, str)),
    ],
)
def test_numbers_are_strings_or_integers(
    clicksend: ClickSend, receiver: Receiver, order: dict[str, Any], kinds: tuple[type, type, type]
) -> None:
    clicksend.push_inbound_to(receiver.url, webhook_type="json")

    clicksend.text(**order)

    (push,) = receiver.wait(1)
    assert tuple(type(push.json[key]) for key in ("user_id", "subaccount_id", "timestamp")) == kinds


def test_a_reply_carries_the_last_outbound_to_that_handset(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)
    clicksend.sent_ok(message(body="first", custom_string="c1"), message("+61444444444", "other", custom_string="c3"))
    last = clicksend.sent_ok(message(body="Shall we confirm?", custom_string="c2"))[0]

    clicksend.text()

    form = receiver.wait(1)[0].form
    assert form["original_message_id"] == form["originalmessageid"] == last["message_id"]
    assert form["original_body"] == form["originalmessage"] == "Shall we confirm?"
    assert form["custom_string"] == form["customstring"] == "c2"


def test_an_unsolicited_text_has_empty_originals(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)
    clicksend.settings(balance=0)
    clicksend.sent_ok(message(body="rejected, so nothing to answer", custom_string="c1"))

    clicksend.text()

    form = receiver.wait(1)[0].form
    assert {form[key] for key in ("original_message_id", "original_body", "custom_string", "customstring")} == {""}


def test_an_order_may_forge_ids_and_send_copies(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)

    answer = clicksend.text(
        "", message_id="ID-1", subaccount_id=666, custom_string="forged", copies=3, webhook_type="json", wait=True
    )

    assert answer == {"message_id": "ID-1", "pushes": 3, "statuses": [200, 200, 200]}
    bodies = [json.loads(push.body) for push in receiver.received]
    assert [(b["message_id"], b["subaccount_id"], b["custom_string"], b["body"]) for b in bodies] == [
        ("ID-1", 666, "forged", "")
    ] * 3


def test_only_matching_enabled_rules_fire(clicksend: ClickSend, receiver: Receiver) -> None:
    url = receiver.url.rpartition("/")[0]
    matching: dict[str, dict[str, object]] = {
        "any": {},
        "exact": {"dedicated_number": NUMBER},
        "starts": {"message_search_type": 1, "message_search_term": "yes"},
        "contains": {"message_search_type": 2, "message_search_term": "PLEASE"},
        "lacks": {"message_search_type": 3, "message_search_term": "no"},
    }
    others: dict[str, dict[str, object]] = {
        "disabled": {"enabled": 0},
        "number": {"dedicated_number": "+61433333333"},
        "starts-not": {"message_search_type": 1, "message_search_term": "please"},
        "contains-not": {"message_search_type": 2, "message_search_term": "no"},
        "lacks-not": {"message_search_type": 3, "message_search_term": "yes"},
        "other-action": {"action": "NONE"},
    }
    for name, fields in {**others, **matching}.items():
        clicksend.push_inbound_to(f"{url}/{name}", **fields)

    answer = clicksend.text("Yes please")

    assert answer["pushes"] == len(matching)
    receiver.stays_at(len(matching))
    assert {push.path.rpartition("/")[2] for push in receiver.received} == set(matching)


def test_at_most_ten_rules_fire_in_order_of_creation(clicksend: ClickSend, receiver: Receiver) -> None:
    for number in range(12):
        clicksend.push_inbound_to(f"{receiver.url}/{number}")

    assert clicksend.text(wait=True)["pushes"] == 10
    assert {push.path.rpartition("/")[2] for push in receiver.received} == {str(number) for number in range(10)}


def test_without_a_rule_nothing_is_pushed(clicksend: ClickSend) -> None:
    assert clicksend.text()["pushes"] == 0


@pytest.mark.parametrize("status", [201, 204, 302, 403, 500, 503])
def test_whatever_is_not_200_comes_again(clicksend: ClickSend, receiver: Receiver, status: int) -> None:
    receiver.statuses = [status, 200]
    clicksend.push_inbound_to(receiver.url)

    answer = clicksend.text(wait=True)

    assert answer["statuses"] == [status]
    first, second = receiver.stays_at(2)
    assert first.form == second.form
    assert 0.015 < second.at - first.at < 1  # 10 s times the scale of 0.002, with room for a busy machine


def test_the_waits_grow_and_then_clicksend_gives_up(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.settings(time_scale=0.00005)
    receiver.statuses = [500]
    clicksend.push_inbound_to(receiver.url)

    clicksend.text()

    eventually(lambda: clicksend.pushes()[0]["done"])
    (push,) = clicksend.pushes()
    assert push["statuses"] == [500] * 6
    assert push["delivered"] is False
    times = [attempt["at"] for attempt in push["attempts"]]
    waits = [after - before for before, after in pairwise(times)]
    assert waits[4] > waits[3] > waits[2]
    assert waits[4] >= 0.18  # 1 h times the scale


def test_no_answer_in_time_comes_again(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.settings(push_timeout_seconds=0.1)
    receiver.delay = 0.2
    clicksend.push_inbound_to(receiver.url)

    assert clicksend.text(wait=True)["statuses"] == [None]

    receiver.delay = 0
    eventually(lambda: clicksend.pushes()[0]["delivered"])
    assert clicksend.pushes()[0]["attempts"][0]["error"] == "timeout"


def test_a_webhook_that_is_not_there_is_tried_again(clicksend: ClickSend) -> None:
    with receiving() as gone:
        clicksend.push_inbound_to(gone.url)

    assert clicksend.text(wait=True)["statuses"] == [None]

    assert clicksend.pushes()[0]["attempts"][0]["error"] == "ConnectError"
    assert clicksend.pushes()[0]["done"] is False


def test_a_slow_webhook_does_not_hold_up_the_others(receiver: Receiver) -> None:
    with running() as started, receiving() as slow:
        clicksend = ClickSend(started)
        slow.delay = 0.5
        clicksend.push_inbound_to(slow.url)
        clicksend.push_inbound_to(receiver.url)

        clicksend.text()

        receiver.wait(1, seconds=0.4)
        clicksend.close()


def test_pushes_are_shown_without_the_webhooks_token(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)
    clicksend.text(wait=True)

    shown = clicksend.http.get("/simulator/pushes").text

    assert TOKEN not in shown
    assert clicksend.pushes(kind="inbound")[0]["url"] == receiver.url.replace(TOKEN, "***")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:1/hooks/secret", "http://127.0.0.1:1/hooks/***"),
        ("http://127.0.0.1:1/hooks/0123456789abcdef/inbound", "http://127.0.0.1:1/hooks/***/***"),
        ("http://user:pass@localhost/x?k=secret", "http://localhost/***"),
        ("http://localhost?k=secret", "http://localhost/***"),
    ],
)
def test_tokens_are_masked_wherever_they_stand(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"from": HANDSET, "to": NUMBER},
        {"from": "", "to": NUMBER, "body": "x"},
        {"from": HANDSET, "to": NUMBER, "body": "x", "profile": 12},
        {"from": HANDSET, "to": NUMBER, "body": "x", "copies": 0},
        {"from": HANDSET, "to": NUMBER, "body": "x", "misspelt": 1},
    ],
)
def test_an_order_that_cannot_be_read_is_a_400(clicksend: ClickSend, order: dict[str, object]) -> None:
    answer = clicksend.http.post("/simulator/inbound", json=order)

    assert answer.status_code == 400
    assert answer.json()["error"]
