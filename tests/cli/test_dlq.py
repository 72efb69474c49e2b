"""What was given up: listed, looked at, sent back; twice in a row loses and doubles nothing."""

import json
from typing import Any

import boto3
import pytest
from textension import events
from textension.clock import now_ms
from textension.message import Conversation

from tests.cli.conftest import STACK, Cli, Emulator, outputs, run
from tests.conftest import NUMBER, PEER, Backend


@pytest.fixture
def urls(aws: Backend) -> dict[str, str]:
    """Queues as the template has them, by output."""
    sqs = boto3.client("sqs")
    made: dict[str, str] = {}
    for name in ("Outbound", "Realtime", "Email"):
        for kind in ("Queue", "DeadLetterQueue"):
            fifo = name == "Outbound"
            attributes: Any = {"FifoQueue": "true"} if fifo else {}
            queue = f"dlq-{name}-{kind}" + (".fifo" if fifo else "")
            made[f"{name}{kind}Url"] = sqs.create_queue(QueueName=queue, Attributes=attributes)["QueueUrl"]
    made["FailureQueueUrl"] = sqs.create_queue(QueueName="dlq-failure")["QueueUrl"]
    return made


@pytest.fixture
def cli(aws: Backend, emulator: Emulator, urls: dict[str, str]) -> Cli:
    """Runs commands on a stack with these queues."""
    known = {name: value for name, value in outputs(aws).items() if "Queue" not in name}
    emulator.deploy(STACK, {**known, **urls})
    return lambda *arguments, **more: run(*arguments, "--stack", STACK, **more)


def put(url: str, body: Any, **more: Any) -> None:
    """Something that was given up."""
    text = body if isinstance(body, str) else json.dumps(body)
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=text, **more)


def bells(urls: dict[str, str], count: int, groups: int = 1) -> list[str]:
    """Doorbells in the dead-letter queue of the outbound one; their bodies."""
    bodies = [json.dumps({"message_id": f"M{number}", "attempt": 1}) for number in range(count)]
    for number, body in enumerate(bodies):
        group, dedup = f"g{number % groups}", f"M{number}:1"
        put(urls["OutboundDeadLetterQueueUrl"], body, MessageGroupId=group, MessageDeduplicationId=dedup)
    return bodies


def counts(cli: Cli) -> dict[str, int]:
    """Messages by queue."""
    return {one["name"]: one["messages"] for one in cli("dlq", "list", "--json").json}


def test_all_queues_are_listed_with_what_they_hold(cli: Cli, urls: dict[str, str]) -> None:
    bells(urls, 3)

    assert counts(cli) == {"email": 0, "outbound": 3, "realtime": 0, "failure": 0}
    assert ["outbound", "3"] in [line.split() for line in cli("dlq", "list").out.splitlines()]


def test_looking_changes_nothing(cli: Cli, urls: dict[str, str]) -> None:
    bodies = bells(urls, 3)

    for _ in range(2):
        shown = cli("dlq", "show", "outbound", "--json").json
        assert [(one["body"], one["kind"]) for one in shown] == [(body, "doorbell") for body in bodies]
    assert counts(cli)["outbound"] == 3


def test_a_queue_nobody_knows_is_named_with_those_that_are(cli: Cli) -> None:
    ran = cli("dlq", "show", "inbound")
    assert (ran.code, ran.error) == (2, "inbound is none of the queues: email, outbound, realtime, failure")


@pytest.mark.parametrize("arguments", [(), ("outbound", "--all")])
def test_what_to_redrive_must_be_said(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("dlq", "redrive", *arguments).code == 2


def test_without_a_yes_nothing_is_sent_back(cli: Cli, aws: Backend, urls: dict[str, str]) -> None:
    bells(urls, 1)

    assert cli("dlq", "redrive", "outbound", typed="n\n").code == 1
    assert counts(cli)["outbound"] == 1


@pytest.mark.parametrize(("count", "groups"), [(1, 1), (25, 1), (25, 25)])
def test_twice_in_a_row_loses_and_doubles_nothing(
    cli: Cli, aws: Backend, urls: dict[str, str], count: int, groups: int
) -> None:
    bodies = bells(urls, count, groups)

    first = cli("dlq", "redrive", "outbound", "--yes", "--json")
    second = cli("dlq", "redrive", "outbound", "--yes")

    assert (first.code, first.json) == (0, {"outbound": {"sent_back": count}})
    assert (second.code, second.out) == (0, "There is nothing to send back.\n")
    assert sorted(one["Body"] for one in aws._drain(urls["OutboundQueueUrl"])) == sorted(bodies)


def test_a_crash_between_sending_and_deleting_doubles_nothing_in_a_fifo_queue(
    cli: Cli, aws: Backend, urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from textension.aws import dead_letters

    (body,) = bells(urls, 1)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(dead_letters.DeadLetters, "_delete", crash)
        patched.setattr(dead_letters, "HOLD", 0)
        cli("dlq", "redrive", "outbound", "--yes")
    assert counts(cli)["outbound"] == 1

    assert cli("dlq", "redrive", "outbound", "--yes").code == 0
    assert [one["Body"] for one in aws._drain(urls["OutboundQueueUrl"])] == [body]


def event(aws: Backend) -> str:
    """An event as it is published."""
    notice = events.opted_out(Conversation("main", NUMBER, PEER), ("101",), at=now_ms(), by="test")
    return events.of(notice)[0].body


STREAM = {"requestContext": {}, "DDBStreamBatchInfo": {"shardId": "x", "batchSize": 1}}
CALL = {"requestContext": {"condition": "RetriesExhausted"}, "requestPayload": {}, "responsePayload": {}}


def test_an_event_that_a_queue_did_not_get_is_published_again(cli: Cli, aws: Backend, urls: dict[str, str]) -> None:
    body = event(aws)
    put(urls["FailureQueueUrl"], body)

    ran = cli("dlq", "redrive", "failure", "--yes", "--json")

    assert ran.json == {"failure": {"sent_back": 1}}
    (published,) = aws.events()
    assert published["Message"] == body
    told = {name: one["Value"] for name, one in published["MessageAttributes"].items()}
    assert told == {"type": "number.opted_out", "account": "main", "number": NUMBER, "extension": '["101"]'}


def test_what_the_sweeper_has_done_meanwhile_is_taken_away(cli: Cli, urls: dict[str, str]) -> None:
    for body in (STREAM, CALL):
        put(urls["FailureQueueUrl"], body)
    put(
        urls["FailureQueueUrl"],
        "{}",
        MessageAttributes={"SCHEDULE_ARN": {"DataType": "String", "StringValue": "arn:aws:scheduler:x"}},
    )

    assert cli("dlq", "redrive", "--all", "--yes", "--json").json["failure"] == {"settled": 3}
    assert counts(cli)["failure"] == 0


def test_mails_that_came_back_are_told_again(cli: Cli, aws: Backend, urls: dict[str, str]) -> None:
    feedback = json.dumps({"eventType": "Bounce", "mail": {"messageId": "x"}})
    put(urls["FailureQueueUrl"], feedback)

    cli("dlq", "redrive", "failure", "--yes")

    assert [one["Body"] for one in aws._drain(urls["EmailQueueUrl"])] == [feedback]


def test_what_nobody_knows_is_left_and_said(cli: Cli, urls: dict[str, str]) -> None:
    put(urls["FailureQueueUrl"], "?")

    ran = cli("dlq", "redrive", "failure", "--yes")

    assert ran.code == 1
    assert "textension dlq show" in ran.err
    assert counts(cli)["failure"] == 1


def test_attributes_go_back_with_their_message(cli: Cli, aws: Backend, urls: dict[str, str]) -> None:
    attributes: Any = {"type": {"DataType": "String", "StringValue": "message.received"}}
    put(urls["EmailDeadLetterQueueUrl"], "{}", MessageAttributes=attributes)

    cli("dlq", "redrive", "email", "--yes")

    answer = boto3.client("sqs").receive_message(QueueUrl=urls["EmailQueueUrl"], MessageAttributeNames=["All"])
    assert answer["Messages"][0]["MessageAttributes"]["type"]["StringValue"] == "message.received"


def test_a_stack_of_an_older_template_says_what_it_lacks(cli: Cli, emulator: Emulator, aws: Backend) -> None:
    known = {**outputs(aws), "RealtimeDeadLetterQueueUrl": aws.inspect_url}
    emulator.deploy("old", {name: value for name, value in known.items() if name != "RealtimeQueueUrl"})

    ran = run("dlq", "redrive", "realtime", "--yes", "--stack", "old")

    assert ran.code == 1
    assert "deploy this version" in ran.error
