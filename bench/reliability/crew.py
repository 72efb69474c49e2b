"""Many runs at once: worker processes, each with an emulator, a simulator and functions of its own."""

import multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol

from bench.reliability import engines
from bench.reliability.site import Site, opened

END_SECONDS: Final = 15.0
"""What a worker may take to end its emulator."""

type Task[T] = Callable[[Site], T]
"""What a worker does on its ground. It and its result can be pickled: a `partial` of a module's function."""


class Crew(Protocol):
    """Whoever carries tasks out."""

    def each[T](self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        """What came of each, in the order in which they are done. A task is asked for when somebody is free for it."""


@dataclass(frozen=True, slots=True)
class Alone:
    """This process, one task after the other."""

    site: Site

    def each[T](self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        """What came of each, in their order."""
        return (task(self.site) for task in tasks)


@dataclass(frozen=True, slots=True)
class _Broken:
    """A task that ended with an exception: its traceback."""

    trace: str


class WorkerFailed(Exception):
    """A worker ended, or its task did, with an exception: a fault of the bench itself."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes, by the pipes to them."""

    pipes: tuple[Connection, ...]

    def each[T](self, tasks: Iterable[Task[T]]) -> Iterator[T]:
        """What came of each, whichever is done first. Raises WorkerFailed."""
        coming, idle, busy = iter(tasks), list(self.pipes), set[Connection]()
        while True:
            while idle and (task := next(coming, None)) is not None:
                pipe = idle.pop()
                pipe.send(task)
                busy.add(pipe)
            if not busy:
                return
            for ready in wait(busy):
                if isinstance(ready, Connection):
                    busy.remove(ready)
                    idle.append(ready)
                    yield _heard(ready)


def _heard(pipe: Connection) -> Any:
    try:
        result = pipe.recv()
    except EOFError:
        raise WorkerFailed("a worker process has ended: its last words are above") from None
    if isinstance(result, engines.Missing):
        raise result
    if isinstance(result, _Broken):
        raise WorkerFailed(result.trace)
    return result


@contextmanager
def at_work(jobs: int) -> Iterator[Crew]:
    """This process for one job, else so many others, until the block ends. Raises engines.Missing."""
    if jobs == 1:
        with opened(engines.emulator()) as site:
            yield Alone(site)
        return
    started = _start(jobs)
    try:
        for _, pipe in started:
            _heard(pipe)  # it is ready, or says what it misses
        yield Workers(tuple(pipe for _, pipe in started))
    finally:
        for process, pipe in started:
            pipe.close()  # who waits for a task ends by that
            process.terminate()  # who is at one ends by this; both put away what they have started
        for process, _ in started:
            process.join(END_SECONDS)
            if process.is_alive():
                process.kill()
                process.join()


def _start(jobs: int) -> list[tuple[multiprocessing.process.BaseProcess, Connection]]:
    """So many workers. ctrl-C is this process's alone, from their first moment on: it ends them in good order."""
    context = multiprocessing.get_context("spawn")
    started: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        for _ in range(jobs):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            started.append((process, ours))
    finally:
        signal.signal(signal.SIGINT, before)
    return started


def _serve(pipe: Connection) -> None:
    """A worker's life: tasks come in by the pipe, and it ends with it, so that no worker outlives who asked for it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with opened(engines.emulator()) as site:
            pipe.send(None)
            while True:
                pipe.send(_done(pipe.recv(), site))
    except engines.Missing as missing:
        pipe.send(missing)
    except (EOFError, BrokenPipeError):
        return


def _done(task: Task[Any], site: Site) -> Any:
    try:
        return task(site)
    except SystemExit:
        raise
    except BaseException:  # noqa: BLE001 - the bench's own faults are none of Exception, and are told all the same
        return _Broken(traceback.format_exc())
