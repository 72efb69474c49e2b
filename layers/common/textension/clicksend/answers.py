"""What ClickSend's answer to `POST /v3/sms/send` means for each message: one table, read once.

ClickSend takes no idempotency key, so the one mistake to avoid is to send again what it may have accepted.
Only proof of non-processing leads back to the queue; whatever is unclear is `UNKNOWN`.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from typing import Any, Final

from textension.clock import MINUTE, SECOND


class Meaning(Enum):
    """What to do with a message after an answer."""

    SENT = auto()
    REJECTED = auto()
    ACCOUNT = auto()
    """The account is the trouble (credit, activation, credentials): the message waits."""
    UNAUTHORIZED = auto()
    """The same, but a newer API key may be all that it takes."""
    NOT_PROCESSED = auto()
    """Proven not to have been taken: back to the queue, after `retry_after`."""
    ALONE = auto()
    """A batch was refused; one of it is at fault: back to the queue, each to go alone."""
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one message. `reason` is ClickSend's code or ours; `retry_after` is Unix ms of waiting."""

    meaning: Meaning
    reason: str = ""
    retry_after: int | None = None
    clicksend_id: str | None = None
    price: str | None = None
    parts: int | None = None
    sender_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whole. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_REJECTED: Final = frozenset(
    {
        "INVALID_RECIPIENT",
        "INVALID_SENDER_ID",
        "COUNTRY_NOT_ENABLED",
        "REGISTRATION_NEEDED",
        "EMPTY_MESSAGE",
        "THROTTLED",
        "MISSING_REQUIRED_FIELDS",
        "INVALID_SCHEDULE",
        "TOO_MANY_RECIPIENTS",
        "NOT_ENOUGH_PERMISSION_TO_LIST_ID",
        "ALREADY_EXISTS",
        "SUBJECT_REQUIRED",
        "INVALID_MEDIA_FILE",
        "INVALID_LANG",
        "INVALID_VOICE",
    }
)
_ACCOUNT: Final = frozenset(
    {"INSUFFICIENT_CREDIT", "ACCOUNT_NOT_ACTIVATED", "MISSING_CREDENTIALS", "INVALID_CREDENTIALS"}
)
_MEANINGS: Final = {
    "SUCCESS": Meaning.SENT,
    **dict.fromkeys(_REJECTED, Meaning.REJECTED),
    **dict.fromkeys(_ACCOUNT, Meaning.ACCOUNT),
}
_LONGEST_WAIT: Final = 15 * MINUTE


def envelope(body: bytes) -> dict[str, Any] | None:
    """ClickSend's envelope around every answer, good or bad; None where the body is none."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def judge(answer: Answer, custom_strings: Sequence[str], *, now: int) -> dict[str, Verdict]:
    """The verdict on each message that was sent, by its `custom_string`. `now` in Unix ms reads dates in headers."""
    if answer.status == 200:
        return _judge_each(answer.body, custom_strings)
    verdict = _judge_whole(answer, alone=len(custom_strings) == 1, now=now)
    return dict.fromkeys(custom_strings, verdict)


def _judge_whole(answer: Answer, *, alone: bool, now: int) -> Verdict:
    code = _envelope_code(answer.body)
    reason = code or f"HTTP_{answer.status}"
    if answer.status == 429:
        wait = retry_after(answer.headers.get("retry-after", ""), now=now)
        return Verdict(meaning=Meaning.NOT_PROCESSED, reason="TOO_MANY_REQUESTS", retry_after=wait)
    if answer.status == 401:
        return Verdict(meaning=Meaning.UNAUTHORIZED, reason=reason)
    if answer.status in {403, 404, 405} or (400 <= answer.status < 500 and code in _ACCOUNT):
        return Verdict(meaning=Meaning.ACCOUNT, reason=reason)
    if answer.status == 400:
        return Verdict(meaning=Meaning.REJECTED if alone else Meaning.ALONE, reason=reason)
    return Verdict(meaning=Meaning.UNKNOWN, reason=reason)


def _judge_each(body: bytes, custom_strings: Sequence[str]) -> dict[str, Verdict]:
    lost = Verdict(meaning=Meaning.UNKNOWN, reason="UNREADABLE_ANSWER")
    missing = Verdict(meaning=Meaning.UNKNOWN, reason="MISSING_IN_ANSWER")
    results = _results(body)
    if results is None:
        return dict.fromkeys(custom_strings, lost)
    verdicts = {str(result.get("custom_string")): _judge_one(result) for result in results}
    return {custom: verdicts.get(custom, missing) for custom in custom_strings}


def _judge_one(result: Mapping[str, Any]) -> Verdict:
    status = str(result.get("status") or "").upper()
    meaning = _MEANINGS.get(status, Meaning.UNKNOWN)
    if meaning is not Meaning.SENT:
        return Verdict(meaning=meaning, reason=status or "STATUS_MISSING", clicksend_id=_text(result, "message_id"))
    parts = _text(result, "message_parts")
    return Verdict(
        meaning=meaning,
        clicksend_id=_text(result, "message_id"),
        price=_text(result, "message_price"),
        parts=_whole(parts),
        sender_id=_text(result, "from"),
    )


def _whole(text: str | None) -> int | None:
    """A small count, as ClickSend writes it: `2`, or `"2.00"`."""
    number, _, fraction = (text or "").partition(".")
    is_count = number.isascii() and number.isdecimal() and len(number) <= 4
    return int(number) if is_count and not fraction.strip("0") else None


def _text(result: Mapping[str, Any], key: str) -> str | None:
    value = result.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > 100:
        return None
    return str(value) or None


def _results(body: bytes) -> list[Mapping[str, Any]] | None:
    whole = envelope(body)
    if whole is None or is_error(whole.get("http_code")):
        return None
    inner = whole.get("data")
    messages = inner.get("messages") if isinstance(inner, dict) else None
    if not isinstance(messages, list):
        return None
    return [message for message in messages if isinstance(message, dict)]


def is_error(code: object) -> bool:
    """A 200 whose envelope says 4xx or 5xx was seen on ClickSend's older API."""
    return isinstance(code, int | str) and re.fullmatch("[4-9][0-9]{2}", str(code), re.ASCII) is not None


def _envelope_code(body: bytes) -> str:
    code = (envelope(body) or {}).get("response_code")
    return code.upper() if isinstance(code, str) else ""


def retry_after(header: str, *, now: int) -> int | None:
    """`Retry-After` as milliseconds to wait, between 1 s and 15 min; None when it says nothing usable.

    Seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    text = header.strip()
    if not text:
        return None
    try:
        wait = float(text) * SECOND
    except ValueError:
        try:
            wait = parsedate_to_datetime(text).timestamp() * SECOND - now
        except (ValueError, OverflowError):
            return None
    if wait != wait:  # noqa: PLR0124 - "nan" is a float
        return None
    return int(min(max(wait, SECOND), _LONGEST_WAIT))
