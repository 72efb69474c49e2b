"""Tickets that open one connection, who is connected, and how a client is spoken to."""

import json
import re
import time
from collections.abc import Iterator

import pytest
from textension import assemble, config
from textension.aws import connections
from textension.aws.connections import DELIVERED, GONE, Connection, Gateway, Holder, Tickets, failed
from textension.aws.items import Key
from textension.clock import HOUR, SECOND, now_ms
from textension.errors import ConfigurationError, Refused, Unavailable
from textension.realtime import HANDSHAKE

from tests.conftest import Backend
from tests.gateway import Clients, clients_of
from tests.unit.test_table import fail, refused

NOW = 1_759_730_400_000


@pytest.fixture
def apps(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """The clients, with nobody connected yet."""
    with clients_of(monkeypatch) as everybody:
        yield everybody


def connect(*ids: str, extension: str = "101", account: str = "main", at: int | None = None) -> list[Connection]:
    """Let these in, long enough ago to be found gone."""
    opened = now_ms() - HANDSHAKE - SECOND if at is None else at
    made = [Connection(one, Holder(account, extension, f"user-{extension}"), opened) for one in ids]
    for connection in made:
        assemble.realtime().connections.open(connection)
    return made


def ids_of(extension: str, account: str = "main") -> set[str]:
    return {one.id for one in assemble.realtime().connections.of_extension(account, extension)}


# ---------------------------------------------------------------- tickets


def test_a_ticket_is_good_once(aws: Backend) -> None:
    tickets = Tickets(aws.table)
    ticket = tickets.issue("main", "101", "user-1", NOW)

    assert tickets.redeem(ticket.text, NOW + 1) == Holder("main", "101", "user-1")
    with pytest.raises(Refused, match="ticket_unknown"):
        tickets.redeem(ticket.text, NOW + 1)


def test_a_ticket_is_good_for_thirty_seconds_by_the_clock_and_not_by_ttl(aws: Backend) -> None:
    tickets = Tickets(aws.table)
    early, late = (tickets.issue("main", "101", "user-1", NOW) for _ in range(2))

    assert (early.expires_at, late.expires_at) == (NOW + 30_000, NOW + 30_000)
    assert tickets.redeem(early.text, NOW + 29_999)
    with pytest.raises(Refused, match="ticket_expired"):
        tickets.redeem(late.text, NOW + 30_000)
    [left] = [item for item in aws.items() if item["sk"] == "TICKET"]
    assert left["expires_at"] * 1000 > late.expires_at


def test_a_ticket_has_256_bits_and_the_table_has_none_of_them(aws: Backend) -> None:
    texts = [Tickets(aws.table).issue("main", "101", "user-1", NOW).text for _ in range(20)]

    assert len(set(texts)) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", text) for text in texts)
    everything = json.dumps(aws.items(), default=str)
    assert [text for text in texts if text in everything] == []
    assert texts[0] not in repr(Tickets(aws.table).issue("main", "101", "user-1", NOW))


@pytest.mark.parametrize("text", ["", "x", "x" * 43, "\ud800", "é" * 10_000])
def test_what_is_no_ticket_is_refused(aws: Backend, text: str) -> None:
    with pytest.raises(Refused, match="ticket_unknown"):
        Tickets(aws.table).redeem(text, NOW)


def test_a_table_out_of_reach_is_no_refusal(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = Tickets(aws.table).issue("main", "101", "user-1", NOW)
    fail(monkeypatch, "delete_item", refused("ProvisionedThroughputExceededException"))

    with pytest.raises(Unavailable):
        Tickets(aws.table).redeem(ticket.text, NOW)
    assert Tickets(aws.table).redeem(ticket.text, NOW)


# ---------------------------------------------------------------- connections


def test_a_connection_is_found_by_its_extension_until_it_ends(aws: Backend) -> None:
    connect("one", "two")
    connect("three", extension="102")
    connect("four", extension="10")
    connect("five", account="other")

    assert ids_of("101") == {"one", "two"}
    assemble.realtime().disconnect("one")
    assert (ids_of("101"), ids_of("102"), ids_of("10"), ids_of("101", "other")) == (
        {"two"},
        {"three"},
        {"four"},
        {"five"},
    )
    for one in ("two", "three", "four", "five", "five", "never"):
        assemble.realtime().disconnect(one)
    assert [item for item in aws.items() if "CONNECTION" in item["pk"] + item["sk"]] == []


def test_who_is_barred_opens_none_until_every_token_of_before_has_ended(aws: Backend) -> None:
    everybody = assemble.realtime().connections
    connect("before=", at=NOW)
    everybody.bar("user-101", "101", NOW)

    with pytest.raises(Refused, match="barred"):
        connect("during=", at=NOW + connections.BARRED_TIME - 1)
    connect("other=", extension="102", at=NOW)
    assert (ids_of("101"), ids_of("102")) == ({"before="}, {"other="})
    assert aws.table.get(Key("CONNECTION#during=", "POINTER")) is None

    connect("after=", at=NOW + connections.BARRED_TIME)
    everybody.bar("user-101", "101", NOW)
    everybody.unbar("user-101", "101")
    connect("let-in=", at=NOW)
    assert ids_of("101") == {"before=", "after=", "let-in="}


def test_a_connection_that_is_noted_twice_is_one(aws: Backend) -> None:
    connect("one")
    connect("one")

    assert ids_of("101") == {"one"}


def test_more_connections_than_one_page_are_all_found(aws: Backend) -> None:
    connect(*(f"c{number:03d}" for number in range(105)))

    assert len(ids_of("101")) == 105


def test_a_connection_whose_end_nobody_told_is_forgotten_after_api_gateway_ended_it(aws: Backend) -> None:
    connect("one", at=NOW)

    for key in (Key("EXTENSION#main#101", "CONNECTION#one"), Key("CONNECTION#one", "POINTER")):
        item = aws.table.get(key)
        assert item is not None
        assert NOW + 2 * HOUR < item["expires_at"] * 1000 <= NOW + 3 * HOUR


# ---------------------------------------------------------------- posting


@pytest.mark.parametrize(
    ("answer", "posted"),
    [
        (200, DELIVERED),
        (410, GONE),
        (429, failed("LimitExceededException")),
        (403, failed("ForbiddenException")),
        ("reset", failed("ConnectionClosedError")),
        ("slow", failed("ReadTimeoutError")),
    ],
)
def test_what_becomes_of_a_frame(apps: Clients, answer: int | str, posted: connections.Posted) -> None:
    apps.answers["L0SM9cOFvHcCIhw="] = answer

    began = time.monotonic()

    assert Gateway(apps.url).post("L0SM9cOFvHcCIhw=", '{"text":"\\u00e9"}') == posted
    assert time.monotonic() - began < 2.9
    assert apps.heard("L0SM9cOFvHcCIhw=") == (['{"text":"\\u00e9"}'] if posted == DELIVERED else [])


def test_a_gateway_that_nobody_answers_for_is_a_failure(aws: Backend) -> None:
    gateway = Gateway("http://127.0.0.1:9/_aws/execute-api/abcdef1234/live")

    assert gateway.post("one", "{}") == failed("EndpointConnectionError")
    with pytest.raises(Unavailable):
        gateway.close("one")


def test_a_connection_can_be_ended_and_may_have_ended_already(apps: Clients) -> None:
    apps.answers["two"] = 410

    for one in ("one", "two"):
        Gateway(apps.url).close(one)
    assert apps.ended == ["one", "two"]
    apps.answers["three"] = 403
    with pytest.raises(Unavailable):
        Gateway(apps.url).close("three")


def test_a_socket_that_idled_is_not_used_again(apps: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(apps.url)
    for _ in range(3):
        gateway.post("one", "{}")
    assert len(apps.sockets) == 1

    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.01)
    time.sleep(0.02)
    gateway.post("one", "{}")

    assert len(apps.sockets) == 2
    assert len(apps.heard("one")) == 4


@pytest.mark.parametrize("scheme", ["https", "wss"])
def test_where_connections_are_spoken_to(aws: Backend, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    host = "a1b2c3d4e5.execute-api.ap-southeast-2.amazonaws.com"
    monkeypatch.setenv("CONNECTIONS_URL", f"{scheme}://{host}/live")
    assert config.RealtimeEnvironment.read().connections_endpoint == f"https://{host}/live"

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    endpoint = config.RealtimeEnvironment.read().connections_endpoint
    assert endpoint == "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/live"


@pytest.mark.parametrize("url", ["", "http://a.b/live", "https://a.b", "https://localhost/live", "https://a.b/live/x"])
def test_an_address_that_is_none_is_named(aws: Backend, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CONNECTIONS_URL", url)

    with pytest.raises(ConfigurationError, match="CONNECTIONS_URL"):
        config.RealtimeEnvironment.read()
