"""How answers look: tables for people, plain in pipes, JSON for machines; nothing foreign reaches the terminal raw."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from textension.clock import SECOND

type Cell = str | Text
type Row = Sequence[Cell]

# Joiners that emoji and scripts need. Every other format character (a change of direction, say) can deceive.
_HARMLESS: Final = frozenset("\u200c\u200d")
# Columns of a pipe: nothing is cut or broken for grep.
_UNLIMITED: Final = 100_000
LONGEST: Final = 160
"""Characters of a text that a list shows at most."""
_COLOURS: Final = {
    "received": "green",
    "sent": "green",
    "delivered": "green",
    "rejected": "red",
    "undelivered": "red",
    "expired": "red",
    "unknown": "yellow",
    "unresolved": "yellow",
}


def console(*, stderr: bool = False) -> Console:
    """A console that prints what it is given: no markup, no highlighting, and no edge in pipes."""
    out = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not out.is_terminal:
        out.width = _UNLIMITED
    return out


# ------------------------------------------------------------ writing


def write_json(value: object) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def say(line: Cell = "") -> None:
    """A line on stdout; the terminal breaks it, so that it can be copied as one."""
    console().print(line, soft_wrap=True)


def warn(line: str) -> None:
    """A remark on stderr."""
    console(stderr=True).print(printable(line), style="yellow", soft_wrap=True)


def fail(message: str) -> None:
    """An error, as one line on stderr."""
    console(stderr=True).print(f"Error: {one_line(message)}", soft_wrap=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say on a terminal what is being waited for, as long as it is."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield
        return
    with err.status(f"{printable(what)} …"):
        yield


def show(*parts: Table) -> None:
    """Tables, one after the other, without the blanks that would fill their lines up."""
    out = console()
    with out.capture() as captured:
        out.print(*parts, sep="\n")
    sys.stdout.write("".join(f"{line.rstrip(' ')}\n" for line in captured.get().splitlines()))


# ------------------------------------------------------------ tables


def table(columns: Sequence[str], rows: Iterable[Row], *, fold: Sequence[str], right: str = "") -> Table:
    """Rows under headings. Only the columns `fold` may be broken over lines; `right` is for figures."""
    headings = [
        Column(name, no_wrap=name not in fold, overflow="fold", justify="right" if name == right else "left")
        for name in columns
    ]
    built = Table(*headings, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        built.add_row(*(_cell(cell) for cell in row))
    return built


def fields(rows: Iterable[tuple[str, Cell]], *, indent: int = 0) -> Table:
    """Names and values, one a line; empty values are left out."""
    built = Table(
        Column(style="bold", no_wrap=True),
        Column(overflow="fold"),
        box=None,
        show_header=False,
        pad_edge=bool(indent),
        padding=(0, 2, 0, indent),
    )
    for name, value in rows:
        if value:
            built.add_row(name, _cell(value))
    return built


def _cell(value: Cell) -> Text:
    return value if isinstance(value, Text) else Text(printable(value))


def state(value: str) -> Text:
    """A message's state in its colour."""
    return Text(value, style=_COLOURS.get(value, ""))


def cut(text: str) -> Text:
    """A foreign text on one line, cut where the column ends, and after `LONGEST` characters in any case."""
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return Text(one_line(shown), no_wrap=True, overflow="ellipsis")


# ------------------------------------------------------------ words


def printable(text: str) -> str:
    """The text with every character that a terminal would obey, or an eye miss, written as an escape.

    Line breaks stay; tabs become blanks.
    """
    return "".join(_visible(one) for one in text.replace("\r\n", "\n").replace("\t", "    "))


def one_line(text: str) -> str:
    """The text, printable, its line breaks shown as ⏎."""
    return printable(text).replace("\n", " ⏎ ")


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\n" or character in _HARMLESS or (category[0] != "C" and category not in {"Zl", "Zp"}):
        return character
    return character.encode("unicode_escape").decode("ascii")


def when(at: int) -> str:
    """A time of the table's (Unix ms) as the clock on the wall shows it."""
    return datetime.fromtimestamp(at // SECOND, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def zone() -> str:
    """The name of the time zone of `when`."""
    return datetime.now(UTC).astimezone().tzname() or "local"


def count(number: int, noun: str) -> str:
    """`1 text`, `2 texts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
