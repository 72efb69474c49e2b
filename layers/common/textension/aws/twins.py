"""One text under two ids: pushed and in history, should ClickSend name it differently there.

Nothing says whether an inbound text's id in history is the push's. So a text of another id counts as the same one where
number, peer and text are the same, it came by the other way within two minutes, and has no twin yet: two equal texts
that came by the same way are two texts.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from textension.aws import items, updates
from textension.aws.items import Key
from textension.aws.summaries import TWINS_WITHIN
from textension.aws.table import Put, Table, TransactionCancelled, Update
from textension.aws.wire import Item
from textension.clock import SECOND
from textension.message import Direction, Message

_EMPTY: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Twins:
    """Finds and joins the twins of inbound texts."""

    table: Table

    def of(self, message: Message, *, unless: Collection[str] = _EMPTY) -> Message | None:
        """The text in the table that this one is, the nearest in time; None where it is none.

        `unless` has ClickSend's ids that are known to be texts of their own. Raises Unavailable.
        """
        found = [one for one in self._around(message) if _same(one, message) and one.clicksend_id not in unless]
        return min(found, key=lambda one: abs(one.sent_at - message.sent_at), default=None)

    def joined(self, message: Message, digest: str, *, unless: Collection[str] = _EMPTY) -> bool:
        """Whether the text was there already; ClickSend's id of it leads there now. Raises Unavailable."""
        while twin := self.of(message, unless=unless):
            if self.join(twin, message, digest):
                return True
        return False

    def join(self, twin: Message, message: Message, digest: str) -> bool:
        """Make ClickSend's id of `message` lead to its twin, in one transaction; False where that has changed."""
        key = items.message_key(twin)
        try:
            self.table.transact(
                Put(items.pointer_key(message.id), updates.pointer(message, key, digest)),
                Update(
                    key,
                    "SET twin_id = :twin ADD version :one",
                    {},
                    {":twin": message.clicksend_id, ":one": 1},
                    "attribute_exists(pk) AND attribute_not_exists(twin_id)",
                ),
            )
        except TransactionCancelled as cancelled:
            return 1 not in cancelled.failed  # its pointer is there: somebody else has joined the two
        return True

    def _around(self, message: Message) -> Iterator[Message]:
        """The conversation's inbound texts of that time."""
        second, within = message.sent_at // SECOND, TWINS_WITHIN // SECOND
        pk = items.conversation_pk(message.conversation)
        last = f"MESSAGE#{second + within + 1:010d}"
        after = f"MESSAGE#{max(second - within, 0):010d}"
        while True:
            page, more = self.table.query(pk=pk, sk_after=after, consistent=True)
            for item in page:
                if item["sk"] >= last:
                    return
                yield from _inbound(item)
            if more is None:
                return
            after = page[-1]["sk"]


def _inbound(item: Item) -> Iterator[Message]:
    if item.get("direction") == Direction.INBOUND:
        yield items.message(item)


def _same(one: Message, other: Message) -> bool:
    """Whether two inbound texts of one conversation, a few minutes apart, may be one."""
    return (
        one.id != other.id
        and one.twin_id is None
        and one.caught_up is not other.caught_up
        and one.text.split() == other.text.split()
    )


def known(table: Table, message_ids: Collection[str]) -> set[str]:
    """Which of these inbound texts were stored, erased or quarantined under their ids before. Raises Unavailable."""
    kinds = (items.pointer_key, items.quarantined_key)
    keys: dict[Key, str] = {kind(one): one for one in message_ids for kind in kinds}
    listed = list(keys)
    found: set[str] = set()
    for start in range(0, len(listed), 100):
        found |= {keys[key] for key in table.get_many(listed[start : start + 100])}
    return found
