"""What changed since: nothing missed, nothing twice, whatever arrives late and however much there is."""

from dataclasses import replace
from typing import Any

import pytest
from textension import assemble, events
from textension.aws.changes import OVERLAP, REMEMBERED, Changes, Position
from textension.clock import DAY, MINUTE, SECOND, now_ms
from textension.message import Conversation, Message, NumberSettings

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, EVE, STRANGER, receive
from tests.unit.test_inbound import stored

OTHER = "+61433333333"


def event(number: int, ours: str = NUMBER) -> events.Event:
    """An event of its own."""
    conversation = Conversation("main", ours, PEER)
    body = events.opted_out(conversation, ("101", "102"), at=1_700_000_000_000 + number, by="test")
    return replace(events.of(body)[0], id=f"event-{number:05d}")


def read_all(changes: Changes, position: Position, now: int, limit: int = 100) -> tuple[list[str], Position]:
    """Everything from a position on, page by page."""
    found: list[str] = []
    for _ in range(200):
        page, position, more = changes.since("main", [NUMBER, OTHER], "101", position, limit=limit, now=now)
        found += [change.id for change in page]
        if not more:
            return found, position
    raise AssertionError("it never ends")


@pytest.fixture
def changes(aws: Backend) -> Changes:
    """The table's."""
    return Changes(aws.table)


# ---------------------------------------------------------------- positions


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_two_numbers_changes_come_in_order_of_arrival_each_once(changes: Changes, limit: int) -> None:
    now = now_ms()
    for number in range(20):
        changes.add([(event(number, OTHER if number % 3 else NUMBER), None)], now - 10 * MINUTE + number)

    found, position = read_all(changes, Position.at(now - DAY), now, limit)

    assert found == [f"event-{number:05d}" for number in range(20)]
    assert read_all(changes, position, now)[0] == []


def test_a_change_that_becomes_visible_late_is_not_missed(changes: Changes) -> None:
    now = now_ms()
    changes.add([(event(2), None)], now - SECOND)
    found, position = read_all(changes, Position.at(now - DAY), now)
    changes.add([(event(1), None)], now - OVERLAP + SECOND)  # its relay was slow

    late, position = read_all(changes, position, now)

    assert (found, late) == (["event-00002"], ["event-00001"])
    assert read_all(changes, position, now)[0] == []
    assert read_all(changes, position, now + 2 * OVERLAP)[0] == []


def test_a_busy_minute_is_given_again_in_part_and_never_missed(changes: Changes) -> None:
    now = now_ms()
    count = REMEMBERED + 50
    for number in range(count):
        changes.add([(event(number), None)], now - 30 * SECOND + number)
    found, position = read_all(changes, Position.at(now - DAY), now)
    assert len(found) == len(set(found)) == count

    changes.add([(event(count), None)], now)
    again, _ = read_all(changes, position, now)

    assert f"event-{count:05d}" in again
    assert len(again) <= 51, "only what a position cannot remember"
    assert len(position.seen) == REMEMBERED


def test_the_present_is_after_all_that_was_and_before_all_that_comes(changes: Changes) -> None:
    now = now_ms()
    for number in range(5):
        changes.add([(event(number), None)], now - number * 20 * SECOND)

    position = changes.present("main", [NUMBER, OTHER], "101", now=now)

    assert read_all(changes, position, now)[0] == []
    changes.add([(event(9), None)], now + 1)
    assert read_all(changes, position, now + 1)[0] == ["event-00009"]


# ---------------------------------------------------------------- by the API


def announce(aws: Backend, *messages: Message) -> None:
    """What the relay does."""
    for message in messages:
        assemble.relay().announce(message)


def listed(client: Any, since: str | None = None) -> tuple[list[str], str]:
    """The ids of what changed, and where to go on."""
    found: list[str] = []
    while True:
        page = client("GET", "/changes", query={"since": since} if since else {}).body
        found += [one["id"] for one in page["items"]]
        since = page["next"]
        if not page["more"]:
            return found, str(since)


def test_an_app_gets_exactly_what_it_missed(aws: Backend) -> None:
    _, ana = listed(ANA)
    _, eve = listed(EVE)
    receive(aws, "C-1", "missed")
    message = stored(aws)[0]
    announce(aws, message, message)

    found, ana = listed(ANA, ana)

    assert set(found) == {f"{message.id}.received"}, "a repeat has the same id"
    assert listed(ANA, ana)[0] == []
    assert listed(EVE, eve)[0] == []


def test_read_marks_are_told_to_their_own_extension(aws: Backend) -> None:
    receive(aws, "C-1")
    message = stored(aws)[0]
    announce(aws, message)
    (_, ana), (_, ben) = listed(ANA), listed(BEN)
    ANA("POST", "/conversations/{number}/{peer}/read", NUMBER, PEER, body={"up_to": message.id})
    conversation = Conversation("main", NUMBER, PEER)
    assemble.relay().announce(events.read(conversation, "101", up_to=message.id, unread=0, at=now_ms()))

    assert listed(ANA, ana)[0] == [f"{message.id}.read.101.0"]
    assert listed(BEN, ben)[0] == []


def test_since_may_be_a_time_with_its_zone(aws: Backend) -> None:
    receive(aws, "C-1")
    announce(aws, stored(aws)[0])

    assert len(listed(ANA, "2020-01-01T00:00:00+02:00")[0]) == 1
    assert listed(ANA, "2099-01-01T00:00:00Z")[0] == []
    assert ANA("GET", "/changes", query={"since": "2020-01-01T00:00:00"}).code == "since_invalid"
    assert ANA("GET", "/changes", query={"since": "yesterday"}).code == "cursor_invalid"
    _, ana = listed(ANA)
    assert BEN("GET", "/changes", query={"since": ana}).code == "cursor_invalid"
    assert STRANGER("GET", "/changes", query={"since": ana}).code == "cursor_invalid"


def test_the_longest_position_is_still_taken(aws: Backend) -> None:
    changes, now = Changes(aws.table), now_ms()
    for number in range(REMEMBERED + 10):
        changes.add([(event(number), None)], now - 30 * SECOND + number)

    _, since = listed(ANA, "2020-01-01T00:00:00Z")

    assert len(since) > 3000
    assert ANA("GET", "/changes", query={"since": since}).status == 200


@pytest.mark.usefixtures("bulk")
def test_a_cursor_over_many_numbers_is_still_taken(aws: Backend) -> None:
    numbers = [f"+1202555{number:04d}" for number in range(100, 200)]
    for index, number in enumerate(numbers):
        aws.numbers.put(NumberSettings(number=number, account="main", extensions=("101",)))
        receive(aws, f"M-{index}", to=number, timestamp=str(1700000000 + index))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 45}
    while True:
        page = ANA("GET", "/conversations", query=query)
        assert page.status == 200
        seen += [one["number"] for one in page.body["items"]]
        if page.body["next"] is None:
            break
        query["cursor"] = page.body["next"]

    assert sorted(seen) == numbers
