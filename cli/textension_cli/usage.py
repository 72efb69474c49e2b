"""`textension usage`: how much was said, and what it cost."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.progress import Progress
from textension import segments
from textension.clock import SECOND, day
from textension.errors import BadInput
from textension.message import Direction, Message
from textension.states import State

from textension_cli import output
from textension_cli.command import Session, command


class By(StrEnum):
    """What has a line of its own."""

    ACCOUNT = "account"
    NUMBER = "number"
    EXTENSION = "extension"
    DAY = "day"


_PAGE: Final = 100
_LAST: Final = "~"
"""Sorts behind everything that `log_order` holds."""
_GONE: Final = frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED})
"""States of a text that ClickSend took, and bills."""
_COLUMNS: Final = ("received", "sent", "segments", "failed", "money")


@dataclass(slots=True)
class Sums:
    """What was counted. Money is ClickSend's price, in the currency of the account there."""

    received: int = 0
    sent: int = 0
    segments: int = 0
    """Of what was sent."""
    failed: int = 0
    money: Decimal = Decimal(0)

    def add(self, message: Message) -> None:
        """Count one message."""
        if message.direction is Direction.INBOUND:
            self.received += 1
        elif message.state in _GONE:
            self.sent += 1
            self.segments += message.parts or segments.measure(message.text).segments
            self.money += _money(message.price)
        elif message.state not in {State.QUEUED, State.SCHEDULED, State.SENDING}:
            self.failed += 1

    def cells(self) -> list[str]:
        """In the order of the columns."""
        return [str(self.received), str(self.sent), str(self.segments), str(self.failed), f"{self.money:f}"]


def register(app: typer.Typer) -> None:
    """Make `usage` a command of `app`."""
    command(
        app,
        "usage",
        "usage",
        "usage --from 2026-10-01 --to 2026-10-31 --by extension",
        "usage --from 2026-10-01 --to 2026-10-31 --by day --csv --stack textension > october.csv",
    )(usage)


def usage(
    session: Session,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="The first day, UTC; without it, the month's first.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day, UTC; else today.")] = None,
    by: Annotated[By, typer.Option("--by", help="A line for each of these.")] = By.NUMBER,
    as_csv: Annotated[bool, typer.Option("--csv", help="Answer in CSV.")] = False,
) -> None:
    """Count messages, segments and money of some days, by number, extension, day or in all.

    By extension, what was received counts for the number, since several extensions may see it; what the command line
    and automatic answers sent has none.
    """
    if as_csv and session.as_json:
        raise BadInput("--csv and --json are two answers: give one of them")
    begin, end = _days(first, last)
    sums: dict[tuple[str, ...], Sums] = {}
    for message in _messages(session, begin, end):
        sums.setdefault(_line(message, by), Sums()).add(message)
    total = Sums()
    for one in sums.values():
        for name in _COLUMNS:
            setattr(total, name, getattr(total, name) + getattr(one, name))
    headings = _HEADINGS[by]
    lines = sorted(sums.items())
    if session.as_json:
        output.write_json(
            {
                "from": begin.isoformat(),
                "to": end.isoformat(),
                "lines": [_object((*headings, *_COLUMNS), [*key, *one.cells()]) for key, one in lines],
                "total": _object(_COLUMNS, total.cells()),
            }
        )
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow((*headings, *_COLUMNS))
        writer.writerows([*key, *one.cells()] for key, one in lines)
    else:
        rows = [[*key, *one.cells()] for key, one in lines]
        if len(rows) != 1:
            rows.append(["all", *[""] * (len(headings) - 1), *total.cells()])
        titles = tuple(name.title() for name in (*headings, *_COLUMNS))
        output.say(f"{begin} to {end}, UTC")
        output.show(output.table(titles, rows, fold=()))


_HEADINGS: Final[dict[By, tuple[str, ...]]] = {
    By.ACCOUNT: ("account",),
    By.NUMBER: ("number",),
    By.EXTENSION: ("number", "extension"),
    By.DAY: ("day",),
}


def _line(message: Message, by: By) -> tuple[str, ...]:
    number = message.conversation.number
    match by:
        case By.ACCOUNT:
            return (message.account,)
        case By.NUMBER:
            return (number,)
        case By.EXTENSION:
            return (number, (message.author or "none") if message.direction is Direction.OUTBOUND else "all")
        case By.DAY:
            return (day(message.sent_at),)


def _days(first: str | None, last: str | None) -> tuple[date, date]:
    today = datetime.now(UTC).date()
    end = today if last is None else _day("--to", last)
    begin = end.replace(day=1) if first is None else _day("--from", first)
    if begin > end:
        raise BadInput(f"--from {begin} is after --to {end}: turn them round")
    return begin, end


def _day(option: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadInput(f"{option} {value}: a day looks like 2026-11-24") from error


def _messages(session: Session, begin: date, end: date) -> Iterator[Message]:
    """Every message of these days, of present numbers and of those that were ours once."""
    from textension.aws import items

    stack = session.stack
    present = [settings.number for settings in stack.numbers.of_account(session.account)]
    numbers = list(dict.fromkeys([*present, *stack.numbers.former(session.account)]))
    first, last = (
        items.log_order(_midnight(begin)),
        items.log_order(_midnight(end + timedelta(days=1)) - SECOND) + _LAST,
    )
    console = output.console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Counting", total=len(numbers))
        for number in numbers:
            after: str | None = None
            while True:
                page, after = stack.log.page(
                    session.account, [number], first=first, last=last, limit=_PAGE, after=after
                )
                yield from page
                if after is None:
                    break
            progress.advance(bar)


def _midnight(one: date) -> int:
    return int(datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp()) * SECOND


def _money(price: str | None) -> Decimal:
    """ClickSend's decimal; what is none is not counted."""
    try:
        found = Decimal(price or "0")
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def _object(names: tuple[str, ...], cells: list[str]) -> dict[str, str | int]:
    """Counts as numbers; money as text, since JSON's numbers are not decimal."""
    counts = {"received", "sent", "segments", "failed"}
    return {name: int(cell) if name in counts else cell for name, cell in zip(names, cells, strict=True)}
