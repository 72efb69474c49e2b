"""What was posted with a valid token and could not be taken in: kept as it came, once per content."""

import contextlib
import hashlib
from dataclasses import dataclass
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Put, Table
from textension.aws.wire import Item, Wire
from textension.clicksend.pushes import MAX_BODY, Kind, RawPush
from textension.clock import DAY, SECOND

TTL: Final = 90 * DAY
REMEMBERED: Final = 150 * DAY
"""Longer than ClickSend's history, which goes back four months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One post in quarantine. `id` is the SHA-256 of its body; `reason` a stable code; `at` Unix ms."""

    id: str
    account: str
    reason: str
    at: int
    size: int
    push: RawPush
    """The first 64 KB of it."""
    bare: bool = False
    """It came by the address without a token."""

    @property
    def whole(self) -> bool:
        """Whether all of it was kept: the rest of a longer one is lost."""
        return self.size == len(self.push.body)


class Quarantine:
    """The quarantines of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, account: str, push: RawPush, reason: str, *, now: int, bare: bool = False) -> str:
        """Keep a post; its id. The same content again changes nothing."""
        digest = hashlib.sha256(push.body).hexdigest()
        item: Item = {
            "account": account,
            "reason": reason,
            "at": now,
            "size": len(push.body),
            "kind": push.kind,
            "content_type": push.content_type[:200],
            "body": push.body[:MAX_BODY],
            "bare": bare or None,
            "expires_at": (now + TTL) // SECOND,
            "version": 1,
        }
        with contextlib.suppress(ConditionFailed):
            self._table.put(Put(items.quarantine_key(account, digest), item))
        return digest

    def note(self, message_id: str, *, now: int) -> None:
        """Note that the text which would have this id went to quarantine: it is not caught up as well."""
        item: Item = {"expires_at": (now + REMEMBERED) // SECOND, "version": 1}
        self._table.put(Put(items.quarantined_key(message_id), item, condition=""))

    def page(
        self, account: str, *, id_begins: str = "", limit: int = 100, start: Wire | None = None
    ) -> tuple[list[Quarantined], Wire | None]:
        """A page of an account's quarantine, in the order of ids."""
        page, more = self._table.query(
            pk=f"QUARANTINE#{account}", sk_begins=id_begins, limit=limit, start=start, consistent=True
        )
        return [_quarantined(item) for item in page], more

    def page_after(self, account: str, *, limit: int, after: str | None = None) -> tuple[list[Quarantined], str | None]:
        """A page in the order of ids, and the id after which the next one starts."""
        start = items.quarantine_key(account, after).wire if after else None
        page, more = self.page(account, limit=limit, start=start)
        return page, page[-1].id if more and page else None

    def get(self, account: str, digest: str) -> Quarantined | None:
        """One post."""
        item = self._table.get(items.quarantine_key(account, digest))
        return _quarantined(item) if item else None

    def remove(self, account: str, digest: str) -> None:
        """Forget a post, after it was taken in."""
        self._table.delete(items.quarantine_key(account, digest))


def _quarantined(item: Item) -> Quarantined:
    kind: Kind = "receipt" if item["kind"] == "receipt" else "sms"
    return Quarantined(
        id=item["sk"],
        account=item["account"],
        reason=item["reason"],
        at=item["at"],
        size=item["size"],
        push=RawPush(kind, item["body"], item["content_type"]),
        bare=item.get("bare", False),
    )
