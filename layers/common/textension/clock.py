"""Time as this package counts it: whole Unix milliseconds, UTC."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], int]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms() -> int:
    """The present, in Unix milliseconds."""
    return time.time_ns() // 1_000_000


def day(at: int) -> str:
    """The UTC day of a time: `2026-11-22`."""
    return datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d")


def iso(at: int) -> str:
    """RFC 3339 with milliseconds, as events and the API show a time: `2026-11-22T03:15:00.000Z`."""
    return datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % SECOND:03d}Z"
