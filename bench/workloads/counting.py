"""What is asked of AWS, seen at botocore's clients: requests and consumed capacity."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

READS = frozenset({"GetItem", "BatchGetItem", "Query"})
WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"})
ENTRIES = {"PublishBatch": "PublishBatchRequestEntries", "SendMessageBatch": "Entries"}
"""Where a request that carries several of something has them."""


class Counting:
    """Counts while it is on."""

    def __init__(self, clients: Iterable[Any], *, capacity: bool) -> None:
        self.calls: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self.units: dict[str, float] = {"read": 0, "write": 0}
        self.on = False
        for client in clients:
            events = client.meta.events
            events.register("provide-client-params.*.*", self._asked(capacity=capacity))
            events.register("after-call.dynamodb.*", self._answered)

    def _asked(self, *, capacity: bool) -> Any:
        def asked(params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
            if not self.on:
                return None
            self.calls[model.name] += 1
            if model.name in ENTRIES:
                self.entries[model.name] += len(params[ENTRIES[model.name]])
            return (
                {**params, "ReturnConsumedCapacity": "INDEXES"} if capacity and model.name in READS | WRITES else None
            )

        return asked

    def _answered(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        told = parsed.get("ConsumedCapacity") if self.on else None
        for one in told if isinstance(told, list) else [told] if told else []:
            # DynamoDB Local says 4 units of 1 KB in a transaction, where AWS documents 2.
            share = 0.5 if model.name == "TransactWriteItems" else 1
            self.units["read" if model.name in READS else "write"] += one["CapacityUnits"] * share

    def taken(self) -> dict[str, Any]:
        """What was counted since the last time."""
        done = {"calls": dict(self.calls), "entries": dict(self.entries), "units": self.units}
        self.calls, self.entries, self.units = Counter(), Counter(), {"read": 0, "write": 0}
        return done
