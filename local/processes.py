"""The children of a run: started, waited for, stopped in order; and what a killed run may have left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .config import PROJECT
from .errors import LocalError

LAST_LINES = 15


class Child:
    """A process of ours whose output goes into a file and which ends when we do (see `local.attached`)."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    def start(cls, python: Path, module: str, state_dir: Path, environment: dict[str, str]) -> "Child":
        """Start `module` with `python`. It has a session of its own, so that Ctrl-C reaches only us."""
        name = module.rsplit(".", 1)[-1]
        log = state_dir / "logs" / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [python, "-m", "local.attached", state_dir, module],
                cwd=PROJECT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until `ready` says so; raises LocalError with the child's last lines where it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise LocalError(f"The {self.name} ended with {self._process.returncode}.{self.last_lines()}")
            if time.monotonic() > deadline:
                raise LocalError(f"The {self.name} was not ready after {seconds:.0f} s.{self.last_lines()}")
            time.sleep(0.05)

    def last_lines(self) -> str:
        """The end of its output and where the rest is, to be put after an error."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return "".join(f"\n  {line}" for line in lines) + f"\n  (all of it: {self._log})"

    def stop(self, seconds: float) -> None:
        """Ask it to end, wait, and kill it where it does not."""
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5)
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()


def started_by(state_dir: Path) -> Iterator[tuple[int, str]]:
    """Processes that a run with this state folder started, by id and command: children, and workers of functions."""
    marks = (f"-m local.attached {state_dir} ", f"{state_dir / 'tmp'}/ministack-lambda-")
    for pid, command in _all_processes():
        if any(mark in command for mark in marks) and pid != os.getpid():
            yield pid, command


def _all_processes() -> Iterator[tuple[int, str]]:
    """Every process that we may see: from /proc, or from ps where there is no such thing."""
    if Path("/proc/self/cmdline").exists():
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return
    listing = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command


def end_leftovers(state_dir: Path) -> None:
    """End what a killed run left behind, and remove its unpacked functions.

    The lock on the state folder is held, so none of these belongs to a run that lives. What lost its parent is
    already ending by itself (a snapshot is being finished, say) and gets a moment for it.
    """
    deadline = time.monotonic() + 10
    while list(started_by(state_dir)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid, _ in started_by(state_dir):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(state_dir / "tmp", ignore_errors=True)
