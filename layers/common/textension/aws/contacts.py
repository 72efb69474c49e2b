"""Names for peers, for everybody in an account."""

from collections.abc import Collection
from dataclasses import dataclass

from textension.aws import items
from textension.aws.table import Put, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What an account calls a peer. `changed_at` in Unix ms."""

    account: str
    peer: str
    name: str
    changed_at: int


class Contacts:
    """The contacts of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, account: str, peer: str) -> Contact | None:
        """One contact."""
        item = self._table.get(items.contact_key(account, peer))
        return Contact(account=account, peer=peer, name=item["name"], changed_at=item["changed_at"]) if item else None

    def put(self, contact: Contact) -> None:
        """Name a peer; the last one who does so holds."""
        item = {"name": contact.name, "peer": contact.peer, "changed_at": contact.changed_at, "version": 1}
        self._table.put(Put(items.contact_key(contact.account, contact.peer), item, condition=""))

    def remove(self, account: str, peer: str) -> bool:
        """Forget a name; False where there was none."""
        if self.get(account, peer) is None:
            return False
        self._table.delete(items.contact_key(account, peer))
        return True

    def names(self, account: str, peers: Collection[str]) -> dict[str, str]:
        """The names of up to 100 peers, in one request; those without are left out."""
        keys = {items.contact_key(account, peer): peer for peer in peers}
        return {keys[key]: item["name"] for key, item in self._table.get_many(list(keys)).items()}
