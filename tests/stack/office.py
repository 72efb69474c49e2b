"""The local stack as its users see it: ClickSend's posts, the operators' command line, a subscriber, the simulator."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import boto3
import httpx
from textension.account_check import PATIENCE

from local.stackfile import StackFile
from tests.stack.running import RunningStack

NUMBER = "+61411111111"
ROOT = Path(__file__).resolve().parents[2]


def eventually[T](look: Callable[[], T], *, within: float, what: str) -> T:
    """What `look` gives once it gives something true. Fails after `within` seconds, naming what was awaited."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what}; last seen: {found!r}")
        time.sleep(0.1)


@dataclass(slots=True)
class Listener:
    """A queue of somebody's own, subscribed to the topic."""

    sqs: Any
    url: str
    heard: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, seconds: float = 0.2) -> list[dict[str, Any]]:
        """Everything heard so far, as CloudEvents."""
        deadline = time.monotonic() + seconds
        while True:
            page = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", [])
            for message in page:
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                self.heard.append(json.loads(json.loads(message["Body"])["Message"]))
            if not page and time.monotonic() > deadline:
                return self.heard
            if not page:
                time.sleep(0.05)

    def texts(self, kind: str = "message.received") -> list[str]:
        """The texts of one type of event, in order of arrival."""
        return [event["data"]["text"] for event in self.listen() if event["type"] == kind]

    def states(self, message_id: str) -> list[str]:
        """The states of one message that were heard of."""
        return [event["data"]["state"] for event in self.listen() if event["data"]["message_id"] == message_id]


@dataclass
class Office:
    """One running stack, used from outside."""

    file: StackFile
    state_dir: Path
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    @classmethod
    @contextmanager
    def of(cls, stack: RunningStack) -> Iterator[Self]:
        """A running stack's; its connections are closed in the end."""
        one = cls(stack.file, stack.state_dir)
        with one.http:
            yield one

    @contextmanager
    def listening(self, policy: dict[str, Any] | None = None) -> Iterator[Listener]:
        """Subscribe a new queue to the topic, with a filter policy."""
        sqs, sns = self.aws("sqs"), self.aws("sns")
        url = sqs.create_queue(QueueName=f"listener-{time.monotonic_ns()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self.file.outputs["EventsTopicArn"]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        attributes = {"FilterPolicy": json.dumps(policy)} if policy else {}
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        try:
            yield Listener(sqs, url)
        finally:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
            sqs.delete_queue(QueueUrl=url)

    def aws(self, service: str) -> Any:
        """A client of the emulator."""
        access = self.file.aws
        factory: Any = boto3.client
        return factory(
            service,
            endpoint_url=access.endpoint_url,
            region_name=access.region,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
        )

    def function(self, logical_id: str) -> str:
        """A function's physical name."""
        resource = self.aws("cloudformation").describe_stack_resource(
            StackName=self.file.stack_name, LogicalResourceId=logical_id
        )
        return str(resource["StackResourceDetail"]["PhysicalResourceId"])

    def sweep(self) -> None:
        """One round of the sweeper, without waiting for its minute."""
        answer = self.aws("lambda").invoke(FunctionName=self.function("Sweeper"), Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    # ------------------------------------------------------------ ClickSend

    def values(self, message_id: str, peer: str, text: str, **changes: Any) -> dict[str, Any]:
        """What ClickSend posts for a text."""
        values = {
            "from": peer,
            "to": NUMBER,
            "body": text,
            "message": text,
            "message_id": message_id,
            "subaccount_id": self.file.demo.subaccount_id,
            "user_id": "100001",
            "timestamp": str(int(time.time())),
        }
        return {**values, **changes}

    def post(self, values: dict[str, Any], *, token: str | None = None, json_: bool = False, prefix: str = "") -> int:
        """Post to the webhook; the status code."""
        url = f"{self.file.api_url}{prefix}/webhook/clicksend/sms/{token or self.file.demo.webhook_token}"
        sent = self.http.post(url, json=values) if json_ else self.http.post(url, data=values)
        return sent.status_code

    def post_at_once(self, values: list[dict[str, Any]]) -> list[int]:
        """Post all of them at the same time, as ClickSend does: what is not answered with 200 comes again."""

        def until_taken(one: dict[str, Any]) -> int:
            ends = time.monotonic() + 120
            while time.monotonic() < ends:
                with suppress(httpx.TransportError):
                    if self.post(one) == 200:
                        return 200
                time.sleep(0.3)
            return 0

        with ThreadPoolExecutor(len(values)) as pool:
            return list(pool.map(until_taken, values))

    def clicksend(self, method: str, path: str, **body: Any) -> Any:
        """The simulator's control."""
        response = self.http.request(method, f"{self.file.simulator_url}/simulator{path}", json=body or None)
        response.raise_for_status()
        return response.json()

    def arrivals(self, text: str) -> list[dict[str, Any]]:
        """The messages with this text that ClickSend has taken."""
        return [message for message in self.clicksend("GET", "/sent")["messages"] if message["body"] == text]

    # ------------------------------------------------------------ operators

    def cli(self, *arguments: str, code: int = 0) -> Any:
        """Run `textension … --json`; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "textension_cli", *arguments, "--json"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env={
                "PATH": "/usr/bin:/bin",
                "TEXTENSION_STATE_DIR": str(self.state_dir),
                "PYTHONPATH": f"{ROOT}/layers/common:{ROOT}/cli",
            },
        )
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def send(self, peer: str, text: str) -> str:
        """Send a text by the command line; its id."""
        return str(self.cli("send", "--from", NUMBER, "--to", peer, text)["id"])

    def state(self, message_id: str) -> str:
        """A message's state, read from the table."""
        return str(self.message(message_id)["state"])

    def message(self, message_id: str) -> dict[str, Any]:
        """A message as `textension messages show` has it."""
        found: dict[str, Any] = self.cli("messages", "show", message_id)
        return found

    def texts(self, peer: str) -> list[str]:
        """The texts of a conversation, the oldest first."""
        pk = f"CONVERSATION#{self.file.demo.account}#{NUMBER}#{peer}"
        page = self.dynamodb.query(
            TableName=self.file.outputs["TableName"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :message)",
            ExpressionAttributeValues={":pk": {"S": pk}, ":message": {"S": "MESSAGE#"}},
            ConsistentRead=True,
        )
        return [item["text"]["S"] for item in page["Items"]]

    def everything(self) -> list[dict[str, Any]]:
        """All items of the table."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.file.outputs["TableName"])
        return [item for page in pages for item in page["Items"]]

    def close_circuit(self) -> None:
        """Let nobody wait any more because of a fault that is over."""
        key = {"pk": {"S": f"ACCOUNT#{self.file.demo.account}"}, "sk": {"S": "CIRCUIT"}}
        self.dynamodb.delete_item(TableName=self.file.outputs["TableName"], Key=key)

    def let_look_again(self) -> None:
        """Let the last look at the account be so long ago that the next sweep looks again for whoever wants it."""
        key = {"pk": {"S": f"ACCOUNT#{self.file.demo.account}"}, "sk": {"S": "CLICKSEND"}}
        self.dynamodb.update_item(
            TableName=self.file.outputs["TableName"],
            Key=key,
            UpdateExpression="SET tried_at = if_not_exists(tried_at, :patience) - :patience ADD version :one",
            ExpressionAttributeValues={":patience": {"N": str(PATIENCE)}, ":one": {"N": "1"}},
        )

    @cached_property
    def dynamodb(self) -> Any:
        """The emulator's DynamoDB."""
        return self.aws("dynamodb")
