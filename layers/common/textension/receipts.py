"""Delivery receipts: they move a message forward, whenever and in whatever order they come."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from textension import ids
from textension.aws import items
from textension.aws.messages import Located, Messages
from textension.aws.table import ConditionFailed
from textension.clicksend.pushes import ReceiptPush, clicksend_id
from textension.clock import Clock, now_ms
from textension.message import Message, Receipt, moved
from textension.states import State, sources

# ClickSend's help, 2026: 201 received on handset; 301 failed or cancelled; 200, 300 and 302 are not final, but prove
# that ClickSend has the message. Any other code is written down and changes nothing.
_MEANS: Final = {
    "201": State.DELIVERED,
    "301": State.UNDELIVERED,
    "200": State.SENT,
    "300": State.SENT,
    "302": State.SENT,
}
_LAST: Final = frozenset({State.DELIVERED, State.UNDELIVERED})
_STATUS_CODE: Final = re.compile(r"[0-9A-Za-z]{1,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """Takes receipts in."""

    messages: Messages
    signer: ids.Signer
    clock: Clock = now_ms

    def take(self, push: ReceiptPush, account: str) -> bool:
        """Write a receipt down on its message, moving it where that leads forward.

        True when the message is not (yet) known: the account also sends by other tools, and a receipt may overtake
        our own record. Such a receipt waits for 72 h under ClickSend's id.
        """
        clicksend = clicksend_id(push)
        ours = self.signer.message_of(account, push.echo)
        receipt = _receipt(push, self.clock())
        for _ in range(2):
            located = self.messages.locate_receipt(account, clicksend, ours)
            if located is not None:
                self._write(located, receipt, clicksend)
                return False
            if self.messages.keep_stray_receipt(account, clicksend, receipt):
                return True
        return True

    def _write(self, located: Located, receipt: Receipt, clicksend: str) -> None:
        """Write it down: unread where it is the last that there is to say of a message that ClickSend has taken."""
        if located.taken and _MEANS.get(receipt.status_code) in _LAST:
            self.apply(located.taken, receipt, clicksend)
        elif (message := self.messages.get(located.key)) is not None:
            self.apply(message, receipt, clicksend)

    def folded(self, message: Message, waiting: Collection[Receipt]) -> Message:
        """The message after these receipts, the earliest first; not written."""
        for receipt in sorted(waiting, key=lambda one: one.at):
            message = _after(message, receipt, at=self.clock())
        return message

    def apply(self, message: Message, receipt: Receipt, clicksend: str) -> None:
        """Write a receipt down on this message, moving it where that leads forward."""
        after = _after(message, receipt, at=self.clock())
        if after.state is message.state:
            if after.receipts != message.receipts:
                self.messages.record_receipt(message, receipt)
            return
        try:
            self.messages.move(message, replace(after, clicksend_id=message.clicksend_id or clicksend))
        except ConditionFailed as failed:
            if failed.found:  # it moved meanwhile, and only ever forward: this ends
                self.apply(items.message(failed.found), receipt, clicksend)


def _after(message: Message, receipt: Receipt, *, at: int) -> Message:
    """The message with this receipt written down, and moved where that leads forward."""
    if all(known.status_code != receipt.status_code for known in message.receipts):
        message = replace(message, receipts=(*message.receipts, receipt))
    to = _MEANS.get(receipt.status_code)
    if to is None or message.state not in sources(to):
        return message
    return moved(message, to, at=at, source="receipt", reason=receipt.error_text or receipt.error_code)


def _receipt(push: ReceiptPush, now: int) -> Receipt:
    code = push.status_code.strip()
    return Receipt(
        status_code=code if _STATUS_CODE.fullmatch(code) else "other",
        at=now,
        status_text=push.status_text[:200],
        error_code=push.error_code[:40],
        error_text=push.error_text[:200],
    )
