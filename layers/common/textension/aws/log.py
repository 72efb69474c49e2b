"""An account's messages in order of time, whatever their conversation: for who administers them."""

import heapq
from collections.abc import Sequence

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import Table
from textension.clock import now_ms
from textension.message import Message, order


class MessageLog:
    """The messages of all accounts, by number and time."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(
        self, account: str, numbers: Sequence[str], *, first: str, last: str, limit: int, after: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of the messages of these numbers, the newest first, and where the next one starts.

        `first` and `last` bound `items.log_order`; one query for each number, and one read of up to 100 messages.
        Bounds the wrong way round have nothing between them.
        """
        if first > last:
            return [], None  # DynamoDB would call it an error
        pages = [self._keys(account, number, first, after or last, limit + 1) for number in numbers]
        merged = heapq.merge(*pages, key=_order, reverse=True)
        keys = [key for key in merged if after is None or _order(key) < after][: limit + 1]
        found = self._table.get_many(keys[:limit])
        there = (items.message(item) for item in found.values() if not items.expired(item, now_ms()))
        messages = sorted(there, key=order, reverse=True)
        return messages, _order(keys[limit - 1]) if len(keys) > limit else None

    def _keys(self, account: str, number: str, first: str, last: str, limit: int) -> list[Key]:
        # One more, since the bound itself is the last one that was given.
        page, _ = self._table.log(items.log(account, number), first=first, last=last, limit=limit + 1)
        return page


def _order(key: Key) -> str:
    return items.order_of(key.sk)
