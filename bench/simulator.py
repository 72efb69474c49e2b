"""The ClickSend simulator in a process of its own, so that its work is not counted with what is measured."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import httpx

from bench.dynamodb_local import free_port
from bench.interpreters import BenchError
from local.config import HOST, PROJECT, child_environment
from local.simulator.models import Credential

START_SECONDS: Final = 30.0
SETTINGS: Final = {"balance": 1_000_000, "receipt_plan": []}
CREDENTIAL: Final = Credential()


@dataclass(frozen=True, slots=True)
class Simulator:
    """One that answers at `url`."""

    url: str

    def answer_after(self, seconds: float) -> None:
        """Answer each send request so much later."""
        with httpx.Client(base_url=self.url, trust_env=False) as control:
            control.delete("/simulator/faults").raise_for_status()
            if seconds:
                slow = {"mode": "slow", "seconds": seconds, "times": None}
                control.post("/simulator/faults", json=slow).raise_for_status()

    @property
    def credentials(self) -> dict[str, str]:
        """Its entry in the credentials secret."""
        return {
            "account": "main",
            "CLICKSEND_USERNAME": CREDENTIAL.username,
            "CLICKSEND_API_KEY": CREDENTIAL.api_key,
            "CLICKSEND_BASE_URL": self.url,
        }


@contextlib.contextmanager
def simulator() -> Iterator[Simulator]:
    """A simulator, until the block ends."""
    url = f"http://{HOST}:{(port := free_port())}"
    process = subprocess.Popen(
        [sys.executable, "-m", "local.simulator"],
        cwd=PROJECT,
        env=child_environment(TEXTENSION_SIMULATOR_PORT=str(port)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _set_up(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise BenchError("the ClickSend simulator did not start: try `python -m local.simulator`")
            time.sleep(0.05)
        yield Simulator(url)
    finally:
        process.terminate()
        process.wait(10)


def _set_up(url: str) -> bool:
    try:
        httpx.put(f"{url}/simulator/settings", json=SETTINGS, timeout=2, trust_env=False).raise_for_status()
    except httpx.TransportError:
        return False
    return True
