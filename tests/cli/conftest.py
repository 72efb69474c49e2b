"""The command line against AWS in this process: a stack `textension`, and a local one behind real HTTP."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
import pytest
import requests
from textension.message import NumberSettings
from textension_cli.app import app
from typer.testing import CliRunner

from local.simulator import Running, running
from tests import template_yaml
from tests.conftest import REGION, Backend, forget

STACK = "textension"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer in JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The error: the only line on stderr, and no traceback."""
        assert self.err.startswith("Error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("Error: ").rstrip("\n")


def run(*arguments: str, typed: str | None = None) -> Ran:
    """Run `textension` in this process."""
    result = CliRunner().invoke(app, list(arguments), input=typed)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


type Cli = Callable[..., Ran]


def without_times(*found: NumberSettings | None) -> list[NumberSettings]:
    """Numbers, but for when each was added, which must be known."""
    there = [one for one in found if one and one.added_at]
    assert len(there) == len(found)
    return [replace(one, added_at=None) for one in there]


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A process of its own for each test: its environment, its folder, its time zone, boto3's session."""
    saved = dict(os.environ)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.chdir(tmp_path)
    os.environ.pop("TEXTENSION_STATE_DIR", None)
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.clear()
    os.environ.update(saved)
    time.tzset()
    forget()


def outputs(aws: Backend) -> dict[str, str]:
    """The outputs of the template, with the values of this test."""
    api = f"https://abc123.execute-api.{REGION}.amazonaws.com/live"
    known = {
        "ApiUrl": api,
        "WebhookUrl": f"{api}/webhook/clicksend/sms",
        "TableName": aws.table_name,
        "EventsTopicArn": aws.topic_arn,
        "OutboundQueueUrl": aws.queue_url,
        "PushKeyParameter": "push-public-key",
        **{f"{name}Arn": arn for name, arn in aws.secrets.items()},
    }
    return {name: known.get(name, "not-needed") for name in template_yaml.load()["Outputs"]}


class Emulator(ThreadingHTTPServer):
    """One address for all of AWS: CloudFormation by itself, the rest by moto, whose CloudFormation needs too much."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[str, str], str] = {}
        super().__init__(("127.0.0.1", 0), _Requests)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def deploy(self, name: str, values: dict[str, str], **parameters: str) -> None:
        """A stack with these outputs and the template's own parameters."""
        defaults = {name: str(one["Default"]) for name, one in template_yaml.load()["Parameters"].items()}
        described = _members("Outputs", "Output", values) + _members("Parameters", "Parameter", defaults | parameters)
        self.stacks[REGION, name] = (
            f"<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>{name}</StackName>"
            f"<StackStatus>UPDATE_COMPLETE</StackStatus>{described}"
            "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
        )


def _members(group: str, kind: str, values: dict[str, str]) -> str:
    members = (
        f"<member><{kind}Key>{name}</{kind}Key><{kind}Value>{escape(value)}</{kind}Value></member>"
        for name, value in values.items()
    )
    return f"<{group}>{''.join(members)}</{group}>"


class _Requests(BaseHTTPRequestHandler):
    server: Emulator

    def do_POST(self) -> None:
        """Every request of the clients that the package uses is a POST, signed for a region and a service."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        _, _, region, service, _ = self.headers["Authorization"].split("Credential=")[1].split(",")[0].split("/")
        if service == "cloudformation":
            return self._describe(region, parse_qs(body.decode())["StackName"][0])
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        address = f"https://{service}.{region}.amazonaws.com{self.path}"
        answer = requests.post(address, data=body, headers=headers, timeout=10)
        return self._answer(answer.status_code, answer.content)

    def _describe(self, region: str, name: str) -> None:
        if (region, name) in self.server.stacks:
            return self._answer(200, self.server.stacks[region, name].encode())
        fault = f"<Code>ValidationError</Code><Message>Stack with id {name} does not exist</Message>"
        return self._answer(400, f"<ErrorResponse><Error><Type>Sender</Type>{fault}</Error></ErrorResponse>".encode())

    def _answer(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def emulator(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An address that answers for all of AWS; what is asked of AWS itself reaches its CloudFormation."""
    with Emulator() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", server.url)
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def cli(aws: Backend, emulator: Emulator) -> Cli:
    """Runs commands on the stack `textension`."""
    emulator.deploy(STACK, outputs(aws))
    return lambda *arguments, **more: run(*arguments, "--stack", STACK, **more)


@pytest.fixture
def local(aws: Backend, emulator: Emulator, tmp_path: Path) -> Cli:
    """Runs commands on a local stack, found by its file."""
    emulator.deploy("textension-local", outputs(aws))
    values = outputs(aws)
    fronted = {name: value.replace(values["ApiUrl"], "http://127.0.0.1:8080") for name, value in values.items()}
    write_stack_file(tmp_path / ".local", emulator.url, fronted)
    return run


@dataclass(frozen=True, slots=True)
class ClickSend:
    """The simulator, signed in to and not: what an operator sees at ClickSend, and what a test changes there."""

    simulator: Running
    aws: Backend

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, key: str = "") -> Any:
        """One request; the answer's JSON."""
        who = (self.simulator.credential.username, key or self.simulator.credential.api_key)
        return requests.request(method, f"{self.simulator.url}{path}", json=body, auth=who, timeout=10).json()

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        """The simulator's own knobs."""
        return self.ask(method, f"/simulator{path}", body or None)

    def rules(self, kind: str = "inbound") -> list[dict[str, Any]]:
        """The automation rules."""
        found: list[dict[str, Any]] = self.ask("GET", f"/v3/automations/sms/{kind}")["data"]["data"]
        return found

    def secret(self, name: str) -> Any:
        """What a secret holds."""
        text = boto3.client("secretsmanager").get_secret_value(SecretId=self.aws.secrets[name])["SecretString"]
        return json.loads(text)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Running]:
    """One simulator for all tests of the command line."""
    with running(time_scale=0.002) as started:
        yield started


@pytest.fixture
def clicksend(local: Cli, aws: Backend, simulator: Running) -> Iterator[ClickSend]:
    """The ClickSend of the local stack, with nothing set up but its address."""
    aws.put_secret("CredentialsSecret", {"account": "main", "CLICKSEND_BASE_URL": simulator.url})
    one = ClickSend(simulator, aws)
    yield one
    one.control("POST", "/reset", all=True)


@pytest.fixture
def signed_in(clicksend: ClickSend) -> ClickSend:
    """The same, with its credentials stored."""
    entry = clicksend.secret("CredentialsSecret")
    who = {"CLICKSEND_USERNAME": "demo", "CLICKSEND_API_KEY": clicksend.simulator.credential.api_key}
    clicksend.aws.put_secret("CredentialsSecret", entry | who)
    return clicksend


def write_stack_file(folder: Path, endpoint_url: str, values: dict[str, str]) -> Path:
    """`stack.json` as `make run` writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "stack.json"
    access = {"endpoint_url": endpoint_url, "region": REGION, "access_key_id": "test", "secret_access_key": "test"}
    content = {
        "api_url": "http://127.0.0.1:8080",
        "app_url": "http://127.0.0.1:8080/app/",
        "websocket_url": None,
        "simulator_url": "http://127.0.0.1:8081",
        "aws": access,
        "stack_name": "textension-local",
        "outputs": values,
        "demo": {"account": "main", "users": []},
    }
    path.write_text(json.dumps(content))
    return path
