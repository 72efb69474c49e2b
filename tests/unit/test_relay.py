"""What the table holds is carried on: published with its attributes, rung where there is something to send."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from textension import assemble
from textension.accepting import VALIDITY
from textension.aws import clients
from textension.aws.items import DUE_SHARDS, due_shard, message_item, message_key
from textension.aws.messages import Messages
from textension.aws.wire import to_wire
from textension.clock import MINUTE, now_ms
from textension.errors import Unavailable
from textension.message import Message, moved
from textension.states import ANNOUNCE_GRACE, LEASE, RING_PATIENCE, State

from tests.conftest import NUMBER, PEER, Backend, Context, forget, load_function
from tests.unit.test_inbound import outbound, post, push, stored
from tests.unit.test_outbound import queue
from tests.unit.test_receipts import claimed


def record(message: Message, sequence: int = 1, **changes: Any) -> dict[str, Any]:
    """A stream record for a message as it is."""
    image = to_wire({"pk": message_key(message).pk, "sk": message_key(message).sk, **message_item(message), **changes})
    return {
        "eventID": str(sequence),
        "eventName": "MODIFY",
        "dynamodb": {"NewImage": image, "SequenceNumber": str(sequence)},
    }


def relay(*records: dict[str, Any]) -> list[str]:
    """Through the function; the sequence numbers that failed."""
    answer = load_function("stream_relay").handler({"Records": list(records)}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def sweep() -> dict[str, int]:
    done: dict[str, int] = load_function("sweeper").handler({}, Context())
    return done


def unclear(aws: Backend, message: Message) -> Message:
    """A claimed text of which nobody knows whether ClickSend has it."""
    return aws.messages.move(message, moved(message, State.UNKNOWN, at=now_ms(), source="test"), fenced=True)


def inbound(aws: Backend) -> Message:
    post(aws, push())
    return stored(aws)[0]


def test_an_inbound_text_is_published_with_the_attributes_that_filters_use(aws: Backend) -> None:
    message = inbound(aws)

    assert relay(record(message)) == []

    (envelope,) = aws.events()
    attributes = {name: value["Value"] for name, value in envelope["MessageAttributes"].items()}
    assert attributes == {
        "type": "message.received",
        "account": "main",
        "number": NUMBER,
        "extension": '["101", "102"]',
    }
    event = json.loads(envelope["Message"])
    assert envelope["Message"].isascii()
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "message.received", message.id)
    assert event["id"] == f"{message.id}.received"
    assert event["data"]["text"] == "Yes please"
    assert event["data"]["peer"] == PEER
    after = stored(aws)[0]
    assert not after.unannounced
    assert "due_at" not in (aws.table.get(message_key(after)) or {})
    assert aws.doorbells() == []


def test_a_filter_on_one_extension_gets_what_it_shares(aws: Backend) -> None:
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    urls = {}
    for extension in ("101", "999"):
        urls[extension] = sqs.create_queue(QueueName=f"extension-{extension}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=urls[extension], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"extension": [extension]})
        sns.subscribe(TopicArn=aws.topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy})

    relay(record(inbound(aws)))

    assert len(aws._drain(urls["101"])) == 1
    assert aws._drain(urls["999"]) == []


def test_twice_is_harmless(aws: Backend) -> None:
    message = inbound(aws)
    assert relay(record(message), record(message, 2)) == []
    first, second = aws.events()
    assert first["Message"] == second["Message"]


def test_a_queued_text_rings_once_with_ids_only(aws: Backend) -> None:
    message = outbound(aws)

    assert relay(record(message)) == []

    (bell,) = aws.doorbells()
    assert json.loads(bell["Body"]) == {"message_id": message.id, "attempt": 1}
    assert bell["Attributes"]["MessageDeduplicationId"] == f"{message.id}:1"
    group = bell["Attributes"]["MessageGroupId"]
    assert len(group) == 22
    assert PEER[1:] not in json.dumps(bell)
    (envelope,) = aws.events()
    assert json.loads(envelope["Message"])["type"] == "message.status_changed"
    after = aws.messages.by_id(message.id)
    assert after
    assert after.rung_at
    assert not after.unannounced


def test_what_moved_on_meanwhile_stays_unannounced(aws: Backend) -> None:
    message = outbound(aws)
    unknown = unclear(aws, claimed(aws))

    relay(record(message))

    after = aws.messages.by_id(message.id)
    assert after == unknown
    assert after.unannounced


def test_a_step_is_announced_though_the_one_before_was_announced_meanwhile(aws: Backend) -> None:
    unknown = unclear(aws, claimed(aws))
    assert relay(record(unknown)) == []

    aws.messages.move(unknown, moved(unknown, State.DELIVERED, at=now_ms(), source="test"))

    after = aws.messages.by_id(unknown.id)
    assert after
    assert after.unannounced
    assert (aws.table.get(message_key(after)) or {})["due_at"] == after.changed_at + ANNOUNCE_GRACE


def test_a_claim_is_told_to_nobody_what_comes_of_it_is(aws: Backend) -> None:
    message = claimed(aws)
    assert relay(record(message)) == []
    assert aws.events() == []

    relay(record(unclear(aws, message)))

    [envelope] = aws.events()
    assert json.loads(envelope["Message"])["data"]["state"] == "unknown"


def fail_entries(monkeypatch: pytest.MonkeyPatch, client: Any, method: str, place: str, answer: str) -> None:
    """The batch's entry at `place` is refused, and not carried out."""
    original = getattr(client, method)
    listed = "PublishBatchRequestEntries" if method == "publish_batch" else "Entries"

    def refusing(**request: Any) -> Any:
        rest = [one for one in request[listed] if one["Id"] != place]
        told = original(**{**request, listed: rest}) if rest else {}
        return {**told, answer: [{"Id": place, "Code": "InternalError", "SenderFault": False}]}

    monkeypatch.setattr(client, method, refusing)


def test_an_event_that_sns_refused_comes_again_alone(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        post(aws, push(message_id=str(number)))
    messages = stored(aws)
    fail_entries(monkeypatch, clients.sns(), "publish_batch", "1", "Failed")

    assert relay(*(record(message, place) for place, message in enumerate(messages))) == ["1"]

    assert len(aws.events()) == 2
    assert [message.unannounced for message in stored(aws)] == [False, True, False]


def test_a_doorbell_that_sqs_refused_comes_again_and_is_not_told_yet(
    aws: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = queue(aws, key="1"), queue(aws, key="2")
    fail_entries(monkeypatch, clients.sqs(), "send_message_batch", "0", "Failed")

    assert relay(record(first, 1), record(second, 2)) == ["1"]

    [bell], [envelope] = aws.doorbells(), aws.events()
    assert json.loads(bell["Body"])["message_id"] == json.loads(envelope["Message"])["data"]["message_id"] == second.id


def test_what_the_table_left_unwritten_is_written_or_comes_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = inbound(aws)
    original = clients.dynamodb().batch_write_item
    left = iter([True, *[False] * 9])

    def busy(RequestItems: Any) -> Any:  # noqa: N803 - as DynamoDB calls it
        return {"UnprocessedItems": RequestItems} if next(left) else original(RequestItems=RequestItems)

    monkeypatch.setattr(clients.dynamodb(), "batch_write_item", busy)
    assert relay(record(message)) == []
    assert [item["id"] for item in aws.items() if item["pk"].startswith("CHANGES#")] == [f"{message.id}.received"]

    left = iter([True] * 9)
    assert relay(record(message)) == ["1"]
    assert len(aws.events()) == 1  # what is not among the changes is not published


@pytest.mark.parametrize("position", range(3))
def test_a_poison_record_holds_nobody_up(aws: Backend, position: int) -> None:
    message = inbound(aws)
    records = [record(message, sequence) for sequence in range(3)]
    records[position] = record(message, position, state="no such state")

    assert relay(*records) == [str(position)]
    assert len(aws.events()) == 2


@pytest.mark.parametrize("missing", ["EVENTS_TOPIC_ARN", "OUTBOUND_QUEUE_URL", "TABLE_NAME"])
def test_a_dependency_out_of_reach_leaves_the_record_to_come_again(
    aws: Backend, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    message = outbound(aws)
    monkeypatch.setenv(missing, "arn:aws:sns:ap-southeast-2:123456789012:absent")
    forget()
    assert relay(record(message, 7), record(message, 8)) == ["7", "8"]
    found = aws.messages.by_id(message.id)
    assert found
    assert found.unannounced


def test_removals_marks_and_other_items_are_ignored(aws: Backend) -> None:
    message = inbound(aws)
    mark = record(message)
    del mark["dynamodb"]["NewImage"]["unannounced"]
    removed = {"eventName": "REMOVE", "dynamodb": {"OldImage": {}, "SequenceNumber": "1"}}
    summary = {"dynamodb": {"NewImage": to_wire({"pk": "x", "sk": "SUMMARY"}), "SequenceNumber": "2"}}
    assert relay(mark, removed, summary) == []
    assert aws.events() == []


type At = Callable[[int], dict[str, int]]


class TestSweeper:
    """What nobody finished."""

    @pytest.fixture
    def at(self, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], dict[str, int]]:
        """Sweeps some milliseconds from now."""
        original = assemble.sweep

        def run(by: int) -> dict[str, int]:
            forget()
            one, then = original(), now_ms() + by
            moved_on = replace(one, clock=lambda: then, relay=replace(one.relay, clock=lambda: then))
            with monkeypatch.context() as patch:
                patch.setattr(assemble, "sweep", lambda: moved_on)
                return sweep()

        return run

    def test_nothing_is_due_at_first(self, aws: Backend, at: At) -> None:
        inbound(aws)
        outbound(aws)
        assert at(0) == {}

    def test_an_unpublished_text_is_published_once(self, aws: Backend, at: At) -> None:
        inbound(aws)
        assert at(ANNOUNCE_GRACE) == {"announced": 1}
        assert at(ANNOUNCE_GRACE) == {}
        assert len(aws.events()) == 1

    def test_a_queued_text_whose_stream_record_was_lost_is_rung(self, aws: Backend, at: At) -> None:
        outbound(aws)
        assert at(ANNOUNCE_GRACE)["announced"] == 1
        assert len(aws.doorbells()) == 1

    def test_a_doorbell_without_effect_is_rung_again(self, aws: Backend, at: At) -> None:
        relay(record(outbound(aws)))
        aws.doorbells()
        assert at(RING_PATIENCE - MINUTE) == {}
        assert at(RING_PATIENCE + MINUTE) == {"rung": 1}

    def test_a_dead_workers_claim_is_unknown_and_never_rung(self, aws: Backend, at: At) -> None:
        message = outbound(aws)
        aws.claim(message.id, "dead")

        assert at(LEASE) == {"lease_ended": 1}

        found = aws.messages.by_id(message.id)
        assert found
        assert (found.state, found.reason) == (State.UNKNOWN, "WORKER_LOST")
        assert found.journey[-1].source == "sweeper"
        at(2 * LEASE)
        assert "rung" not in at(60 * MINUTE)
        assert aws.doorbells() == []

    def test_a_retry_is_rung_when_its_time_has_come(self, aws: Backend, at: At) -> None:
        message = claimed(aws)
        now = now_ms()
        waiting = aws.messages.move(
            message,
            moved(message, State.QUEUED, at=now, source="test", attempt=2, next_attempt_at=now + 5 * MINUTE),
        )
        relay(record(waiting))
        assert aws.doorbells() == []
        assert at(4 * MINUTE) == {}
        assert at(5 * MINUTE + 1000) == {"rung": 1}
        (bell,) = aws.doorbells()
        assert json.loads(bell["Body"])["attempt"] == 2

    def test_what_is_too_old_expires(self, aws: Backend, at: At) -> None:
        message = outbound(aws)
        relay(record(message))
        assert at(VALIDITY) == {"expired": 1}
        found = aws.messages.by_id(message.id)
        assert found
        assert found.state is State.EXPIRED

    def test_an_item_that_cannot_be_read_keeps_no_other_waiting(self, aws: Backend, at: At) -> None:
        message = inbound(aws)
        poison = 60 * DUE_SHARDS
        for number in range(poison):
            item = {"pk": "poison", "sk": str(number), "due_shard": due_shard(number), "due_at": 1, "state": "?"}
            boto3.client("dynamodb").put_item(TableName=aws.table_name, Item=to_wire(item))

        assert at(ANNOUNCE_GRACE) == {"announced": 1, "unreadable": poison}
        assert not stored(aws)[0].unannounced
        assert message.unannounced

    def test_one_items_trouble_keeps_no_other_waiting(
        self, aws: Backend, at: At, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inbound(aws)
        outbound(aws)
        monkeypatch.setenv("OUTBOUND_QUEUE_URL", "http://absent")
        done = at(ANNOUNCE_GRACE)
        assert done == {"announced": 1, "unavailable": 1}

    def test_one_shards_trouble_keeps_no_other_waiting(
        self, aws: Backend, at: At, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        message = inbound(aws)
        due = Messages.due

        def except_one(one: Messages, shard: int, *rest: Any) -> Any:
            if due_shard(shard) != (aws.table.get(message_key(message)) or {})["due_shard"]:
                raise Unavailable("this shard is out of reach")
            return due(one, shard, *rest)

        monkeypatch.setattr(Messages, "due", except_one)

        assert at(ANNOUNCE_GRACE) == {"announced": 1, "shard_unread": DUE_SHARDS - 1}

    def test_a_table_out_of_reach_fails_the_sweep(self, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TABLE_NAME", "absent")
        forget()
        with pytest.raises(Unavailable):
            assemble.sweep().run(remaining=lambda: 60_000)

    @pytest.mark.parametrize(
        ("away", "elsewhere"),
        [
            ("TABLE_NAME", "absent"),
            ("SIGNING_SECRET_ARN", "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:absent"),
        ],
    )
    def test_a_minute_without_the_table_or_the_secret_is_no_failure_of_the_function(
        self,
        aws: Backend,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        away: str,
        elsewhere: str,
    ) -> None:
        inbound(aws)
        monkeypatch.setenv(away, elsewhere)
        forget()
        capsys.readouterr()

        assert sweep() == {}

        told = capsys.readouterr().out.replace(" ", "")
        assert '"SweepFailed":[1.0]' in told
        assert "OldestDueSeconds" not in told, "silence is what the alarm listens for"
