"""Where an extension's browsers take pushes: kept as the browser gave them."""

import contextlib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Final

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import ConditionFailed, Put, Table
from textension.clock import DAY, SECOND
from textension.errors import Conflict

MOST: Final = 20
"""Browsers of one extension."""
MARK_TTL: Final = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSubscription:
    """One browser's: `endpoint` is its push service's address for it, the other two are its keys (RFC 8291)."""

    id: str
    endpoint: str
    p256dh: str
    auth: str
    show_text: bool = False
    """Whether a push may carry a text's beginning."""


class PushSubscriptions:
    """The push subscriptions of all extensions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, account: str, extension: str, subscription: PushSubscription) -> None:
        """Add or renew one. Raises Conflict where the extension has too many."""
        known = self.of_extension(account, extension)
        if len(known) >= MOST and subscription.id not in {one.id for one in known}:
            raise Conflict(f"an extension has at most {MOST} push subscriptions: delete one", code="too_many")
        item = {**asdict(subscription), "version": 1}
        self._table.put(Put(_key(account, extension, subscription.id), item, condition=""))

    def remove(self, account: str, extension: str, subscription_id: str) -> None:
        """Forget one, if it is there."""
        self._table.delete(_key(account, extension, subscription_id))

    def forget(self, account: str, extension: str, subscription: PushSubscription) -> None:
        """Forget one that its service knows no more, unless the browser has renewed it meanwhile."""
        with contextlib.suppress(ConditionFailed):
            self._table.delete(
                _key(account, extension, subscription.id), "endpoint = :endpoint", {":endpoint": subscription.endpoint}
            )

    def of_extension(self, account: str, extension: str) -> list[PushSubscription]:
        """All of an extension's."""
        page, _ = self._table.query(pk=items.extension_pk(account, extension), sk_begins="PUSH#", limit=MOST + 1)
        names = ("id", "endpoint", "p256dh", "auth", "show_text")
        return [PushSubscription(**{name: one[name] for name in names}) for one in page]


class PushMarks:
    """Which browsers have had a message, where some are to be tried again; written then only."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of(self, message_id: str) -> frozenset[str]:
        """Those that are done with."""
        item = self._table.get(items.pushed_key(message_id))
        return frozenset(item["done"]) if item else frozenset()

    def put(self, message_id: str, done: Collection[str], *, now: int) -> None:
        """These are; `now` in Unix ms."""
        item = {"done": sorted(done), "expires_at": (now + MARK_TTL) // SECOND, "version": 1}
        self._table.put(Put(items.pushed_key(message_id), item, condition=""))


def _key(account: str, extension: str, subscription_id: str) -> Key:
    return Key(items.extension_pk(account, extension), f"PUSH#{subscription_id}")
