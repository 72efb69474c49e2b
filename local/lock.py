"""One run per state folder: a lock that the kernel lets go of however the process ends."""

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import LocalError

STOP_SECONDS = 40.0


@contextlib.contextmanager
def held(state_dir: Path) -> Iterator[Callable[[str], None]]:
    """Hold the folder; yields a function that notes our address. Raises LocalError naming the process that has it."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("a+", encoding="utf-8") as file:
        if not _take(file.fileno()):
            pid, where = holder(state_dir) or (0, "")
            raise LocalError(f"The local stack is already running (process {pid}, {where}). To end it: make stop")

        def note(address: str) -> None:
            file.truncate(0)
            file.write(f"{os.getpid()} {address}")
            file.flush()

        note("starting")
        yield note


def holder(state_dir: Path) -> tuple[int, str] | None:
    """Process id and address of the run that holds the folder, if one does."""
    path = state_dir / "lock"
    if not path.exists():
        return None
    with path.open("r+", encoding="utf-8") as file:
        if _take(file.fileno()):
            return None
        pid, _, address = file.read().partition(" ")
        return int(pid or 0), address


def stop_holder(state_dir: Path) -> bool:
    """Ask the run to end and wait until it has let go; False where none runs."""
    found = holder(state_dir)
    if found is None:
        return False
    os.kill(found[0], signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while holder(state_dir) is not None:
        if time.monotonic() > deadline:
            raise LocalError(f"Process {found[0]} did not end within {STOP_SECONDS:.0f} s.")
        time.sleep(0.1)
    return True


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
