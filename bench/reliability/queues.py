"""What lies between the functions: the table's stream and the outbound queue, as AWS delivers them.

The records are the emulator's own. Only when they are delivered is played here, because the emulator's visibility and
its memory of deduplication ids run in real time, and the bench's time does not.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from textension.clock import MINUTE, SECOND

from bench.reliability.engines import Streams

REMEMBERED: Final = 5 * MINUTE
"""AWS: a FIFO queue swallows a repeated deduplication id for so long."""
MOST_RECORDS: Final = 1000
"""AWS: a page of a stream has no more."""

type Record = dict[str, Any]


@dataclass(slots=True)
class Bell:
    """One message of the outbound queue."""

    id: str
    body: str
    group: str
    visible_at: int
    received: int = 0


@dataclass(slots=True)
class FifoQueue:
    """An SQS FIFO queue with the template's settings. Times in virtual Unix ms."""

    visibility: int
    most_receives: int
    waiting: list[Bell] = field(default_factory=list)
    dead: list[Bell] = field(default_factory=list)
    loses: int = 0
    """So many messages are taken and never delivered, which SQS promises not to do."""
    _seen: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def add(self, request: dict[str, Any], now: int) -> None:
        """Take a SendMessage in, unless its deduplication id was seen just now."""
        name = request["MessageDeduplicationId"]
        if now - self._seen.get(name, -REMEMBERED) < REMEMBERED:
            return
        self._seen[name] = now
        self._count += 1
        if self.loses:
            self.loses -= 1
            return
        self.waiting.append(Bell(f"bell-{self._count}", request["MessageBody"], request["MessageGroupId"], now))

    def receive(self, now: int, most: int) -> list[Bell]:
        """Up to `most` messages, each group's in order and none of a group that is in flight."""
        batch: list[Bell] = []
        blocked: set[str] = set()
        for bell in list(self.waiting):
            if bell.visible_at > now:
                blocked.add(bell.group)
            elif bell.group not in blocked and len(batch) < most:
                if bell.received >= self.most_receives:
                    self.waiting.remove(bell)
                    self.dead.append(bell)
                    continue
                bell.received += 1
                batch.append(bell)
            else:
                blocked.add(bell.group)
        for bell in batch:
            bell.visible_at = now + self.visibility
        return batch

    def delete(self, bells: Collection[Bell]) -> None:
        """These were dealt with; the others come again."""
        self.waiting = [bell for bell in self.waiting if bell not in bells]

    def next_at(self) -> int | None:
        """When something can be received: a group's first message, as the others wait behind it."""
        firsts: dict[str, int] = {}
        for bell in self.waiting:
            firsts.setdefault(bell.group, bell.visible_at)
        return min(firsts.values(), default=None)


def sqs_event(bells: Collection[Bell]) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {
        "Records": [
            {"messageId": bell.id, "body": bell.body, "attributes": {"MessageGroupId": bell.group}} for bell in bells
        ]
    }


@dataclass(slots=True)
class Stream:
    """The table's stream with its event source mapping: in order, retried, bisected, given up after `retries`."""

    client: Streams
    arn: str
    batch: int
    retries: int
    oldest: int
    """What is older (ms) is given up."""
    waiting: list[Record] = field(default_factory=list)
    given_up: int = 0
    stopped_until: int = 0
    """Nothing is delivered before: the mapping was switched off, or waits between two tries."""
    _iterator: str = ""
    _tries: int = 0
    _most: int = 0

    def read(self, now: int) -> None:
        """Take what the table has written since, as far as the mapping's filter lets it through."""
        if not self._iterator:
            self._iterator = self.client.shard(self.arn)
        while True:
            page, self._iterator = self.client.records(self._iterator)
            self.waiting += [{**one, "readAt": now} for one in page if _passes(one)]
            if len(page) < MOST_RECORDS:
                return

    def due(self, now: int) -> list[Record]:
        """The next batch; empty where there is none yet."""
        if now < self.stopped_until:
            return []
        fresh = [one for one in self.waiting if now - one["readAt"] <= self.oldest]
        self.given_up += len(self.waiting) - len(fresh)
        self.waiting = fresh
        return self.waiting[: self._most or self.batch]

    def settle(self, batch: list[Record], failed: set[str] | None, now: int) -> None:
        """What became of a batch: the first that failed comes again with all behind it; None is the whole batch."""
        first = next(
            (index for index, one in enumerate(batch) if failed is None or sequence(one) in failed), len(batch)
        )
        if first:
            self._tries, self._most = 0, 0
        self.waiting = self.waiting[first:]
        if first == len(batch):
            return
        self._tries += 1
        if failed is None and len(batch) > 1:
            self._most = max(len(batch) // 2, 1)  # BisectBatchOnFunctionError
        if self._tries > self.retries:
            self.waiting = self.waiting[1:]
            self.given_up += 1
            self._tries, self._most = 0, 0
        else:
            self.stopped_until = now + SECOND * 2 ** (self._tries - 1)

    def next_at(self) -> int | None:
        """When the next batch is delivered."""
        return self.stopped_until if self.waiting else None


def sequence(record: Record) -> str:
    """A record's number in its shard."""
    return str(record["dynamodb"]["SequenceNumber"])


def stream_event(batch: Collection[Record]) -> dict[str, Any]:
    """A batch as Lambda hands it over."""
    return {"Records": [{name: one[name] for name in one if name != "readAt"} for one in batch]}


def _passes(record: Record) -> bool:
    """The template's FilterCriteria: only what is not announced yet."""
    return "BOOL" in record["dynamodb"].get("NewImage", {}).get("unannounced", {})


def failures(answer: Any) -> set[str]:
    """The identifiers in a partial batch response."""
    return {one["itemIdentifier"] for one in json.loads(json.dumps(answer))["batchItemFailures"]}
