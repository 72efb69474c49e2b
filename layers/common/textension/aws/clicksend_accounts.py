"""What ClickSend says of an account, written down by the sweeper for those who may not read the credentials."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Table, Update
from textension.aws.wire import Item

# A slow look, ended after a later one, is not written over it.
_NOT_OVERTAKEN: Final = "attribute_not_exists(tried_at) OR tried_at < :tried_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClickSendAccount:
    """One account at ClickSend as it was last seen. Times are Unix milliseconds."""

    account: str
    numbers: frozenset[str] = frozenset()
    """Its numbers for SMS, in E.164, by the last look that succeeded."""
    checked_at: int | None = None
    """When that look began; None when none has succeeded yet."""
    tried_at: int | None = None
    """When the last look began, whatever came of it."""
    wanted_at: int | None = None
    """When somebody last asked for a fresh look."""
    wait_until: int | None = None
    """Until when ClickSend asked to be left alone."""
    trouble: str = ""
    """The last look's reason code; empty when it succeeded."""
    version: int = 0

    def lists(self, number: str) -> bool:
        """Whether ClickSend listed the number (E.164) for this account."""
        return number in self.numbers


class ClickSendAccounts:
    """What ClickSend says of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account: str) -> ClickSendAccount | None:
        """What is known of an account; None when nobody has looked or asked yet. Raises Unavailable."""
        item = self._table.get(items.clicksend_account_key(account))
        return _account(account, item) if item else None

    def want(self, account: str, now: int) -> None:
        """Ask for a fresh look: the sweeper's next round takes it. Raises Unavailable."""
        self._set(account, {"wanted_at": now}, "attribute_not_exists(wanted_at) OR wanted_at < :wanted_at")

    def record(self, account: str, numbers: Iterable[str], *, at: int, wait: int | None = None) -> None:
        """Write down what a look that began at `at` has found, and for how many ms to leave ClickSend alone.

        Raises Unavailable.
        """
        until = at + wait if wait else 0
        found = {"numbers": sorted(set(numbers)), "checked_at": at, "tried_at": at, "trouble": "", "wait_until": until}
        self._set(account, found, _NOT_OVERTAKEN)

    def record_trouble(self, account: str, reason: str, *, at: int, wait: int | None = None) -> None:
        """Write down that a look found out nothing, why, and for how many ms to leave ClickSend alone.

        The numbers stay what they were. Raises Unavailable.
        """
        told = {"tried_at": at, "trouble": reason, "wait_until": at + wait if wait else 0}
        self._set(account, told, _NOT_OVERTAKEN)

    def _set(self, account: str, values: Item, condition: str) -> None:
        """Set attributes, and nothing else of the item: asking and looking go on side by side."""
        names = {f"#{name}": name for name in values}
        pairs = ", ".join(f"#{name} = :{name}" for name in values)
        update = Update(
            items.clicksend_account_key(account),
            f"SET {pairs} ADD version :one",
            names,
            {f":{name}": value for name, value in values.items()} | {":one": 1},
            condition,
        )
        with contextlib.suppress(ConditionFailed):  # somebody wrote something newer
            self._table.update(update)


def _account(account: str, item: Item) -> ClickSendAccount:
    return ClickSendAccount(
        account=account,
        numbers=frozenset(item.get("numbers", ())),
        checked_at=item.get("checked_at"),
        tried_at=item.get("tried_at"),
        wanted_at=item.get("wanted_at"),
        wait_until=item.get("wait_until") or None,
        trouble=item.get("trouble", ""),
        version=item["version"],
    )
