"""The apps hear of every change, each once and at once, over real WebSockets."""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from textension.aws.connections import DELIVERED, GONE, Connection, Gateway, Holder
from textension.clock import HOUR, now_ms
from textension.config import RealtimeEnvironment
from textension.errors import Refused
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.stack.apps import Apps, apps_of, reset
from tests.stack.office import Office, eventually
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack


@pytest.fixture
def apps(stack: RunningStack) -> Iterator[Apps]:
    """The apps of the stack; when a test has ended, all of its own are gone."""
    with apps_of(stack.file) as one:
        yield one
        eventually(lambda: not one.connected("101") | one.connected("102"), within=15, what="nobody connected")


def refused(apps: Apps, ticket: str) -> int:
    """The status that a connection with this ticket is refused with."""
    with pytest.raises(InvalidStatus) as error:
        apps.connect(ticket)
    return error.value.response.status_code


def test_every_extension_of_a_number_hears_a_text_once_and_no_other_does(office: Office, apps: Apps) -> None:
    with apps.app("101") as first, apps.app("102") as second, apps.app("102") as tablet, apps.app("999") as stranger:
        assert office.post(office.values("LIVE-1", "+12025550130", "to both")) == 200
        assert office.post(office.values("LIVE-1", "+12025550130", "to both")) == 200

        listeners = (first, second, tablet)
        eventually(lambda: all(app.texts() for app in listeners), within=20, what="a frame for each")
        time.sleep(1)
        assert [app.texts() for app in listeners] == [["to both"]] * 3
        assert stranger.frames == []
        assert first.frames == second.frames
        assert first.frames[0]["specversion"] == "1.0"


def test_a_ticket_opens_one_connection(apps: Apps) -> None:
    ticket = apps.ticket("101")
    with apps.connect(ticket):
        assert len(apps.connected("101")) == 1
        assert 400 <= refused(apps, ticket) < 500
        assert len(apps.connected("101")) == 1
    assert 400 <= refused(apps, ticket) < 500


@pytest.mark.parametrize("kind", ["unknown", "none", "expired"])
def test_without_a_good_ticket_nobody_is_let_in(apps: Apps, kind: str) -> None:
    tickets = {"unknown": "x" * 43, "none": "", "expired": apps.ticket("101", age=30_000)}

    assert 400 <= refused(apps, tickets[kind]) < 500
    assert apps.connected("101") == set()


def test_a_ticket_that_many_show_at_once_lets_one_in(apps: Apps) -> None:
    def redeem(ticket: str) -> int:
        try:
            apps.tickets.redeem(ticket, now_ms())
        except Refused:
            return 0
        return 1

    with ThreadPoolExecutor(20) as pool:
        for _ in range(5):
            assert sum(pool.map(redeem, [apps.ticket("101")] * 20)) == 1


def test_a_ping_is_answered_and_nothing_else_is_understood(apps: Apps) -> None:
    with apps.app("101") as app:
        app.say('{"action": "ping"}')
        eventually(lambda: app.frames, within=10, what="the pong")
        for odd in ('{"action": "subscribe", "extension": "102"}', "hello", '{"action": "$connect"}'):
            app.say(odd)

        eventually(lambda: len(app.frames) == 4, within=10, what="an answer to each")
        assert app.frames[0] == {"type": "pong"}
        assert [(one["type"], one["code"]) for one in app.frames[1:]] == [("error", "unknown_action")] * 3


def test_a_connection_can_be_ended_from_our_side(office: Office, apps: Apps, monkeypatch: pytest.MonkeyPatch) -> None:
    [described] = office.aws("cloudformation").describe_stacks(StackName=office.file.stack_name)["Stacks"]
    [url] = [one["OutputValue"] for one in described["Outputs"] if one["OutputKey"] == "WebSocketUrl"]
    monkeypatch.setenv("TABLE_NAME", office.file.outputs["TableName"])
    monkeypatch.setenv("CONNECTIONS_URL", url)
    gateway = Gateway(RealtimeEnvironment.read().connections_endpoint)
    with apps.app("101") as app:
        [connection] = apps.connected("101")
        assert gateway.post(connection, '{"type": "by hand"}') == DELIVERED
        eventually(lambda: app.frames, within=5, what="the frame")

        gateway.close(connection)

        eventually(lambda: not apps.connected("101"), within=10, what="the connection forgotten")
        assert gateway.post(connection, "{}") == GONE
        with pytest.raises(ConnectionClosed):
            app.say("anybody there?")


def test_a_reply_is_followed_state_by_state(office: Office, apps: Apps) -> None:
    with apps.app("101") as first, apps.app("102") as second:
        message_id = office.send("+12025550131", "Is four o'clock good?")

        eventually(lambda: len(first.states(message_id)) >= 3, within=20, what="three states")
        eventually(lambda: len(second.states(message_id)) >= 3, within=5, what="the same for the other")
        time.sleep(1)
        for app in (first, second):
            assert sorted(app.states(message_id)) == sorted(["queued", "sent", "delivered"])


def test_clients_that_died_delay_nobody(office: Office, apps: Apps, figure: Callable[[str], None]) -> None:
    peer = "+12025550132"
    ghosts = [Connection(f"ghost-{number}", Holder("main", "101", "u"), now_ms() - HOUR) for number in range(5)]
    for ghost in ghosts:
        apps.connections.open(ghost)
    with apps.app("101") as app, apps.deaf("101"), apps.deaf("102"), apps.deaf("101") as dead:
        reset(dead)
        posted: dict[str, float] = {}
        for number in range(5):
            text = f"alive {number}"
            posted[text] = time.time()
            assert office.post(office.values(f"DEAD-{number}", peer, text)) == 200

        # The stack is other tests' too: a reply of theirs may be told meanwhile.
        eventually(lambda: posted.keys() <= set(app.texts()), within=20, what="every text")
        waits = [at - posted[text] for at, frame in app.heard if (text := frame["data"].get("text")) in posted]
        figure(f"realtime beside two deaf, one dead and five vanished clients: slowest {max(waits):.2f} s")
        assert max(waits) < 5
        eventually(lambda: not {one.id for one in ghosts} & apps.connected("101"), within=10, what="ghosts forgotten")


def test_a_text_is_heard_within_a_second(
    stack: RunningStack, office: Office, apps: Apps, figure: Callable[[str], None]
) -> None:
    peer = "+12025550133"
    with apps.app("101") as app, apps.app("102") as other:
        for function in ("InboundWebhook", "StreamRelay", "Realtime"):
            stack.kill_workers(function)
        posted: dict[str, float] = {"cold": time.time()}
        first = office.values("FAST-COLD", peer, "cold")  # a 502 for a killed worker makes ClickSend post again
        eventually(lambda: office.post(first) == 200, within=10, what="the first answer")
        eventually(lambda: "cold" in app.texts(), within=30, what="the first text")
        # The second and third workers of a function, which overlapping texts need, are started by these.
        assert (
            office.post_at_once([office.values(f"FAST-WARM-{n}", peer, f"warm-up {n}") for n in range(8)]) == [200] * 8
        )
        eventually(lambda: len(app.texts()) == 9, within=30, what="the texts to warm up")
        with ThreadPoolExecutor(8) as pool:
            sent = []
            for number in range(30):
                text = f"text {number:02d}"
                posted[text] = time.time()
                sent.append(pool.submit(office.post, office.values(f"FAST-{number}", peer, text)))
                time.sleep(0.2)
            assert [one.result() for one in sent] == [200] * 30
        eventually(lambda: len(app.texts()) >= 39 <= len(other.texts()), within=30, what="all texts")
        assert [len(one.texts()) - len(set(one.texts())) for one in (app, other)] == [0, 0]

    heard = {frame["data"]["text"]: at for at, frame in app.heard if frame["type"] == "message.received"}
    cold, *warm = (heard[text] - at for text, at in posted.items())
    p50, p95 = statistics.median(warm), statistics.quantiles(warm, n=20)[18]
    figure(
        f"realtime, webhook to frame, 30 at 5/s: p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, "
        f"slowest {max(warm) * 1000:.0f} ms; cold {cold:.2f} s"
    )
    assert p95 < 1.0
    assert cold < 10
