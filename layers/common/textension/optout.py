"""Who does not want to be texted: the words that say so, as carriers and the FCC list them.

A keyword is the whole message, in any case, whatever its punctuation: `Stop!` counts, `stop please` does not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

STOP_WORDS: Final = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")
START_WORDS: Final = ("START", "UNSTOP")
HELP_WORDS: Final = ("HELP", "INFO")
_LONGEST: Final = 40


class Keyword(StrEnum):
    """What a peer asked of one of our numbers."""

    STOP = "stop"
    START = "start"


@dataclass(frozen=True, slots=True)
class Keywords:
    """The words that count, in their bare form."""

    stop: frozenset[str]
    start: frozenset[str]
    help: frozenset[str]

    @classmethod
    def of(
        cls,
        stop: Iterable[str] = STOP_WORDS,
        start: Iterable[str] = START_WORDS,
        help_: Iterable[str] = HELP_WORDS,
    ) -> Self:
        """The words in whatever form they are written; empty ones do not count."""
        return cls(*(frozenset(filter(None, map(_bare, words))) for words in (stop, start, help_)))

    def read(self, text: str) -> Keyword | None:
        """The keyword that a text is; None for any other text."""
        if len(text) > _LONGEST:
            return None
        word = _bare(text)
        return Keyword.STOP if word in self.stop else Keyword.START if word in self.start else None

    def asks_help(self, text: str) -> bool:
        """Whether a text asks who is texting, and how to make it stop."""
        return len(text) <= _LONGEST and _bare(text) in self.help


def _bare(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
