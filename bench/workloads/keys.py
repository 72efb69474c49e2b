"""Which keys a text's writes go to: units by kind of partition key of the table, and by index, step by step."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from counting import make_alone  # type: ignore[import-not-found] # beside it on the path
from flow import Flow, prepare  # type: ignore[import-not-found] # beside it on the path
from textension.aws import clients

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"})


class Spread:
    """Sees the table's writes, and what AWS counts for them."""

    def __init__(self) -> None:
        self.units: defaultdict[str, float] = defaultdict(float)
        self._kinds: list[str] = []
        self._times = 1
        make_alone(clients.dynamodb(), self._transaction)
        events: Any = clients.dynamodb().meta.events
        events.register("provide-client-params.dynamodb.*", self._asked)
        events.register("after-call.dynamodb.*", self._answered)

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
        if model.name not in WRITES:
            return None
        self._kinds = [key.partition("#")[0] for key in partitions(params)]
        return {**params, "ReturnConsumedCapacity": "INDEXES"}

    def _answered(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        if model.name not in WRITES or "ConsumedCapacity" not in parsed:
            return
        told = parsed["ConsumedCapacity"]
        for one in told if isinstance(told, list) else [told]:
            for kind in self._kinds:
                self.units[kind] += one["Table"]["CapacityUnits"] * self._times / len(self._kinds)
            for name, index in one.get("GlobalSecondaryIndexes", {}).items():
                self.units[f"index {name}"] += index["CapacityUnits"] * self._times

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._times = 2
        yield
        self._times = 1

    def taken(self) -> dict[str, float]:
        """Since the last time."""
        done, self.units = dict(self.units), defaultdict(float)
        return done


def partitions(asked: Any) -> Iterator[str]:
    """The partition keys of all items that a request writes or checks."""
    if isinstance(asked, dict):
        if "pk" in asked and "S" in asked["pk"]:
            yield asked["pk"]["S"]
        else:
            for held in asked.values():
                yield from partitions(held)
    elif isinstance(asked, list):
        for one in asked:
            yield from partitions(one)


class Spreading(Flow):  # type: ignore[misc] # it is beside this on the path only
    """A flow that notes the units of each step, of one text."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.spread = Spread()
        self.found: dict[str, dict[str, float]] = {}

    def step(self, name: str, function: str, events: Any, units: int) -> Any:
        """As a flow does it."""
        self.spread.taken()
        answers = super().step(name, function, events, units)
        self.found[name] = {kind: held / units for kind, held in self.spread.taken().items()}
        return answers


def run(*, folders: dict[str, str], table: str, token: str, connections_url: str, count: int) -> Any:
    """The units of `count` texts in and out, of one text each, by step and kind."""
    prepare(table)
    spreading = Spreading(folders, table, token, connections_url, count=False)
    try:
        spreading.whole_life(1)
        spreading.whole_life(count)
    finally:
        sys.stdout = spreading.stdout
    return spreading.found
