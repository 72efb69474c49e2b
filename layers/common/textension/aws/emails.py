"""What the table knows of e-mail copies: which were sent, and which addresses gave trouble."""

import contextlib
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Table, Update
from textension.aws.wire import Item
from textension.clock import DAY, SECOND
from textension.feedback import Kind

LEASE: Final = 35 * SECOND
"""A little longer than the function's time-out: by then nobody is sending any more."""
MARK_TTL: Final = 30 * DAY
TROUBLE_TTL: Final = 90 * DAY
REST: Final = 7 * DAY
"""How long an address is left alone after it bounced for good or complained: SES suspends whoever goes on."""


class MarkState(StrEnum):
    """What became of one copy."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"


class Claim(Enum):
    """What asking for a copy found."""

    MINE = auto()
    DONE = auto()
    BUSY = auto()
    """Somebody is sending it, or was a moment ago."""


class EmailMarks:
    """One mark for each message and address, so that an event that comes again mails nobody again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim(self, message_id: str, address: str, *, now: int) -> Claim:
        """The right to mail a message to an address, for as long as a lease runs."""
        update = Update(
            items.email_key(message_id, address),
            "SET #state = :sending, lease_until = :until, expires_at = :expires ADD version :one",
            {"#state": "state"},
            {
                ":sending": MarkState.SENDING,
                ":until": now + LEASE,
                ":expires": (now + MARK_TTL) // SECOND,
                ":one": 1,
                ":now": now,
            },
            "attribute_not_exists(pk) OR (#state = :sending AND lease_until <= :now)",
        )
        try:
            self._table.update(update)
        except ConditionFailed as failed:
            return Claim.BUSY if (failed.found or {}).get("state") == MarkState.SENDING else Claim.DONE
        return Claim.MINE

    def settle(self, message_id: str, address: str, state: MarkState) -> None:
        """Write down what became of a copy: nobody tries it again."""
        self._table.update(
            Update(
                items.email_key(message_id, address),
                "SET #state = :state REMOVE lease_until ADD version :one",
                {"#state": "state"},
                {":state": state, ":one": 1},
            )
        )

    def account_of(self, message_id: str, address: str) -> str | None:
        """The account whose message was mailed to this address; None when we did no such thing."""
        if self._table.get(items.email_key(message_id, address)) is None:
            return None
        pointer = self._table.get(items.pointer_key(message_id))
        return str(pointer["account"]) if pointer else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailTrouble:
    """The last that went wrong with an address. `at` in Unix ms; `message_id` is the text that was copied there."""

    account: str
    address: str
    kind: Kind
    permanent: bool
    reason: str
    at: int
    message_id: str

    def rests(self, now: int) -> bool:
        """Whether the address is left alone for now."""
        return self.permanent and now < self.at + REST


class EmailTroubles:
    """The addresses of all accounts that gave trouble, for 90 days."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def note(self, trouble: EmailTrouble) -> None:
        """Write trouble down. The newer one holds, but what is passing hides nothing for which an address rests."""
        condition = "attribute_not_exists(pk) OR #at <= :at"
        values = {
            ":account": trouble.account,
            ":address": trouble.address,
            ":kind": trouble.kind,
            ":permanent": trouble.permanent,
            ":reason": trouble.reason,
            ":at": trouble.at,
            ":message": trouble.message_id,
            ":expires": (trouble.at + TROUBLE_TTL) // SECOND,
            ":one": 1,
        }
        if not trouble.permanent:
            condition = "attribute_not_exists(pk) OR (#at <= :at AND (permanent = :permanent OR #at <= :rested))"
            values[":rested"] = trouble.at - REST
        update = Update(
            items.email_trouble_key(trouble.account, trouble.address),
            "SET account = :account, address = :address, kind = :kind, permanent = :permanent, reason = :reason, "
            "#at = :at, message_id = :message, expires_at = :expires ADD version :one",
            {"#at": "at"},
            values,
            condition,
        )
        with contextlib.suppress(ConditionFailed):
            self._table.update(update)

    def get(self, account: str, address: str) -> EmailTrouble | None:
        """An address's last trouble."""
        item = self._table.get(items.email_trouble_key(account, address))
        return _trouble(item) if item else None

    def of_account(self, account: str) -> list[EmailTrouble]:
        """All addresses of an account that gave trouble, in order."""
        found: list[EmailTrouble] = []
        start = None
        while True:
            page, start = self._table.query(pk=f"ACCOUNT#{account}", sk_begins="EMAILTROUBLE#", start=start)
            found += [_trouble(item) for item in page]
            if start is None:
                return found

    def forget(self, account: str, address: str) -> None:
        """Mail there again as if nothing had been."""
        self._table.delete(items.email_trouble_key(account, address))


def _trouble(item: Item) -> EmailTrouble:
    return EmailTrouble(
        account=item["account"],
        address=item["address"],
        kind=Kind(item["kind"]),
        permanent=item["permanent"],
        reason=item["reason"],
        at=item["at"],
        message_id=item["message_id"],
    )
