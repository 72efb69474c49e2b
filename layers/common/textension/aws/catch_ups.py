"""How far each account has caught up with ClickSend's history, kept by whoever catches up."""

from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Put, Table, Update
from textension.aws.wire import Item

_FORWARD: Final = "attribute_exists(pk) AND mark <= :mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaughtUpTo:
    """How far an account has caught up. Times are Unix milliseconds."""

    account: str
    started_at: int
    """When it began: numbers that do not say since when they are the account's are taken to be so since then."""
    mark: int
    """All that history showed of the time before it is in the table."""
    position: int | None = None
    """Where a pass that ran out of time goes on; None between passes."""
    looked_at: int | None = None
    """When the last look began, whatever came of it."""
    wait_until: int | None = None
    """Until when ClickSend asked to be left alone."""
    trouble: str = ""
    """The last look's reason code; empty when it succeeded."""


class CatchUps:
    """The marks of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account: str) -> CaughtUpTo | None:
        """How far an account has come; None where it has not begun. Raises Unavailable."""
        item = self._table.get(items.catch_up_key(account))
        return _caught_up_to(account, item) if item else None

    def begin(self, account: str, *, now: int) -> CaughtUpTo:
        """How far an account has come; one that has not begun begins now, with nothing older. Raises Unavailable."""
        item: Item = {"started_at": now, "mark": now, "version": 1}
        try:
            self._table.put(Put(items.catch_up_key(account), item))
        except ConditionFailed as failed:
            return _caught_up_to(account, failed.found or item)
        return _caught_up_to(account, item)

    def move(self, account: str, mark: int, *, position: int | None, at: int) -> bool:
        """Write down how far a look that began at `at` has come; False where another one has come further.

        Raises Unavailable.
        """
        goes_on = "SET #position = :position, " if position is not None else "REMOVE #position SET "
        update = Update(
            items.catch_up_key(account),
            f"{goes_on}mark = :mark, looked_at = :at, wait_until = :none, trouble = :no_trouble ADD version :one",
            {"#position": "position"},  # a word of DynamoDB's own
            {":mark": mark, ":at": at, ":none": 0, ":no_trouble": "", ":one": 1}
            | ({":position": position} if position is not None else {}),
            _FORWARD,
        )
        return self._written(update)

    def trouble(self, account: str, reason: str, *, at: int, wait: int | None = None) -> bool:
        """Write down that a look found out nothing, why, and for how many ms to leave ClickSend alone.

        Raises Unavailable.
        """
        update = Update(
            items.catch_up_key(account),
            "SET looked_at = :at, trouble = :reason, wait_until = :until ADD version :one",
            {},
            {":at": at, ":reason": reason, ":until": at + wait if wait else 0, ":one": 1},
            "attribute_exists(pk)",
        )
        return self._written(update)

    def _written(self, update: Update) -> bool:
        try:
            self._table.update(update)
        except ConditionFailed:
            return False
        return True


def _caught_up_to(account: str, item: Item) -> CaughtUpTo:
    return CaughtUpTo(
        account=account,
        started_at=item["started_at"],
        mark=item["mark"],
        position=item.get("position"),
        looked_at=item.get("looked_at"),
        wait_until=item.get("wait_until") or None,
        trouble=item.get("trouble", ""),
    )
