"""Warm invocations of the built functions beside bare handlers, which make the same requests and do nothing else.

First everything happens for real, and is recorded: events, requests with their parameters, answers. Then each recorded
invocation is done again and again, by ours and by the bare one in turns, with the recorded answers.
"""

import copy
import gc
import http.client
import json
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.session import get_session
from flow import CONTEXT, Flow, prepare  # type: ignore[import-not-found] # beside it on the path
from textension.aws import clients

WATCHED = (clients.dynamodb, clients.sns, clients.sqs, clients.secretsmanager)
BLOCK_CPU = 0.08
"""Seconds of CPU that a block of invocations is to take, so that the clock's grain does not matter."""


@dataclass(slots=True)
class Invocation:
    """One event, what was asked of AWS for it (service, operation, parameters), and what came of it."""

    event: dict[str, Any]
    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    answer: Any = None


@dataclass(slots=True)
class Case:
    """The invocations of one step, and of how many texts or records they are."""

    function: str
    units: int
    invocations: list[Invocation] = field(default_factory=list)


class Recorder(Flow):  # type: ignore[misc] # it is beside this on the path only
    """A flow that notes what each step is handed and what it asks of AWS."""

    apps: dict[str, Any]

    def __init__(self, folders: dict[str, str], table: str, token: str, url: str) -> None:
        super().__init__(folders, table, token, f"{url}/_aws/execute-api/abcdef1234/live", count=False)
        self.cases: dict[str, Case] = {}
        self._address, self._case, self._now = url, "", Invocation({})
        self.handlers = {name: app.handler for name, app in self.apps.items()}
        self.apps = {name: SimpleNamespace(handler=self._noting(name)) for name in self.handlers}
        self._watch()

    def _watch(self) -> None:
        for client in WATCHED:
            client().meta.events.register("provide-client-params.*.*", self._asked)

    def step(self, name: str, function: str, events: Sequence[dict[str, Any]], units: int) -> list[Any]:
        """As a flow does it, on the tape."""
        control(self._address, "record", name)
        records = [len(event["Records"]) for event in events if function == "stream_relay"]
        self.cases[name] = Case(function, sum(records) or units)
        self._case = name
        answers: list[Any] = super().step(name, function, events, units)
        control(self._address, "record", "")
        return answers

    def again(self, name: str, one: Invocation) -> Invocation:
        """Do a recorded invocation once more: what was asked and answered this time."""
        self._case, case = name, self.cases[name]
        _unwatched()
        self._watch()
        self.apps[case.function].handler(one.event, CONTEXT)
        return case.invocations.pop()

    def _noting(self, function: str) -> Callable[[dict[str, Any], Any], Any]:
        def noting(event: dict[str, Any], context: Any) -> Any:
            self._now = Invocation(event)
            self.cases[self._case].invocations.append(self._now)
            self._now.answer = self.handlers[function](event, context)
            return self._now.answer

        return noting

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self._now.calls.append((model.service_model.service_name, model.name, copy.deepcopy(params)))


def control(url: str, what: str, step: str = "") -> Any:
    """Tell the tape what to do."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    connection.request("POST", f"/-/{what}/{quote(step)}", b"")
    said = json.loads(connection.getresponse().read())
    connection.close()
    return said


class Bare:
    """A handler that makes the requests of an invocation again, by botocore's clients as they come, and answers."""

    def __init__(self, url: str, services: set[str]) -> None:
        factory: Any = get_session().create_client
        self._clients = {name: factory(name) for name in services}
        address = urlsplit(url)
        self._clicksend = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def handler_of(self, one: Invocation, posts: Sequence[dict[str, str]]) -> Callable[[], Any]:
        """The handler for one recorded invocation; `posts` are what it is to post to ClickSend."""
        calls = [(getattr(self._clients[service], _snake(name)), params) for service, name, params in one.calls]
        answer = one.answer

        def handler() -> Any:
            for call, params in calls:
                call(**params)
            for post in posts:
                headers = {"Content-Type": "application/json", "Authorization": post["authorization"]}
                self._clicksend.request("POST", post["path"], post["body"].encode(), headers)
                json.loads(self._clicksend.getresponse().read())
            return answer

        return handler


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


# -------------------------------------------------------------------- measuring


def measured(recorder: Recorder, url: str, name: str, rounds: int) -> dict[str, Any]:
    """One case: CPU of both by rounds, and what else an invocation does."""
    case = recorder.cases[name]
    handler = recorder.handlers[case.function]
    bare = Bare(url, {service for one in case.invocations for service, _, _ in one.calls})
    posts = control(url, "posts", name)
    share = len(posts) // len(case.invocations) if posts else 0
    theirs = [
        bare.handler_of(one, posts[index * share : (index + 1) * share]) for index, one in enumerate(case.invocations)
    ]
    ours = [_handler(handler, one.event) for one in case.invocations]
    control(url, "replay", name)
    _same_requests(recorder, name)
    _unwatched()
    units = case.units / len(case.invocations)
    times = _times(ours, theirs, rounds)
    return {
        "units": units,
        "calls": [f"{service}.{operation}" for service, operation, _ in case.invocations[-1].calls] + ["POST"] * share,
        "ours": [cpu / units for cpu in times[0]],
        "bare": [cpu / units for cpu in times[1]],
        "allocations": {who: _allocations(many, units) for who, many in (("ours", ours), ("bare", theirs))},
    }


def _handler(handler: Callable[[Any, Any], Any], event: dict[str, Any]) -> Callable[[], Any]:
    return lambda: handler(event, CONTEXT)


def _same_requests(recorder: Recorder, name: str) -> None:
    """Do every invocation over the tape. Raises RuntimeError where ours goes another way than it went for real."""
    recorder.again(name, recorder.cases[name].invocations[0])  # what is remembered for some seconds may be read anew
    for one in list(recorder.cases[name].invocations):
        again = recorder.again(name, one)
        asked, before = ([operation for _, operation, _ in each.calls] for each in (again, one))
        if asked != before or not _fine(again.answer):
            raise RuntimeError(f"{name}: {asked} over the tape and {before} for real; it answered {again.answer}")


def _unwatched() -> None:
    """Let ours make its clients anew, without what watched them: watching costs, and the bare ones have none of it."""
    for client in WATCHED:
        client.cache_clear()


def _fine(answer: Any) -> bool:
    return answer["statusCode"] < 300 if "statusCode" in answer else not answer["batchItemFailures"]


def _times(ours: list[Callable[[], Any]], theirs: list[Callable[[], Any]], rounds: int) -> tuple[list[float], ...]:
    """CPU seconds of an invocation, round by round; who goes first changes each time."""
    both = (ours, theirs)
    found: tuple[list[float], ...] = ([], [])
    passes = [max(1, round(BLOCK_CPU / (max(_block(many, 3), 1e-6) * len(many)))) for many in both]
    for count in range(rounds):
        for which in (0, 1) if count % 2 else (1, 0):
            found[which].append(_block(both[which], passes[which]))
    return found


def _block(many: list[Callable[[], Any]], passes: int) -> float:
    gc.collect()
    began = time.process_time()
    for _ in range(passes):
        for one in many:
            one()
    return (time.process_time() - began) / (passes * len(many))


def _allocations(many: list[Callable[[], Any]], units: float) -> dict[str, float]:
    """Of one text: functions called, Python's and C's; the most memory (KB) that an invocation held at once; blocks
    that it left behind. They hardly depend on the machine."""
    called, peaks = [_functions_called(one) for one in many], []
    tracemalloc.start()
    for one in many:
        gc.collect()
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        one()
        peaks.append((tracemalloc.get_traced_memory()[1] - before) / 1024)
    tracemalloc.stop()
    gc.collect()
    blocks = sys.getallocatedblocks()
    for one in many * 5:
        one()
    gc.collect()
    left = (sys.getallocatedblocks() - blocks) / (len(many) * 5)
    return {"functions": statistics.median(called) / units, "peak_kb": statistics.median(peaks), "left": left / units}


def _functions_called(one: Callable[[], Any]) -> int:
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        one()
    finally:
        sys.setprofile(None)
    return counted


def run(*, folders: dict[str, str], table: str, token: str, url: str, cases: list[str], rounds: int, texts: int) -> Any:
    """The cases, by name: each a step of the flow of so many texts."""
    prepare(table)
    recorder = Recorder(folders, table, token, url)
    try:
        recorder.whole_life(1)  # clients and secrets
        recorder.whole_life(texts)
        return {name: measured(recorder, url, name, rounds) for name in cases}
    finally:
        sys.stdout = recorder.stdout
