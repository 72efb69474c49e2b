"""Texts that wait for their time, and the one that answers who asks for help."""

from dataclasses import replace

import pytest
from textension import assemble
from textension.accepting import Draft, accept
from textension.clock import HOUR, MINUTE, now_ms
from textension.message import Message
from textension.states import State

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.test_inbound import post, push
from tests.unit.test_relay import relay

HELP = "This is Sales. Reply STOP to opt out."


def outbound(aws: Backend) -> list[dict[str, object]]:
    """The texts that go out."""
    return [item for item in aws.items() if item.get("direction") == "outbound"]


@pytest.fixture
def helpful(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    monkeypatch.setenv("HELP_TEXT", HELP)
    return aws


@pytest.mark.parametrize("text", ["HELP", "help", "Info.", " Help! "])
def test_who_asks_for_help_is_answered(helpful: Backend, text: str) -> None:
    assert post(helpful, push(message_id="H-1", body=text, message=text)) == 200

    (answer,) = outbound(helpful)
    assert (answer["text"], answer["peer"], answer["state"]) == (HELP, PEER, "queued")


@pytest.mark.parametrize("text", ["help me please", "helpful", ""])
def test_other_texts_are_not_answered(helpful: Backend, text: str) -> None:
    post(helpful, push(message_id="H-1", body=text, message=text))

    assert outbound(helpful) == []


def test_without_a_text_nobody_is_answered(aws: Backend) -> None:
    post(aws, push(message_id="H-1", body="HELP", message="HELP"))

    assert outbound(aws) == []


def test_help_is_answered_once_an_hour_and_once_for_a_repeat(helpful: Backend) -> None:
    for number, second in enumerate((1_759_730_400, 1_759_730_401, 1_759_730_460, 1_759_734_000)):
        values = push(message_id=f"H-{number}", body="HELP", message="HELP", timestamp=str(second))
        for _ in range(2):
            assert post(helpful, values) == 200

    assert len(outbound(helpful)) == 2


def test_help_for_who_opted_out_or_cannot_be_texted_is_kept_and_not_answered(helpful: Backend) -> None:
    post(helpful, push(message_id="H-0", body="STOP", message="STOP"))
    assert post(helpful, push(message_id="H-1", body="HELP", message="HELP")) == 200
    assert post(helpful, push(message_id="H-2", body="HELP", message="HELP", **{"from": "MyBank"})) == 200

    assert outbound(helpful) == []


def test_help_comes_out_of_the_days_cap(helpful: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTS_PER_DAY", "2")
    for number in range(5):
        peer = f"+120255501{number:02d}"
        assert post(helpful, push(message_id=f"H-{number}", body="HELP", message="HELP", **{"from": peer})) == 200

    assert len(outbound(helpful)) == 2


def scheduled(aws: Backend, by: int) -> Message:
    settings = aws.numbers.get(NUMBER)
    assert settings is not None
    draft = Draft(origin="test", key="1", to=PEER, text="Good morning", schedule_at=now_ms() + by)
    return accept(draft, settings, aws.messages, country="AU", now=now_ms())


def swept(by: int) -> dict[str, int]:
    then = now_ms() + by
    one = assemble.sweep()
    return dict(
        replace(one, clock=lambda: then, relay=replace(one.relay, clock=lambda: then))
        .run(remaining=lambda: 60_000)
        .done
    )


def test_a_scheduled_text_is_queued_when_its_time_has_come(aws: Backend) -> None:
    from tests.unit.test_relay import record

    message = scheduled(aws, HOUR)
    relay(record(message))
    assert aws.doorbells() == []
    assert swept(59 * MINUTE) == {}

    assert swept(HOUR) == {"released": 1}

    after = aws.messages.by_id(message.id)
    assert after is not None
    assert (after.state, after.unannounced, after.journey[-1].source) == (State.QUEUED, True, "schedule")
    relay(record(after))
    assert len(aws.doorbells()) == 1


def test_a_scheduled_text_that_was_taken_back_stays_so(aws: Backend) -> None:
    from textension.accepting import cancel

    message = scheduled(aws, HOUR)
    cancel(message, aws.messages, origin="test", now=now_ms())

    assert "released" not in swept(2 * HOUR)
