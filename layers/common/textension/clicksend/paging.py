"""A page of a list that ClickSend gives, read tolerantly: its rows, which page is the last, or whose fault it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from textension.clicksend.answers import Answer, envelope, is_error, retry_after
from textension.errors import ConfigurationError, NoAnswer

UNREADABLE: Final = "UNREADABLE_ANSWER"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one page, and the number of the last page; 0 where there is nothing."""

    rows: Sequence[Mapping[str, Any]]
    last: int


def read(answer: Answer, *, now: int) -> Rows:
    """The rows in an answer; `now` in Unix ms reads dates in headers.

    Raises ConfigurationError where ClickSend refuses the credentials, NoAnswer where it tells nothing usable.
    """
    whole = envelope(answer.body) or {}
    code = whole.get("http_code")
    status = int(str(code)) if answer.status == 200 and is_error(code) else answer.status
    if status in {401, 403}:
        raise ConfigurationError(
            "ClickSend refuses these credentials, or does not let them see this: correct CLICKSEND_USERNAME and "
            "CLICKSEND_API_KEY in the credentials secret"
        )
    if status == 429:
        wait = retry_after(answer.headers.get("retry-after", ""), now=now)
        raise NoAnswer("TOO_MANY_REQUESTS", retry_after=wait)
    if status != 200:
        raise NoAnswer(f"HTTP_{status}")
    if str(code) != "200":
        raise NoAnswer(UNREADABLE)
    return _rows(whole.get("data"))


def _rows(listed: object) -> Rows:
    """With nothing to list, ClickSend leaves the rows out, be it with the page around them."""
    rows = listed.get("data") if isinstance(listed, dict) else listed
    if rows is None or rows == []:
        return Rows((), 0)
    if not isinstance(rows, list) or not isinstance(listed, dict):
        raise NoAnswer(UNREADABLE)
    last = str(listed.get("last_page"))
    if not (last.isascii() and last.isdecimal() and len(last) <= 6):
        raise NoAnswer(UNREADABLE)  # half a list would be taken for all of it
    return Rows([row for row in rows if isinstance(row, dict)], int(last))
