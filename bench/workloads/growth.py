"""What an operation costs where there is much: texts and changes of one conversation, conversations of a number.

What is there already are clones of items that the functions themselves have written, so that they have today's shape.
"""

import json
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import batched
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import flow  # type: ignore[import-not-found] # beside it on the path
from botocore.config import Config
from botocore.session import get_session
from flow import BATCH, NUMBER, Flow, prepare
from textension.aws import clients, items
from textension.aws.wire import from_wire, to_wire
from textension.clock import DAY, HOUR, SECOND, now_ms
from textension.message import Conversation

PEER = "+61420000000"
PAGE = 10
"""Entries of a page; the fewest that a size has."""
WRITERS = 4
PUT_AT_ONCE = 25


class Growing(Flow):  # type: ignore[misc] # it is beside this on the path only
    """A flow of one conversation, whose texts come a second apart, so that each is the newest and costs the same."""

    steps: dict[str, dict[str, Any]]

    def __init__(self, folders: dict[str, str], table: str, token: str, connections_url: str, *, count: bool) -> None:
        super().__init__(folders, table, token, connections_url, count=count, capacity=count)
        self.second = int(time.time()) - 1800

    def text(self, run: str, index: int) -> dict[str, Any]:
        """ClickSend's post of a text."""
        event: dict[str, Any] = self._text(run, index)
        self.second += 1
        return {**event, "body": urlencode(dict(parse_qsl(event["body"])) | {"timestamp": str(self.second)})}

    def arrive(self, texts: int) -> None:
        """Texts come in and are told."""
        run = uuid.uuid4().hex[:8]
        self.step("webhook", "inbound_webhook", [self.text(run, index) for index in range(texts)], texts)
        self._relay("relay of a text in", texts)

    def read(self, since: str) -> None:
        """Each page, `BATCH` times."""
        for name, event in _pages(since).items():
            for answer in self.step(name, "app_api", [event] * BATCH, BATCH):
                if answer["statusCode"] != 200 or len(json.loads(answer["body"])["items"]) != PAGE:
                    raise RuntimeError(f"{name} is no full page: {answer}")

    def reply(self) -> None:
        """Replies go out; nobody is told of them."""
        run = uuid.uuid4().hex[:8]
        sent = self.step("send", "app_api", [flow._send(run, index) for index in range(BATCH)], BATCH)
        bells = flow._bells([json.loads(answer["body"])["id"] for answer in sent])
        for answer in self.step("sender", "outbound_sender", [bells], BATCH):
            if answer["batchItemFailures"]:
                raise RuntimeError(f"not sent: {answer}")
        self.stream.new()

    def rounds(self, count: int, since: str) -> list[dict[str, Any]]:
        """So many rounds of steps: first all that come in, since a reply makes a text of before it a late one."""
        done: list[dict[str, Any]] = []
        for _ in range(count):
            self.arrive(BATCH)
            self.read(since)
            done.append(self.steps)
            self.steps = {}
        for one in done:
            self.reply()
            one.update(self.steps)
        return done


def _pages(since: str) -> dict[str, dict[str, Any]]:
    limit = {"limit": [str(PAGE)]}
    path = {"number": quote(NUMBER, safe=""), "peer": quote(PEER, safe="")}
    asked = {
        "thread": ("/conversations/{number}/{peer}/messages", path, limit),
        "conversations": ("/conversations", {}, limit),
        "changes": ("/changes", {}, {**limit, "since": [since]}),
    }
    return {
        name: flow._request(
            "GET",
            resource,
            parameters,
            multiValueQueryStringParameters=query,
            queryStringParameters={key: values[-1] for key, values in query.items()},
        )
        for name, (resource, parameters, query) in asked.items()
    }


# -------------------------------------------------------------------- what is there already


def clones(table: str, *, messages: int, conversations: int) -> Iterator[dict[str, Any]]:
    """Items as they would be had there been so many texts and changes of `PEER`, so many conversations of `NUMBER`."""
    conversation = Conversation("main", NUMBER, PEER)
    text = _newest(table, items.conversation_pk(conversation), "MESSAGE#")
    change = _newest(table, items.changes_pk("main", NUMBER), "")
    summary = _newest(table, items.conversation_pk(conversation), "SUMMARY")
    original, now = items.message(from_wire(text)), now_ms()
    for index in range(messages):
        at = now - DAY + (DAY - HOUR) * index // messages
        name = f"{index:032x}"
        message = replace(original, id=name, sent_at=at, received_at=at, changed_at=at)
        yield {**text, **to_wire(items.message_item(message)), **items.message_key(message).wire}
        yield {**change, "sk": {"S": f"{at:013d}{name}"}, "at": {"N": str(at)}, "id": {"S": name}}
    for index in range(conversations - 1):
        peer = f"+6143{index:07d}"
        at = (now - DAY + (DAY - HOUR) * index // conversations) // SECOND * SECOND
        key = items.summary_key(replace(conversation, peer=peer))
        yield {**summary, **key.wire, "peer": {"S": peer}, "last_at": {"N": str(at)}}


def _newest(table: str, pk: str, sk: str) -> dict[str, Any]:
    condition, values = "pk = :pk", {":pk": {"S": pk}}
    if sk:
        condition, values = f"{condition} AND begins_with(sk, :sk)", {**values, ":sk": {"S": sk}}
    page = clients.dynamodb().query(
        TableName=table,
        KeyConditionExpression=condition,
        ExpressionAttributeValues=values,
        ScanIndexForward=False,
        Limit=1,
    )
    return dict(page["Items"][0])


def write(table: str, many: Iterable[dict[str, Any]]) -> None:
    """Put the items, 25 at a time, by several threads."""
    factory: Any = get_session().create_client
    client = factory("dynamodb", config=Config(max_pool_connections=WRITERS, parameter_validation=False))

    def put(some: Sequence[dict[str, Any]]) -> None:
        left = {table: [{"PutRequest": {"Item": item}} for item in some]}
        while left:
            left = client.batch_write_item(RequestItems=left)["UnprocessedItems"]

    with ThreadPoolExecutor(WRITERS) as pool:
        full = batched(many, PUT_AT_ONCE, strict=False)
        for some in batched(full, WRITERS * 10, strict=False):  # so that a million is never held at once
            list(pool.map(put, some))


def run(
    *,
    folders: dict[str, str],
    table: str,
    token: str,
    connections_url: str,
    messages: int,
    conversations: int,
    rounds: int,
    counted: bool,
) -> Any:
    """Rounds of steps over a table of that size, and the seconds that filling it took."""
    flow.PEERS = (PEER,)
    prepare(table)
    growing = Growing(folders, table, token, connections_url, count=counted)
    try:
        growing.arrive(1)
        began = time.monotonic()
        write(table, clones(table, messages=messages, conversations=conversations))
        filled = time.monotonic() - began
        growing.stream.skip()
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ms() // SECOND - 24 * 3600))
        done = growing.rounds(rounds + 1, since)
    finally:
        sys.stdout = growing.stdout
    return {"rounds": done[1:], "filled": filled}  # the first one warms up
