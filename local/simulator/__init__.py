"""A ClickSend that runs on this machine: its wire formats, its retries and its faults, without sending a text.

`python -m local.simulator` starts it; `running()` starts one in a thread, for tests.
"""

from .models import Credential
from .running import Running, SimulatorFailedError, running

__all__ = ["Credential", "Running", "SimulatorFailedError", "running"]
