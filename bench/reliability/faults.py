"""What can go wrong where, and the plans by which it does."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol


class Kind(StrEnum):
    """What is crossed: a call to AWS, a request to ClickSend, a function's own beginning, or a WebSocket."""

    AWS = "aws"
    HTTP = "http"
    DELIVERY = "delivery"
    SOCKET = "socket"
    """A frame to an app's WebSocket. Nobody tries it again."""


class Fault(StrEnum):
    """One thing that goes wrong. `after` means: what was asked for was done, and nobody heard."""

    ERROR_BEFORE = "error-before"
    ERROR_AFTER = "error-after"
    ERROR_AFTER_ONCE = "error-after-once"
    """The client's own retry meets its own write."""
    HANG_BEFORE = "hang-before"
    HANG_AFTER = "hang-after"
    THROTTLE = "throttle"
    DENIED = "denied"
    REFUSED = "refused"
    """No connection was made."""
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    GONE = "gone"
    """The WebSocket broke; its app notices."""
    SLOW = "slow"
    KILLED_BEFORE = "killed-before"
    KILLED_AFTER = "killed-after"
    DUPLICATE = "duplicate"
    """Delivered twice in a row."""
    AGAIN_LATER = "again-later"
    """Delivered once more, ten minutes later."""
    ANSWER_LOST = "answer-lost"
    """The function answered, and whoever called it did not hear."""
    NOT_DELIVERED = "not-delivered"
    """The function was not called, and whoever meant to call it heard that."""
    REORDERED = "reordered"
    """The records of a batch the other way round."""


FAULTS: Final[Mapping[Kind, tuple[Fault, ...]]] = {
    Kind.AWS: (
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.ERROR_AFTER_ONCE,
        Fault.HANG_BEFORE,
        Fault.HANG_AFTER,
        Fault.THROTTLE,
        Fault.DENIED,
        Fault.SLOW,
        Fault.KILLED_BEFORE,
        Fault.KILLED_AFTER,
    ),
    Kind.HTTP: (
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.HANG_BEFORE,
        Fault.HANG_AFTER,
        Fault.THROTTLE,
        Fault.DENIED,
        Fault.REFUSED,
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
        Fault.SLOW,
        Fault.KILLED_BEFORE,
        Fault.KILLED_AFTER,
    ),
    Kind.SOCKET: (
        Fault.ERROR_BEFORE,
        Fault.ERROR_AFTER,
        Fault.HANG_BEFORE,
        Fault.HANG_AFTER,
        Fault.THROTTLE,
        Fault.DENIED,
        Fault.GONE,
        Fault.SLOW,
        Fault.KILLED_BEFORE,
        Fault.KILLED_AFTER,
    ),
    Kind.DELIVERY: (
        Fault.DUPLICATE,
        Fault.AGAIN_LATER,
        Fault.ANSWER_LOST,
        Fault.NOT_DELIVERED,
        Fault.REORDERED,
    ),
}
KILLS: Final = frozenset({Fault.KILLED_BEFORE, Fault.KILLED_AFTER})
AFTER: Final = frozenset(
    {Fault.ERROR_AFTER, Fault.ERROR_AFTER_ONCE, Fault.HANG_AFTER, Fault.RESET_AFTER, Fault.SLOW, Fault.KILLED_AFTER}
)
"""Faults under which what was asked for is done."""
_TWICE: Final = frozenset({Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.HANG_BEFORE, Fault.HANG_AFTER, Fault.THROTTLE})
"""The AWS client tries twice: these outlast it."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """One crossing of a boundary: which in the run, when (virtual Unix ms), by which function, of what kind, to what
    (`dynamodb.PutItem`)."""

    index: int
    at: int
    function: str
    kind: Kind
    target: str


class Plan(Protocol):
    """Decides what goes wrong at a crossing."""

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""


@dataclass(slots=True)
class Nothing:
    """Nothing goes wrong."""

    def fault(self, crossing: Crossing) -> Fault | None:  # noqa: ARG002
        """None."""
        return None


@dataclass(slots=True)
class At:
    """Faults at given crossings; what outlasts the AWS client's retry strikes that too."""

    faults: Mapping[int, Fault]
    _still: tuple[str, str, Fault] | None = None

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""
        here, still = (crossing.function, crossing.target), self._still
        self._still = None
        found = self.faults.get(crossing.index)
        if found is None and still is not None and still[:2] == here:
            return still[2]
        if found in _TWICE and crossing.kind is Kind.AWS:
            self._still = (*here, found)
        return found


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at the `nth` crossing from a function to a target, as often as `times` says."""

    function: str
    target: str
    fault: Fault
    nth: int = 1
    times: int = 1


@dataclass(slots=True)
class Striking:
    """Faults at crossings that are named, wherever they are in the run."""

    strikes: tuple[Strike, ...]
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""
        here = (crossing.function, crossing.target)
        self._seen[here] += 1
        for one in self.strikes:
            if (one.function, one.target) == here and one.nth <= self._seen[here] < one.nth + one.times:
                return one.fault
        return None


@dataclass(slots=True)
class AtRandom:
    """Each crossing fails with a probability, until it is `over`."""

    seed: int
    rate: float
    over: bool = False
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def fault(self, crossing: Crossing) -> Fault | None:
        """The fault that strikes here."""
        if self.over or self._random.random() >= self.rate:
            return None
        return self._random.choice(FAULTS[crossing.kind])
