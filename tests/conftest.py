"""What tests share: AWS in this process, made from the template's own properties."""

import functools
import importlib.util
import inspect
import json
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlparse

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend
from textension import assemble, config
from textension.aws import clients
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.quarantine import Quarantine
from textension.aws.table import Put, Table, Update, Write
from textension.clock import now_ms
from textension.message import Message, NumberSettings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests import aws_speed, template_yaml

NUMBER = "+61411111111"
PEER = "+61422222222"
SUBACCOUNT = "100002"
EMAIL_FROM = "textension@example.com"
REGION = "ap-southeast-2"
OWNER = "123456789012"
"""Whose AWS it is, as moto has it."""
aws_speed.apply()


ALONE = ("stack", "web")
"""Folders of tests with stacks of their own that wait and measure: one after the other, in one process."""
FIRST = (*ALONE, "sam_local")
"""Folders that begin first, because their files go together and take longest."""


def pytest_configure() -> None:
    """Let SIGINT end what the tests start: in a shell's background it is ignored, and by all that inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folders that take longest first."""

    def turn(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return FIRST.index(folder) if folder in FIRST else len(FIRST)

    items.sort(key=turn)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Which of several processes takes which tests: those of one file go together, and those that need stacks.

    What the browser's tests measure would say nothing beside another stack; files of unit tests keep one core busy.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = Path(nodeid.partition("::")[0])
        folder = path.parent.name
        if folder in ALONE:
            return "stacks"
        return folder if folder in FIRST else str(path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How `pytest --numprocesses` spreads the tests: https://pytest-xdist.readthedocs.io/en/stable/distribution.html."""
    return ByFile(config, log)


def forget() -> None:
    """Drop what the package keeps for the life of a process."""
    if assemble.sender.cache_info().currsize:
        assemble.sender().clients.close()
    if assemble.sweeper_clients.cache_info().currsize:
        assemble.sweeper_clients().close()
    for module in (assemble, config, clients):
        for _, one in inspect.getmembers(module):
            if isinstance(one, functools._lru_cache_wrapper):
                one.cache_clear()


@functools.cache
def of_aws(service: str) -> Any:
    """The tests' own client of the AWS in this process: made once, since making one takes as long as a test."""
    session: Any = boto3.Session("test", "test", region_name=REGION)
    return session.client(service)


@dataclass(slots=True)
class Backend:
    """AWS as the functions see it, in this process."""

    table: Table
    messages: Messages
    numbers: Numbers
    quarantine: Quarantine
    table_name: str
    topic_arn: str
    queue_url: str
    inspect_url: str
    token: str
    secrets: dict[str, str] = field(default_factory=dict)

    def items(self) -> list[dict[str, Any]]:
        """Everything in the table, plain."""
        from textension.aws.wire import from_wire

        pages = of_aws("dynamodb").get_paginator("scan").paginate(TableName=self.table_name)
        return [from_wire(item) for page in pages for item in page["Items"]]

    def events(self) -> list[dict[str, Any]]:
        """What was published since the last call: SNS's envelopes."""
        return [json.loads(message["Body"]) for message in self._drain(self.inspect_url)]

    def claim(self, message_id: str, worker: str = "one", now: int | None = None) -> Message | None:
        """The message as one worker's own, ready to be sent; None where the worker did not get it."""
        message = self.messages.by_id(message_id)
        assert message is not None
        got = self.messages.claim([message], worker=worker, now=now or now_ms())
        return got[0] if got else None

    def doorbells(self) -> list[dict[str, Any]]:
        """What was rung since the last call."""
        return self._drain(self.queue_url)

    def _drain(self, url: str) -> list[dict[str, Any]]:
        sqs = of_aws("sqs")
        found: list[dict[str, Any]] = []
        while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages"):
            for message in page:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += [dict(message) for message in page]
        return found

    def mails(self) -> list[EmailMessage]:
        """The mails that SES took, the oldest first."""
        backend = get_backend("ses")[OWNER][REGION]
        return [message_from_string(one.raw_data, policy=policy.default) for one in backend.sent_messages]

    def put_secret(self, logical_id: str, value: Any) -> None:
        """Give a secret another value."""
        of_aws("secretsmanager").put_secret_value(SecretId=self.secrets[logical_id], SecretString=json.dumps(value))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Backend]:
    """AWS in this process, shaped by the template, with the demo number in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        forget()
        yield _backend(monkeypatch)
        forget()


@pytest.fixture
def bulk(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions write one item after the other: moto copies the whole table for each of a transaction's writes."""

    def transact(table: Table, *writes: Write) -> None:
        for write in writes:
            if isinstance(write, Put):
                table.put(write)
            elif isinstance(write, Update):
                table.update(write)
            else:
                raise TypeError(f"{write} is no write of a bulk")

    monkeypatch.setattr(Table, "transact", transact)


# What most tests only need to be there is made where moto keeps it: by a client's request it takes ten times as long.


def _made_secret(name: str, text: str) -> str:
    made = get_backend("secretsmanager")[OWNER][REGION].create_secret(
        name,
        secret_string=text,
        secret_binary=None,
        description=None,
        tags=None,
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    return str(json.loads(made)["ARN"])


def _made_queue(name: str) -> str:
    made = get_backend("sqs")[OWNER][REGION].create_queue(name)
    return str(made.url(urlparse(of_aws("sqs").meta.endpoint_url)))


def _backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    name = "textension"
    of_aws("dynamodb").create_table(**template_yaml.table_properties(name))
    webhook = json.loads(template_yaml.secret_text("WebhookSecret")) | {"CLICKSEND_SUBACCOUNT_ID": SUBACCOUNT}
    secrets = {
        logical: _made_secret(logical, template_yaml.secret_text(logical))
        for logical in ("CredentialsSecret", "SigningSecret", "PushSecret")
    } | {"WebhookSecret": _made_secret("WebhookSecret", json.dumps(webhook))}
    of_aws("ssm").put_parameter(Name="push-public-key", Type="String", Value="none")
    sqs, sns = of_aws("sqs"), of_aws("sns")
    queue = sqs.create_queue(QueueName="outbound.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    topic = sns.create_topic(Name="events")["TopicArn"]
    inspect_url = sqs.create_queue(QueueName="inspect")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inspect_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    of_aws("sesv2").create_email_identity(EmailIdentity=EMAIL_FROM)
    for variable, value in {
        "ENVIRONMENT": "local",
        "TABLE_NAME": name,
        "EVENTS_TOPIC_ARN": topic,
        "OUTBOUND_QUEUE_URL": queue,
        "CREDENTIALS_SECRET_ARN": secrets["CredentialsSecret"],
        "WEBHOOK_SECRET_ARN": secrets["WebhookSecret"],
        "SIGNING_SECRET_ARN": secrets["SigningSecret"],
        "PUSH_SECRET_ARN": secrets["PushSecret"],
        "PUSH_KEY_PARAMETER": "push-public-key",
        "REQUIRE_WEBHOOK_TOKEN": "true",
        "INBOUND_WEBHOOK": "inbound-webhook",
        **{
            f"{name}_URL": _made_queue(name.lower())
            for name in (
                "OUTBOUND_DEAD_LETTER_QUEUE",
                "REALTIME_DEAD_LETTER_QUEUE",
                "EMAIL_DEAD_LETTER_QUEUE",
                "PUSH_DEAD_LETTER_QUEUE",
                "FAILURE_QUEUE",
            )
        },
        "DEFAULT_COUNTRY": "AU",
        "CONNECTIONS_URL": f"https://abcdef1234.execute-api.{REGION}.amazonaws.com/live",
        "EMAIL_FROM": EMAIL_FROM,
        "APP_URL": "https://text.example.com/app/",
        "CONFIGURATION_SET": name,
        # A logger of its own for each test: Powertools keeps them by name, with the stdout of their first day.
        "POWERTOOLS_SERVICE_NAME": f"test-{uuid.uuid4()}",
        "POWERTOOLS_METRICS_NAMESPACE": "Textension",
    }.items():
        monkeypatch.setenv(variable, value)
    table = Table(name)
    backend = Backend(
        table=table,
        messages=Messages(table),
        numbers=Numbers(table),
        quarantine=Quarantine(table),
        table_name=name,
        topic_arn=topic,
        queue_url=queue,
        inspect_url=inspect_url,
        token=webhook["WEBHOOK_TOKEN"],
        secrets=secrets,
    )
    backend.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("101", "102"), label="Sales"))
    return backend


def load_function(name: str) -> ModuleType:
    """The module `functions/<name>/app.py`, fresh."""
    path = template_yaml.ROOT / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"{name}_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Context:
    """A Lambda context with time left."""

    function_name = "test"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-southeast-2:123456789012:function:test"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, remaining: int = 30_000) -> None:
        self.remaining = remaining

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return self.remaining


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Notes something measured or counted, to be printed after the tests."""

    def note(line: str) -> None:
        request.node.user_properties.append(("figure", line))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured and counted."""
    reports = [one for outcome in ("passed", "failed") for one in terminalreporter.stats.get(outcome, [])]
    lines = [line for one in reports if one.when == "call" for name, line in one.user_properties if name == "figure"]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
