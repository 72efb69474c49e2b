"""What may become of a message: every legal step, and when a message next needs attention."""

from enum import StrEnum
from typing import Final, Protocol

from textension.clock import HOUR, MINUTE, SECOND


class State(StrEnum):
    """A message's state, as the table stores it and users see it."""

    RECEIVED = "received"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    UNRESOLVED = "unresolved"


TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.RECEIVED: frozenset(),
    State.SCHEDULED: frozenset({State.QUEUED, State.CANCELLED}),
    # A receipt for a message that waits for another attempt proves that an earlier one did get through.
    State.QUEUED: frozenset(
        {
            State.SENDING,
            State.CANCELLED,
            State.REJECTED,
            State.EXPIRED,
            State.SENT,
            State.DELIVERED,
            State.UNDELIVERED,
        }
    ),
    State.SENDING: frozenset(
        {State.SENT, State.REJECTED, State.QUEUED, State.UNKNOWN, State.DELIVERED, State.UNDELIVERED}
    ),
    State.UNKNOWN: frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNRESOLVED}),
    State.UNRESOLVED: frozenset({State.SENT, State.DELIVERED, State.UNDELIVERED}),
    State.SENT: frozenset({State.DELIVERED, State.UNDELIVERED}),
    State.UNDELIVERED: frozenset({State.DELIVERED}),
    State.DELIVERED: frozenset(),
    State.REJECTED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}

# The stream announces within a second; later than this, it has failed and the sweeper announces.
ANNOUNCE_GRACE: Final = 45 * SECOND
# A doorbell that led to no claim in this time is rung again. Longer than SQS's five-minute memory of a
# deduplication id and than the queue's visibility timeout, else the second ring would be swallowed.
RING_PATIENCE: Final = 6 * MINUTE
# A claim outlives the sender's 30 s time-out, so that an ended lease means a dead worker.
LEASE: Final = 45 * SECOND


# What ClickSend accepted shows in its history within seconds; how soon exactly is not documented.
_FIRST_LOOK: Final = {State.UNKNOWN: MINUTE, State.SENT: HOUR}
LONGEST_BETWEEN_LOOKS: Final = {State.UNKNOWN: 5 * MINUTE, State.SENT: 24 * HOUR}
RECEIPTS_END: Final = 72 * HOUR
"""After this no receipt is to be expected any more: ClickSend's own horizon."""


def first_look(state: State, at: int) -> int | None:
    """When to look into ClickSend's history for a message that got into this state; None where that is no question.

    One that is unknown may be there; one that was sent may have a receipt that never reached us.
    """
    wait = _FIRST_LOOK.get(state)
    return None if wait is None else at + wait


def next_look(state: State, looks: int, now: int) -> int:
    """When to look again after so many looks: at twice the distance each time, up to a longest one."""
    return now + min(_FIRST_LOOK[state] << min(looks, 10), LONGEST_BETWEEN_LOOKS[state])


def sources(target: State) -> frozenset[State]:
    """The states that may become `target`: what a conditional write must find."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


LISTED_EARLY: Final = RING_PATIENCE
"""So much too early a message may be listed in the index `due`: to find it there early costs a read, to move it there
with each step two writes."""


def listed(before: int | None, due: int | None) -> int | None:
    """When to list a message that is due then and is listed for `before` (both Unix ms, None for never)."""
    if before is not None and due is not None and before <= due <= before + LISTED_EARLY:
        return before
    return due


class Attention(Protocol):
    """What of a message decides when it needs attention. Times in Unix ms; None where it does not apply."""

    @property
    def state(self) -> State: ...
    @property
    def unannounced(self) -> bool: ...
    @property
    def changed_at(self) -> int: ...
    @property
    def scheduled_at(self) -> int | None: ...
    @property
    def next_attempt_at(self) -> int | None: ...
    @property
    def rung_at(self) -> int | None: ...
    @property
    def valid_until(self) -> int | None: ...
    @property
    def lease_until(self) -> int | None: ...
    @property
    def next_look_at(self) -> int | None: ...


def due_at(message: Attention) -> int | None:
    """When somebody must look at this message again, in Unix ms; None when nobody has to.

    The earliest of: its state not yet announced, its scheduled time, its next attempt or a doorbell without
    effect, the end of its validity, the end of a worker's lease, the next look into ClickSend's history.
    """
    announced_by = message.changed_at + ANNOUNCE_GRACE if message.unannounced else 0
    times = [announced_by] if announced_by else []
    match message.state:
        case State.SCHEDULED:
            times.append(message.scheduled_at or message.changed_at)
        case State.QUEUED:
            # Whoever announces a queued message also rings, if its time has come.
            first_ring = max(message.next_attempt_at or message.changed_at, announced_by)
            times.append(message.rung_at + RING_PATIENCE if message.rung_at else first_ring)
            if message.valid_until:
                times.append(message.valid_until)
        case State.SENDING:
            times.append(message.lease_until or message.changed_at + LEASE)
        case State.UNKNOWN | State.UNRESOLVED | State.SENT if message.next_look_at:
            times.append(message.next_look_at)
    return min(times, default=None)
