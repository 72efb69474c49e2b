"""Every file under events/ is answered by the built function in a container that looks like Lambda's."""

import json
from typing import Any

import pytest
from textension.aws.messages import Messages
from textension.states import State

from tests.events import arrange
from tests.events.expected import INBOUND, SENDER, STREAM, SWEEPER, Refused, failures
from tests.sam_local.sam import Lambda, Sam


def status(case: str) -> int:
    """What the webhook answers to a file."""
    return 403 if isinstance(INBOUND[case], Refused) else 200


@pytest.mark.parametrize("case", INBOUND)
def test_a_post_is_answered(containers: Lambda, case: str) -> None:
    answer = containers.invoke("InboundWebhook", arrange.event("inbound_webhook", case))

    assert answer["statusCode"] == status(case)
    assert json.loads(answer["body"]) == {"message": "forbidden" if status(case) == 403 else "ok"}


@pytest.mark.parametrize("case", STREAM)
def test_a_change_is_announced(containers: Lambda, case: str) -> None:
    event = arrange.event("stream_relay", case)

    answer = containers.invoke("StreamRelay", event)

    assert answer == failures(event["Records"], STREAM[case].failed)


@pytest.mark.parametrize("case", SENDER)
def test_what_the_doorbells_ask_for_is_sent(containers: Lambda, messages: Messages, case: str) -> None:
    arrange.for_outbound_sender(messages, case)
    event = arrange.event("outbound_sender", case)

    answer = containers.invoke("OutboundSender", event)

    assert answer == failures(event["Records"], SENDER[case])
    sent = [messages.by_id(arrange.message_id(key)) for key in arrange.BELLS[case]]
    assert {message.state for message in sent if message} <= {State.SENT, State.DELIVERED}
    assert all(message and message.clicksend_id for message in sent)


def test_what_is_due_is_done(containers: Lambda, messages: Messages) -> None:
    arrange.for_sweeper(messages)

    done = containers.invoke("Sweeper", arrange.event("sweeper", "each_minute"))

    assert done.items() <= SWEEPER["each_minute"].items()  # the stack has a sweeper too, which may have been faster
    states = [messages.by_id(arrange.message_id(key)) for key in ("too_late", "worker_lost")]
    assert [message.state for message in states if message] == [State.EXPIRED, State.UNKNOWN]


INVOKED: list[tuple[str, str, str, Any]] = [
    ("InboundWebhook", "inbound_webhook", "text_with_every_trap", 200),
    ("StreamRelay", "stream_relay", "poison_between_messages", None),
    ("OutboundSender", "outbound_sender", "body_malformed", None),
    ("Sweeper", "sweeper", "each_minute", None),
]


@pytest.mark.parametrize(("logical_id", "function", "case", "expected"), INVOKED)
def test_sam_local_invoke_answers_the_same(
    sam: Sam, messages: Messages, logical_id: str, function: str, case: str, expected: Any
) -> None:
    answer = sam.invoke(logical_id, arrange.path_of(function, case))

    records = arrange.event(function, case).get("Records", [])
    match function:
        case "inbound_webhook":
            assert answer["statusCode"] == expected
        case "stream_relay":
            assert answer == failures(records, STREAM[case].failed)
        case "outbound_sender":
            assert answer == failures(records, SENDER[case])
        case "sweeper":
            assert all(isinstance(count, int) for count in answer.values())  # of what the cases before have left
