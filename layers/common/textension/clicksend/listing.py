"""What ClickSend's answer to `GET /v3/numbers` lists: the account's numbers, read tolerantly, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textension import phone
from textension.clicksend import paging
from textension.clicksend.answers import Answer
from textension.errors import NoAnswer


@dataclass(frozen=True, slots=True)
class Page:
    """One page: the numbers on it that can send and receive texts, and which page is the last."""

    numbers: frozenset[str]
    last: int


def read(answer: Answer, *, now: int) -> Page:
    """The page in an answer. Raises what `paging.read` raises, and NoAnswer where no row names a number."""
    page = paging.read(answer, now=now)
    if page.last and not any(row.get("dedicated_number") for row in page.rows):
        raise NoAnswer(paging.UNREADABLE)
    return Page(frozenset(_usable(row) for row in page.rows) - {""}, page.last)


def _usable(row: Mapping[str, Any]) -> str:
    """The number of a row in E.164; empty for short codes, and for numbers that are not for SMS.

    `type` is missing in ClickSend's older documents, where every number is for SMS.
    """
    number, kind = str(row.get("dedicated_number")).strip(), str(row.get("type") or "sms")
    return number if phone.is_e164(number) and kind.strip().lower() == "sms" else ""
