"""Erasing a person: every text with a peer, wherever it lies in the table, as far as the time goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import ConditionCheck, Put, Table
from textension.aws.wire import Item
from textension.clock import DAY, SECOND, Clock, now_ms
from textension.ids import CLICKSEND, Signer, message_id
from textension.message import Conversation

REMEMBERED: Final = 150 * DAY
"""Longer than ClickSend's history, which goes back four months."""
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


class ErasedPeers:
    """When peers were erased: by a keyed hash, since nothing else of them may remain."""

    def __init__(self, table: Table, signer: Signer) -> None:
        self._table = table
        self._signer = signer

    def at(self, account: str, peer: str) -> int | None:
        """When a peer was last erased (Unix ms); None where it was not, or long ago. Raises Unavailable."""
        found = self._table.get_many(self._keys(account, peer))
        return max((item["erased_at"] for item in found.values()), default=None)

    def note(self, account: str, peer: str, *, now: int) -> None:
        """Note that a peer is erased now. Raises Unavailable."""
        item: Item = {"erased_at": now, "expires_at": (now + REMEMBERED) // SECOND, "version": 1}
        self._table.put(Put(self._keys(account, peer)[0], item, condition=""))

    def not_since(self, account: str, peer: str, at: int) -> ConditionCheck:
        """The write that holds a transaction up where the peer has been erased after this time."""
        key = self._keys(account, peer)[0]
        return ConditionCheck(key, "attribute_not_exists(pk) OR erased_at < :at", {":at": at})

    def _keys(self, account: str, peer: str) -> list[Key]:
        return [items.erased_key(account, mark) for mark in self._signer.marks_of_peer(account, peer)]


class Erasure:
    """Erases peers of all accounts."""

    def __init__(self, table: Table, peers: ErasedPeers, clock: Clock = now_ms) -> None:
        self._table = table
        self._peers = peers
        self._clock = clock

    def erase(self, account: str, numbers: Sequence[str], peer: str, *, remaining: Callable[[], int]) -> Erased:
        """Erase a peer's conversations with these numbers, their changes and its name, until `remaining` (ms) ends.

        Ids stay as tombstones, and when it was by a keyed hash, so that nothing erased comes back, be it from
        ClickSend's history; so does an opt-out.
        """
        self._peers.note(account, peer, now=self._clock())  # first: what is caught up meanwhile stays out
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
            if item.get("twin_id"):
                self._bury(items.pointer_key(message_id(item["account"], CLICKSEND, item["twin_id"])))
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
