"""What all runs of a session share: the engine, the simulator, the functions, and their environment."""

import contextlib
import importlib.util
import inspect
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO, Any, Final
from unittest.mock import patch

import httpx
from botocore.awsrequest import AWSRequest
from botocore.retries import quota
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from textension import assemble, config
from textension.aws import clients

from bench.reliability import boundaries, engines, sockets, virtual
from bench.reliability.engines import ROOT, Engine, Streams
from bench.reliability.requests_in import SUBACCOUNT
from local.simulator import Running, running
from tests import template_yaml

FUNCTIONS: Final = {
    "inbound_webhook": "InboundWebhook",
    "app_api": "AppApi",
    "stream_relay": "StreamRelay",
    "outbound_sender": "OutboundSender",
    "sweeper": "Sweeper",
    "realtime": "Realtime",
}
_WATCHED: Final = ("dynamodb", "sns", "sqs", "secretsmanager")


@dataclass(slots=True)
class Site:
    """One session's ground. `handlers` and `timeouts` (ms) are by the functions' folders."""

    engine: Engine
    simulator: Running
    control: httpx.Client
    clock: virtual.VirtualClock
    boundaries: boundaries.Boundaries
    sockets: sockets.Sockets
    handlers: dict[str, Any]
    timeouts: dict[str, int]
    token: str
    table: Any
    streams: Streams
    sink: IO[str]
    """Where the functions' logs and metrics go."""
    _tables: int = 0

    def new_table(self) -> str:
        """An empty table of the template's shape; the functions use it from now on."""
        self._tables += 1
        name = f"bench-{self._tables}"
        self.table.create_table(**template_yaml.table_properties(name))
        os.environ["TABLE_NAME"] = name
        self.forget()
        for one in _quotas:
            one.release(quota.RetryQuota.INITIAL_CAPACITY)
        return name

    def drop_table(self, name: str) -> None:
        """Give the memory back."""
        self.table.delete_table(TableName=name)

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Keep the functions' logs and metrics from the screen."""
        with warnings.catch_warnings(), contextlib.redirect_stdout(self.sink):
            # Powertools says so of a function that was killed before it counted anything.
            warnings.filterwarnings("ignore", message="No application metrics to publish")
            yield

    def forget(self) -> None:
        """What a function knows ends with its process, and its connections to ClickSend do. AWS's clients stay."""
        if assemble.sender.cache_info().currsize:
            assemble.sender().clients.close()
        if assemble.sweeper_clients.cache_info().currsize:
            assemble.sweeper_clients().close()
        _forget(assemble, config)


class Context:
    """Lambda's context in virtual time."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-southeast-2:000000000000:function:bench"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, site: Site, deadline: int) -> None:
        self._site, self._deadline = site, deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return max(self._deadline - self._site.clock.now, 0)


_quotas: list[quota.RetryQuota] = []


@contextmanager
def opened(engine: Engine) -> Iterator[Site]:
    """Everything in place until the block ends."""
    with ExitStack() as ending:
        before = dict(os.environ)
        ending.callback(_restore, before)
        simulator = ending.enter_context(running(receipt_plan=[], receipts_for_test_numbers=False, balance=10**9))
        token, made = resources(engine, simulator)
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ.update(engine.environment() | made | QUIET)
        ending.callback(_forget, clients, assemble, config)
        _forget(clients, assemble, config)
        clock = virtual.VirtualClock()
        walls = boundaries.Boundaries(clock)
        ending.enter_context(_quotas_noted())
        ending.enter_context(_unsigned())
        for service in _WATCHED:
            walls.watch(getattr(clients, service)(), engine.transport(service))
        webs = sockets.Sockets(walls)
        webs.watch(clients.connections(config.realtime().connections_endpoint))
        ending.enter_context(boundaries.at_clicksend(walls))
        ending.enter_context(virtual.installed(clock))
        control = ending.enter_context(httpx.Client(base_url=simulator.url))
        yield Site(
            engine=engine,
            simulator=simulator,
            control=control,
            clock=clock,
            boundaries=walls,
            sockets=webs,
            handlers={name: load(name) for name in FUNCTIONS},
            timeouts={name: timeout(name) for name in FUNCTIONS},
            token=token,
            table=engine.client("dynamodb"),
            streams=engine.streams(),
            sink=ending.enter_context(Path(os.devnull).open("w", encoding="utf-8")),
        )


QUIET: Final = {
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "Textension",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}


def resources(engine: Engine, simulator: Running) -> tuple[str, dict[str, str]]:
    """The secrets, the topic and the queue; the webhook's token, and the environment that names them."""
    secrets, sns, sqs = engine.client("secretsmanager"), engine.client("sns"), engine.client("sqs")
    texts = {name: json.loads(template_yaml.secret_text(name)) for name in ("WebhookSecret", "SigningSecret")}
    texts["WebhookSecret"]["CLICKSEND_SUBACCOUNT_ID"] = str(SUBACCOUNT)
    texts["CredentialsSecret"] = {
        "account": "main",
        "CLICKSEND_USERNAME": simulator.credential.username,
        "CLICKSEND_API_KEY": simulator.credential.api_key,
        "CLICKSEND_BASE_URL": simulator.url,
    }
    arns = {
        name: secrets.create_secret(Name=f"{name}-{os.urandom(4).hex()}", SecretString=json.dumps(text))["ARN"]
        for name, text in texts.items()
    }
    queue = sqs.create_queue(QueueName="outbound.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    nowhere = sqs.create_queue(QueueName="dead-letters")["QueueUrl"]
    queues = ("OUTBOUND_DEAD_LETTER", "REALTIME_DEAD_LETTER", "EMAIL_DEAD_LETTER", "PUSH_DEAD_LETTER", "FAILURE")
    return texts["WebhookSecret"]["WEBHOOK_TOKEN"], {
        "ENVIRONMENT": "local",
        "TABLE_NAME": "none-yet",
        "EVENTS_TOPIC_ARN": sns.create_topic(Name="events")["TopicArn"],
        "OUTBOUND_QUEUE_URL": queue,
        "CREDENTIALS_SECRET_ARN": arns["CredentialsSecret"],
        "WEBHOOK_SECRET_ARN": arns["WebhookSecret"],
        "SIGNING_SECRET_ARN": arns["SigningSecret"],
        "REQUIRE_WEBHOOK_TOKEN": "true",
        "INBOUND_WEBHOOK": "inbound-webhook",
        **{f"{name}_QUEUE_URL": nowhere for name in queues},
        "DEFAULT_COUNTRY": "AU",
        "MESSAGES_PER_MINUTE": "1000000",
        "SEGMENTS_PER_DAY": "1000000000",
        "CONNECTIONS_URL": "wss://bench.execute-api.localhost/live",
        "EMAIL_FROM": "",
        "APP_URL": "https://text.example.com/app/",
    }


def load(name: str) -> Any:
    """The handler of `functions/<name>/app.py`."""
    spec = importlib.util.spec_from_file_location(f"bench_{name}", ROOT / "functions" / name / "app.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.handler


def timeout(name: str) -> int:
    """What the template gives a function, in ms."""
    template = template_yaml.load()
    properties = template["Resources"][FUNCTIONS[name]]["Properties"]
    return int(properties.get("Timeout", template["Globals"]["Function"]["Timeout"])) * 1000


def _forget(*modules: ModuleType) -> None:
    """Drop what these modules keep for the life of a process."""
    for module in modules:
        for _, one in inspect.getmembers(module):
            if hasattr(one, "cache_clear"):
                one.cache_clear()


@contextmanager
def _quotas_noted() -> Iterator[None]:
    """botocore limits a client's retries for the life of a process: each run is to begin with all of them."""
    make = quota.RetryQuota.__init__

    def noting(self: quota.RetryQuota, *arguments: Any, **options: Any) -> None:
        make(self, *arguments, **options)
        _quotas.append(self)

    with patch.object(quota.RetryQuota, "__init__", noting):
        yield
    _quotas.clear()


@contextmanager
def _unsigned() -> Iterator[None]:
    """The client takes a fifth of its time over a signature and a line about itself, which nobody here reads: they are
    always the same. The service's name in it tells the emulator what is meant."""

    def sign(self: RequestSigner, _operation: str, request: AWSRequest, *_: Any, **_options: Any) -> None:
        request.headers["Authorization"] = engines.authorization(self.signing_name)

    with patch.object(RequestSigner, "sign", sign), patch.object(UserAgentString, "to_string", lambda _: "bench"):
        yield


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
