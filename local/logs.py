"""Follows what the functions log, one readable line per event."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .deploy import Aws

POLL_SECONDS = 1.0
OVERLAP_MILLISECONDS = 3000
MOST_FIELDS = 8
PLATFORM_LINES = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START")
"""What Lambda writes around each invocation."""

KNOWN_FIELDS = frozenset(
    {
        "level",
        "location",
        "message",
        "timestamp",
        "service",
        "cold_start",
        "function_name",
        "function_memory_size",
        "function_arn",
        "function_request_id",
        "xray_trace_id",
        "exception",
        "exception_name",
        "stack_trace",
        "sampling_rate",
    }
)
"""What Powertools writes into every line; everything else was put there for the reader."""

RESET, DIM, BOLD = "\033[0m", "\033[2m", "\033[1m"
LEVEL_COLORS = {
    "DEBUG": DIM,
    "INFO": "\033[32m",
    "WARNING": "\033[33m",
    "ERROR": "\033[31m",
    "CRITICAL": "\033[31;1m",
}
FUNCTION_COLORS = ("\033[36m", "\033[35m", "\033[34m", "\033[96m", "\033[95m", "\033[94m")


def format_event(message: str, milliseconds: int, function: str, *, color: bool) -> str | None:
    """One line for one log event, or None for what only Lambda itself wants to know (and for metrics)."""
    message = message.rstrip()
    if not message or message.startswith(PLATFORM_LINES):
        return None
    fields = _fields(message)
    if fields is None:
        return _line(milliseconds, function, "", message, "", color=color)
    if "_aws" in fields:
        return None
    details = " ".join(f"{name}={value}" for name, value in _details(fields))
    text = str(fields.get("message", ""))
    if fields.get("exception"):
        details += "".join(f"\n    {line}" for line in str(fields["exception"]).strip().splitlines())
    name = str(fields.get("service") or function)
    return _line(milliseconds, name, str(fields.get("level", "")), text, details, color=color)


def _fields(message: str) -> dict[str, Any] | None:
    if not message.startswith("{"):
        return None
    try:
        fields = json.loads(message)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _details(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    own = [(name, value) for name, value in fields.items() if name not in KNOWN_FIELDS and value not in (None, "")]
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in own[:MOST_FIELDS]]


def _line(milliseconds: int, function: str, level: str, text: str, details: str, *, color: bool) -> str:
    clock = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone().strftime("%H:%M:%S.%f")[:-3]
    if not color:
        return f"{clock} {function:<16} {level:<7} {text}  {details}".replace("  \n", "\n").rstrip()
    tint = FUNCTION_COLORS[sum(function.encode()) % len(FUNCTION_COLORS)]
    shown = f"{LEVEL_COLORS.get(level, '')}{level:<7}{RESET}"
    return f"{DIM}{clock}{RESET} {tint}{function:<16}{RESET} {shown} {text}  {DIM}{details}{RESET}"


class Follower:
    """Reads the log groups over and over, and shows each event once."""

    def __init__(self, aws: Aws, groups: Mapping[str, str], show: Callable[[str], None], *, color: bool) -> None:
        self._client = aws.logs
        self._groups = groups
        self._show = show
        self._color = color
        self._since = int(time.time() * 1000)
        self._seen: dict[str, int] = {}

    def follow(self, stop: threading.Event, alive: Callable[[], None]) -> None:
        """Show events until `stop`; `alive` is asked each time and raises where a child has ended."""
        while not stop.wait(POLL_SECONDS):
            alive()
            try:
                for line in self.new_lines():
                    self._show(line)
            except (BotoCoreError, ClientError) as error:
                alive()
                self._show(f"(the logs cannot be read just now: {error})")

    def new_lines(self) -> list[str]:
        """What has come since the last call, in order of time."""
        began = int(time.time() * 1000)
        events = sorted(self._new_events(), key=lambda event: event[0])
        self._since = began
        self._seen = {stream: at for stream, at in self._seen.items() if at >= began - 2 * OVERLAP_MILLISECONDS}
        lines = (format_event(text, at, function, color=self._color) for at, function, text in events)
        return [line for line in lines if line is not None]

    def _new_events(self) -> Iterator[tuple[int, str, str]]:
        """The emulator writes each invocation, at its end, into a stream of its own: a stream is seen whole."""
        start = self._since - OVERLAP_MILLISECONDS
        found: dict[str, int] = {}
        for function, group in self._groups.items():
            for event in self._client.filter_log_events(logGroupName=group, startTime=start)["events"]:
                stream = event["logStreamName"]
                if stream not in self._seen:
                    found[stream] = event["timestamp"]
                    yield event["timestamp"], function, event["message"]
        self._seen |= found
