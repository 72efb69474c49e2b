"""Usage: every message once, money as ClickSend's decimals, days as UTC has them."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from textension.accepting import Draft, accept
from textension.aws.numbers import Numbers
from textension.message import Message, NumberSettings, moved
from textension.states import State

from tests.cli.conftest import Cli
from tests.cli.test_messages import receive
from tests.conftest import NUMBER, PEER, Backend

OTHER = "+61433333333"
# What `receive` counts from: 2023-11-14 22:13:20 UTC.
DAY = int(datetime(2023, 11, 14, tzinfo=UTC).timestamp()) * 1000
RANGE = ("--from", "2023-11-14", "--to", "2023-11-15")


def sent(
    aws: Backend, at: int, price: str | None, parts: int | None, *, number: str = NUMBER, author: str | None = "101"
) -> Message:
    """A text that ClickSend took."""
    settings = Numbers(aws.table).get(number)
    assert settings
    draft = Draft(origin="test", key=str(at), to=PEER, text="Yes, until five.", author=author)
    message = accept(draft, settings, aws.messages, country="AU", now=at)
    message = aws.messages.move(message, moved(message, State.SENDING, at=at, source="test"))
    return aws.messages.move(message, moved(message, State.SENT, at=at, source="test", price=price, parts=parts))


@pytest.fixture
def office(aws: Backend) -> None:
    """Two numbers, two days, three authors."""
    aws.numbers.put(NumberSettings(number=OTHER, account="main", extensions=("103",)))
    receive(aws, 1)
    receive(aws, 2, number=OTHER)
    sent(aws, DAY + 1, "0.0770", 1)
    sent(aws, DAY + 86_400_000 - 1, "0.1540", 2)
    sent(aws, DAY + 86_400_000, "0.10", None, author="102")
    sent(aws, DAY + 2, "0.3", 3, number=OTHER, author=None)
    sent(aws, DAY - 1, "99", 9)
    sent(aws, DAY + 2 * 86_400_000, "99", 9)


@pytest.mark.usefixtures("office")
def test_numbers_are_counted_and_money_is_exact(cli: Cli) -> None:
    answer = cli("usage", *RANGE, "--json").json

    assert answer["lines"] == [
        {"number": NUMBER, "received": 1, "sent": 3, "segments": 4, "failed": 0, "money": "0.3310"},
        {"number": OTHER, "received": 1, "sent": 1, "segments": 3, "failed": 0, "money": "0.3"},
    ]
    assert answer["total"] == {"received": 2, "sent": 4, "segments": 7, "failed": 0, "money": "0.6310"}


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    ("by", "lines"),
    [
        ("account", {("main",): 4}),
        (
            "extension",
            {(NUMBER, "101"): 2, (NUMBER, "102"): 1, (NUMBER, "all"): 0, (OTHER, "all"): 0, (OTHER, "none"): 1},
        ),
        ("day", {("2023-11-14",): 3, ("2023-11-15",): 1}),
    ],
)
def test_the_same_by_something_else_has_the_same_sum(cli: Cli, by: str, lines: dict[tuple[str, ...], int]) -> None:
    answer = cli("usage", *RANGE, "--by", by, "--json").json

    names = [name for name in ("account", "number", "extension", "day") if name in answer["lines"][0]]
    assert {tuple(line[name] for name in names): line["sent"] for line in answer["lines"]} == lines
    assert answer["total"]["money"] == "0.6310"
    assert sum(Decimal(line["money"]) for line in answer["lines"]) == Decimal("0.6310")


@pytest.mark.usefixtures("office")
def test_csv_is_for_spreadsheets_and_a_table_for_people(cli: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("usage", *RANGE, "--csv").out)))
    assert [(row["number"], row["money"]) for row in rows] == [(NUMBER, "0.3310"), (OTHER, "0.3")]

    table = cli("usage", *RANGE).out.splitlines()
    assert table[0] == "2023-11-14 to 2023-11-15, UTC"
    assert table[-1].split() == ["all", "2", "4", "7", "0", "0.6310"]


@pytest.mark.usefixtures("office")
def test_a_number_that_was_taken_out_still_counts(cli: Cli) -> None:
    cli("numbers", "remove", OTHER, "--yes")

    assert cli("usage", *RANGE, "--json").json["total"]["sent"] == 4


@pytest.mark.usefixtures("bulk")
def test_more_than_a_page_is_counted_once(cli: Cli, aws: Backend) -> None:
    for number in range(120):
        receive(aws, number)

    assert cli("usage", *RANGE, "--json").json["total"]["received"] == 120


def test_what_was_not_sent_has_no_price(cli: Cli, aws: Backend) -> None:
    message = sent(aws, DAY + 1, "0.05", 1)
    draft = Draft(origin="test", key="x", to=PEER, text="Hi")
    settings = Numbers(aws.table).get(NUMBER)
    assert settings
    waiting = accept(draft, settings, aws.messages, country="AU", now=DAY + 5)
    aws.messages.move(waiting, moved(waiting, State.REJECTED, at=DAY + 6, source="test", reason="INVALID_RECIPIENT"))
    draft = Draft(origin="test", key="y", to=PEER, text="Hi")
    accept(draft, settings, aws.messages, country="AU", now=DAY + 7)

    total = cli("usage", *RANGE, "--json").json["total"]

    assert message.state is State.SENT
    assert total == {"received": 0, "sent": 1, "segments": 1, "failed": 1, "money": "0.05"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "14.11.2023"),
        ("--from", "2023-11-15", "--to", "2023-11-14"),
        ("--by", "peer"),
        ("--csv", "--json"),
    ],
)
def test_what_cannot_be_counted_is_a_usage_error(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("usage", *arguments).code == 2
