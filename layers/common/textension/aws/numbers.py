"""Number settings in the table: one owner for each number, listed with its account and its extensions."""

import time
from dataclasses import replace
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Delete, Put, Table, TransactionCancelled, Write
from textension.errors import Conflict, NotFound
from textension.message import NumberSettings

MAX_AGE: Final = 30.0
"""Seconds that settings are believed without looking again. That a number is unknown is never believed."""


class Numbers:
    """The numbers of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._cache: dict[str, tuple[float, NumberSettings]] = {}

    def get(self, number: str) -> NumberSettings | None:
        """A number's settings, at most 30 s old; None when nobody owns it."""
        read_at, settings = self._cache.get(number, (-MAX_AGE, None))
        if settings is not None and time.monotonic() - read_at < MAX_AGE:
            return settings
        item = self._table.get(items.number_key(number))
        if item is None:
            self._cache.pop(number, None)
            return None
        settings = items.number_settings(item)
        self._cache[number] = (time.monotonic(), settings)
        return settings

    def put(self, settings: NumberSettings) -> NumberSettings:
        """Add a number or change its settings; its listings follow in the same transaction.

        Raises Conflict when another account owns it, or somebody else changed it at the same time.
        """
        present = self._present(settings.number)
        if present and present.account != settings.account:
            raise Conflict(f"{settings.number} belongs to another account")
        settings = replace(
            settings,
            extensions=tuple(dict.fromkeys(settings.extensions)),
            emails=tuple(dict.fromkeys(settings.emails)),
            version=present.version + 1 if present else 1,
        )
        condition = "attribute_not_exists(pk)" if present is None else "version = :version"
        values = {":version": present.version} if present else {}
        gone = set(items.listing_keys(present)) - set(items.listing_keys(settings)) if present else set()
        listing = {"account": settings.account, "number": settings.number, "version": 1}
        writes: list[Write] = [
            Put(items.number_key(settings.number), items.number_item(settings), condition, values),
            *(Put(key, listing, condition="") for key in items.listing_keys(settings)),
            *(Delete(key) for key in sorted(gone, key=lambda key: key.pk)),
        ]
        self._write(settings.number, writes)
        return settings

    def remove(self, account: str, number: str) -> None:
        """Take a number out; its conversations stay. Raises NotFound."""
        present = self._present(number)
        if present is None or present.account != account:
            raise NotFound(f"{number} is not a number of account {account}: see textension numbers list")
        keys = [items.number_key(number), *items.listing_keys(present)]
        self._write(number, [Delete(key) for key in keys])

    def of_account(self, account: str) -> list[NumberSettings]:
        """All numbers of an account, in order."""
        found: list[NumberSettings] = []
        start = None
        while True:
            page, start = self._table.query(pk=f"ACCOUNT#{account}", sk_begins="NUMBER#", start=start, consistent=True)
            settings = self._table.get_many([items.number_key(item["number"]) for item in page])
            found += [items.number_settings(item) for item in settings.values()]
            if start is None:
                return sorted(found, key=lambda one: one.number)

    def _present(self, number: str) -> NumberSettings | None:
        item = self._table.get(items.number_key(number))
        return items.number_settings(item) if item else None

    def _write(self, number: str, writes: list[Write]) -> None:
        self._cache.pop(number, None)
        try:
            self._table.transact(*writes)
        except (TransactionCancelled, ConditionFailed) as error:
            raise Conflict(f"{number} was changed by somebody else just now: try again") from error
