"""Caps against what a stolen password or a loop would cost: counted before a text is queued, never over-spent."""

from dataclasses import dataclass
from typing import Final

from textension.aws.items import Key, extension_pk
from textension.aws.table import ConditionFailed, Table, Update
from textension.clock import DAY, MINUTE, SECOND, day

_KEPT: Final = 2 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be sent, as the operator has set it."""

    countries: frozenset[str] | None
    """ISO 3166 codes; None for all."""
    messages_per_minute: int
    """Of one extension."""
    segments_per_day: int
    """Of one account, in a UTC day."""


class Caps:
    """The counters of all accounts.

    An extension's minute is counted in the transaction that queues the text. An account's day would be fought over by
    all its transactions, so it is counted by an update of its own before, and given back when nothing was queued:
    what a crash between the two leaves counted was not sent.
    """

    def __init__(self, table: Table, limits: Limits) -> None:
        self._table = table
        self.limits = limits

    def minute(self, account: str, extension: str, now: int) -> Update:
        """The write that counts one text in an extension's minute, if there is room."""
        key = Key(extension_pk(account, extension), f"CAP#{now // MINUTE}")
        return _count(key, 1, self.limits.messages_per_minute, now)

    def take(self, account: str, segments: int, at: int) -> bool:
        """Count segments in an account's day; False, and nothing counted, where there is no room."""
        if segments > self.limits.segments_per_day:
            return False
        try:
            self._table.update(_count(_day(account, at), segments, self.limits.segments_per_day, at))
        except ConditionFailed:
            return False
        return True

    def give_back(self, account: str, segments: int, at: int) -> None:
        """Count segments off again that were not queued."""
        self._table.update(
            Update(_day(account, at), "ADD used :count, version :one", {}, {":count": -segments, ":one": 1})
        )


def _day(account: str, at: int) -> Key:
    return Key(f"ACCOUNT#{account}", f"CAP#{day(at)}")


def _count(key: Key, count: int, limit: int, at: int) -> Update:
    return Update(
        key,
        "ADD used :count, version :one SET expires_at = :expires",
        {},
        {":count": count, ":one": 1, ":room": limit - count, ":expires": (at + _KEPT) // SECOND},
        "attribute_not_exists(used) OR used <= :room",
    )
