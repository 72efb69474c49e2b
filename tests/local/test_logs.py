"""How a function's log event becomes a line."""

import json
import re
from typing import Any

import pytest

from local.logs import format_event

AT = 1_795_318_614_726
CLOCK = r"\d\d:\d\d:\d\d\.726"


def line(message: str, *, color: bool = False) -> str:
    """A shown line without its clock."""
    shown = format_event(message, AT, "InboundWebhook", color=color)
    assert shown is not None
    return re.sub(rf"^(\033\[2m)?{CLOCK}(\033\[0m)? ", "", shown)


def powertools(**fields: Any) -> str:
    """A line as Powertools writes it."""
    known = {
        "level": "INFO",
        "location": "handler:12",
        "message": "stored",
        "timestamp": "2026-11-22 04:02:34,219+0000",
        "service": "inbound_webhook",
        "cold_start": True,
        "function_request_id": "r",
        "function_arn": "arn",
    }
    return json.dumps(known | fields)


def test_a_line_has_time_function_level_message_and_ids() -> None:
    shown = format_event(powertools(message_id="7MDG", segments=2), AT, "InboundWebhook", color=False)

    assert shown is not None
    assert re.fullmatch(rf"{CLOCK} inbound_webhook  INFO    stored  message_id=7MDG segments=2", shown)


def test_empty_fields_are_left_out() -> None:
    assert line(powertools(reason="", other=None)) == "inbound_webhook  INFO    stored"


def test_an_exception_follows_on_indented_lines() -> None:
    shown = line(powertools(level="ERROR", exception="Traceback\n  here\nValueError: x", exception_name="ValueError"))

    assert shown == "inbound_webhook  ERROR   stored\n    Traceback\n      here\n    ValueError: x"


def test_a_plain_line_is_shown_with_its_function() -> None:
    assert line("Task timed out after 10.00 seconds\n") == "InboundWebhook           Task timed out after 10.00 seconds"


def test_broken_json_is_a_plain_line() -> None:
    assert line('{"level": "INFO"') == 'InboundWebhook           {"level": "INFO"'


@pytest.mark.parametrize(
    "message",
    ["START RequestId: a Version: $LATEST", "END RequestId: a", "REPORT RequestId: a\tDuration: 6 ms", "", "\n"],
)
def test_what_lambda_itself_writes_is_not_shown(message: str) -> None:
    assert format_event(message, AT, "InboundWebhook", color=False) is None


def test_metrics_are_not_shown() -> None:
    assert format_event(json.dumps({"_aws": {"CloudWatchMetrics": []}, "Stored": 1}), AT, "x", color=False) is None


def test_colors_only_where_they_are_wanted() -> None:
    assert "\033[33m" in line(powertools(level="WARNING"), color=True)
    assert "\033" not in line(powertools(level="WARNING"))
