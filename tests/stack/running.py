"""A private local stack: what `make run` starts, on free ports, with a state folder of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from local.processes import started_by
from local.stackfile import StackFile

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240.0
TIME_SCALE = "0.05"
"""What ClickSend waits between two pushes: 0.5 s instead of 10 s."""


class RunningStack:
    """One stack, which tests may stop, start again and kill; its data stays in `state_dir`."""

    def __init__(self, state_dir: Path, *arguments: str) -> None:
        self.state_dir = state_dir
        self._arguments = arguments
        self.file: StackFile
        self._process: subprocess.Popen[bytes] | None = None
        self._output = state_dir / "make-run.log"

    @classmethod
    @contextmanager
    def started(cls, state_dir: Path, *arguments: str) -> Iterator[Self]:
        """A new one, ready; it is stopped in the end, also when it did not become ready."""
        running = cls(state_dir, *arguments)
        try:
            running.start()
            yield running
        finally:
            running.stop()

    @property
    def output(self) -> str:
        """What the last start has printed, the functions' log lines too."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        """Start it as `make run` does, and wait until it is ready."""
        self._process = self.launch(self._output)
        deadline = time.monotonic() + START_SECONDS
        while not self.output.rstrip().endswith("Ready") and "\nReady\n" not in self.output:
            assert self._process.poll() is None, f"the stack did not start:\n{self.output}"
            assert time.monotonic() < deadline, f"the stack was not ready in time:\n{self.output}"
            time.sleep(0.1)
        self.file = StackFile.read(self.state_dir / "stack.json")

    def launch(self, output: Path) -> subprocess.Popen[bytes]:
        """Start one and do not wait for anything. It ends when this process does, however that ends."""
        any_port = dict.fromkeys(("TEXTENSION_PORT", "TEXTENSION_SIMULATOR_PORT", "TEXTENSION_AWS_PORT"), "0")
        own = {"TEXTENSION_STATE_DIR": str(self.state_dir), "SIMULATOR_TIME_SCALE": TIME_SCALE}
        with output.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "local.attached", self.state_dir, "local", "run", *self._arguments],
                cwd=ROOT,
                env=dict(os.environ) | any_port | own,
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Stop and start with the same data."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """`kill -9` everything at once: `make run`, emulator, simulator, functions."""
        for pid, _ in started_by(self.state_dir):
            _kill(pid)
        self._end(signal.SIGKILL)

    def workers(self, function: str) -> list[int]:
        """Process ids of a function's workers, by the function's logical id (`InboundWebhook`)."""
        mark = f"/ministack-lambda-{self.file.stack_name}-{function}-"
        return [pid for pid, command in started_by(self.state_dir) if mark in command]

    def kill_workers(self, function: str) -> int:
        """`kill -9` a function's workers in the middle of whatever they do; returns how many there were.

        When they are dead: until then the emulator may give one of them its next event.
        """
        pids = self.workers(function)
        for pid in pids:
            _kill(pid)
        ends = time.monotonic() + 10
        while set(pids) & set(self.workers(function)):
            assert time.monotonic() < ends, f"workers of {function} live on"
            time.sleep(0.01)
        return len(pids)

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(number)
        process.wait(60)
        if process.stdin:
            process.stdin.close()


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
