"""Time that passes only when somebody waits: for the functions, the AWS client and the simulator together."""

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Final

MODULES: Final = (
    "textension.clock",
    "textension.aws.connections",
    "textension.aws.table",
    "textension.aws.secrets",
    "textension.clicksend.client",
    "botocore.endpoint",
    "local.simulator.endpoints_sms",
    "local.simulator.payloads",
    "local.simulator.simulator",
    "local.simulator.sms",
    "local.simulator.state",
)
"""Whose `time` is ours. The simulator's own waits stay real: it is made to have none."""
BEGIN: Final = 1_790_000_000_000
"""When every run begins, in Unix ms, so that it replays the same: a quiet hour of 2026."""


class VirtualClock:
    """Unix milliseconds. It never goes back."""

    def __init__(self) -> None:
        self.now = BEGIN

    def advance(self, milliseconds: float) -> None:
        """Let time pass."""
        self.now += max(round(milliseconds), 0)

    def advance_to(self, at: int) -> None:
        """Let time pass until then."""
        self.now = max(self.now, at)

    def module(self) -> types.SimpleNamespace:
        """What the standard library's `time` offers of this."""
        return types.SimpleNamespace(
            time=lambda: self.now / 1000,
            time_ns=lambda: self.now * 1_000_000,
            monotonic=lambda: self.now / 1000,
            sleep=lambda seconds: self.advance(seconds * 1000),
        )


@contextmanager
def installed(clock: VirtualClock) -> Iterator[None]:
    """Everybody's time is this one until the block ends."""
    module = clock.module()
    before = {name: vars(import_module(name))["time"] for name in MODULES}
    for name in MODULES:
        setattr(sys.modules[name], "time", module)  # noqa: B010 - a module's name for another
    try:
        yield
    finally:
        for name, real in before.items():
            setattr(sys.modules[name], "time", real)  # noqa: B010
