"""Texts that end: what ends with them, what outlives them, and that nothing points into the void and falls."""

from dataclasses import replace
from typing import Any

import boto3
import pytest
from textension import assemble
from textension.accepting import Draft, accept
from textension.aws import items, quarantine
from textension.aws.changes import TTL, Position
from textension.aws.conversations import Conversations
from textension.aws.items import message_key, pointer_key
from textension.aws.messages import Messages
from textension.aws.updates import IDS_KEPT
from textension.aws.wire import to_wire
from textension.clock import DAY, SECOND, now_ms
from textension.config import LimitsEnvironment
from textension.errors import ConfigurationError
from textension.message import Conversation, Message, moved
from textension.states import State

from tests.conftest import NUMBER, PEER, Backend, Context, forget, load_function
from tests.unit.api import ANA, MESSAGES
from tests.unit.test_inbound import outbound, post, push, stored, summary
from tests.unit.test_receipts import CLICKSEND_ID, receipt, take
from tests.unit.test_relay import record, relay

CONVERSATION = Conversation("main", NUMBER, PEER)
ID = "2CC1F1D8-0B50-418A-A66E-0000000000"


@pytest.fixture
def kept(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Backend:
    """A stack that keeps texts for 30 days."""
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "30")
    forget()
    return replace(aws, messages=Messages(aws.table, kept=30 * DAY))


def inbound(aws: Backend, number: int = 2, **changes: Any) -> Message:
    """The newest text after another one came in."""
    assert post(aws, push(message_id=f"{ID}{number:02d}", **changes)) == 200
    return stored(aws)[0]


def pointer(aws: Backend, message: Message) -> dict[str, Any]:
    """The pointer by our id."""
    found = aws.table.get(pointer_key(message.id))
    assert found is not None
    return found


def over(aws: Backend, *only: Message) -> None:
    """Every text's time is over (or that of some), and DynamoDB has not removed anything yet."""
    places = {(message_key(one).pk, message_key(one).sk) for one in only}
    for item in aws.items():
        if places and (item["pk"], item["sk"]) not in places:
            continue
        for name in {"expires_at", "last_expires_at"} & item.keys():
            boto3.client("dynamodb").update_item(
                TableName=aws.table_name,
                Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
                UpdateExpression="SET #name = :past",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":past": {"N": "1"}},
            )


def removed(aws: Backend, message: Message) -> None:
    """DynamoDB removes the text itself, before all that belongs to it."""
    aws.table.delete(message_key(message))


def near(seconds: int | None, at: int) -> bool:
    """Whether that time in Unix seconds is `at` (Unix ms), give or take what the test takes."""
    return seconds is not None and abs(seconds * SECOND - at) < 30 * SECOND


# ---------------------------------------------------------------- what is written


def test_without_a_retention_nothing_ends(aws: Backend) -> None:
    inbound(aws)
    outbound(aws)

    assert [item for item in aws.items() if {"expires_at", "last_expires_at"} & item.keys()] == []


def test_text_and_summary_end_together_and_the_ids_later(kept: Backend) -> None:
    message = inbound(kept)

    assert near(message.expires_at, now_ms() + 30 * DAY)
    assert summary(kept)["expires_at"] == summary(kept)["last_expires_at"] == message.expires_at
    assert near(pointer(kept, message)["expires_at"], now_ms() + IDS_KEPT)
    assert quarantine.TTL + 30 * DAY <= IDS_KEPT


def test_ids_never_end_before_their_text(aws: Backend) -> None:
    message = outbound(replace(aws, messages=Messages(aws.table, kept=365 * DAY)))

    [text] = stored(aws)
    assert pointer(aws, message)["expires_at"] == text.expires_at


def test_a_text_for_later_ends_after_it_was_to_be_sent(kept: Backend) -> None:
    settings = kept.numbers.get(NUMBER)
    assert settings
    later = now_ms() + 60 * DAY
    draft = Draft(origin="test", key="1", to=PEER, text="Shall we?", schedule_at=later)
    accept(draft, settings, kept.messages, country="AU", now=now_ms())

    [message] = stored(kept)
    assert near(message.expires_at, (message.valid_until or 0) + 30 * DAY)
    inbound(kept)
    assert summary(kept)["expires_at"] == message.expires_at  # the conversation ends with what ends last


def test_clicksends_id_of_a_sent_text_ends_like_ours(kept: Backend) -> None:
    message = outbound(kept)
    claimed = kept.claim(message.id)
    assert claimed
    sent = moved(claimed, State.SENT, at=now_ms(), source="test", clicksend_id=CLICKSEND_ID)
    kept.messages.move_to_sent(claimed, sent, fold=lambda one, _: one)

    found = kept.table.get(items.clicksend_key("main", CLICKSEND_ID))
    assert found
    assert found["expires_at"] == pointer(kept, message)["expires_at"]


def test_what_apps_are_told_ends_with_the_text(kept: Backend) -> None:
    message = inbound(kept)
    late = replace(message, expires_at=now_ms() // SECOND + 60)

    assert relay(record(late)) == []

    [change] = [item for item in kept.items() if item["pk"].startswith("CHANGES#")]
    assert change["expires_at"] == late.expires_at
    assert change["expires_at"] * SECOND < now_ms() + TTL


def test_a_retention_that_is_lifted_lets_the_conversation_stay(kept: Backend, aws: Backend) -> None:
    inbound(kept)
    outbound(aws)

    assert not {"expires_at", "last_expires_at"} & summary(aws).keys()


@pytest.mark.parametrize("days", ["29", "-1", "1", "10000", "many", ""])
def test_less_than_thirty_days_are_refused(aws: Backend, monkeypatch: pytest.MonkeyPatch, days: str) -> None:
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", days)

    with pytest.raises(ConfigurationError, match="MESSAGE_RETENTION_DAYS"):
        LimitsEnvironment.read()


# ---------------------------------------------------------------- what outlives


def test_an_opt_out_never_ends(kept: Backend) -> None:
    inbound(kept, 1)
    inbound(kept, 2, message="STOP", body="STOP", timestamp="1710886317")
    inbound(kept, 3, message="Really", body="Really", timestamp="1710886318")

    found = summary(kept)
    assert (found["opted_out"], found["last_text"]) == (True, "Really")
    assert "expires_at" not in found
    [listed] = [item for item in kept.items() if item["pk"].startswith("OPTOUT#")]
    assert "expires_at" not in listed


def test_a_conversation_that_was_blocked_never_ends(kept: Backend) -> None:
    conversations = Conversations(kept.table)
    inbound(kept, 1)
    conversations.block(CONVERSATION, blocked=True)
    assert "expires_at" not in summary(kept)
    inbound(kept, 2, timestamp="1710886317")
    assert "expires_at" not in summary(kept)

    conversations.block(CONVERSATION, blocked=False)
    inbound(kept, 3, timestamp="1710886318")

    assert "expires_at" not in summary(kept)


def test_a_conversation_with_texts_from_before_never_ends(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    inbound(aws, 1)
    monkeypatch.setenv("MESSAGE_RETENTION_DAYS", "30")
    forget()
    message = inbound(aws, 2, timestamp="1710886317")

    assert message.expires_at
    assert (summary(aws).get("expires_at"), summary(aws)["last_expires_at"]) == (None, message.expires_at)
    over(aws)
    assert len(stored(aws)) == 1
    assert Conversations(aws.table).get(CONVERSATION).last_text == ""


# ---------------------------------------------------------------- what is over, and still there


def test_what_is_over_is_shown_nowhere(kept: Backend) -> None:
    message = inbound(kept)
    relay(record(message))
    days = {"first_day": "2024-03-19", "last_day": "2024-03-21"}

    def seen() -> list[bool]:
        texts = ANA("GET", MESSAGES, NUMBER, PEER).body["items"]
        [line] = ANA("GET", "/conversations").body["items"]
        changes, _, _ = assemble.office().changes.since("main", [NUMBER], "101", Position.at(0), limit=10, now=now_ms())
        return [
            bool(texts),
            ANA("GET", "/messages/{message_id}", message.id).status == 200,
            bool(ANA("GET", "/admin/messages", query=days).body["items"]),
            "Yes please" in str(line),
            bool(changes),
        ]

    assert seen() == [True] * 5
    over(kept)
    assert seen() == [False] * 5


def test_older_pages_go_on_where_a_whole_page_is_over(kept: Backend) -> None:
    texts = [inbound(kept, number, timestamp=str(1710886316 + number)) for number in range(6)]
    over(kept, *texts[3:])

    page, place = kept.messages.thread(CONVERSATION, limit=3)
    assert (page, place is None) == ([], False)
    rest, _ = kept.messages.thread(CONVERSATION, limit=3, after=place)
    assert [one.id for one in rest] == [texts[2].id, texts[1].id, texts[0].id]


# ---------------------------------------------------------------- what points at nothing


def test_a_repeat_of_a_text_that_was_removed_brings_nothing_back(kept: Backend) -> None:
    removed(kept, inbound(kept))

    assert post(kept, push(message_id=f"{ID}02")) == 200

    assert stored(kept) == []
    assert kept.quarantine.page("main")[0] == []


def test_a_late_receipt_of_a_text_that_was_removed_is_taken_and_makes_nothing(kept: Backend) -> None:
    message = outbound(kept)
    removed(kept, message)
    custom = assemble.door().signer.custom_string("main", message.id)

    assert take(kept, receipt(custom_string=custom)) == 200

    assert stored(kept) == []
    assert kept.quarantine.page("main")[0] == []


def test_a_text_that_was_removed_is_not_there_for_the_app(kept: Backend) -> None:
    message = inbound(kept)
    removed(kept, message)

    assert ANA("GET", "/messages/{message_id}", message.id).status == 404
    assert ANA("POST", "/messages/{message_id}/resend", message.id).status == 404
    assert ANA("GET", MESSAGES, NUMBER, PEER).body["items"] == []
    read = ANA("POST", "/conversations/{number}/{peer}/read", NUMBER, PEER, body={"up_to": message.id})
    assert (read.status, read.body["unread"]) == (200, 0)


def test_a_key_whose_text_was_removed_sends_nothing_again(kept: Backend) -> None:
    sent = ANA.send(NUMBER, PEER, "once", "key-1")
    assert sent.status == 202
    removed(kept, stored(kept)[0])

    assert ANA.send(NUMBER, PEER, "once", "key-1").status == 409
    assert stored(kept) == []


def test_a_removal_in_the_stream_says_nothing(kept: Backend) -> None:
    message = inbound(kept)
    image = to_wire(items.message_item(message)) | message_key(message).wire
    removal = {
        "eventID": "1",
        "eventName": "REMOVE",
        "dynamodb": {"Keys": message_key(message).wire, "OldImage": image, "SequenceNumber": "1"},
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
    }

    answer = load_function("stream_relay").handler({"Records": [removal]}, Context())

    assert answer == {"batchItemFailures": []}
    assert (kept.events(), kept.doorbells()) == ([], [])
