"""What a run of kills stands on: emulator, simulator, table and workers, each in processes of their own."""

import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx
from textension.aws import items
from textension.aws.wire import to_wire
from textension.clock import SECOND, now_ms
from textension.message import NumberSettings

from bench import dynamodb_local as amazons
from bench.reliability import engines, requests_in, site, workers
from bench.reliability.outside import Bells, Outside
from bench.reliability.stream import Stream
from local import config, processes
from local.simulator import Credential, Running
from tests import template_yaml

WORKERS: Final = {"inbound_webhook": 3, "app_api": 2, "stream_relay": 1, "outbound_sender": 2, "sweeper": 1}
ANSWERS_AFTER: Final = 0.3
"""Seconds that ClickSend takes over a send, in which a worker may be killed while nobody knows what came of it."""
VISIBLE_AGAIN: Final = 8
"""Seconds; three minutes in the template, in which a killed worker's conversation would only wait."""
TABLE: Final = "bench-kills"


@contextmanager
def ground(seed: int, most_receives: int | None, defect: str) -> Iterator[tuple[Outside, amazons.OnDisk]]:
    """All of it, until the block ends. A doorbell may be received so often, or as often as the template says."""
    workers.preload({**config.child_environment(), **site.QUIET})
    with ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="textension-kills-")))
        simulator = ending.enter_context(_simulator(folder))
        emulator = ending.enter_context(engines.emulator_by_http())
        (folder / "table").mkdir()
        table = amazons.OnDisk(folder / "table")
        ending.callback(table.kill)
        table.start()
        engine = replace(emulator, name="DynamoDB Local on disk", table_url=table.url)
        control = ending.enter_context(httpx.Client(base_url=simulator.url, timeout=30, trust_env=False))
        control.put("/simulator/settings", json={"receipt_plan": [], "balance": 10**9}).raise_for_status()
        slow = {"mode": "slow", "seconds": ANSWERS_AFTER, "times": None}
        control.post("/simulator/faults", json=slow).raise_for_status()
        token, made = site.resources(engine, simulator)
        bells = _queues(engine, made["EVENTS_TOPIC_ARN"], most_receives)
        made |= {"TABLE_NAME": TABLE, "OUTBOUND_QUEUE_URL": bells.outbound}
        environment = {**config.child_environment(), **engine.environment(), **made, **site.QUIET}
        pool = workers.Pool.of(WORKERS, environment, defect)
        ending.callback(pool.kill_all)
        stream, chooser = _table(engine, TABLE), random.Random(f"{seed}-receipts")
        yield Outside(engine, pool, TABLE, token, bells, control, stream, chooser), table


@contextmanager
def _simulator(folder: Path) -> Iterator[Running]:
    """ClickSend in a process of its own."""
    port = amazons.free_port()
    environment = config.child_environment(TEXTENSION_SIMULATOR_PORT=str(port))
    python = config.PROJECT / ".venv" / "bin" / "python"
    child = processes.Child.start(python, "local.simulator", folder, environment)
    try:
        url = f"http://{config.HOST}:{port}"

        def ready() -> bool:
            try:
                return httpx.get(f"{url}/simulator/health", trust_env=False).is_success
            except httpx.TransportError:
                return False

        child.wait_ready(ready, 30)
        yield Running(url, port, Credential())
    finally:
        child.stop(5)


def _queues(engine: engines.Engine, topic: str, most_receives: int | None) -> Bells:
    """The outbound queue as the template has it, but sooner visible again; and one that hears the topic."""
    sqs, sns = engine.client("sqs"), engine.client("sns")

    def arn(url: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])

    settings = template_yaml.load()["Resources"]["OutboundQueue"]["Properties"]
    receives = most_receives or settings["RedrivePolicy"]["maxReceiveCount"]
    dead = sqs.create_queue(QueueName="kills-dead.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    attributes = {
        "FifoQueue": "true",
        "DeduplicationScope": settings["DeduplicationScope"],
        "FifoThroughputLimit": settings["FifoThroughputLimit"],
        "VisibilityTimeout": str(VISIBLE_AGAIN),
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": receives}),
    }
    bells = sqs.create_queue(QueueName="kills.fifo", Attributes=attributes)["QueueUrl"]
    heard = sqs.create_queue(QueueName="kills-heard")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn(heard))
    return Bells(bells, dead, heard)


def _table(engine: engines.Engine, name: str) -> Stream:
    """The table with our number in it, and its stream as the template's mapping reads it."""
    dynamodb = engine.client("dynamodb")
    dynamodb.create_table(**template_yaml.table_properties(name))
    settings = NumberSettings(
        number=requests_in.NUMBER, account="main", extensions=(requests_in.EXTENSION,), label="Sales", added_at=now_ms()
    )
    listing = {"account": settings.account, "number": settings.number, "version": 1}
    written = {items.number_key(settings.number): items.number_item(settings)}
    for key, item in (written | dict.fromkeys(items.listing_keys(settings), listing)).items():
        dynamodb.put_item(TableName=name, Item=key.wire | to_wire(item))
    mapping = template_yaml.load()["Resources"]["StreamRelayTableStream"]["Properties"]
    return Stream(
        engine.client("dynamodbstreams"),
        dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"],
        batch=mapping["BatchSize"],
        retries=mapping["MaximumRetryAttempts"],
        oldest=mapping["MaximumRecordAgeInSeconds"] * SECOND,
    )
