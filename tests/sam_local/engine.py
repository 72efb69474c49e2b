"""Docker, and the image of Lambda's Python: what `sam local` cannot do without."""

import contextlib
import subprocess
from collections.abc import Iterator
from typing import Final

from local.sam_local import docker_answers, has_image
from tests.template_yaml import ROOT

SETUP: Final = ROOT.parent / "shared" / "tools" / "sam-local" / "setup.sh"
"""Where it lies beside the checkout, it installs an engine, starts it, and builds a stand-in for the image."""


class NoEngine(Exception):
    """There is no Docker engine, and no way to get one; the message says why."""


@contextlib.contextmanager
def engine() -> Iterator[None]:
    """A Docker engine that can run Lambda's Python; one that did not run before is stopped again. Raises NoEngine."""
    ran_before = docker_answers()
    if not (ran_before and has_image()) and SETUP.exists():
        done = subprocess.run([SETUP], capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise NoEngine(f"{SETUP.name} could not start one: {done.stderr.strip()[-300:]}")
    if not docker_answers():
        raise NoEngine("no Docker engine answers")
    try:
        yield
    finally:
        if not ran_before and SETUP.exists():
            subprocess.run([SETUP, "stop"], capture_output=True, timeout=60, check=False)
