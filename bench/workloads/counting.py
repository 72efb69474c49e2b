"""What is asked of AWS, seen at botocore's clients: requests and consumed capacity.

Of a transaction DynamoDB Local tells equal items once, and of one item twice what AWS documents. So where capacity is
counted each write of a transaction is made alone, and counted twice (AWS: 2 units for 1 KB).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

UNITS = ("read", "write", "write at least")
"""The last counts an index's write once within a transaction too: AWS does not say which it is."""
READS = frozenset({"GetItem", "BatchGetItem", "Query"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})
ENTRIES = {"PublishBatch": "PublishBatchRequestEntries", "SendMessageBatch": "Entries"}
"""Where a request that carries several of something has them."""
ALONE = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
"""What makes a write of a transaction alone; a check of a condition is none."""


def make_alone(client: Any, writing: Callable[[], AbstractContextManager[None]]) -> None:
    """Have a DynamoDB client make the writes of each transaction one by one, within `writing`."""

    def transact_write_items(TransactItems: list[dict[str, Any]], **_: Any) -> dict[str, Any]:  # noqa: N803
        with writing():
            for one in TransactItems:
                [(kind, write)] = one.items()
                getattr(client, ALONE[kind])(**write)
        return {}

    client.transact_write_items = transact_write_items


class Counting:
    """Counts while it is on."""

    def __init__(self, clients: Iterable[Any], *, capacity: bool) -> None:
        self.calls: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self.units: dict[str, float] = dict.fromkeys(UNITS, 0)
        self.on = False
        self._transacting = False
        for client in clients:
            if capacity and hasattr(client, "transact_write_items"):
                make_alone(client, self._transaction)
            events = client.meta.events
            events.register("provide-client-params.*.*", self._asked(capacity=capacity))
            events.register("after-call.dynamodb.*", self._answered)

    def _asked(self, *, capacity: bool) -> Any:
        def asked(params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
            if not self.on:
                return None
            self.calls[model.name] += not self._transacting
            if model.name in ENTRIES:
                self.entries[model.name] += len(params[ENTRIES[model.name]])
            return (
                {**params, "ReturnConsumedCapacity": "INDEXES"} if capacity and model.name in READS | WRITES else None
            )

        return asked

    def _answered(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        told = parsed.get("ConsumedCapacity") if self.on else None
        for one in told if isinstance(told, list) else [told] if told else []:
            units = one["CapacityUnits"]
            if model.name in READS:
                self.units["read"] += units
                continue
            again = units if self._transacting else 0
            of_indexes = units - one["Table"]["CapacityUnits"]
            self.units["write"] += units + again
            self.units["write at least"] += units + again - (of_indexes if again else 0)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.calls["TransactWriteItems"] += self.on
        self._transacting = True
        yield
        self._transacting = False

    def taken(self) -> dict[str, Any]:
        """What was counted since the last time."""
        done = {"calls": dict(+self.calls), "entries": dict(self.entries), "units": self.units}
        self.calls, self.entries, self.units = Counter(), Counter(), dict.fromkeys(UNITS, 0)
        return done
