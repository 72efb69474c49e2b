"""Whether ClickSend is to be asked at all: one item for each account, which all workers heed together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import ConditionFailed, Table, Update
from textension.aws.wire import Item
from textension.clock import DAY, MINUTE, SECOND

BETWEEN_PROBES: Final = 30 * SECOND
"""While a circuit is not closed, ClickSend is asked at most once in this time, by one worker."""
LONGEST_OPEN: Final = 60 * SECOND
"""For how long one failure opens it at the most, unless ClickSend itself asked for more."""
ACCIDENT: Final = MINUTE
"""Two failures that leave everything open come within this time when ClickSend is in trouble."""
SPREAD: Final = 30 * SECOND
"""Over which those who waited come back, the oldest first."""
_KEPT: Final = 7 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """An account's circuit that is not closed, since `opened_at`; nobody asks before `open_until`. Unix ms."""

    account: str
    opened_at: int
    open_until: int
    failures: int
    reason: str

    def is_open(self, now: int) -> bool:
        """Whether it is too early even for a probe."""
        return now < self.open_until


class Circuits:
    """The circuits of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account: str) -> Circuit | None:
        """An account's circuit; None where it is closed. Raises Unavailable."""
        item = self._table.get(items.circuit_key(account))
        return circuit(account, item)

    def open(self, account: str, reason: str, *, now: int, wait: int | None = None, at_once: bool = True) -> int | None:
        """Note a failure; until when nobody asks ClickSend for this account now. `wait` (ms) is ClickSend's own wish.

        The first failure opens it for 30 s, further ones for 60 s. One that may have been an accident (not `at_once`)
        opens nothing, unless another one came within a minute.
        """
        item = self._table.get(items.circuit_key(account))
        known = circuit(account, item)
        if known is None and not at_once and (item or {}).get("suspected_at", 0) < now - ACCIDENT:
            self._suspect(account, now)
            return None
        usual = BETWEEN_PROBES if known is None else LONGEST_OPEN
        until = max(now + max(usual, wait or 0), known.open_until if known else 0)
        self._table.update(
            Update(
                items.circuit_key(account),
                "SET open_until = :until, reason = :reason, opened_at = if_not_exists(opened_at, :now), "
                "expires_at = :expires ADD failures :one, version :one",
                {},
                {
                    ":until": until,
                    ":reason": reason,
                    ":now": now,
                    ":expires": (until + _KEPT) // SECOND,
                    ":one": 1,
                },
            )
        )
        return until

    def _suspect(self, account: str, now: int) -> None:
        values = {":now": now, ":expires": (now + _KEPT) // SECOND, ":one": 1}
        expression = "SET suspected_at = :now, expires_at = :expires ADD version :one"
        self._table.update(Update(items.circuit_key(account), expression, {}, values))

    def probe(self, account: str, *, now: int) -> bool:
        """The right to ask once while the circuit is half open: one worker's, once in 30 s."""
        try:
            self._table.update(
                Update(
                    items.circuit_key(account),
                    "SET probed_at = :now ADD version :one",
                    {},
                    {":now": now, ":before": now - BETWEEN_PROBES, ":one": 1},
                    "attribute_exists(opened_at) AND open_until <= :now "
                    "AND (attribute_not_exists(probed_at) OR probed_at <= :before)",
                )
            )
        except ConditionFailed:
            return False
        return True

    def close(self, account: str) -> None:
        """ClickSend answers again."""
        self._table.update(
            Update(
                items.circuit_key(account),
                "REMOVE opened_at, open_until, probed_at, suspected_at, failures, reason ADD version :one",
                {},
                {":one": 1},
            )
        )


def circuit(account: str, item: Item | None) -> Circuit | None:
    """The circuit in an item; None where it is closed."""
    if not item or "opened_at" not in item:
        return None
    return Circuit(
        account=account,
        opened_at=item["opened_at"],
        open_until=item["open_until"],
        failures=item.get("failures", 1),
        reason=item.get("reason", ""),
    )


def circuits(accounts: Iterable[str], found: Mapping[Key, Item]) -> dict[str, Circuit]:
    """The circuits that are not closed among items that were read together with others."""
    read = {account: circuit(account, found.get(items.circuit_key(account))) for account in accounts}
    return {account: one for account, one in read.items() if one is not None}


def comeback(circuit_: Circuit, waiting_since: int, now: int) -> int:
    """When a text that waits is to try again: after the circuit's time, the oldest first (Unix ms)."""
    lasted = max(now - circuit_.opened_at, 1)
    waited = min(max(waiting_since - circuit_.opened_at, 0), lasted)
    return max(circuit_.open_until, now) + SPREAD * waited // lasted
