"""Processes that run the real handlers, one call at a time, as Lambda does: there to be killed.

They are forked from a server that has imported everything and is connected to nothing (`preloaded`), so that the next
one is there at once: most kills would else strike an import, in which nothing can go wrong.
"""

import contextlib
import json
import multiprocessing
import os
import queue
import random
import sys
import threading
import time
import types
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from typing import Any, Final
from unittest.mock import patch

from textension import clock

from bench.reliability import site

_CONTEXT: Final = multiprocessing.get_context("forkserver")


class Context:
    """Lambda's context, in real time."""

    function_name = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:ap-southeast-2:000000000000:function:bench"
    aws_request_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds."""
        return max(round((self._ends - time.monotonic()) * 1000), 0)


def preload(environment: Mapping[str, str]) -> None:
    """Have the server import what it needs, while others start."""
    _CONTEXT.set_forkserver_preload(["bench.reliability.preloaded"])
    with patch.dict(os.environ, environment, clear=True):
        forkserver.ensure_running()


def serve(function: str, pipe: Connection, environment: Mapping[str, str], timeout: float, defect: str) -> None:
    """The worker's side: calls come through the pipe with how far the clock is ahead (ms), until it is closed. `defect`
    names what is broken on purpose, of those that need no more of a site than its handlers."""
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - as long as the process lives
    warnings.filterwarnings("ignore", message="No application metrics to publish")
    from bench.reliability.preloaded import DEFECTS, HANDLERS  # imported before the fork, but never by the parent

    with contextlib.ExitStack() as seeded:
        if defect:
            broken: Any = next(one for one in DEFECTS if one.name == defect)
            seeded.enter_context(broken.seeded(types.SimpleNamespace(handlers=HANDLERS)))
        _answer_calls(HANDLERS[function], function, pipe, timeout)


def _answer_calls(handler: Any, function: str, pipe: Connection, timeout: float) -> None:
    while True:
        try:
            event, ahead = pipe.recv()
        except EOFError:
            return
        _set_ahead(ahead)
        try:
            pipe.send((json.loads(json.dumps(handler(event, Context(timeout)))), ""))
        except Exception as error:  # noqa: BLE001 - as Lambda does: the caller learns that it failed
            pipe.send((None, f"{function}: {type(error).__name__}: {error}"))


def _set_ahead(milliseconds: int) -> None:
    """The package's present, and nothing else's: how long things take stays real."""
    vars(clock)["time"] = types.SimpleNamespace(time_ns=lambda: time.time_ns() + milliseconds * 1_000_000)


@dataclass(slots=True)
class Worker:
    """One process of a function, begun anew by the next call after it was killed."""

    function: str
    environment: Mapping[str, str]
    timeout: float
    """Seconds: what takes longer is killed, as Lambda does."""
    defect: str = ""
    busy: bool = False
    _process: ForkServerProcess | None = None
    _pipe: Connection | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, event: dict[str, Any], ahead: int) -> tuple[Any, str]:
        """The handler's answer, or what it raised; raises EOFError where the process ended before it answered."""
        with self._lock:
            pipe = self._pipe or self._begun()
            self.busy = True
        try:
            pipe.send((event, ahead))
            if not pipe.poll(self.timeout):
                self.kill()
            answer: tuple[Any, str] = pipe.recv()
        except (EOFError, ConnectionError) as error:
            with self._lock:
                pipe.close()
                self._pipe = None
            raise EOFError from error
        finally:
            self.busy = False
        return answer

    def kill(self) -> bool:
        """`kill -9`; False where nothing ran."""
        with self._lock:
            process = self._process
            if process is None or not process.is_alive():
                return False
            process.kill()
            process.join(10)
            return process.exitcode == -9

    def _begun(self) -> Connection:
        self._pipe, theirs = _CONTEXT.Pipe()
        given = (self.function, theirs, self.environment, self.timeout, self.defect)
        self._process = _CONTEXT.Process(target=serve, args=given, daemon=True)
        self._process.start()
        theirs.close()
        return self._pipe


@dataclass(slots=True)
class Pool:
    """All workers. `crashes` are what handlers raised; `killed` counts by function, idle ones apart."""

    workers: dict[str, list[Worker]]
    crashes: list[str] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    open: threading.Event = field(default_factory=threading.Event)
    _free: dict[str, queue.SimpleQueue[Worker]] = field(default_factory=dict)

    @classmethod
    def of(cls, counts: Mapping[str, int], environment: Mapping[str, str], defect: str = "") -> "Pool":
        """So many workers of each function, none of which has begun."""
        pool = cls(
            {
                name: [Worker(name, environment, site.timeout(name) / 1000, defect) for _ in range(count)]
                for name, count in counts.items()
            }
        )
        for name, workers in pool.workers.items():
            pool._free[name] = queue.SimpleQueue()
            for one in workers:
                pool._free[name].put(one)
        pool.open.set()
        return pool

    def call(self, function: str, event: dict[str, Any], ahead: int) -> Any:
        """Call a function as soon as one of its workers is free; None where nobody answered."""
        if not self.open.is_set():
            return None
        worker = self._free[function].get()
        try:
            answer, crash = worker.call(event, ahead)
        except EOFError:
            return None
        finally:
            self._free[function].put(worker)
        if crash:
            self.crashes.append(crash)
        return answer

    def kill_one(self, chooser: random.Random) -> None:
        """One that is at work, if any is."""
        everybody = [one for workers in self.workers.values() for one in workers]
        worker = chooser.choice([one for one in everybody if one.busy] or everybody)
        self._kill(worker)

    def kill_all(self) -> None:
        """All at once."""
        for workers in self.workers.values():
            for worker in workers:
                self._kill(worker)

    def _kill(self, worker: Worker) -> None:
        busy = worker.busy
        if worker.kill():
            self.killed[worker.function if busy else "idle workers"] += 1
