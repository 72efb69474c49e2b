"""Docker, and the image of Lambda's Python: what `sam local` cannot do without."""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Final

from local.config import architecture
from tests.template_yaml import ROOT

IMAGE: Final = f"public.ecr.aws/lambda/python:3.13-{architecture()}"
SETUP: Final = ROOT.parent / "shared" / "tools" / "sam-local" / "setup.sh"
"""Where it lies beside the checkout, it installs an engine, starts it, and builds a stand-in for the image."""


class NoEngine(Exception):
    """There is no Docker engine, and no way to get one; the message says why."""


def _succeeds(*command: str, seconds: float) -> bool:
    with contextlib.suppress(FileNotFoundError, subprocess.TimeoutExpired):
        return subprocess.run(command, capture_output=True, timeout=seconds, check=False).returncode == 0
    return False


def answers() -> bool:
    """Whether a Docker engine runs."""
    return _succeeds("docker", "info", seconds=30)


def has_image() -> bool:
    """Whether the image is on this machine, so that nothing has to be pulled."""
    return _succeeds("docker", "image", "inspect", IMAGE, seconds=30)


@contextlib.contextmanager
def engine() -> Iterator[None]:
    """A Docker engine that can run Lambda's Python; one that did not run before is stopped again. Raises NoEngine."""
    ran_before = answers()
    if not (ran_before and has_image()) and SETUP.exists():
        done = subprocess.run([SETUP], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise NoEngine(f"{SETUP.name} could not start one: {done.stderr.strip()[-300:]}")
    if not answers():
        raise NoEngine("no Docker engine answers")
    try:
        yield
    finally:
        if not ran_before and SETUP.exists():
            subprocess.run([SETUP, "stop"], capture_output=True, timeout=60, check=False)
