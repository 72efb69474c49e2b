"""What no local engine shows: conflicts, throttling, lost answers; and how many requests each message costs."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from textension import assemble
from textension.aws import clients
from textension.aws.items import Key
from textension.aws.messages import Stored
from textension.aws.table import Put
from textension.errors import Conflict, NotFound, Unavailable
from textension.message import NumberSettings, moved
from textension.states import State

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.test_inbound import outbound, post, push, stored
from tests.unit.test_relay import record, relay


def fail(monkeypatch: pytest.MonkeyPatch, method: str, *errors: Exception, after: bool = False) -> list[dict[str, Any]]:
    """The next calls of a DynamoDB method raise these, before or after they did their work; all calls' parameters."""
    client = clients.dynamodb()
    original: Callable[..., Any] = getattr(client, method)
    waiting, calls = list(errors), []

    def wrapped(**parameters: Any) -> Any:
        calls.append(parameters)
        if not waiting:
            return original(**parameters)
        if after:
            original(**parameters)
        raise waiting.pop(0)

    monkeypatch.setattr(client, method, wrapped)
    return calls


def cancelled(*codes: str) -> ClientError:
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return clients.dynamodb().exceptions.TransactionCanceledException(response, "TransactWriteItems")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "operation")


@pytest.mark.parametrize("position", range(3))
@pytest.mark.parametrize("times", [1, 4])
def test_a_conflict_with_another_transaction_is_tried_again(
    aws: Backend, monkeypatch: pytest.MonkeyPatch, position: int, times: int
) -> None:
    codes = ["TransactionConflict" if index == position else "None" for index in range(3)]
    calls = fail(monkeypatch, "transact_write_items", *[cancelled(*codes) for _ in range(times)])

    assert post(aws, push()) == 200

    assert len(calls) == times + 1
    assert len(stored(aws)) == 1


def test_a_conflict_that_does_not_end_is_503_within_the_deadline(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "transact_write_items", *[cancelled("None", "TransactionConflict", "None")] * 50)
    assert post(aws, push()) == 503
    assert stored(aws) == []


def test_a_single_write_that_meets_a_transaction_is_tried_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = outbound(aws)
    conflict = clients.dynamodb().exceptions.TransactionConflictException(
        {"Error": {"Code": "TransactionConflictException", "Message": ""}}, "UpdateItem"
    )
    calls = fail(monkeypatch, "update_item", conflict, conflict)
    step = moved(message, State.CANCELLED, at=message.sent_at, source="test")
    assert aws.messages.move(message, step).state is State.CANCELLED
    assert len(calls) == 3


def test_a_throttled_transaction_is_tried_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(monkeypatch, "transact_write_items", cancelled("ThrottlingError", "None", "None"))
    assert post(aws, push()) == 200


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="x"),
        ConnectionClosedError(endpoint_url="x"),
        refused("ProvisionedThroughputExceededException"),
        refused("InternalServerError"),
        refused("AccessDeniedException"),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_write_that_failed_or_whose_answer_was_lost_is_503_and_its_repeat_one_message(
    aws: Backend, monkeypatch: pytest.MonkeyPatch, error: Exception, after: bool
) -> None:
    fail(monkeypatch, "transact_write_items", error, after=after)
    assert post(aws, push()) == 503
    assert post(aws, push()) == 200
    assert len(stored(aws)) == 1


def test_keys_that_were_left_unread_are_read_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = outbound(aws)
    client = clients.dynamodb()
    original = client.batch_get_item
    calls: list[dict[str, Any]] = []

    def first_unread(**call: Any) -> Any:
        calls.append(call)
        return original(**call) if calls[1:] else {"Responses": {}, "UnprocessedKeys": call["RequestItems"]}

    monkeypatch.setattr(client, "batch_get_item", first_unread)
    assert set(aws.messages.locate([message.id])) == {message.id}


def test_a_put_finds_what_is_there(aws: Backend) -> None:
    aws.table.put(Put(Key("a", "b"), {"version": 1}))
    assert aws.table.get(Key("a", "b")) == {"pk": "a", "sk": "b", "version": 1}


class TestNumbers:
    def test_a_number_is_listed_with_its_account_and_extensions(self, aws: Backend) -> None:
        assert [one.number for one in aws.numbers.of_account("main")] == [NUMBER]
        keys = {(item["pk"], item["sk"]) for item in aws.items()}
        assert {("ACCOUNT#main", f"NUMBER#{NUMBER}"), ("EXTENSION#main#101", f"NUMBER#{NUMBER}")} <= keys

    def test_a_change_moves_the_listings(self, aws: Backend) -> None:
        aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("102", "103")))
        listed = {item["pk"] for item in aws.items() if item["pk"].startswith("EXTENSION#")}
        assert listed == {"EXTENSION#main#102", "EXTENSION#main#103"}

    def test_a_number_has_one_owner(self, aws: Backend) -> None:
        with pytest.raises(Conflict, match="another account"):
            aws.numbers.put(NumberSettings(number=NUMBER, account="other", extensions=()))
        with pytest.raises(NotFound):
            aws.numbers.remove("other", NUMBER)

    def test_removing_leaves_no_trace_but_the_conversations(self, aws: Backend) -> None:
        post(aws, push())
        aws.numbers.remove("main", NUMBER)
        assert {item["pk"].split("#")[0] for item in aws.items()} == {"CONVERSATION", "MESSAGE", "ACCOUNT"}
        assert aws.numbers.former("main") == [NUMBER]
        assert aws.numbers.of_extension("main", "101") == []

    def test_an_extension_given_twice_counts_once(self, aws: Backend) -> None:
        settings = NumberSettings(number=NUMBER, account="main", extensions=("101", "101"), emails=("a@b.c", "a@b.c"))
        stored_settings = aws.numbers.put(settings)
        assert (stored_settings.extensions, stored_settings.emails) == (("101",), ("a@b.c",))

    def test_a_change_at_the_same_time_is_a_conflict(self, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = aws.numbers.get(NUMBER)
        assert settings
        monkeypatch.setattr(aws.numbers, "_present", lambda _: settings)
        aws.numbers.put(settings)
        with pytest.raises(Conflict, match="try again"):
            aws.numbers.put(settings)

    def test_what_is_known_is_not_asked_again_what_is_unknown_is(
        self, aws: Backend, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls = fail(monkeypatch, "get_item")
        for _ in range(3):
            aws.numbers.get(NUMBER)
            aws.numbers.get("+61433333333")
        asked = Counter(call["Key"]["pk"]["S"] for call in calls)
        assert asked == {f"NUMBER#{NUMBER}": 1, "NUMBER#+61433333333": 3}

    def test_a_table_out_of_reach_is_said(self, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
        fail(monkeypatch, "get_item", refused("AccessDeniedException"))
        with pytest.raises(Unavailable):
            aws.numbers.get("+61433333333")


class TestRequestsPerMessage:
    """AWS calls per message, warm, as counted at the clients."""

    @pytest.fixture
    def calls(self, aws: Backend) -> Counter[str]:
        counted: Counter[str] = Counter()
        for client in (clients.dynamodb(), clients.sns(), clients.sqs(), clients.secretsmanager()):
            client.meta.events.register("before-call", lambda model, **_: counted.update([model.name]))
        return counted

    def test_inbound_is_one_table_request(
        self, aws: Backend, calls: Counter[str], figure: Callable[[str], None]
    ) -> None:
        post(aws, push())
        calls.clear()
        post(aws, push(message_id="2", timestamp="1710886400"))
        figure(f"requests of inbound_webhook: {dict(calls)}")
        assert calls == {"TransactWriteItems": 1}

    def test_ten_texts_are_relayed_by_one_publish_and_eleven_table_requests(
        self, aws: Backend, calls: Counter[str], figure: Callable[[str], None]
    ) -> None:
        assemble.relay()
        for number in range(10):
            post(aws, push(message_id=str(number)))
        calls.clear()
        records = [record(message, sequence) for sequence, message in enumerate(stored(aws), 1)]
        calls.clear()
        relay(*records)
        figure(f"requests of stream_relay, ten inbound: {dict(calls)}")
        assert calls == {"BatchWriteItem": 1, "PublishBatch": 1, "UpdateItem": 10}

    def test_a_relayed_text_is_one_publish_and_two_table_requests(
        self, aws: Backend, calls: Counter[str], figure: Callable[[str], None]
    ) -> None:
        assemble.relay()
        post(aws, push())
        calls.clear()
        relay(record(stored(aws)[0]))
        calls.pop("Query", None)
        figure(f"requests of stream_relay, inbound: {dict(calls)}")
        assert calls == {"BatchWriteItem": 1, "PublishBatch": 1, "UpdateItem": 1}

    def test_a_queued_text_is_one_ring_one_publish_and_two_table_requests(
        self, aws: Backend, calls: Counter[str], figure: Callable[[str], None]
    ) -> None:
        assemble.relay()
        message = outbound(aws)
        calls.clear()
        relay(record(message))
        figure(f"requests of stream_relay, queued: {dict(calls)}")
        assert calls == {"SendMessageBatch": 1, "BatchWriteItem": 1, "PublishBatch": 1, "UpdateItem": 1}


def test_twenty_stores_of_one_id_are_one_message(aws: Backend) -> None:
    post(aws, push())
    (message,) = stored(aws)
    results = [aws.messages.store(message, digest="other") for _ in range(20)]
    assert set(results) == {Stored.DIFFERS}
    assert stored(aws) == [message]
    assert aws.messages.conversations("main", NUMBER, limit=5)[0].peer == PEER
