"""Faults: each mode as the system under test sees it, and whether the messages were really accepted."""

import time

import httpx
import pytest

from .client import HANDSET, ORDINARY, ClickSend, message


@pytest.mark.parametrize("processed", [False, True])
@pytest.mark.parametrize(
    ("mode", "status", "code"),
    [
        (400, 400, "BAD_REQUEST"),
        ("401", 401, "UNAUTHORIZED"),
        ("403", 403, "FORBIDDEN"),
        ("429", 429, "HTTP_TOO_MANY_REQUESTS"),
        ("500", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_an_http_status_with_its_envelope(
    clicksend: ClickSend, mode: str | int, status: int, code: str, *, processed: bool
) -> None:
    clicksend.fault(mode, processed=processed)

    answer = clicksend.send(message())

    assert answer.status_code == answer.json()["http_code"] == status
    assert (answer.json()["response_code"], answer.json()["data"]) == (code, None)
    assert len(clicksend.sent()["messages"]) == len(clicksend.rows("/v3/sms/history")) == int(processed)
    assert clicksend.statuses(message()) == ["SUCCESS"]


def test_a_429_says_when_to_come_back(clicksend: ClickSend) -> None:
    clicksend.fault("429", retry_after=33)

    headers = clicksend.send(message()).headers

    assert (headers["retry-after"], headers["ratelimit-reset"], headers["x-ratelimit-remaining"]) == ("33", "33", "0")
    assert headers["x-ratelimit-limit"] == "20"


def test_a_400_may_carry_a_number_as_its_code(clicksend: ClickSend) -> None:
    clicksend.fault("400", numeric=True)

    assert clicksend.send(message()).json()["response_code"] == 400


def test_a_fault_for_batches_spares_single_messages(clicksend: ClickSend) -> None:
    clicksend.fault("400", only_batches=True, times=None)

    assert clicksend.send(message(), message()).status_code == 400
    assert clicksend.send(message()).status_code == 200
    assert clicksend.send(message(), message()).status_code == 400


@pytest.mark.parametrize("processed", [False, True])
def test_a_reset_closes_the_connection_without_an_answer(clicksend: ClickSend, *, processed: bool) -> None:
    clicksend.fault("reset", processed=processed)

    with pytest.raises(httpx.ReadError, match="reset by peer"):
        clicksend.send(message())

    assert clicksend.sent()["requests"] == 1
    assert len(clicksend.sent()["messages"]) == int(processed)
    assert clicksend.get("/simulator/requests")["requests"][0]["http_status"] is None


@pytest.mark.parametrize("processed", [False, True])
def test_a_hang_keeps_the_client_waiting(clicksend: ClickSend, *, processed: bool) -> None:
    clicksend.fault("hang", processed=processed)

    with pytest.raises(httpx.ReadTimeout):
        clicksend.http.post("/v3/sms/send", json={"messages": [message()]}, timeout=0.1)

    assert len(clicksend.sent()["messages"]) == int(processed)


def test_a_hang_ends_in_a_reset(clicksend: ClickSend) -> None:
    clicksend.fault("hang", seconds=0.1)
    begun = time.monotonic()

    with pytest.raises(httpx.ReadError):
        clicksend.send(message())

    assert 0.08 < time.monotonic() - begun < 2


@pytest.mark.parametrize("processed", [False, True])
def test_a_200_may_not_be_json(clicksend: ClickSend, *, processed: bool) -> None:
    clicksend.fault("not_json", processed=processed)

    answer = clicksend.send(message())

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert len(clicksend.sent()["messages"]) == int(processed)


def test_a_redirect_leads_elsewhere(clicksend: ClickSend) -> None:
    clicksend.fault("redirect")

    answer = clicksend.send(message())

    assert (answer.status_code, answer.headers["location"]) == (302, "/v3/elsewhere")
    assert clicksend.sent()["messages"] == []


def test_an_answer_may_be_huge(clicksend: ClickSend) -> None:
    clicksend.fault("huge")

    answer = clicksend.send(message())

    assert len(answer.content) > 5_000_000
    assert answer.json()["data"]["messages"][0]["status"] == "SUCCESS"


def test_a_slow_answer_is_a_normal_one(clicksend: ClickSend) -> None:
    clicksend.fault("slow", seconds=0.2)
    begun = time.monotonic()

    assert clicksend.statuses(message()) == ["SUCCESS"]

    assert time.monotonic() - begun >= 0.2


def test_a_status_is_forced_on_every_message_or_on_one_number(clicksend: ClickSend) -> None:
    clicksend.fault("status", status="ACCOUNT_NOT_ACTIVATED")
    clicksend.fault("status", status="REGISTRATION_NEEDED", to=ORDINARY)

    assert clicksend.statuses(message(), message(ORDINARY)) == ["ACCOUNT_NOT_ACTIVATED"] * 2
    assert clicksend.statuses(message(), message(ORDINARY)) == ["SUCCESS", "REGISTRATION_NEEDED"]


def test_a_forced_status_may_hide_that_the_message_was_accepted(clicksend: ClickSend) -> None:
    clicksend.fault("status", status="INTERNAL_ERROR", processed=True)
    clicksend.fault("status", status="INTERNAL_ERROR")

    assert clicksend.statuses(message(body="went out")) == ["INTERNAL_ERROR"]
    assert clicksend.statuses(message(body="did not")) == ["INTERNAL_ERROR"]

    assert [row["body"] for row in clicksend.rows("/v3/sms/history")] == ["went out"]


@pytest.mark.parametrize("processed", [False, True])
def test_one_message_is_missing_from_the_answer(clicksend: ClickSend, *, processed: bool) -> None:
    clicksend.fault("missing", processed=processed)

    answer = clicksend.sent_ok(message(body="1"), message(body="2"), message(body="3"))

    assert [entry["body"] for entry in answer] == ["1", "2"]
    assert len(clicksend.rows("/v3/sms/history")) == 2 + processed


def test_the_missing_message_can_be_chosen(clicksend: ClickSend) -> None:
    clicksend.fault("missing", to=HANDSET)

    assert [entry["to"] for entry in clicksend.sent_ok(message(), message(ORDINARY))] == [ORDINARY]


def test_messages_may_be_answered_in_another_order(clicksend: ClickSend) -> None:
    clicksend.fault("shuffled")

    answer = clicksend.sent_ok(message(body="1"), message(body="2"), message(body="3"))

    assert [entry["body"] for entry in answer] == ["3", "2", "1"]
    assert [entry["body"] for entry in clicksend.sent()["messages"]] == ["1", "2", "3"]


def test_faults_strike_in_order_each_as_often_as_it_says(clicksend: ClickSend) -> None:
    clicksend.fault("500", times=2)
    clicksend.fault("429")

    assert [clicksend.send(message()).status_code for _ in range(4)] == [500, 500, 429, 200]


def test_faults_are_listed_and_cleared(clicksend: ClickSend) -> None:
    clicksend.fault("500", times=None)
    assert [fault["mode"] for fault in clicksend.get("/simulator/faults")["faults"]] == ["500"]

    clicksend.http.delete("/simulator/faults")

    assert clicksend.send(message()).status_code == 200


def test_wrong_credentials_do_not_use_up_a_fault(clicksend: ClickSend) -> None:
    clicksend.fault("500")

    assert httpx.post(f"{clicksend.url}/v3/sms/send", json={}).status_code == 401
    assert clicksend.send(message()).status_code == 500


def test_other_endpoints_can_fail_too(clicksend: ClickSend) -> None:
    clicksend.fault("429", path="/v3/sms/history")

    assert clicksend.send(message()).status_code == 200
    assert clicksend.http.get("/v3/sms/history").status_code == 429
    assert clicksend.http.get("/v3/sms/history").status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "nonsense"},
        {"mode": "500", "times": 0},
        {"mode": "slow", "processed": False},
        {"mode": "status", "path": "/v3/sms/history"},
        {"mode": "receipts", "plan": "nonsense"},
        {"mode": "receipts", "plan": [999]},
        {"mode": "receipts", "plan": ["soon"]},
        {"mode": "receipts", "plan": 201},
        {"mode": "500", "misspelt": 1},
        {},
    ],
)
def test_a_fault_that_cannot_be_is_refused(clicksend: ClickSend, fault: dict[str, object]) -> None:
    answer = clicksend.http.post("/simulator/faults", json=fault)

    assert answer.status_code == 400
    assert answer.json()["error"]
