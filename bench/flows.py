"""Texts through the built functions, in a process of their own, with everything around them in others."""

import json
from dataclasses import dataclass
from typing import Any, Final

from bench.aws import Aws
from bench.interpreters import FUNCTIONS, WORKLOADS, path_of, run
from bench.simulator import Simulator
from local.build import BUILT

TOKEN: Final = "bench-token-abcdefghijklmnopqrstuvwxyz01234"  # noqa: S105 - opens nothing
WALKED: Final = ("inbound_webhook", "stream_relay", "outbound_sender", "app_api", "realtime")
ENVIRONMENT: Final = {"MESSAGES_PER_MINUTE": "1000000", "SEGMENTS_PER_DAY": "1000000000"}
GATEWAY: Final = "/_aws/execute-api/abcdef1234/live"


@dataclass(frozen=True, slots=True)
class Step:
    """What one step cost, of `texts` texts: seconds, requests by operation, units, invocations, bytes of log."""

    function: str
    texts: int
    invocations: int
    records: int
    wall: float
    cpu: float
    calls: dict[str, int]
    entries: dict[str, int]
    """How many events or doorbells the batches among them carried, by operation."""
    units: dict[str, float]
    log: int

    def of_a_text(self, figure: float) -> float:
        """A figure of the whole step, for one text."""
        return figure / self.texts

    @property
    def cpu_us(self) -> float:
        """CPU microseconds of one text."""
        return self.cpu / self.texts * 1e6


def secrets_for(backend: Aws, clicksend: Simulator) -> None:
    """Let the functions know ClickSend, and let in who posts with the token."""
    webhook = {"account": "main", "WEBHOOK_TOKEN": TOKEN, "CLICKSEND_SUBACCOUNT_ID": "100002"}
    backend.secrets["CREDENTIALS"] = json.dumps(clicksend.credentials)
    backend.secrets["WEBHOOK"] = json.dumps(webhook)
    backend.secrets["SIGNING"] = json.dumps({"version": "b", "key": "k" * 64})


def walked(backend: Aws, table: str, *, count: int, counted: bool) -> dict[str, Any]:
    """The steps of `count` texts in and out over a new table, as the workload gave them; the warm-up's too."""
    backend.make_table(table)
    given = {
        "folders": {name: str(BUILT / FUNCTIONS[name]) for name in WALKED},
        "table": table,
        "token": TOKEN,
        "connections_url": backend.url + GATEWAY,
        "count": count,
        "counted": counted and backend.counts_capacity,
    }
    code = (
        "import flow; out = flow.run(folders=folders, table=table, token=token, connections_url=connections_url, "
        "count=count, counted=counted)"
    )
    path = [*path_of("outbound_sender")[1:], WORKLOADS]
    done = run(path, ("walk", code), environment=backend.environment(table) | ENVIRONMENT, given=given)
    return dict(done.out)


def steps_of(walk: dict[str, Any]) -> dict[str, Step]:
    """The steps of a walk, without the warm-up."""
    return {
        name: Step(
            function=one["function"],
            texts=one["texts"],
            invocations=one["invocations"],
            records=one.get("records", one["invocations"]),
            wall=one["wall"],
            cpu=one["cpu"],
            calls=one["calls"],
            entries=one["entries"],
            units=one["units"],
            log=one["log"],
        )
        for name, one in walk["steps"].items()
    }
