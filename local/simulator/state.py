"""Everything the simulator remembers, and the lookups that keep its answers quick.

It lives on one event loop, so nothing here needs a lock.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from .models import Credential, Inbound, InboundOrder, InboundRule, Outbound, Receipt, ReceiptRule, Settings
from .rules import rules_for_text
from .sms import new_message_id

MOST_SAVED = 5000


class Snapshot(BaseModel):
    """What the state file holds: the newest texts and all of the rest.

    Credentials come from the environment; only keys that were regenerated since are kept, by subaccount.
    """

    settings: Settings = Settings()
    inbound_rules: list[InboundRule] = []
    receipt_rules: list[ReceiptRule] = []
    outbound: list[Outbound] = []
    inbound: list[Inbound] = []
    receipts: list[Receipt] = []
    api_keys: dict[int, str] = {}


class State:
    """Rules, texts, receipts, settings and credentials."""

    def __init__(self, credentials: Sequence[Credential], snapshot: Snapshot) -> None:
        self._given = tuple(credentials)
        self.api_keys = dict(snapshot.api_keys)
        self.settings = snapshot.settings
        self.inbound_rules = {rule.inbound_rule_id: rule for rule in snapshot.inbound_rules}
        self.receipt_rules = {rule.receipt_rule_id: rule for rule in snapshot.receipt_rules}
        self.changed = asyncio.Event()
        self._rule_ids = itertools.count(max([1000, *self.inbound_rules, *self.receipt_rules]) + 1)
        self.forget_texts()
        for message in snapshot.outbound:
            self.add_outbound(message)
        self.inbound.update((text.message_id, text) for text in snapshot.inbound)
        self.receipts.extend(snapshot.receipts)

    @property
    def credentials(self) -> list[Credential]:
        """Who may sign in, by the newest keys."""
        keys = self.api_keys
        return [one.model_copy(update={"api_key": keys.get(one.subaccount_id, one.api_key)}) for one in self._given]

    def change_key(self, subaccount_id: int, api_key: str) -> None:
        """Give a subaccount another key; the old one ends."""
        self.api_keys[subaccount_id] = api_key
        self.changed.set()

    def forget_texts(self) -> None:
        """Drop what was sent and received; rules, settings and credentials stay."""
        self.outbound: dict[str, Outbound] = {}
        self.inbound: dict[str, Inbound] = {}
        self.receipts: list[Receipt] = []
        self._last_to: dict[str, Outbound] = {}
        self._same_at: dict[tuple[str, str], float] = {}
        self.changed.set()

    def forget_rules(self) -> None:
        """Drop every automation rule, and regenerated keys."""
        self.api_keys.clear()
        self.inbound_rules.clear()
        self.receipt_rules.clear()
        self.changed.set()

    def next_rule_id(self) -> int:
        """An id that no rule has had."""
        return next(self._rule_ids)

    def snapshot(self) -> Snapshot:
        """What a restart should find again."""
        return Snapshot.model_construct(
            settings=self.settings,
            inbound_rules=list(self.inbound_rules.values()),
            receipt_rules=list(self.receipt_rules.values()),
            outbound=_newest(self.outbound.values()),
            inbound=_newest(self.inbound.values()),
            receipts=_newest(self.receipts),
            api_keys=dict(self.api_keys),
        )

    def add_outbound(self, message: Outbound) -> None:
        """Remember a message; an accepted one is what the handset's next text answers."""
        self.outbound[message.message_id] = message
        if message.accepted:
            self._last_to[message.to] = message
            self._same_at[message.to, message.body] = message.at
        self.changed.set()

    def seconds_since_same(self, to: str, body: str) -> float | None:
        """How long ago an identical text was accepted, if one was."""
        at = self._same_at.get((to, body))
        return None if at is None else time.time() - at

    def add_inbound(self, order: InboundOrder) -> Inbound:
        """A text from a handset. ClickSend fact: its custom string and `original_*` are those of the last outbound to
        that handset, if there is one; otherwise they are empty."""
        original = self._last_to.get(order.sender)
        now = time.time()
        matching = rules_for_text(self.inbound_rules.values(), order.to, order.body)
        text = Inbound(
            message_id=order.message_id or new_message_id(),
            at=now,
            timestamp=order.timestamp if order.timestamp is not None else int(now),
            sender=order.sender,
            to=order.to,
            body=order.body,
            custom_string=original.custom_string if original else "",
            original_message_id=original.message_id if original else "",
            original_body=original.body if original else "",
            user_id=original.user_id if original else self.credentials[0].user_id,
            subaccount_id=original.subaccount_id if original else self.credentials[0].subaccount_id,
            unread_for=[rule.inbound_rule_id for rule in matching if rule.action == "POLL"],
        )
        if order.custom_string is not None:
            text.custom_string = order.custom_string
        if order.subaccount_id is not None:
            text.subaccount_id = order.subaccount_id
        self.inbound[text.message_id] = text
        self.changed.set()
        return text

    def add_receipt(self, receipt: Receipt) -> None:
        """Remember a delivery report; the newest one is the message's state in history."""
        self.receipts.append(receipt)
        message = self.outbound.get(receipt.message_id)
        if message:
            message.receipt_code = receipt.status_code
        self.changed.set()


def _newest[Item](items: Iterable[Item]) -> list[Item]:
    return list(items)[-MOST_SAVED:]
