"""STOP is honoured at once, on every path; START lifts it; the later of the two holds, whenever they arrive."""

import itertools
import json

import pytest
from textension.clock import SECOND, now_ms
from textension.errors import OptedOut
from textension.message import Message
from textension.optout import Keyword, Keywords
from textension.states import State

from tests.conftest import PEER, Backend
from tests.unit.test_inbound import outbound, post, push, stored, summary
from tests.unit.test_outbound import clicksend, queue, ring, sent, simulator  # noqa: F401 - fixtures
from tests.unit.test_relay import record, relay


@pytest.mark.parametrize(
    ("text", "keyword"),
    [
        ("STOP", Keyword.STOP),
        ("stop", Keyword.STOP),
        (" Stop! ", Keyword.STOP),
        ("“STOP”.", Keyword.STOP),
        ("Stop all", Keyword.STOP),
        ("opt-out", Keyword.STOP),
        ("Unsubscribe", Keyword.STOP),
        ("REVOKE", Keyword.STOP),
        ("start", Keyword.START),
        ("UNSTOP", Keyword.START),
        ("stop please", None),
        ("don't stop", None),
        ("", None),
        ("!!!", None),
        ("stop" + "!" * 100, None),
        ("HELP", None),
    ],
)
def test_a_keyword_is_the_whole_message(text: str, keyword: Keyword | None) -> None:
    assert Keywords.of().read(text) is keyword


def test_the_words_can_be_chosen() -> None:
    words = Keywords.of(["ARRÊT", "stopp", ""], ["weiter"])
    assert [words.read(text) for text in ("arrêt", "Stopp.", "stop", "WEITER", "")] == [
        Keyword.STOP, Keyword.STOP, None, Keyword.START, None,
    ]  # fmt: skip


def says(aws: Backend, text: str, *, at: int, key: str = "") -> None:
    """The peer texts at a second."""
    assert post(aws, push(body=text, message=text, timestamp=str(at), message_id=f"{text}-{at}-{key}")) == 200


NOW = now_ms() // SECOND


def test_after_stop_nothing_can_be_sent_and_start_lifts_it(aws: Backend) -> None:
    says(aws, "Stop.", at=NOW)
    assert summary(aws)["opted_out"] is True
    before = aws.items()

    with pytest.raises(OptedOut, match="START"):
        outbound(aws)
    assert aws.items() == before

    says(aws, "START", at=NOW + 1)
    assert outbound(aws).state is State.QUEUED


def test_the_keyword_itself_is_delivered_like_any_other_text(aws: Backend) -> None:
    says(aws, "STOP", at=NOW)
    (message,) = stored(aws)
    assert (message.text, message.keyword, message.unannounced) == ("STOP", Keyword.STOP, True)

    relay(record(message))

    published = [json.loads(envelope["Message"]) for envelope in aws.events()]
    assert [event["type"] for event in published] == ["message.received", "number.opted_out"]
    assert published[1]["data"]["opted_out"] is True
    assert published[1]["data"]["peer"] == PEER
    assert len({event["id"] for event in published}) == 2


@pytest.mark.parametrize("order", list(itertools.permutations([("STOP", 0), ("hello", 1), ("START", 2), ("bye", 3)])))
def test_the_later_keyword_holds_in_whatever_order_they_arrive(
    aws: Backend, order: tuple[tuple[str, int], ...]
) -> None:
    for text, second in order:
        says(aws, text, at=NOW + second)
    assert summary(aws)["opted_out"] is False
    assert summary(aws)["last_text"] == "bye"
    assert summary(aws)["unread_101"] == 4


def test_a_stop_that_our_own_newer_text_overtook_still_counts(aws: Backend) -> None:
    outbound(aws)
    says(aws, "STOP", at=NOW - 60)
    assert summary(aws)["last_text"] == "Shall we?"
    with pytest.raises(OptedOut):
        queue(aws, key="another")


def test_a_replayed_stop_does_not_undo_a_later_start(aws: Backend) -> None:
    says(aws, "STOP", at=NOW)
    says(aws, "START", at=NOW + 5)
    says(aws, "STOP", at=NOW)
    assert summary(aws)["opted_out"] is False


def test_another_number_may_still_text_the_peer(aws: Backend) -> None:
    says(aws, "STOP", at=NOW)
    assert queue(aws, to="+61433333333").state is State.QUEUED


def test_a_text_that_was_queued_before_the_stop_is_not_sent(aws: Backend, clicksend: object) -> None:  # noqa: F811
    waiting: list[Message] = [queue(aws, key="1"), queue(aws, to="+61433333333", key="2")]
    says(aws, "STOP", at=NOW)

    ring(*waiting)

    after = [aws.messages.by_id(message.id) for message in waiting]
    assert [(one.state, one.reason) for one in after if one] == [(State.REJECTED, "OPTED_OUT"), (State.SENT, "")]
    assert [one["to"] for one in sent(clicksend)["messages"]] == ["+61433333333"]  # type: ignore[arg-type]


def test_an_accepted_text_repeated_after_the_stop_is_the_same_message(aws: Backend) -> None:
    first = queue(aws)
    says(aws, "STOP", at=NOW)
    assert queue(aws).id == first.id
