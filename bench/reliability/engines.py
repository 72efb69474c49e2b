"""The AWS that answers: the project's emulator, within this process or behind HTTP, with Amazon's DynamoDB Local for
the table where that is there."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSPreparedRequest

from bench import dynamodb_local as amazons
from bench.reliability.transport import NOWHERE, SERVICES, Transport, over_http, within

ROOT: Final = Path(__file__).resolve().parents[2]
REGION: Final = "ap-southeast-2"
START_SECONDS: Final = 40.0
NO_EMULATOR: Final = "the emulator's environment is not there: make .venv-emulator/.made"


class Missing(Exception):
    """An engine is not on this machine; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where AWS answers, and how requests reach it; the table may be elsewhere than the rest."""

    name: str
    url: str
    table_url: str
    rest: Transport
    table: Transport

    def client(self, service: str) -> Any:
        """The bench's own client: nothing of its goes wrong."""
        url = self.table_url if service.startswith("dynamodb") else self.url
        session: Any = boto3.Session("test", "test", region_name=REGION)
        client, transport = session.client(service, endpoint_url=url), self.transport(service)
        client.meta.events.register("before-send", lambda *, request, **_: transport.send(request))
        return client

    def transport(self, service: str) -> Transport:
        """What carries requests to a service."""
        return self.table if service.startswith("dynamodb") else self.rest

    def streams(self) -> "Streams":
        """The table's streams."""
        return Streams(self.table_url, self.table)

    def environment(self) -> dict[str, str]:
        """What leads the functions' clients here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_DYNAMODB": self.table_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@dataclass(frozen=True, slots=True)
class Streams:
    """DynamoDB's streams, read without AWS's client: what it takes a record apart for, Lambda is not given either."""

    url: str
    transport: Transport

    def shard(self, arn: str) -> str:
        """A position at the beginning of a stream's first shard."""
        described = self._ask("DescribeStream", {"StreamArn": arn})
        shard = described["StreamDescription"]["Shards"][0]["ShardId"]
        where = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        return str(self._ask("GetShardIterator", where)["ShardIterator"])

    def records(self, position: str) -> tuple[list[dict[str, Any]], str]:
        """A page of records as they lie in a Lambda event, and where the next page begins."""
        page = self._ask("GetRecords", {"ShardIterator": position})
        return page["Records"], page.get("NextShardIterator") or position

    def _ask(self, what: str, body: dict[str, Any]) -> Any:
        headers: Any = {
            "X-Amz-Target": f"DynamoDBStreams_20120810.{what}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": authorization("dynamodb"),
        }
        request = AWSPreparedRequest("POST", f"{self.url}/", headers, json.dumps(body).encode(), stream_output=False)
        answer = self.transport.send(request)
        if answer.status_code != HTTPStatus.OK:
            raise OSError(f"{what}: {answer.status_code}: {answer.text[:200]}")
        return json.loads(answer.content)


def authorization(service: str) -> str:
    """A header that nobody checks, but the account, the region and the service are read out of it."""
    scope = f"20260101/{REGION}/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders=host, Signature=0"


def emulator() -> Engine:
    """The emulator within this process, which keeps what it has. Raises Missing."""
    try:
        return Engine("the emulator", NOWHERE, NOWHERE, within(), within())
    except FileNotFoundError:
        raise Missing(NO_EMULATOR) from None


@contextmanager
def emulator_by_http() -> Iterator[Engine]:
    """The emulator in a process of its own, with an empty memory, until the block ends. Raises Missing."""
    program = ROOT / ".venv-emulator" / "bin" / "ministack"
    if not program.exists():
        raise Missing(NO_EMULATOR)
    port, other = amazons.free_port(), amazons.free_port()
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_PORT": str(other),
        "PERSIST_STATE": "0",
        "SERVICES": SERVICES,
        "LOG_LEVEL": "ERROR",
    }
    url = f"http://127.0.0.1:{port}"
    with _program([str(program)], settings, f"{url}/_ministack/health"):
        yield Engine("the emulator", url, url, over_http(), over_http())


@contextmanager
def dynamodb_local(rest: Engine) -> Iterator[Engine]:
    """Amazon's DynamoDB Local in memory beside `rest`, until the block ends. Raises Missing."""
    if not amazons.available():
        raise Missing("Amazon's DynamoDB Local is not there: put java (17 or newer) and npm on the PATH")
    with amazons.serving() as url:
        yield Engine("DynamoDB Local", rest.url, url, rest.rest, over_http())


@contextmanager
def _program(command: list[str], settings: dict[str, str], answers_at: str) -> Iterator[None]:
    process = subprocess.Popen(
        command, env={**os.environ, **settings}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        _wait(process, answers_at)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait(5)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except urllib.error.HTTPError:
            return  # it answers, if only that it does not like the question
        except (OSError, urllib.error.URLError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Missing(f"{process.args!r} did not answer at {url}") from None
        time.sleep(0.05)
