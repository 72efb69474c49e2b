"""ClickSend's history (`GET /v3/sms/history`): what it took and what it received, as it remembers it for four months.

An empty answer proves nothing: how soon a message appears is not documented. Rows cannot be filtered by
`custom_string`, so what is looked for is filtered by number and time, and matched here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from textension.clock import SECOND

PAGE: Final = 100
"""Rows of a page: ClickSend gives no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message as ClickSend remembers it. `at` in Unix ms (whole seconds)."""

    direction: Literal["in", "out"]
    message_id: str
    at: int
    to: str
    from_: str
    body: str
    custom_string: str
    subaccount_id: str
    status: str
    """`Completed` and `Sent` say that it left, not that it arrived; `Failed`, `Cancelled` … say that it will not."""
    status_code: str
    """As in receipts; empty where there is none."""
    error_code: str
    error_text: str
    price: str | None
    parts: int | None


def row(values: Mapping[str, Any]) -> Row | None:
    """The row that these values are; None for what cannot be one of a text."""

    def text(name: str) -> str:
        value = values.get(name)
        return "" if value is None else str(value)

    direction, date = text("direction").lower(), text("date")
    if direction not in {"in", "out"} or not date.isascii() or not date.isdigit() or not text("message_id").strip():
        return None
    parts = text("message_parts").partition(".")[0]
    return Row(
        direction="in" if direction == "in" else "out",
        message_id=text("message_id").strip().upper(),
        at=int(date) * SECOND,
        to=text("to").strip(),
        from_=text("from").strip(),
        body=text("body"),
        custom_string=text("custom_string").strip(),
        subaccount_id=text("subaccount_id").strip(),
        status=text("status"),
        status_code=text("status_code").strip(),
        error_code=text("error_code"),
        error_text=text("error_text") or text("status_text"),
        price=text("message_price") or None,
        parts=int(parts) if parts.isascii() and parts.isdigit() else None,
    )
