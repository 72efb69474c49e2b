"""Erasing a person: every text with a peer, wherever it lies in the table, as far as the time goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import Put, Table
from textension.aws.wire import Item
from textension.clock import SECOND
from textension.message import Conversation

MARGIN: Final = 5 * SECOND
"""What answering takes; nothing more is begun without it."""


@dataclass(slots=True)
class Erased:
    """What was erased. Not `complete` where the time ran out: the same call goes on."""

    complete: bool = True
    conversations: int = 0
    messages: int = 0
    changes: int = 0
    contact: bool = False


class Erasure:
    """Erases peers of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def erase(self, account: str, numbers: Sequence[str], peer: str, *, remaining: Callable[[], int]) -> Erased:
        """Erase a peer's conversations with these numbers, their changes and its name, until `remaining` (ms) ends.

        Ids stay as tombstones, so that nothing erased comes back; so does an opt-out.
        """
        erased = Erased()
        key = items.contact_key(account, peer)
        if self._table.get(key):
            self._table.delete(key)
            erased.contact = True
        for number in numbers:
            conversation = Conversation(account, number, peer)
            for item in self._items(items.conversation_pk(conversation)):
                if remaining() < MARGIN:
                    erased.complete = False
                    return erased
                self._erase(item, erased)
            for item in self._items(items.changes_pk(account, number)):
                if remaining() < MARGIN:
                    erased.complete = False
                    return erased
                if item.get("peer") == peer:
                    self._table.delete(Key(item["pk"], item["sk"]))
                    erased.changes += 1
        return erased

    def _items(self, pk: str) -> Iterator[Item]:
        start = None
        while True:
            page, start = self._table.query(pk=pk, start=start, consistent=True)
            yield from page
            if start is None:
                return

    def _erase(self, item: Item, erased: Erased) -> None:
        key = Key(item["pk"], item["sk"])
        if "direction" in item:
            self._bury(items.pointer_key(item["id"]))
            if item.get("clicksend_id"):
                self._bury(items.clicksend_key(item["account"], item["clicksend_id"]))
            erased.messages += 1
        elif item["sk"] == "SUMMARY":
            erased.conversations += 1
            if item.get("opt_out_at"):
                kept = ("account", "number", "peer", "opted_out", "opt_out_at", "version")
                self._table.put(Put(key, {name: item[name] for name in kept if name in item}, condition=""))
                return
        self._table.delete(key)

    def _bury(self, key: Key) -> None:
        """Leave nothing of a pointer but that its id was here."""
        self._table.put(Put(key, {"erased": True, "version": 1}, condition=""))
