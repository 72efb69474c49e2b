"""Whom an event reaches: everybody concerned, once; a slow or dead client delays nobody."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from textension import assemble, events, realtime
from textension.aws import clients, connections
from textension.aws.connections import DELIVERED, GONE, Connection, Tickets, failed
from textension.aws.items import Key
from textension.clock import now_ms
from textension.errors import Unavailable, Unreadable
from textension.realtime import Announcement, Realtime, Report

from tests.conftest import NUMBER, PEER, Backend, Context, load_function
from tests.gateway import Clients
from tests.unit.test_connections import apps, connect, ids_of
from tests.unit.test_inbound import outbound
from tests.unit.test_table import fail, refused

__all__ = ["apps"]


@pytest.fixture
def published(aws: Backend) -> str:
    """What the relay publishes of a text that waits to be sent."""
    [event] = events.of(outbound(aws))
    return event.body


def event(name: str, *extensions: str, account: str = "main") -> Announcement:
    data = {"account": account, "extensions": list(extensions or ("101",)), "text": name}
    return Announcement.read(json.dumps({"specversion": "1.0", "id": name, "data": data}))


def deliver(*announcements: Announcement, remaining: int = 15_000) -> Report:
    return assemble.realtime().deliver(announcements, remaining=lambda: remaining)


# ---------------------------------------------------------------- delivery


def test_everybody_concerned_hears_the_event_as_it_was_published(published: str, apps: Clients) -> None:
    connect("a", "b")
    connect("c", extension="102")
    connect("d", extension="103")
    connect("e", account="other")

    assert deliver(Announcement.read(published)).posted == {DELIVERED: 3}

    assert sorted(apps.frames) == [(one, published) for one in ("a", "b", "c")]
    assert json.loads(published)["data"]["peer"] == PEER
    assert json.loads(published)["data"]["number"] == NUMBER


def test_an_event_is_heard_once_and_in_the_order_of_the_batch(apps: Clients) -> None:
    connect("a")
    names = [f"event-{number}" for number in range(10)]

    deliver(*(event(name, "101", "101") for name in names), event("event-3"))

    assert [json.loads(frame)["id"] for frame in apps.heard("a")] == names


def test_connections_are_read_once_for_each_extension(apps: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    connect("a")
    connect("b", extension="102")
    queries = fail(monkeypatch, "query")

    deliver(*(event(f"event-{number}", "101", "102") for number in range(10)))

    asked = [query["ExpressionAttributeValues"][":pk"]["S"] for query in queries]
    assert sorted(asked) == ["EXTENSION#main#101", "EXTENSION#main#102"]
    assert all(query["ConsistentRead"] for query in queries)
    assert (len(apps.heard("a")), len(apps.heard("b"))) == (10, 10)


def test_the_requests_of_an_event_and_of_a_client(
    aws: Backend, apps: Clients, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    calls = {name: fail(monkeypatch, name) for name in ("delete_item", "query", "transact_write_items")}
    ticket = Tickets(aws.table).issue("main", "101", "user-1", now_ms())

    assemble.realtime().connect("a", ticket.text)
    assert {name: len(each) for name, each in calls.items()} == {
        "delete_item": 1,
        "query": 0,
        "transact_write_items": 1,
    }
    deliver(event("one"), event("two"))
    made = {name: len(each) for name, each in calls.items()}
    figure(f"requests of realtime, a client that connects and hears two events: {made} and {len(apps.frames)} posts")
    assert (made["query"], made["transact_write_items"], len(apps.frames)) == (1, 1, 2)


def test_an_event_of_nobody_asks_nobody(apps: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = fail(monkeypatch, "query")
    announcement = Announcement.read(json.dumps({"id": "x", "data": {"account": "main", "extensions": []}}))

    assert deliver(announcement) == Report()
    assert queries == []


def test_slow_and_dead_clients_delay_nobody(apps: Clients) -> None:
    connect("a", "b")
    connect(*(f"slow-{number}" for number in range(10)), *(f"dead-{number}" for number in range(10)))
    apps.answers |= {f"slow-{number}": "slow" for number in range(10)}
    apps.answers |= {f"dead-{number}": "reset" for number in range(10)}
    began = time.monotonic()

    report = deliver(*(event(f"event-{number}") for number in range(5)))

    assert time.monotonic() - began < 5
    expected = {DELIVERED: 10, failed("ReadTimeoutError"): 10, failed("ConnectionClosedError"): 10}
    assert report.posted == expected
    assert (len(apps.heard("a")), len(apps.heard("b"))) == (5, 5)
    assert len(ids_of("101")) == 22, "a client that fails is still there"


def test_a_client_that_takes_no_frame_is_passed_for_the_batch_and_heard_of_in_the_next(apps: Clients) -> None:
    connect("a")
    apps.answers["a"] = 429

    assert deliver(event("one"), event("two")).posted == {failed("LimitExceededException"): 1}
    del apps.answers["a"]
    assert deliver(event("three")).posted == {DELIVERED: 1}


def test_only_who_is_gone_is_forgotten(aws: Backend, apps: Clients) -> None:
    connect("gone", "stays")
    apps.answers["gone"] = 410

    assert deliver(event("one"), event("two")).posted == {GONE: 1, DELIVERED: 2}

    assert ids_of("101") == {"stays"}
    assert aws.table.get(Key("CONNECTION#gone", "POINTER")) is None


def test_who_is_just_connecting_is_not_gone(apps: Clients) -> None:
    connect("new", at=now_ms())
    apps.answers["new"] = 410

    assert deliver(event("one")).posted == {GONE: 1}

    assert ids_of("101") == {"new"}


def test_that_the_gone_cannot_be_forgotten_concerns_nobody(apps: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    connect("gone", "stays")
    apps.answers["gone"] = 410
    fail(monkeypatch, "transact_write_items", refused("InternalServerError"))

    report = deliver(event("one"))

    assert (report.posted, report.unreached) == ({GONE: 1, DELIVERED: 1}, [])
    assert ids_of("101") == {"gone", "stays"}


def test_without_the_table_nobody_is_told_and_the_events_come_again(
    apps: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("a")
    queries = fail(monkeypatch, "query", refused("InternalServerError"))
    announcements = [event("one"), event("two", "102"), event("three", "103", "104")]

    assert deliver(*announcements).unreached == announcements
    assert len(queries) == 1, "the first answer speaks for the table"
    assert apps.frames == []


def test_an_extension_that_cannot_be_read_holds_its_own_events_up_only(
    apps: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("a")
    connect("b", extension="102")
    one, both = event("one"), event("both", "101", "102")
    original = connections.Connections.of_extension

    def reading(self: connections.Connections, account: str, extension: str) -> list[Connection]:
        if extension == "102":
            raise Unavailable("not now")
        return original(self, account, extension)

    monkeypatch.setattr(connections.Connections, "of_extension", reading)

    assert deliver(one, both).unreached == [both]
    assert apps.frames == [("a", one.body)]


def test_what_does_not_fit_into_the_time_is_not_begun(apps: Clients) -> None:
    connect("a")

    assert deliver(event("one"), remaining=4_999).posted == {failed("no_time"): 1}
    assert apps.frames == []
    assert deliver(event("one"), remaining=5_000).posted == {DELIVERED: 1}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no",
        "[]",
        "1",
        '{"id": "x"}',
        '{"id": "x", "data": []}',
        '{"id": "x", "data": {"account": "main", "extensions": "101"}}',
        '{"id": "x", "data": {"account": "main", "extensions": {"101": 1}}}',
        '{"id": "x", "data": {"account": "main", "extensions": [101]}}',
        '{"id": "x", "data": {"account": "", "extensions": ["101"]}}',
        '{"id": null, "data": {"account": "main", "extensions": ["101"]}}',
    ],
)
def test_what_is_no_event_is_unreadable(body: str) -> None:
    with pytest.raises(Unreadable, match="not_an_event"):
        Announcement.read(body)


# ---------------------------------------------------------------- the function


def socket_event(route: str, connection: str = "c1=", ticket: str | None = None, kind: str = "") -> dict[str, Any]:
    kind = kind or {"$connect": "CONNECT", "$disconnect": "DISCONNECT"}.get(route, "MESSAGE")
    return {
        "requestContext": {"routeKey": route, "eventType": kind, "connectionId": connection},
        "queryStringParameters": None if ticket is None else {"ticket": ticket},
    }


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = load_function("realtime").handler(event, Context())
    return answer


def test_a_client_comes_hears_and_leaves(aws: Backend, apps: Clients, capsys: pytest.CaptureFixture[str]) -> None:
    ticket = Tickets(aws.table).issue("main", "101", "user-1", now_ms())

    assert invoke(socket_event("$connect", ticket=ticket.text)) == {"statusCode": 200}
    assert ids_of("101") == {"c1="}
    assert invoke(socket_event("ping")) == invoke(socket_event("$default")) == {"statusCode": 200}
    pong, error = (json.loads(frame) for frame in apps.heard("c1="))
    assert (pong, error["type"], error["code"]) == ({"type": "pong"}, "error", "unknown_action")
    assert invoke(socket_event("$disconnect")) == {"statusCode": 200}
    assert ids_of("101") == set()
    assert ticket.text not in capsys.readouterr().out


@pytest.mark.parametrize("route", ["$connect", "$disconnect"])
def test_a_message_that_names_a_reserved_route_is_a_message(aws: Backend, apps: Clients, route: str) -> None:
    connect("c1=")
    ticket = Tickets(aws.table).issue("main", "102", "user-1", now_ms())

    assert invoke(socket_event(route, ticket=ticket.text, kind="MESSAGE")) == {"statusCode": 200}

    assert json.loads(apps.heard("c1=")[0])["code"] == "unknown_action"
    assert (ids_of("101"), ids_of("102")) == ({"c1="}, set())


def test_a_ticket_whose_writing_was_not_heard_of_is_a_ticket(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    put = clients.dynamodb().put_item

    def twice(**request: Any) -> Any:
        put(**request)  # its answer is lost, and the client asks again
        return put(**request)

    monkeypatch.setattr(clients.dynamodb(), "put_item", twice)
    tickets, now = Tickets(aws.table), now_ms()
    ticket = tickets.issue("main", "101", "user-1", now)

    assert tickets.redeem(ticket.text, now).user == "user-1"


def test_who_has_no_right_to_is_told_nothing(aws: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    tickets, now = Tickets(aws.table), now_ms()
    used, expired = tickets.issue("main", "101", "u", now), tickets.issue("main", "101", "u", now - 31_000)
    tickets.redeem(used.text, now)
    wrong = [None, "", "canary-unknown", used.text, expired.text]

    answers = [invoke(socket_event("$connect", ticket=text)) for text in wrong]

    assert answers == [{"statusCode": 401, "body": "unauthorized"}] * 5
    assert ids_of("101") == set()
    logged = capsys.readouterr().out
    assert logged.count("ticket_unknown") == 4
    assert logged.count("ticket_expired") == 1
    assert [text for text in wrong if text and text in logged] == []


def test_a_table_out_of_reach_lets_nobody_in(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = Tickets(aws.table).issue("main", "101", "user-1", now_ms())
    fail(monkeypatch, "transact_write_items", refused("InternalServerError"))

    assert invoke(socket_event("$connect", ticket=ticket.text)) == {"statusCode": 503}
    assert ids_of("101") == set()


def test_a_batch_without_configuration_comes_again_whole(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONNECTIONS_URL")
    records = [{"messageId": "1", "body": event("one").body}, {"messageId": "2", "body": "no"}]

    answer = invoke({"Records": records})

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}


def test_what_is_counted_and_logged_holds_no_text(
    capsys: pytest.CaptureFixture[str], published: str, apps: Clients
) -> None:
    connect("a", "gone", "full")
    apps.answers |= {"gone": 410, "full": 429}
    capsys.readouterr()

    assert invoke({"Records": [{"messageId": "1", "body": published}]}) == {"batchItemFailures": []}

    logged = capsys.readouterr().out
    assert all(f'"Realtime{name}":[1.0]' in logged for name in ("Events", "Delivered", "Gone", "Failed"))
    assert "LimitExceededException" in logged
    assert json.loads(published)["data"]["text"] not in logged
    assert PEER not in logged


def test_realtime_is_made_once(aws: Backend) -> None:
    assert isinstance(assemble.realtime(), Realtime)
    assert assemble.realtime() is assemble.realtime()
    assert realtime.READS_AT_ONCE <= 10, "of the sockets that the table's client keeps"
