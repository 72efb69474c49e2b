"""`POST /v3/sms/send`: statuses and shapes."""

import re
import time

import httpx
import pytest

from local.simulator import Credential, running

from .client import HANDSET, NUMBER, ORDINARY, ClickSend, message

ACCEPTED = [
    "direction",
    "date",
    "to",
    "body",
    "from",
    "schedule",
    "message_id",
    "message_parts",
    "message_price",
    "from_email",
    "list_id",
    "custom_string",
    "contact_id",
    "user_id",
    "subaccount_id",
    "is_shared_system_number",
    "country",
    "carrier",
    "status",
]
REJECTED = [
    "to",
    "body",
    "from",
    "schedule",
    "message_id",
    "message_parts",
    "message_price",
    "custom_string",
    "is_shared_system_number",
    "country",
    "carrier",
    "status",
]
INVALID = ["to", "body", "from", "schedule", "message_id", "custom_string", "is_shared_system_number", "status"]


def test_an_accepted_message_has_the_documented_keys(clicksend: ClickSend) -> None:
    answer = clicksend.send(message(custom_string="msg-0001"))

    assert answer.status_code == 200
    envelope = answer.json()
    assert list(envelope) == ["http_code", "response_code", "response_msg", "data"]
    assert envelope["response_msg"] == "Messages queued for delivery."
    data = envelope["data"]
    expected = ["total_price", "total_count", "queued_count", "messages", "_currency", "blocked_count"]
    assert list(data) == expected
    assert (data["total_count"], data["queued_count"], data["blocked_count"]) == (1, 1, 0)
    (sent,) = data["messages"]
    assert list(sent) == ACCEPTED
    assert sent["custom_string"] == "msg-0001"
    assert sent["schedule"] == sent["date"]
    assert (sent["user_id"], sent["subaccount_id"]) == (100001, 100002)


def test_message_ids_are_upper_case_uuids_in_order_even_for_rejects(clicksend: ClickSend) -> None:
    ids = [entry["message_id"] for entry in clicksend.sent_ok(message(), message("12345"), message("+4930123456"))]

    assert all(re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", found) for found in ids)
    assert ids == sorted(ids)


def test_a_test_number_has_no_parts_and_no_price(clicksend: ClickSend) -> None:
    answer = clicksend.send(message(HANDSET)).json()["data"]

    assert answer["messages"][0]["message_parts"] == 0
    assert answer["messages"][0]["message_price"] == "0.0000"
    assert answer["total_price"] == 0
    assert isinstance(answer["total_price"], int)


def test_an_ordinary_number_is_charged_by_part(clicksend: ClickSend) -> None:
    clicksend.settings(balance="10", price_per_part="0.0792")

    data = clicksend.send(message(ORDINARY, "a" * 161)).json()["data"]

    assert data["messages"][0]["message_parts"] == 2
    assert data["messages"][0]["message_price"] == "0.1584"
    assert data["total_price"] == pytest.approx(0.1584)
    assert clicksend.get("/v3/account")["data"]["balance"] == "9.841600"


def test_invalid_recipient_has_its_own_short_shape(clicksend: ClickSend) -> None:
    data = clicksend.send(message("0411 111", custom_string="msg-0002")).json()["data"]

    (rejected,) = data["messages"]
    assert list(rejected) == INVALID
    assert rejected["status"] == "INVALID_RECIPIENT"
    assert rejected["schedule"] == ""
    assert (data["queued_count"], data["blocked_count"]) == (0, 0)


def test_country_not_enabled_counts_as_blocked(clicksend: ClickSend) -> None:
    clicksend.settings(enabled_countries=["AU"])

    data = clicksend.send(message(), message("+14055555555")).json()["data"]

    rejected = data["messages"][1]
    assert list(rejected) == REJECTED
    assert rejected["status"] == "COUNTRY_NOT_ENABLED"
    assert (rejected["message_parts"], rejected["message_price"], rejected["schedule"]) == (0, "0.0000", "")
    assert rejected["country"] == "US"
    assert (data["total_count"], data["queued_count"], data["blocked_count"]) == (2, 1, 1)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (message(body=" "), "EMPTY_MESSAGE"),
        ({"body": "to nobody"}, "MISSING_REQUIRED_FIELDS"),
        (message(**{"from": "My Brand"}), "INVALID_SENDER_ID"),
        (message(**{"from": "TwelveLetter"}), "INVALID_SENDER_ID"),
        (message(schedule="tomorrow"), "INVALID_SCHEDULE"),
    ],
)
def test_other_rejections_are_per_message_in_a_200(clicksend: ClickSend, wrong: dict[str, object], status: str) -> None:
    assert clicksend.statuses(wrong, message()) == [status, "SUCCESS"]


def test_a_price_above_the_balance_is_insufficient_credit(clicksend: ClickSend) -> None:
    clicksend.settings(balance="0.1", price_per_part="0.0792")

    assert clicksend.statuses(message(ORDINARY, "one"), message(ORDINARY, "two")) == ["SUCCESS", "INSUFFICIENT_CREDIT"]


def test_without_any_credit_not_even_test_numbers_are_texted(clicksend: ClickSend) -> None:
    clicksend.settings(balance=0)

    assert clicksend.statuses(message()) == ["INSUFFICIENT_CREDIT"]


def test_the_same_text_may_be_repeated_unless_throttling_is_on(clicksend: ClickSend) -> None:
    assert clicksend.statuses(message(body="ok"), message(body="ok")) == ["SUCCESS", "SUCCESS"]

    clicksend.settings(throttle_seconds=30)

    assert clicksend.statuses(message(body="ok"), message(body="another")) == ["THROTTLED", "SUCCESS"]
    assert clicksend.statuses(message(body="another"), message("+61444444444", "another")) == ["THROTTLED", "SUCCESS"]


def test_the_window_of_throttling_ends(clicksend: ClickSend) -> None:
    clicksend.settings(throttle_seconds=0.05)

    assert clicksend.statuses(message(body="ok")) == ["SUCCESS"]
    time.sleep(0.2)
    assert clicksend.statuses(message(body="ok")) == ["SUCCESS"]


def test_a_status_can_be_placed_in_the_envelope_instead(clicksend: ClickSend) -> None:
    clicksend.settings(balance=0, envelope_errors={"INSUFFICIENT_CREDIT": 400})

    answer = clicksend.send(message())

    assert (answer.status_code, answer.json()["response_code"]) == (400, "INSUFFICIENT_CREDIT")
    assert clicksend.sent() == {"requests": 1, "messages": []}


def test_the_sender_may_be_substituted(clicksend: ClickSend) -> None:
    clicksend.settings(sender_substitutions={NUMBER: "+61433333333"})

    assert clicksend.sent_ok(message())[0]["from"] == "+61433333333"


def test_without_a_sender_a_shared_number_is_used(clicksend: ClickSend) -> None:
    without = message()
    del without["from"]

    shared, dedicated = clicksend.sent_ok(without, message())

    assert (shared["from"], shared["is_shared_system_number"]) == ("+14055555666", True)
    assert (dedicated["from"], dedicated["is_shared_system_number"]) == (NUMBER, False)


def test_a_local_number_is_formatted_with_its_country(clicksend: ClickSend) -> None:
    assert clicksend.sent_ok(message("0422222222", country="AU"))[0]["to"] == HANDSET


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"messages": []}', b'{"messages": {}}', b'"text"', b'{"messages": null}']
)
def test_a_request_without_messages_is_a_400(clicksend: ClickSend, body: bytes) -> None:
    answer = clicksend.http.post("/v3/sms/send", content=body)

    assert answer.status_code == 400
    assert answer.json()["response_code"] == "BAD_REQUEST"


def test_a_thousand_messages_are_taken_and_one_more_is_not(clicksend: ClickSend) -> None:
    assert len(clicksend.sent_ok(*(message(body=str(n)) for n in range(1000)))) == 1000

    assert clicksend.send(*(message(body=str(n)) for n in range(1001))).status_code == 400


@pytest.mark.parametrize("auth", [None, ("demo", "wrong"), ("other", "DEMO-API-KEY-NOT-A-SECRET"), ("démo", "é")])
def test_wrong_credentials_are_a_401(clicksend: ClickSend, auth: tuple[str, str] | None) -> None:
    answer = httpx.post(f"{clicksend.url}/v3/sms/send", auth=auth, json={"messages": [message()]})

    assert answer.status_code == 401
    assert answer.json() == {
        "http_code": 401,
        "response_code": "UNAUTHORIZED",
        "response_msg": "Authorization failed.",
        "data": None,
    }
    assert clicksend.sent() == {"requests": 1, "messages": []}


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Bearer abc", "Basic /w=="])
def test_an_unreadable_authorization_is_a_401(clicksend: ClickSend, header: str) -> None:
    answer = httpx.get(f"{clicksend.url}/v3/account", headers={"Authorization": header})

    assert answer.status_code == 401


def test_each_credential_has_its_own_subaccount_and_history() -> None:
    accounts = (Credential(), Credential(username="second", api_key="k2", subaccount_id=7, user_id=8))
    with running(credentials=accounts) as started:
        first = ClickSend(started)
        answer = httpx.post(f"{started.url}/v3/sms/send", auth=("second", "k2"), json={"messages": [message()]})

        assert answer.json()["data"]["messages"][0]["subaccount_id"] == 7
        assert first.rows("/v3/sms/history") == []
        first.close()


def test_unknown_addresses_and_methods_answer_in_the_envelope(clicksend: ClickSend) -> None:
    missing, wrong = clicksend.http.get("/v3/nothing"), clicksend.http.get("/v3/sms/send")

    assert (missing.status_code, missing.json()["response_code"]) == (404, "NOT_FOUND")
    assert wrong.status_code == wrong.json()["http_code"] == 405


def test_only_loopback_names_are_answered(clicksend: ClickSend) -> None:
    answer = clicksend.http.get("/simulator/health", headers={"Host": "evil.example"})

    assert answer.status_code == 400
