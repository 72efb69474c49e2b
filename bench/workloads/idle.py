"""An hour of a stack that does nothing: the sweeper, minute by minute, over a table in which nothing is due."""

import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from counting import Counting  # type: ignore[import-not-found] # beside it on the path
from flow import CONTEXT, prepare  # type: ignore[import-not-found] # beside it on the path
from textension.aws import clients
from textension.clock import MINUTE, SECOND


def run(*, app: Any, table: str, minutes: int) -> Any:
    """So many runs a minute apart, after a first one: requests, units, CPU seconds, bytes of log, figures published."""
    prepare(table)
    counting = Counting((clients.dynamodb(), clients.sns(), clients.sqs(), clients.secretsmanager()), capacity=True)
    stdout, clocks = sys.stdout, (time.time_ns, time.monotonic)
    log = sys.stdout = io.StringIO()
    try:
        app.handler({}, CONTEXT)
        log.truncate(0)
        counting.on = True
        began = time.process_time()
        for minute in range(1, minutes + 1):
            _at(clocks, minute)
            app.handler({}, CONTEXT)
        spent = time.process_time() - began
    finally:
        sys.stdout, (time.time_ns, time.monotonic) = stdout, clocks
    lines = [json.loads(line) for line in log.getvalue().replace("\0", "").splitlines() if line.startswith("{")]
    figures = {
        metric["Name"]
        for line in lines
        for group in line.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in group["Metrics"]
    }
    return {**counting.taken(), "cpu": spent, "log": len(log.getvalue()), "figures": sorted(figures), "runs": minutes}


def _at(clocks: tuple[Callable[[], int], Callable[[], float]], minute: int) -> None:
    time.time_ns = lambda: clocks[0]() + minute * MINUTE * 1_000_000
    time.monotonic = lambda: clocks[1]() + minute * MINUTE / SECOND
