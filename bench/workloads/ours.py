"""Our way to ClickSend: the POST alone, and the whole sender with its table, or with one that answers from memory."""

import json
import time
import uuid
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

from textension import assemble, ids
from textension.accepting import VALIDITY
from textension.aws import clients, items
from textension.aws.messages import Messages
from textension.aws.table import Table
from textension.aws.wire import to_wire
from textension.clicksend.answers import Meaning
from textension.clicksend.client import ClickSend, OutboundSms
from textension.clicksend.credentials import Credentials
from textension.clock import now_ms
from textension.message import Conversation, Direction, Message, Step
from textension.states import State

BATCH = 10


def post_alone(url: str, credential: list[str], texts: list[dict[str, str]]) -> dict[str, float]:
    """Ten texts in a request, without a table; the first request left out."""
    client = ClickSend(Credentials("main", credential[0], credential[1], url), allow_http=True)
    batches = [
        [OutboundSms(one["to"], one["from"], one["body"], one["custom_string"]) for one in texts[start : start + BATCH]]
        for start in range(0, len(texts), BATCH)
    ]

    def send(batch: list[OutboundSms]) -> None:
        verdicts = client.send(batch)
        if not all(verdict.meaning is Meaning.SENT for verdict in verdicts.values()):
            raise RuntimeError(f"not taken: {verdicts}")

    return _timed(send, batches)


def sender(app: Any, texts: list[dict[str, str]], table: str | None) -> dict[str, float]:
    """The function's handler over ten doorbells at a time; the first batch left out. Without a table's name the table
    answers from memory, so that none of what AWS costs is counted."""
    messages = [_queued(text) for text in texts]
    if table:
        for message in messages:
            Messages(Table(table)).store(message, digest="")
    else:
        _answer_from_memory(messages)
    batches = [messages[start : start + BATCH] for start in range(0, len(messages), BATCH)]
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, function_name="outbound_sender")

    def send(batch: list[Message]) -> None:
        answer = app.handler({"Records": [_record(message) for message in batch]}, context)
        if answer["batchItemFailures"]:
            raise RuntimeError(f"not sent: {answer}")

    done = _timed(send, batches)
    if table and (left := [one.id for one in messages if _state(table, one) is not State.SENT]):
        raise RuntimeError(f"{len(left)} of {len(messages)} were not sent")
    return done


def _timed[T](send: Callable[[list[T]], None], batches: list[list[T]]) -> dict[str, float]:
    send(batches[0])
    wall, cpu = time.perf_counter(), time.process_time()
    for batch in batches[1:]:
        send(batch)
    count = sum(len(batch) for batch in batches[1:])
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "count": count}


def _queued(text: dict[str, str]) -> Message:
    now = now_ms()
    return Message(
        id=ids.message_id("main", "bench", uuid.uuid4().hex),
        conversation=Conversation("main", text["from"], text["to"]),
        direction=Direction.OUTBOUND,
        text=text["body"],
        state=State.QUEUED,
        sent_at=now,
        received_at=now,
        changed_at=now,
        extensions=("101",),
        valid_until=now + VALIDITY,
        journey=(Step(state=State.QUEUED, at=now, source="bench"),),
    )


def _record(message: Message) -> dict[str, Any]:
    body = json.dumps({"message_id": message.id, "attempt": message.attempt})
    return {"messageId": message.id, "body": body, "attributes": {"MessageGroupId": message.id}}


def _state(table: str, message: Message) -> State:
    found = Messages(Table(table)).get(items.message_key(message))
    return found.state if found else message.state


def _answer_from_memory(messages: Iterable[Message]) -> None:
    """Put a DynamoDB in place that knows these messages as queued, and takes whatever is written."""
    known: dict[str, dict[str, Any]] = {}
    for message in messages:
        key, pointer = items.message_key(message), items.pointer_key(message.id)
        known[pointer.pk + pointer.sk] = {**pointer.wire, **to_wire(_pointer(message, key.sk))}
        known[key.pk + key.sk] = {**key.wire, **to_wire(items.message_item(message))}

    def batch_get_item(RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - as DynamoDB calls it
        [(table, request)] = RequestItems.items()
        names = [key["pk"]["S"] + key["sk"]["S"] for key in request["Keys"]]
        found = [known[name] for name in names if name in known]
        return {"Responses": {table: found}}

    memory = SimpleNamespace(
        batch_get_item=batch_get_item,
        transact_write_items=lambda **_: {},
        exceptions=SimpleNamespace(TransactionCanceledException=LookupError, TransactionConflictException=LookupError),
    )
    clients.dynamodb = lambda: memory  # type: ignore[assignment]


def _pointer(message: Message, sk: str) -> dict[str, Any]:
    conversation = message.conversation
    return {
        "account": conversation.account,
        "number": conversation.number,
        "peer": conversation.peer,
        "message_id": message.id,
        "message_sk": sk,
        "digest": "",
    }


def warm_up() -> None:
    """Read the secrets, make the clients."""
    assemble.sender()
