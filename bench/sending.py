"""Sending: how many texts a second reach ClickSend, and what each costs the processor, beside other ways to do it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from bench.aws import Aws, aws
from bench.interpreters import WORKLOADS, BenchError, path_of, run
from bench.result import Chart, Goal, Part, Table, median, number, paired
from bench.simulator import CREDENTIAL, Simulator, simulator
from local.config import PROJECT

OFFICIAL: Final = PROJECT / ".venv-bench" / "bin" / "python"
WAYS: Final = ("ours, whole sender", "ours, POST alone", "official SDK", "requests")
LATENCIES: Final = {0.0: (110, 810, 401, 401), 0.05: (110, 210, 61, 61), 0.3: (60, 60, 11, 11)}
"""Seconds that ClickSend takes: how many texts each way sends, the first or the first ten of them uncounted."""
HOW: Final = """\
One worker. *Whole sender* is `outbound_sender`'s handler from the built artifacts over batches of ten doorbells, with a
real table ({engine}) and the ClickSend simulator in processes of their own; *POST alone* its client, ten texts a
request. The official SDK is `clicksend-client` 6.0.2; it and `requests` make one call a text, as their documentation
shows. Medians of {rounds} rounds; ratios by pairs. CPU is that of the process that sends."""
ONE_CALL_EACH: Final = ("official SDK", "requests")


def measure(*, rounds: int, say: Callable[[str], None]) -> Part:
    """Every way at every latency, in turns."""
    if not OFFICIAL.exists():
        raise BenchError("run `make .venv-bench/.made`: the official SDK has an environment of its own")
    found: dict[float, dict[str, list[dict[str, float]]]] = {}
    from_memory: list[dict[str, float]] = []
    with aws() as backend, simulator() as clicksend:
        backend.secrets["CREDENTIALS"] = json.dumps(clicksend.credentials)
        for latency, counts in LATENCIES.items():
            clicksend.answer_after(latency)
            found[latency] = {way: [] for way in WAYS}
            for turn in range(rounds):
                for way, count in zip(WAYS, counts, strict=True):
                    found[latency][way].append(_ran(way, count, backend, clicksend, f"t{latency}-{turn}"))
                if not latency:  # beside the SDK's runs: a processor is not as fast all the time
                    from_memory.append(_ran("ours, from memory", 810, backend, clicksend, ""))
                say(f"sending at {latency * 1000:.0f} ms: round {turn + 1} of {rounds}")
        clicksend.answer_after(0)
        imports = _imports(rounds)
        engine = backend.engine
    return _part(found, from_memory, imports, engine, rounds)


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
        module = "official" if way == "official SDK" else "plain"
        work = ("send", f"import {module}; out = {module}.run(url, credential, texts)")
        return dict(run([WORKLOADS], work, given=given, python=OFFICIAL, site=True).out)
    path = [*path_of("outbound_sender"), WORKLOADS]
    if way == "ours, POST alone":
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
    return {"ours": ours[1:], "official": official[1:]}  # the first fills the disk's cache


def _part(
    found: dict[float, dict[str, list[dict[str, float]]]],
    from_memory: list[dict[str, float]],
    imports: dict[str, list[float]],
    engine: str,
    rounds: int,
) -> Part:
    rates = {at: {way: [_rate(one) for one in runs] for way, runs in ways.items()} for at, ways in found.items()}
    cpu = {way: [_cpu(one) for one in runs] for way, runs in found[0.0].items()} | {
        "ours, without AWS calls": [_cpu(one) for one in from_memory]
    }
    rows = [
        [way, *(number(median(rates[at][way])) for at in rates), number(median(cpu[way]) * 1e6)] for way in WAYS
    ] + [["ours, without AWS calls", "–", "–", "–", number(median(cpu["ours, without AWS calls"]) * 1e6)]]
    ratios = [
        [
            way,
            *(f"{paired(rates[at][way], rates[at]['official SDK']):.1f}" for at in rates),
            f"{paired(cpu[way], cpu['official SDK']):.2f}",
        ]
        for way in WAYS
    ]
    ratios.append(["ours, without AWS calls", "–", "–", "–", f"{_memory_ratio(cpu):.2f}"])
    importing = paired(imports["ours"], imports["official"])
    head = ["", *(f"at {at * 1000:.0f} ms, texts/s" for at in rates), "CPU, µs a text"]
    part = Part(
        "sending",
        "Sending",
        HOW.format(engine=engine, rounds=rounds),
        tables=[
            Table("Texts a second, and CPU", head, rows),
            Table("Beside the official SDK", ["", *(f"× at {at * 1000:.0f} ms" for at in rates), "× CPU"], ratios),
            Table(
                "Import of what leads to ClickSend",
                ["", "CPU ms"],
                [
                    ["ours", number(median(imports["ours"]) * 1000)],
                    ["official SDK", number(median(imports["official"]) * 1000)],
                ],
            ),
        ],
        charts=[
            Chart("sending", "Texts a second at 50 ms", "more is better", [(w, median(rates[0.05][w])) for w in WAYS]),
        ],
        figures={
            "texts_per_second": {str(at): {w: median(r) for w, r in ways.items()} for at, ways in rates.items()},
            "cpu_us": {way: median(values) * 1e6 for way, values in cpu.items()},
            "import_cpu_ms": {name: median(values) * 1000 for name, values in imports.items()},
        },
    )
    part.goals = _goals(rates[0.05], _memory_ratio(cpu), importing)
    return part


def _goals(at_50: dict[str, list[float]], from_memory: float, importing: float) -> list[Goal]:
    return [
        Goal(
            "texts/s at 50 ms, table calls included, ÷ official SDK",
            "at least",
            6,
            paired(at_50["ours, whole sender"], at_50["official SDK"]),
            "×",
            "DynamoDB Local takes tens of milliseconds over each of the two transactions (10 and 20 writes), beside "
            "ClickSend's 50",
        ),
        Goal(
            "texts/s at 50 ms, POST alone, ÷ official SDK",
            "at least",
            9.5,
            paired(at_50["ours, POST alone"], at_50["official SDK"]),
            "×",
            "the simulator's own time for ten texts, which grows with the batch",
        ),
        Goal(
            "CPU a text, whole sender without AWS calls, ÷ official SDK",
            "at most",
            0.25,
            from_memory,
            "×",
            "items become dataclasses, expressions and attributes several times on their way, and a log line each",
        ),
        Goal("import on the way to ClickSend ÷ official SDK", "at most", 0.1, importing, "×", "pydantic and requests"),
    ]


def _memory_ratio(cpu: dict[str, list[float]]) -> float:
    return paired(cpu["ours, without AWS calls"], cpu["official SDK"])


def _rate(one: dict[str, float]) -> float:
    return one["count"] / one["wall"]


def _cpu(one: dict[str, float]) -> float:
    return one["cpu"] / one["count"]
