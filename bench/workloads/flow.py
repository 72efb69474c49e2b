"""The life of texts through the built functions, one step after the other: what each step costs.

A text comes in, is relayed, reaches an app; a reply is taken, relayed, sent, its receipt comes. What the table's
stream has to say between the steps is read from the stream itself, filtered as the template says.
"""

import importlib.util
import io
import json
import sys
import time
import uuid
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

from botocore.session import get_session
from counting import Counting  # type: ignore[import-not-found] # beside it on the path
from textension import assemble
from textension.aws import clients
from textension.aws.connections import Connection, Connections, Holder
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clock import HOUR, now_ms
from textension.message import NumberSettings

NUMBER = "+61411111111"
PEERS = tuple(f"+6142{index:07d}" for index in range(10))
BATCH = 10
CLAIMS = {"sub": "user-101", "email": "a@example.com", "token_use": "id"} | {
    "custom:account": "main",
    "custom:extension": "101",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CONTEXT = SimpleNamespace(
    function_name="bench",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:bench",
    aws_request_id="0",
    get_remaining_time_in_millis=lambda: 60_000,
)


class Log(io.TextIOBase):
    """Stands for standard output: keeps nothing but its size."""

    size = 0

    def write(self, text: str) -> int:
        self.size += len(text.encode())
        return len(text)


class Flow:
    """The functions, loaded in one process, and the steps."""

    def __init__(
        self,
        folders: dict[str, str],
        table: str,
        token: str,
        connections_url: str,
        *,
        count: bool,
        capacity: bool = False,
    ) -> None:
        """`count` is for requests, `capacity` for units too, which makes a transaction's writes one by one."""
        self.count = count
        self.log, self.stdout = Log(), sys.stdout
        sys.stdout = self.log
        self.apps = {name: _load(name, folder) for name, folder in folders.items()}
        self.table, self.token = table, token
        self.steps: dict[str, dict[str, Any]] = {}
        self.events: list[str] = []
        self.stream = Stream(table)
        gateway = clients.connections(connections_url)
        self.counting = Counting(
            (clients.dynamodb(), clients.sns(), clients.sqs(), clients.secretsmanager(), gateway), capacity=capacity
        )
        clients.sns().meta.events.register("provide-client-params.sns.PublishBatch", self._published)

    def _published(self, params: dict[str, Any], **_: Any) -> None:
        self.events += [entry["Message"] for entry in params["PublishBatchRequestEntries"]]

    def step(self, name: str, function: str, events: Sequence[dict[str, Any]], units: int) -> list[Any]:
        """Hand a function its events; what it answered. `units` is how many texts they are of."""
        handler = self.apps[function].handler
        logged = self.log.size
        self.counting.on = self.count
        wall, cpu = time.perf_counter(), time.process_time()
        answers = [handler(event, CONTEXT) for event in events]
        spent = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        self.counting.on = False
        log = self.log.size - logged
        self.steps[name] = {
            "function": function,
            "texts": units,
            "invocations": len(events),
            "log": log,
            **spent,
            **self.counting.taken(),
        }
        return answers

    # ------------------------------------------------------------ the steps

    def whole_life(self, count: int) -> None:
        """`count` texts in, and as many replies out."""
        run = uuid.uuid4().hex[:8]
        for answer in self.step("webhook", "inbound_webhook", [self._text(run, one) for one in range(count)], count):
            _expect(answer["statusCode"] == 200, answer)
        self._relay("relay of a text in", count)
        self._realtime("realtime of a text in", count)
        sent = self.step("app_api, send", "app_api", [_send(run, one) for one in range(count)], count)
        ids = [json.loads(answer["body"])["id"] for answer in sent]
        self._relay("relay, queued", count)
        for answer in self.step("sender", "outbound_sender", [_bells(batch) for batch in _batches(ids)], count):
            _expect(not answer["batchItemFailures"], answer)
        self._relay("relay, sent", count)
        receipts = [self._receipt(one) for one in ids]
        for answer in self.step("receipt", "inbound_webhook", receipts, count):
            _expect(answer["statusCode"] == 200, answer)
        self._relay("relay, delivered", count)
        self._realtime("realtime of a text out", count)
        for name, event in (("app_api, thread", _thread()), ("app_api, conversations", _conversations())):
            for answer in self.step(name, "app_api", [event] * count, count):
                _expect(answer["statusCode"] == 200, answer)

    def _relay(self, name: str, count: int) -> None:
        records = self.stream.new()
        events = [{"Records": batch} for batch in _batches(records)]
        for answer in self.step(name, "stream_relay", events, count):
            _expect(not answer["batchItemFailures"], answer)
        self.steps[name]["records"] = len(records)
        self.stream.new()  # the marks, which the filter leaves out

    def _realtime(self, name: str, count: int) -> None:
        events, self.events = self.events, []
        records = [{"messageId": str(index), "body": body, "attributes": {}} for index, body in enumerate(events)]
        self.step(name, "realtime", [{"Records": batch} for batch in _batches(records)], count)

    # ------------------------------------------------------------ what comes from outside

    def _text(self, run: str, index: int) -> dict[str, Any]:
        text = f"Is number {index} still open tomorrow at four o'clock, please?"
        peer = PEERS[index % len(PEERS)]
        values = {"from": peer, "to": NUMBER, "body": text, "message": text, "sms": peer, "originalsenderid": NUMBER}
        values |= {"message_id": f"{run}-{index}", "subaccount_id": "100002", "user_id": "100001"}
        return self._post("sms", values | {"timestamp": str(int(time.time())), "custom_string": ""})

    def _receipt(self, message_id: str) -> dict[str, Any]:
        found = assemble.door().messages.by_id(message_id)
        _expect(found is not None and found.clicksend_id, message_id)
        values = {"message_id": found.clicksend_id if found else "", "status": "Delivered", "status_code": "201"}
        values |= {"timestamp": str(int(time.time())), "timestamp_send": str(int(time.time())), "message_type": "sms"}
        values |= {"status_text": "Success: Message received on handset.", "error_code": "", "error_text": ""}
        values |= {"custom_string": assemble.door().signer.custom_string("main", message_id)}
        return self._post("receipt", values | {"subaccount_id": "100002", "user_id": "100001"})

    def _post(self, kind: str, values: dict[str, Any]) -> dict[str, Any]:
        return {
            "resource": f"/webhook/clicksend/{kind}/{{token}}",
            "httpMethod": "POST",
            "headers": FORM,
            "pathParameters": {"token": self.token},
            "body": urlencode(values),
            "isBase64Encoded": False,
        }


class Stream:
    """The table's stream, from now on."""

    def __init__(self, table: str) -> None:
        self._client: Any = get_session().create_client("dynamodbstreams")
        self._arn = clients.dynamodb().describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._iterators: dict[str, str | None] = {}

    def skip(self) -> None:
        """Pass over what has been written until now; a position that was not read from for 15 minutes would expire."""
        self._iterators = {name: self._iterator(name, "LATEST") for name in self._shards()}

    def new(self) -> list[dict[str, Any]]:
        """The records since the last time that the template's filter lets pass, as Lambda hands them over."""
        found = []
        for name in self._shards():
            if name not in self._iterators:
                self._iterators[name] = self._iterator(name, "TRIM_HORIZON")
            while iterator := self._iterators[name]:
                page = self._client.get_records(ShardIterator=iterator)
                self._iterators[name] = page.get("NextShardIterator")
                found += page["Records"]
                if not page["Records"]:
                    break
        return [one for one in found if "BOOL" in one["dynamodb"].get("NewImage", {}).get("unannounced", {})]

    def _shards(self) -> list[str]:
        described = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
        return [shard["ShardId"] for shard in described["Shards"]]

    def _iterator(self, shard: str, begin: str) -> str | None:
        where = {"StreamArn": self._arn, "ShardId": shard, "ShardIteratorType": begin}
        iterator: str | None = self._client.get_shard_iterator(**where)["ShardIterator"]
        return iterator


def _load(name: str, folder: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{name}_app", f"{folder}/app.py")
    if spec is None or spec.loader is None:
        raise RuntimeError(f"there is no function in {folder}: run `make build`")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _batches[T](many: Sequence[T]) -> list[Sequence[T]]:
    return [many[start : start + BATCH] for start in range(0, len(many), BATCH)]


def _bells(ids: Sequence[str]) -> dict[str, Any]:
    records = [
        {"messageId": one, "body": json.dumps({"message_id": one, "attempt": 1}), "attributes": {"MessageGroupId": one}}
        for one in ids
    ]
    return {"Records": records}


def _request(method: str, resource: str, path: dict[str, str], **more: Any) -> dict[str, Any]:
    return {
        "resource": f"/api/v1{resource}",
        "path": f"/api/v1{resource.format(**path)}",
        "httpMethod": method,
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": path or None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "1", "authorizer": {"claims": CLAIMS}},
        **more,
    }


def _send(run: str, index: int) -> dict[str, Any]:
    path = {"number": quote(NUMBER, safe=""), "peer": quote(PEERS[index % len(PEERS)], safe="")}
    body = json.dumps({"text": f"Yes, until five; number {index} is open then."})
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"{run}-{index}"}
    return _request("POST", "/conversations/{number}/{peer}/messages", path, body=body, headers=headers)


def _thread() -> dict[str, Any]:
    path = {"number": quote(NUMBER, safe=""), "peer": quote(PEERS[0], safe="")}
    return _request("GET", "/conversations/{number}/{peer}/messages", path)


def _conversations() -> dict[str, Any]:
    return _request("GET", "/conversations", {})


def _expect(held: object, said: object) -> None:
    if not held:
        raise RuntimeError(f"a step of the flow went wrong: {said}")


def prepare(table: str) -> None:
    """A number that two extensions share, one of which is connected."""
    settings = NumberSettings(number=NUMBER, account="main", extensions=("101", "102"), label="Sales")
    Numbers(Table(table)).put(settings)
    Connections(Table(table)).open(Connection("bench", Holder("main", "101", "user-101"), now_ms() - HOUR))


def run(*, folders: dict[str, str], table: str, token: str, connections_url: str, count: int, counted: bool) -> Any:
    """The steps of `count` texts, warm; with the units that AWS counted where it is to be `counted`."""
    prepare(table)
    flow = Flow(folders, table, token, connections_url, count=True, capacity=counted)
    try:
        flow.whole_life(BATCH)
        warm, flow.steps = flow.steps, {}
        flow.whole_life(count)
    finally:
        sys.stdout = flow.stdout
    return {"warm": warm, "steps": flow.steps}
