"""The app API: texts sent now, later, again, and not at all."""

import time

import pytest
from textension.message import NumberSettings
from textension.states import State

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, EVE, MESSAGES, STRANGER, receive


def test_a_text_is_queued_once_for_each_key(aws: Backend) -> None:
    first = ANA.send(NUMBER, PEER, "Yes.", "key-1")
    again = ANA.send(NUMBER, PEER, "Yes.", "key-1")

    assert (first.status, first.body["state"], first.body["author"]) == (202, "queued", "101")
    assert (again.status, again.body) == (202, first.body)
    assert ANA.send(NUMBER, PEER, "No.", "key-1").code == "idempotency_key_reused"
    assert ANA.send(NUMBER, "+12025550101", "Yes.", "key-1").status == 422
    assert BEN.send(NUMBER, PEER, "Yes.", "key-1").body["id"] != first.body["id"]
    assert len(ANA("GET", MESSAGES, NUMBER, PEER).body["items"]) == 2


def test_a_text_may_be_wanted_at_least_once(aws: Backend) -> None:
    first = ANA.send(NUMBER, PEER, "Fire", "key-1", at_least_once=True)

    stored = aws.messages.by_id(first.body["id"])
    assert stored is not None
    assert stored.at_least_once
    assert ANA.send(NUMBER, PEER, "Fire", "key-1", at_least_once=True).body == first.body
    assert ANA.send(NUMBER, PEER, "Fire", "key-1").code == "idempotency_key_reused"
    assert ANA.send(NUMBER, PEER, "Fire", "key-2", at_least_once="perhaps").status == 422


def test_a_repeat_gives_the_first_answer_whatever_came_since(aws: Backend) -> None:
    first = ANA.send(NUMBER, PEER, "Yes.", "key-1")
    receive(aws, "STOP-1", "STOP", timestamp=str(int(time.time())))
    settings = aws.numbers.get(NUMBER)
    assert settings is not None

    assert ANA.send(NUMBER, PEER, "Yes.", "key-1").body == first.body
    assert ANA.send(NUMBER, PEER, "Other.", "key-1").code == "idempotency_key_reused"
    assert ANA.send(NUMBER, PEER, "Yes.", "key-2").code == "recipient_opted_out"


def test_what_cannot_be_sent_says_why(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number="+61433333333", account="main", extensions=("101",), enabled=False))

    assert ANA.send(NUMBER, PEER, "", "1").code == "text_empty"
    assert ANA.send(NUMBER, PEER, "x" * 1225, "1").code == "text_too_long"
    assert ANA.send(NUMBER, PEER, "x" * 1224, "1").status == 202
    assert ANA.send(NUMBER, "INFO", "x", "2").code == "recipient_not_repliable"
    assert ANA.send("+61433333333", PEER, "x", "3").code == "number_disabled"
    assert ANA.send("+61444444444", PEER, "x", "3").code == "not_found"
    assert EVE.send(NUMBER, PEER, "x", "3").code == "not_found"
    assert STRANGER.send(NUMBER, PEER, "x", "3").code == "not_found"
    assert ANA.send(NUMBER, NUMBER, "x", "3").status == 422
    missing = ANA("POST", MESSAGES, NUMBER, PEER, body={"text": "x"})
    assert (missing.status, missing.code) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{", "json_invalid", 400),
        (b"\xff", "json_invalid", 400),
        (b"[]", "invalid", 422),
        (b'[{"text": "x"}]', "invalid", 422),
        (b'"text"', "invalid", 422),
        (b'{"text": "x", "from": "+61400000000"}', "invalid", 422),
        (b'{"text": 5}', "invalid", 422),
        (b'{"text": "\\ud800"}', "invalid", 422),
        (b'{"text": "x", "schedule_at": "2026-01-01T00:00:00"}', "invalid", 422),
        (b" " * 70_000, "too_large", 413),
    ],
)
def test_a_body_that_does_not_fit_is_refused(aws: Backend, body: bytes, code: str, status: int) -> None:
    answer = ANA("POST", MESSAGES, NUMBER, PEER, body=body, headers={"Idempotency-Key": "1"})

    assert (answer.status, answer.code) == (status, code)
    assert ANA("GET", MESSAGES, NUMBER, PEER).body["items"] == []


def test_only_json_is_read(aws: Backend) -> None:
    form = {"Idempotency-Key": "1", "Content-Type": "application/x-www-form-urlencoded"}

    answer = ANA("POST", MESSAGES, NUMBER, PEER, body=b"text=x", headers=form)

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_only_open_countries_are_texted(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_COUNTRIES", "AU,US")

    assert ANA.send(NUMBER, "+447777777777", "x", "1").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+14165550123", "x", "2").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+999123456", "x", "3").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+12025550101", "x", "4").status == 202
    assert ANA.send(NUMBER, PEER, "x", "5").status == 202
    assert ANA.send(NUMBER, "12345", "x", "6").status == 202


def test_an_extension_sends_so_much_in_a_minute(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_PER_MINUTE", "2")
    answers = [ANA.send(NUMBER, PEER, f"text {index}", str(index)) for index in range(4)]

    assert [answer.status for answer in answers[:2]] == [202, 202]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused  # the minute may have turned between two of them
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 61
    assert BEN.send(NUMBER, PEER, "x", "1").status == 202
    repeat = ANA.send(NUMBER, PEER, "text 0", "0")
    assert (repeat.status, repeat.body) == (202, answers[0].body)


def test_an_account_sends_so_many_segments_in_a_day(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTS_PER_DAY", "4")

    assert ANA.send(NUMBER, PEER, "x" * 400, "1").status == 202  # three segments
    refused = ANA.send(NUMBER, PEER, "y" * 200, "2")
    assert (refused.status, refused.code) == (429, "cap_reached")
    assert int(refused.headers["Retry-After"]) <= 86_401
    assert ANA.send(NUMBER, PEER, "INFO".lower(), "3").status == 202
    assert ANA.send(NUMBER, PEER, "z", "4").status == 429
    assert STRANGER.send(NUMBER, PEER, "z", "4").status == 404


def test_what_was_refused_is_counted_off_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTS_PER_DAY", "2")
    receive(aws, "STOP-1", "STOP", **{"from": "+12025550101"})

    assert {ANA.send(NUMBER, "+12025550101", "x", str(index)).code for index in range(5)} == {"recipient_opted_out"}
    first = ANA.send(NUMBER, PEER, "x", "a")
    assert [ANA.send(NUMBER, PEER, "x", "a").body for _ in range(5)] == [first.body] * 5
    assert ANA.send(NUMBER, PEER, "x", "b").status == 202


# ---------------------------------------------------------------- later, again, not at all


def at(seconds: int) -> str:
    """A time from now, as a client gives it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_a_text_may_be_sent_later_and_taken_back(aws: Backend) -> None:
    later = at(3600)
    sent = ANA.send(NUMBER, PEER, "Tomorrow.", "1", schedule_at=later)

    assert (sent.body["state"], sent.body["scheduled_at"]) == ("scheduled", later.replace("Z", ".000Z"))
    cancelled = ANA("POST", "/messages/{message_id}/cancel", sent.body["id"])
    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    assert ANA("POST", "/messages/{message_id}/cancel", sent.body["id"]).body["state"] == "cancelled"
    assert EVE("POST", "/messages/{message_id}/cancel", sent.body["id"]).code == "not_found"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schedule_at": at(91 * 86_400)}, "schedule_invalid"),
        ({"valid_until": at(-60)}, "validity_invalid"),
        ({"valid_until": at(80 * 3600)}, "validity_invalid"),
        ({"schedule_at": at(7200), "valid_until": at(3600)}, "validity_invalid"),
    ],
)
def test_times_that_make_no_sense_are_refused(aws: Backend, more: dict[str, str], code: str) -> None:
    assert ANA.send(NUMBER, PEER, "x", "1", **more).code == code


def test_what_is_on_its_way_cannot_be_taken_back(aws: Backend) -> None:
    sent = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    aws.claim(sent)

    assert ANA("POST", "/messages/{message_id}/cancel", sent).code == "not_cancellable"


def settle(aws: Backend, message_id: str, state: State) -> None:
    """Let a queued message end in a state."""
    from textension.message import moved

    now = int(time.time() * 1000)
    claimed = aws.claim(message_id, now=now)
    assert claimed is not None
    if state in {State.UNKNOWN, State.UNRESOLVED}:
        claimed = aws.messages.move(claimed, moved(claimed, State.UNKNOWN, at=now, source="test"))
    if state is not State.UNKNOWN:
        aws.messages.move(claimed, moved(claimed, state, at=now, source="test"))


@pytest.mark.parametrize("state", [State.REJECTED, State.UNDELIVERED, State.UNRESOLVED])
def test_a_failed_message_is_sent_again_once(aws: Backend, state: State) -> None:
    old = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, old, state)

    first = BEN("POST", "/messages/{message_id}/resend", old)
    again = ANA("POST", "/messages/{message_id}/resend", old)

    assert (first.status, first.body["state"], first.body["resend_of"]) == (202, "queued", old)
    assert again.body == first.body
    assert ANA("GET", "/messages/{message_id}", old).body["resent_as"] == first.body["id"]
    assert EVE("POST", "/messages/{message_id}/resend", old).code == "not_found"


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.UNKNOWN])
def test_a_message_that_may_have_arrived_is_not_sent_again(aws: Backend, state: State) -> None:
    old = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, old, state)

    assert ANA("POST", "/messages/{message_id}/resend", old).code == "not_resendable"
    assert len(ANA("GET", MESSAGES, NUMBER, PEER).body["items"]) == 1


def test_a_received_text_is_neither_sent_again_nor_taken_back(aws: Backend) -> None:
    receive(aws, "IN-1")
    found = ANA("GET", MESSAGES, NUMBER, PEER).body["items"][0]["id"]

    assert ANA("POST", "/messages/{message_id}/resend", found).code == "not_resendable"
    assert ANA("POST", "/messages/{message_id}/cancel", found).code == "not_cancellable"


def test_a_journey_says_what_became_of_a_message_and_by_whose_word(aws: Backend) -> None:
    sent = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, sent, State.REJECTED)

    found = ANA("GET", "/messages/{message_id}", sent).body

    assert [(step["state"], step["source"]) for step in found["journey"]] == [
        ("queued", "app:101"),
        ("sending", "outbound_sender"),
        ("rejected", "test"),
    ]
    assert ANA("GET", "/messages/{message_id}", "0" * 26).code == "not_found"
    for stranger in (EVE, STRANGER):
        assert stranger("GET", "/messages/{message_id}", sent).body == {
            **ANA("GET", "/messages/{message_id}", "0" * 26).body
        }
