"""What tests share: AWS in this process, made from the template's own properties."""

import functools
import importlib.util
import inspect
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_string, policy
from email.message import EmailMessage
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.backends import get_backend
from textension import assemble, config
from textension.aws import clients
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.quarantine import Quarantine
from textension.aws.table import Table
from textension.message import NumberSettings

from tests import template_yaml

NUMBER = "+61411111111"
PEER = "+61422222222"
SUBACCOUNT = "100002"
EMAIL_FROM = "textension@example.com"
REGION = "ap-southeast-2"


def forget() -> None:
    """Drop what the package keeps for the life of a process."""
    if assemble.sender.cache_info().currsize:
        assemble.sender().clients.close()
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
        backend = get_backend("ses")["123456789012"][REGION]
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


def _backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    name = "textension"
    of_aws("dynamodb").create_table(**template_yaml.table_properties(name))
    secrets = {
        logical: of_aws("secretsmanager").create_secret(Name=logical, SecretString=template_yaml.secret_text(logical))[
            "ARN"
        ]
        for logical in ("CredentialsSecret", "WebhookSecret", "SigningSecret", "PushSecret")
    }
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
            f"{name}_URL": sqs.create_queue(QueueName=name.lower())["QueueUrl"]
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
        token="",
        secrets=secrets,
    )
    webhook = json.loads(template_yaml.secret_text("WebhookSecret"))
    backend.token = webhook["WEBHOOK_TOKEN"]
    backend.put_secret("WebhookSecret", {**webhook, "CLICKSEND_SUBACCOUNT_ID": SUBACCOUNT})
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


FIGURES: list[str] = []


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Notes something measured or counted, to be printed after the tests."""
    return FIGURES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was measured and counted."""
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
