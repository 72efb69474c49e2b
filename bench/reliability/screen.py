"""What a long run says while it goes on: which part, how many of how many, and what is wrong so far."""

import sys
import time
from dataclasses import dataclass
from typing import Final

SECONDS: Final = 30.0
"""Between two lines where nobody watches: a log needs no more."""


@dataclass(slots=True)
class Progress:
    """One part, counted up; `of` is None where the time decides."""

    part: str
    of: int | None
    done: int = 0
    _said_at: float = 0.0

    def __post_init__(self) -> None:
        self._said_at = time.monotonic()

    def step(self, wrong: int, by: int = 1) -> None:
        """So many more are done; so much is wrong by now, in all parts together."""
        self.done += by
        line = f"{self.part}: {self.done:,}{'' if self.of is None else f' of {self.of:,}'}, {wrong} wrong so far"
        now = time.monotonic()
        if sys.stderr.isatty():
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif now - self._said_at >= SECONDS:
            self._said_at = now
            print(line, file=sys.stderr, flush=True)


def clear() -> None:
    """Make way for a line that stays."""
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
