"""Sending: how many texts a second reach ClickSend, and what each costs the processor, beside other ways to do it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.aws import Aws, aws
from bench.interpreters import WORKLOADS, BenchError, path_of, run
from bench.result import Chart, Goal, Part, Table, median, number, paired
from bench.simulator import CREDENTIAL, Simulator, simulator
from local.config import PROJECT

OFFICIAL: Final = PROJECT / ".venv-bench" / "bin" / "python"
WHOLE: Final = "ours, whole sender"
POST: Final = "ours, POST alone"
SDK: Final = "official SDK"
WAYS: Final = (WHOLE, POST, SDK, "requests")
FROM_MEMORY: Final = "ours, without AWS calls"
LATENCIES: Final = {0.0: (110, 810, 401, 401), 0.05: (110, 210, 61, 61), 0.3: (60, 60, 11, 11)}
"""Seconds that ClickSend takes: how many texts each way sends, the first or the first ten of them uncounted."""
HOW: Final = """\
One worker. *Whole sender* is `outbound_sender`'s handler from the built artifacts over batches of ten doorbells, with a
real table ({engine}) and the ClickSend simulator in processes of their own; *POST alone* its client, ten texts a
request. The official SDK is `clicksend-client` 6.0.2; it and `requests` make one call a text, as their documentation
shows. Medians of {rounds} rounds; ratios by pairs. CPU is that of the process that sends."""
ONE_CALL_EACH: Final = (SDK, "requests")


def measure(*, rounds: int, say: Callable[[str], None]) -> Part:
    """Every way at every latency, in turns."""
    if not OFFICIAL.exists():
        raise BenchError("run `make .venv-bench/.made`: the official SDK has an environment of its own")
    rates: dict[float, dict[str, list[float]]] = {}
    cpu: dict[str, list[float]] = {way: [] for way in (*WAYS, FROM_MEMORY)}
    with aws() as backend, simulator() as clicksend:
        backend.secrets["CREDENTIALS"] = json.dumps(clicksend.credentials)
        for latency, counts in LATENCIES.items():
            clicksend.answer_after(latency)
            rates[latency] = {way: [] for way in WAYS}
            for turn in range(rounds):
                for way, count in zip(WAYS, counts, strict=True):
                    one = _ran(way, count, backend, clicksend, f"t{latency}-{turn}")
                    rates[latency][way].append(one["count"] / one["wall"])
                    if not latency:
                        cpu[way].append(one["cpu"] / one["count"])
                if not latency:  # beside the SDK's runs: a processor is not as fast all the time
                    one = _ran(FROM_MEMORY, 810, backend, clicksend, "")
                    cpu[FROM_MEMORY].append(one["cpu"] / one["count"])
                say(f"sending at {latency * 1000:.0f} ms: round {turn + 1} of {rounds}")
        clicksend.answer_after(0)
        engine = backend.engine
    return _part(Found(rates, cpu, _imports(rounds)), engine, rounds)


def texts(count: int) -> list[dict[str, str]]:
    """Texts to as many customers, as the send request has them."""
    return [
        {
            "to": f"+6142{index:07d}",
            "from": "+61411111111",
            "body": f"Your order {index} is ready: come by any time until five.",
            "custom_string": f"{index:049d}",
            "source": "bench",
        }
        for index in range(count)
    ]


def _ran(way: str, count: int, backend: Aws, clicksend: Simulator, table: str) -> dict[str, float]:
    credential = [CREDENTIAL.username, CREDENTIAL.api_key]
    given: dict[str, Any] = {"url": clicksend.url, "credential": credential, "texts": texts(count)}
    if way in ONE_CALL_EACH:
        module = "official" if way == SDK else "plain"
        work = ("send", f"import {module}; out = {module}.run(url, credential, texts)")
        return dict(run([WORKLOADS], work, given=given, python=OFFICIAL, site=True).out)
    path = [*path_of("outbound_sender"), WORKLOADS]
    if way == POST:
        work = ("send", "import ours; out = ours.post_alone(url, credential, texts)")
        return dict(run(path, work, given=given).out)
    if table:
        backend.make_table(table)
    work = ("send", "import app, ours; ours.warm_up(); out = ours.sender(app, texts, table)")
    environment = backend.environment(table or "nowhere")
    return dict(run(path, work, environment=environment, given={**given, "table": table or None}).out)


def _imports(rounds: int) -> dict[str, list[float]]:
    """CPU seconds to import what leads to ClickSend."""
    path = path_of("outbound_sender")
    ours: list[float] = []
    official: list[float] = []
    for _ in range(rounds + 1):
        ours.append(run(path, ("import", "import textension.clicksend.client")).cpu())
        official.append(run([Path()], ("import", "import clicksend"), python=OFFICIAL, site=True).cpu())
    return {"ours": ours[1:], SDK: official[1:]}  # the first fills the disk's cache


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, by latency and way, in each round: texts a second; CPU seconds of a text, and of an import."""

    rates: dict[float, dict[str, list[float]]]
    cpu: dict[str, list[float]]
    imports: dict[str, list[float]]

    def beside_sdk(self, way: str, latency: float) -> float:
        """Texts a second beside the official SDK's."""
        return paired(self.rates[latency][way], self.rates[latency][SDK])

    def cpu_beside_sdk(self, way: str) -> float:
        """CPU of a text beside the official SDK's."""
        return paired(self.cpu[way], self.cpu[SDK])


def _part(found: Found, engine: str, rounds: int) -> Part:
    at_50 = found.rates[0.05]
    return Part(
        "sending",
        "Sending",
        HOW.format(engine=engine, rounds=rounds),
        tables=_tables(found),
        charts=[Chart("sending", "Texts a second at 50 ms", "more is better", [(w, median(at_50[w])) for w in WAYS])],
        figures={
            "texts_per_second": {str(at): {w: median(r) for w, r in ways.items()} for at, ways in found.rates.items()},
            "cpu_us": {way: median(values) * 1e6 for way, values in found.cpu.items()},
            "import_cpu_ms": {name: median(values) * 1000 for name, values in found.imports.items()},
        },
        goals=_goals(found),
    )


def _tables(found: Found) -> list[Table]:
    rates = [
        [way, *(number(median(ways[way])) if way in ways else "–" for ways in found.rates.values())]
        for way in found.cpu
    ]
    ratios = [
        [way, *(f"{found.beside_sdk(way, at):.1f}" if way in found.rates[at] else "–" for at in found.rates)]
        for way in found.cpu
    ]
    return [
        Table(
            "Texts a second, and CPU",
            ["", *(f"at {at * 1000:.0f} ms, texts/s" for at in found.rates), "CPU, µs a text"],
            [[*row, number(median(found.cpu[row[0]]) * 1e6)] for row in rates],
        ),
        Table(
            "Beside the official SDK",
            ["", *(f"× at {at * 1000:.0f} ms" for at in found.rates), "× CPU"],
            [[*row, f"{found.cpu_beside_sdk(row[0]):.2f}"] for row in ratios],
        ),
        Table(
            "Import of what leads to ClickSend",
            ["", "CPU ms"],
            [[name, number(median(values) * 1000)] for name, values in found.imports.items()],
        ),
    ]


def _goals(found: Found) -> list[Goal]:
    return [
        Goal(
            "texts/s at 50 ms, table calls included, ÷ official SDK",
            "at least",
            6,
            found.beside_sdk(WHOLE, 0.05),
            "×",
            "DynamoDB Local takes tens of milliseconds over each of the two transactions (10 and 20 writes), beside "
            "ClickSend's 50",
        ),
        Goal(
            "texts/s at 50 ms, POST alone, ÷ official SDK",
            "at least",
            9.5,
            found.beside_sdk(POST, 0.05),
            "×",
            "the simulator's own time for ten texts, which grows with the batch",
        ),
        Goal(
            "CPU a text, whole sender without AWS calls, ÷ official SDK",
            "at most",
            0.25,
            found.cpu_beside_sdk(FROM_MEMORY),
            "×",
            "the POST alone takes two thirds of that goal; besides it a text becomes a dataclass three times, "
            "attributes and expressions twice, and a line in the log",
        ),
        Goal(
            "import on the way to ClickSend ÷ official SDK",
            "at most",
            0.1,
            paired(found.imports["ours"], found.imports[SDK]),
            "×",
            "pydantic and requests",
        ),
    ]
