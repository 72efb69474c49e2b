"""What ClickSend's answer to `GET /v3/numbers` lists: the account's numbers, read tolerantly, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from textension import phone
from textension.clicksend.answers import Answer, envelope, is_error, retry_after
from textension.errors import ConfigurationError, NoAnswer

_UNREADABLE: Final = "UNREADABLE_ANSWER"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the numbers on it that can send and receive texts, and which page is the last."""

    numbers: frozenset[str]
    last: int


def read(answer: Answer, *, now: int) -> Page:
    """The page in an answer; `now` in Unix ms reads dates in headers.

    Raises ConfigurationError where ClickSend refuses the credentials, NoAnswer where it tells nothing usable.
    """
    whole = envelope(answer.body) or {}
    code = whole.get("http_code")
    status = int(str(code)) if answer.status == 200 and is_error(code) else answer.status
    if status in {401, 403}:
        raise ConfigurationError(
            "ClickSend refuses these credentials, or does not let them see numbers: correct CLICKSEND_USERNAME and "
            "CLICKSEND_API_KEY in the credentials secret"
        )
    if status == 429:
        wait = retry_after(answer.headers.get("retry-after", ""), now=now)
        raise NoAnswer("TOO_MANY_REQUESTS", retry_after=wait)
    if status != 200:
        raise NoAnswer(f"HTTP_{status}")
    if str(code) != "200":
        raise NoAnswer(_UNREADABLE)
    return _page(whole.get("data"))


def _page(listed: object) -> Page:
    """Without numbers ClickSend leaves the rows out, be it with the page around them."""
    rows = listed.get("data") if isinstance(listed, dict) else listed
    if rows is None or rows == []:
        return Page(frozenset(), 0)
    if not isinstance(rows, list) or not isinstance(listed, dict):
        raise NoAnswer(_UNREADABLE)
    numbers = [number for row in rows if isinstance(row, dict) and (number := row.get("dedicated_number"))]
    last = str(listed.get("last_page"))
    if not numbers or not (last.isascii() and last.isdecimal() and len(last) <= 6):
        raise NoAnswer(_UNREADABLE)  # half a list would be taken for all of it
    return Page(frozenset(_usable(row) for row in rows if isinstance(row, dict)) - {""}, int(last))


def _usable(row: Mapping[str, Any]) -> str:
    """The number of a row in E.164; empty for short codes, and for numbers that are not for SMS.

    `type` is missing in ClickSend's older documents, where every number is for SMS.
    """
    number, kind = str(row.get("dedicated_number")).strip(), str(row.get("type") or "sms")
    return number if phone.is_e164(number) and kind.strip().lower() == "sms" else ""
