"""What came in and is in ClickSend's history: which of it we do not have yet, so that the sweeper may find it there."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from textension.catching_up import EVERY

from bench.reliability.virtual import BEGIN

LOOKS: Final = 12
"""So often, an hour long, the sweeper looks for a text in ClickSend's history, which it has left behind by then."""


@dataclass(slots=True)
class Listed:
    """The texts that history has; `after` (ms) is how late it shows them. Times in virtual Unix ms."""

    after: int = 0
    texts: set[str] = field(default_factory=set)
    _missing: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Those that we do not have yet, as far as is known: since when they can be found, and how often that was tried."""

    @property
    def incomplete(self) -> bool:
        """Whether the sweeper might find something."""
        return bool(self._missing)

    def add(self, text: str, now: int) -> None:
        """A text came in."""
        self.texts.add(text)
        self._missing[text] = (now + self.after, 0)

    def have(self, text: str) -> None:
        """We have it: no look is needed."""
        self._missing.pop(text, None)

    def next_look(self, swept_at: int) -> int | None:
        """When the sweeper, which ran at `swept_at`, may find something; None where it cannot."""
        if not self._missing:
            return None
        return max(swept_at + EVERY, min(at for at, _ in self._missing.values()), BEGIN + EVERY)

    def looked(self, here: Collection[str], now: int) -> None:
        """The sweeper has looked; `here` is what is in the table."""
        self._missing = {
            text: (at, looks + (at <= now))
            for text, (at, looks) in self._missing.items()
            if text not in here and looks < LOOKS
        }
