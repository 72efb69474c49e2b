"""Number settings in the table: one owner for each number, listed with its account and its extensions."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from textension.aws import items
from textension.aws.table import ConditionFailed, Delete, Put, Table, TransactionCancelled, Write
from textension.clock import Clock, now_ms
from textension.errors import Conflict, NotFound
from textension.message import NumberSettings

MAX_AGE: Final = 30.0
"""Seconds that settings are believed without looking again. That a number is unknown is never believed."""


class Numbers:
    """The numbers of all accounts."""

    def __init__(self, table: Table, clock: Clock = now_ms) -> None:
        self._table = table
        self._clock = clock
        self._cache: dict[str, tuple[float, NumberSettings]] = {}

    def get(self, number: str, *, fresh: bool = False) -> NumberSettings | None:
        """A number's settings, at most 30 s old or `fresh`; None when nobody owns it."""
        read_at, settings = self._cache.get(number, (-MAX_AGE, None))
        if settings is not None and not fresh and time.monotonic() - read_at < MAX_AGE:
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
            added_at=present.added_at if present else settings.added_at or self._clock(),
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
        former = Put(items.former_number_key(account, number), {"number": number, "version": 1}, condition="")
        self._write(number, [*(Delete(key) for key in keys), former])

    def of_account(self, account: str) -> list[NumberSettings]:
        """All numbers of an account, in order."""
        return self._listed(f"ACCOUNT#{account}")

    def of_extension(self, account: str, extension: str) -> list[NumberSettings]:
        """All numbers that an extension is listed with, in order."""
        return self._listed(items.extension_pk(account, extension))

    def former(self, account: str) -> list[str]:
        """The numbers that were the account's once, in order."""
        return [sk.removeprefix("FORMERNUMBER#") for sk in self._sort_keys(f"ACCOUNT#{account}", "FORMERNUMBER#")]

    def page(self, account: str, *, limit: int, after: str = "") -> tuple[list[NumberSettings], str | None]:
        """A page of an account's numbers, in order, and the number after which the next one starts."""
        pk = f"ACCOUNT#{account}"
        start = items.Key(pk, f"NUMBER#{after}").wire if after else None
        page, more = self._table.query(pk=pk, sk_begins="NUMBER#", limit=limit, start=start, consistent=True)
        numbers = [str(item["number"]) for item in page]
        return self._settings(numbers), numbers[-1] if more and numbers else None

    def _listed(self, pk: str) -> list[NumberSettings]:
        numbers = [sk.removeprefix("NUMBER#") for sk in self._sort_keys(pk, "NUMBER#")]
        return [one for start in range(0, len(numbers), 100) for one in self._settings(numbers[start : start + 100])]

    def _settings(self, numbers: Sequence[str]) -> list[NumberSettings]:
        found = self._table.get_many([items.number_key(number) for number in numbers])
        return sorted((items.number_settings(item) for item in found.values()), key=lambda one: one.number)

    def _sort_keys(self, pk: str, begin: str) -> list[str]:
        found: list[str] = []
        start = None
        while True:
            page, start = self._table.query(pk=pk, sk_begins=begin, start=start, consistent=True)
            found += [item["sk"] for item in page]
            if start is None:
                return found

    def _present(self, number: str) -> NumberSettings | None:
        item = self._table.get(items.number_key(number))
        return items.number_settings(item) if item else None

    def _write(self, number: str, writes: list[Write]) -> None:
        self._cache.pop(number, None)
        try:
            self._table.transact(*writes)
        except (TransactionCancelled, ConditionFailed) as error:
            raise Conflict(f"{number} was changed by somebody else just now: try again") from error
