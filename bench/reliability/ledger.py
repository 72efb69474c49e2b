"""What happened to every text at every hop, written down by those who saw it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Hop(StrEnum):
    """A place that a text passes. Inbound and outbound texts pass different ones."""

    ATTEMPTED = "attempted"
    """ClickSend pushed it, or an app asked for it: once for each try."""
    ACKNOWLEDGED = "acknowledged"
    """We said that it is ours now."""
    PUBLISHED = "published"
    """SNS took an event; once for each copy."""
    TOLD = "told"
    """An app, which knows events by their id, heard something new."""
    FRAMED = "framed"
    """A frame with an event reached an app's WebSocket."""
    CONNECTED = "connected"
    """An app whose WebSocket broke is connected again, and has read what it missed."""
    RUNG = "rung"
    """SQS took a doorbell."""
    POSTED = "posted"
    """A request that carried it left for ClickSend."""
    ARRIVED = "arrived"
    """ClickSend has it, and will hand it to the carrier."""
    REPORTED = "reported"
    """ClickSend's receipt for it was acknowledged."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when (virtual Unix ms), where, to which text, and what else is to be known."""

    at: int
    hop: Hop
    text: str
    detail: str = ""


@dataclass(slots=True)
class Ledger:
    """All entries of one run. A text is known by its own words, which no two share."""

    entries: list[Entry] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    """How long each call of a function took, in virtual milliseconds."""
    given_up: list[tuple[str, Hop]] = field(default_factory=list)
    """Texts that ClickSend, or an app's user, stopped trying with, and the hop that they did not get to."""

    def note(self, at: int, hop: Hop, text: str, detail: str = "") -> None:
        """Write one entry."""
        self.entries.append(Entry(at, hop, text, detail))

    def of(self, hop: Hop) -> Iterator[Entry]:
        """The entries of one hop, in order."""
        return (entry for entry in self.entries if entry.hop is hop)

    def texts(self, hop: Hop) -> Counter[str]:
        """How often each text was seen there."""
        return Counter(entry.text for entry in self.of(hop))

    def details(self, hop: Hop) -> dict[str, set[str]]:
        """What was told besides, by text: at `told`, the states that the apps heard of."""
        found: dict[str, set[str]] = {}
        for entry in self.of(hop):
            found.setdefault(entry.text, set()).add(entry.detail)
        return found
