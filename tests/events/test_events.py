"""Every file under events/ goes through its function: these are the shapes in which ClickSend and AWS come to us."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.events.models import EventPattern
from textension import events as announcement
from textension.aws import items
from textension.aws.connections import Connections
from textension.aws.emails import EmailTroubles
from textension.aws.secrets import put_push_keys
from textension.aws.wire import from_wire, to_wire
from textension.message import Direction, Message
from textension.push.vapid import new_keys
from textension.states import State

from local.simulator import Running
from tests import template_yaml
from tests.browser import Service, running
from tests.conftest import Backend, Context, forget, load_function
from tests.events import arrange
from tests.events.expected import (
    APP,
    BATCHES,
    EMAIL,
    INBOUND,
    PUSHES,
    REALTIME,
    REPLAYS,
    SENDER,
    SOCKETS,
    STREAM,
    SWEEPER,
    WEB,
    Batch,
    Emailed,
    Inbound,
    Quarantined,
    Receipt,
    Refused,
    Relayed,
    Socket,
    Stored,
    Stray,
    failures,
)
from tests.gateway import Clients, clients_of

# Powertools warns where a run has nothing to count, such as a stream record that concerns nobody.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

EVERY_FILE = [(function, case) for function in arrange.functions() for case in arrange.cases(function)]
TEST_NUMBERS = {"+61411111111", "+61422222222", "+61433333333", "+61444444444"}


def invoke(function: str, case: str) -> Any:
    """The function's answer to a file."""
    return load_function(function).handler(arrange.event(function, case), Context())


# ---------------------------------------------------------------- the files themselves


def test_each_file_has_a_line_in_the_table_and_each_line_a_file() -> None:
    expected: dict[str, Mapping[str, object]]
    expected = {
        "app_api": APP,
        "email_notifier": EMAIL,
        "inbound_webhook": {**INBOUND, **dict.fromkeys(REPLAYS)},
        "outbound_sender": SENDER,
        "push_notifier": PUSHES,
        "realtime": REALTIME,
        "stream_relay": STREAM,
        "sweeper": SWEEPER,
        "web_app": WEB,
    }

    assert {function: arrange.cases(function) for function in arrange.functions()} == {
        function: sorted(lines) for function, lines in expected.items()
    }


def test_each_function_of_the_template_has_events() -> None:
    resources = template_yaml.load()["Resources"].values()
    folders = [one["Properties"]["CodeUri"] for one in resources if one["Type"] == "AWS::Serverless::Function"]

    assert sorted(folder.removeprefix("functions/") for folder in folders) == arrange.functions()


@pytest.mark.parametrize(("function", "case"), EVERY_FILE)
def test_a_file_holds_test_data_only(function: str, case: str) -> None:
    text = arrange.path_of(function, case).read_text(encoding="ascii")
    event = json.loads(text)
    bodies = [event.get("body")] if event.get("isBase64Encoded") else []
    text += "".join(base64.b64decode(body).decode("latin-1").replace("%2B", "+") for body in bodies)

    assert set(re.findall(r"\+[0-9]{11}", text)) <= TEST_NUMBERS
    assert set(re.findall(r"\b[0-9]{12}\b", text)) - {"123456789012"} <= {f"{number:012d}" for number in range(1000)}
    assert "token" not in (event.get("pathParameters") or {}) or "test-token-" in text


@pytest.mark.parametrize("case", INBOUND)
def test_a_post_has_an_address_of_the_template(case: str) -> None:
    event = arrange.event("inbound_webhook", case)
    properties = template_yaml.load()["Resources"]["InboundWebhook"]["Properties"]
    addresses = {(one["Properties"]["Path"], one["Properties"]["Method"]) for one in properties["Events"].values()}

    assert (event["resource"], event["httpMethod"].lower()) in addresses
    assert event["requestContext"]["resourcePath"] == event["resource"]
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}


def test_bytes_arrive_encoded_as_the_template_asks_for_them() -> None:
    assert template_yaml.load()["Resources"]["Api"]["Properties"]["BinaryMediaTypes"] == ["*~1*"]
    posts = [arrange.event("inbound_webhook", case) for case in INBOUND if case != "form_16_keys_unencoded"]

    assert all(post["isBase64Encoded"] for post in posts if post["body"])


@pytest.mark.parametrize("case", STREAM)
def test_the_images_of_messages_are_messages(case: str) -> None:
    for record in arrange.event("stream_relay", case)["Records"]:
        change = record["dynamodb"]
        for image in (change.get("NewImage"), change.get("OldImage")):
            if not image or "direction" not in image or image["state"] == {"S": "teleported"}:
                continue

            message = items.message(from_wire(image))

            item = {**to_wire(items.message_item(message)), **items.message_key(message).wire}
            assert item == image
            assert change["Keys"] == items.message_key(message).wire


@pytest.mark.parametrize("case", STREAM)
def test_the_filter_lets_through_what_is_to_be_announced(case: str) -> None:
    mapping = template_yaml.load()["Resources"]["StreamRelayTableStream"]["Properties"]
    patterns = [EventPattern.load(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    records = arrange.event("stream_relay", case)["Records"]

    passing = [record for record in records if any(pattern.matches_event(record) for pattern in patterns)]

    assert len(passing) == len(STREAM[case].published) + len(STREAM[case].failed)


@pytest.mark.parametrize("case", SENDER)
def test_a_doorbell_is_what_the_relay_rings(case: str) -> None:
    group = arrange.SIGNER.group(arrange.ACCOUNT, arrange.NUMBER, arrange.PEER)
    rung = {arrange.message_id(key) for key in arrange.BELLS[case]}
    records = arrange.event("outbound_sender", case)["Records"]

    for record in records:
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
    asked = {
        json.loads(record["body"])["message_id"]
        for record in records
        if record["attributes"]["MessageGroupId"] == group and record["body"] != "[]"
    }
    assert asked == rung or case == "message_unknown"


@pytest.mark.parametrize("case", SOCKETS)
def test_a_websockets_event_has_a_route_of_the_template(case: str) -> None:
    context = arrange.event("realtime", case)["requestContext"]
    resources = template_yaml.load()["Resources"]
    routes = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::ApiGatewayV2::Route"]

    assert context["routeKey"] in {route["RouteKey"] for route in routes}
    assert context["stage"] == resources["WebSocketStage"]["Properties"]["StageName"]
    body = arrange.event("realtime", case).get("body")
    assert (context["eventType"] == "MESSAGE") == (body is not None)


@pytest.mark.parametrize("case", BATCHES)
def test_the_queue_brings_what_the_topic_was_given(case: str) -> None:
    assert template_yaml.load()["Resources"]["RealtimeSubscription"]["Properties"]["RawMessageDelivery"] is True
    for record in arrange.event("realtime", case)["Records"]:
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()
        assert record["messageAttributes"] == {}


# ---------------------------------------------------------------- inbound_webhook


@pytest.fixture
def webhook(stack: Backend) -> Backend:
    """The stack with the messages that posts speak of."""
    arrange.for_inbound_webhook(stack.messages)
    return stack


def received(stack: Backend) -> list[Message]:
    """The texts that came in."""
    thread, _ = stack.messages.thread(arrange.CONVERSATION, limit=100)
    return [message for message in thread if message.direction is Direction.INBOUND]


def lasting(stack: Backend) -> list[dict[str, Any]]:
    """The table, but for what counts writes and how long a receipt waits."""
    rows = [
        {key: value for key, value in item.items() if key not in {"version", "expires_at"}} for item in stack.items()
    ]
    return sorted(rows, key=lambda row: (row["pk"], row["sk"]))


def post_twice(stack: Backend, case: str) -> dict[str, Any]:
    """The answer to a post; ClickSend posts again what it had no answer to, and that must change nothing more."""
    answer: dict[str, Any] = invoke("inbound_webhook", case)
    before = lasting(stack)

    assert invoke("inbound_webhook", case) == answer
    assert lasting(stack) == before
    return answer


def lines(kind: type[Inbound]) -> list[tuple[str, Any]]:
    """The lines of the table that speak of one kind of outcome."""
    return [(case, expected) for case, expected in INBOUND.items() if isinstance(expected, kind)]


@pytest.mark.parametrize(("case", "expected"), lines(Stored))
def test_a_text_is_stored_once(webhook: Backend, case: str, expected: Stored) -> None:
    assert post_twice(webhook, case)["statusCode"] == 200

    [message] = received(webhook)
    assert (message.text, message.trust, message.state) == (expected.text, expected.trust, State.RECEIVED)
    assert message.extensions == arrange.EXTENSIONS
    assert 1759730400_000 < message.sent_at < 1759730500_000
    assert webhook.quarantine.page("main")[0] == []


@pytest.mark.parametrize(("case", "expected"), lines(Receipt))
def test_a_receipt_is_recorded_once(webhook: Backend, case: str, expected: Receipt) -> None:
    assert post_twice(webhook, case)["statusCode"] == 200

    message = webhook.messages.by_id(arrange.message_id(case))
    assert message is not None
    assert message.state is expected.state
    assert [receipt.status_code for receipt in message.receipts] == [expected.code]


@pytest.mark.parametrize(("case", "expected"), lines(Stray))
def test_a_receipt_of_nobodys_message_waits(webhook: Backend, case: str, expected: Stray) -> None:
    assert post_twice(webhook, case)["statusCode"] == 200

    waiting = webhook.table.get(items.clicksend_key("main", expected.clicksend_id))
    assert waiting is not None
    assert waiting["receipt_201"]["status_text"] == "Success: Message received on handset."
    assert waiting["expires_at"]


@pytest.mark.parametrize(("case", "expected"), lines(Quarantined))
def test_an_odd_post_is_quarantined_once_as_it_came(webhook: Backend, case: str, expected: Quarantined) -> None:
    assert post_twice(webhook, case)["statusCode"] == 200

    [kept], _ = webhook.quarantine.page("main")
    assert kept.reason == expected.reason
    assert kept.push.body == base64.b64decode(arrange.event("inbound_webhook", case)["body"] or "")
    assert received(webhook) == []


@pytest.mark.parametrize("case", [case for case, _ in lines(Refused)])
def test_a_stranger_leaves_no_trace(webhook: Backend, case: str) -> None:
    before = webhook.items()

    assert post_twice(webhook, case)["statusCode"] == 403
    assert webhook.items() == before


@pytest.mark.parametrize("case", ["form_16_keys", "token_wrong"])
def test_an_answer_tells_nothing(webhook: Backend, case: str) -> None:
    answer = invoke("inbound_webhook", case)

    assert json.loads(answer["body"])["message"] in {"ok", "forbidden"}
    assert answer["headers"] == {"Content-Type": "application/json"}


def test_the_bare_path_can_be_opened(webhook: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_WEBHOOK_TOKEN", "false")
    forget()

    assert invoke("inbound_webhook", "bare_path")["statusCode"] == 200
    assert len(received(webhook)) == 1


@pytest.mark.parametrize("case", REPLAYS)
def test_a_replay_of_what_is_not_there_says_so(webhook: Backend, case: str) -> None:
    assert invoke("inbound_webhook", case) == {"outcome": None}


# ---------------------------------------------------------------- app_api


@pytest.mark.parametrize(("case", "expected"), APP.items())
def test_an_app_is_answered(stack: Backend, case: str, expected: tuple[int, str | None]) -> None:
    answer = invoke("app_api", case)

    body = json.loads(answer["body"])
    assert (answer["statusCode"], body.get("code")) == expected


def test_a_path_means_the_same_encoded_and_decoded(stack: Backend) -> None:
    first = invoke("app_api", "send_path_encoded")

    assert json.loads(invoke("app_api", "send_path_decoded")["body"]) == json.loads(first["body"])


# ---------------------------------------------------------------- stream_relay


def put_new_images(stack: Backend, case: str) -> None:
    """The table as the records leave it."""
    for record in arrange.event("stream_relay", case)["Records"]:
        if image := record["dynamodb"].get("NewImage"):
            boto3.client("dynamodb").put_item(TableName=stack.table_name, Item=image)


@pytest.mark.parametrize(("case", "expected"), STREAM.items())
def test_a_change_is_announced(stack: Backend, case: str, expected: Relayed) -> None:
    put_new_images(stack, case)

    answer = invoke("stream_relay", case)

    assert answer == failures(arrange.event("stream_relay", case)["Records"], expected.failed)
    published = [json.loads(one["Message"]) for one in stack.events()]
    assert tuple(sorted(event["type"] for event in published)) == expected.published
    assert len(stack.doorbells()) == expected.rung
    left = [item for item in stack.items() if item.get("unannounced")]
    assert len(left) == len(expected.failed)


@pytest.mark.parametrize(("case", "expected"), STREAM.items())
def test_a_change_that_comes_twice_is_the_same_event(stack: Backend, case: str, expected: Relayed) -> None:
    put_new_images(stack, case)

    invoke("stream_relay", case)
    first = [json.loads(one["Message"]) for one in stack.events()]
    invoke("stream_relay", case)

    assert [json.loads(one["Message"]) for one in stack.events()] == first


# ---------------------------------------------------------------- outbound_sender


@pytest.mark.parametrize(("case", "failed"), SENDER.items())
def test_what_the_doorbells_ask_for_is_sent_once(
    stack: Backend, clicksend: Running, case: str, failed: tuple[int, ...]
) -> None:
    arrange.for_outbound_sender(stack.messages, case)

    answer = invoke("outbound_sender", case)
    again = invoke("outbound_sender", case)

    assert answer == again == failures(arrange.event("outbound_sender", case)["Records"], failed)
    sent = httpx.get(f"{clicksend.url}/simulator/sent").json()
    wanted = {arrange.message_id(key) for key in arrange.BELLS[case]}
    assert sent["requests"] == (1 if wanted else 0)
    assert sorted(one["custom_string"] for one in sent["messages"]) == sorted(
        arrange.SIGNER.custom_string("main", one) for one in wanted
    )
    for one in wanted:
        message = stack.messages.by_id(one)
        assert message is not None
        assert message.state is State.SENT
        assert message.clicksend_id


# ---------------------------------------------------------------- email_notifier


@pytest.mark.parametrize("case", arrange.COPIED)
def test_what_is_copied_is_what_the_relay_publishes(case: str) -> None:
    records = arrange.event("email_notifier", case)["Records"]
    published = [announcement.of(arrange.received(key))[0].body for key in arrange.COPIED[case]]

    told = [record["body"] for position, record in enumerate(records) if position not in EMAIL[case].failed]
    assert told == published


@pytest.mark.parametrize("case", EMAIL)
def test_a_record_is_as_the_queue_brings_it(case: str) -> None:
    for record in arrange.event("email_notifier", case)["Records"]:
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("case", "expected"), EMAIL.items())
def test_a_text_is_mailed_once_and_what_came_back_is_noted(stack: Backend, case: str, expected: Emailed) -> None:
    arrange.for_email_notifier(stack.table, case)

    answer = invoke("email_notifier", case)
    again = invoke("email_notifier", case)

    assert answer == again == failures(arrange.event("email_notifier", case)["Records"], expected.failed)
    tags = [arrange.COPY_TEXTS.get(key, key) for key in arrange.COPIED.get(case, ())]
    bodies = [mail.get_body(("plain",)) for mail in stack.mails()]
    assert len(bodies) == len(tags)
    assert all(body and tag in body.get_content().replace("\r\n", "\n") for body, tag in zip(bodies, tags, strict=True))
    noted = [(one.kind, one.permanent) for one in EmailTroubles(stack.table).of_account(arrange.ACCOUNT)]
    assert noted == ([expected.noted] if expected.noted else [])


# ---------------------------------------------------------------- sweeper


def test_each_minute_what_is_due_is_done(stack: Backend) -> None:
    arrange.for_sweeper(stack.messages)

    assert invoke("sweeper", "each_minute") == SWEEPER["each_minute"]

    assert {event["type"] for event in (json.loads(one["Message"]) for one in stack.events())} == {
        "message.status_changed"
    }
    assert len(stack.doorbells()) == 1
    states = {key: stack.messages.by_id(arrange.message_id(key)) for key in ("too_late", "worker_lost")}
    assert [message.state for message in states.values() if message] == [State.EXPIRED, State.UNKNOWN]


def test_a_minute_in_which_nothing_is_due(stack: Backend) -> None:
    assert invoke("sweeper", "each_minute") == {}


# ---------------------------------------------------------------- realtime


@pytest.fixture
def apps(stack: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Three clients, and the tickets that are shown."""
    arrange.for_realtime(stack.table)
    with clients_of(monkeypatch) as everybody:
        yield everybody


@pytest.mark.parametrize(("case", "expected"), SOCKETS.items())
def test_a_client_comes_says_something_or_goes(stack: Backend, apps: Clients, case: str, expected: Socket) -> None:
    connection = arrange.event("realtime", case)["requestContext"]["connectionId"]

    answer = invoke("realtime", case)

    assert answer["statusCode"] == expected.status
    assert answer.get("body") == ("unauthorized" if expected.status == 401 else None)
    assert [json.loads(frame)["type"] for frame in apps.heard(connection)] == [*filter(None, [expected.frame])]
    assert apps.heard(connection) == [body for _, body in apps.frames]
    present = {one.id for one in Connections(stack.table).of_extension("main", "101")}
    assert (connection in present) is expected.connected


def test_a_ticket_that_comes_twice_lets_nobody_in_twice(stack: Backend, apps: Clients) -> None:
    assert [invoke("realtime", "connect")["statusCode"] for _ in range(2)] == [200, 401]


@pytest.mark.parametrize(("case", "expected"), BATCHES.items())
def test_what_happens_is_heard_by_whom_it_concerns(apps: Clients, case: str, expected: Batch) -> None:
    records = arrange.event("realtime", case)["Records"]

    answer = invoke("realtime", case)

    assert answer == failures(records, expected.failed)
    published = {record["body"] for record in records}
    assert {frame for _, frame in apps.frames} <= published
    for connection, extension in arrange.CONNECTED.items():
        types = tuple(json.loads(frame)["type"] for frame in apps.heard(connection))
        assert types == expected.heard.get(extension, ())


# ---------------------------------------------------------------- push_notifier


@pytest.mark.parametrize(("case", "expected"), PUSHES.items())
def test_a_text_is_pushed_to_the_browsers_of_its_extensions(
    stack: Backend, case: str, expected: tuple[tuple[int, ...], int]
) -> None:
    failed, count = expected
    put_push_keys(stack.secrets["PushSecret"], new_keys("mailto:ops@example.com"), replace=False)
    with Service() as service, running(service):
        arrange.for_push_notifier(stack.table, f"http://127.0.0.1:{service.server_port}")

        answer = invoke("push_notifier", case)

        assert answer == failures(arrange.event("push_notifier", case)["Records"], failed)
        assert len(service.pushes) == count
        assert {one.path for one in service.pushes} == {"/101", "/102"}


# ---------------------------------------------------------------- web_app


@pytest.mark.parametrize(("case", "expected"), WEB.items())
def test_the_web_app_is_served(
    stack: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, expected: tuple[int, str]
) -> None:
    (tmp_path / "index.html").write_text("<!doctype html>")
    for variable, value in arrange.WEB_APP.items():
        monkeypatch.setenv(variable, value)
    app = load_function("web_app")
    app.DIST = tmp_path  # type: ignore[attr-defined]
    event = arrange.event("web_app", case)

    answer = app.handler(event, Context())

    assert (answer["statusCode"], answer["headers"].get("Content-Type", "")) == expected
    assert bool(answer["body"]) == (answer["isBase64Encoded"]) == (event["httpMethod"] == "GET" and case != "app")


@pytest.mark.parametrize("case", WEB)
def test_a_file_of_the_web_app_has_an_address_of_the_template(case: str) -> None:
    event = arrange.event("web_app", case)
    properties = template_yaml.load()["Resources"]["WebApp"]["Properties"]
    addresses = {(one["Properties"]["Path"], one["Properties"]["Method"]) for one in properties["Events"].values()}

    assert (event["resource"], event["httpMethod"].lower()) in addresses
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
