"""Who writes into the ledger what really reached AWS and ClickSend, whatever became of the answers."""

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from bench.reliability.ledger import Hop, Ledger
from bench.reliability.queues import FifoQueue
from bench.reliability.virtual import VirtualClock

_WRITES: Final = frozenset(
    {f"dynamodb.{name}" for name in ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")}
)


@dataclass(slots=True)
class Witness:
    """Sees every request that is carried out."""

    clock: VirtualClock
    ledger: Ledger
    queue: FifoQueue
    hasty: list[tuple[str, str]] = field(default_factory=list)
    """Texts that were published before they were what the second part says."""
    posted: bool = False
    """ClickSend may have something new."""
    unread: bool = True
    """The stream may have something new."""
    unsought: bool = True
    """Something else may be due."""
    _known: set[str] = field(default_factory=set)
    _heard: set[str] = field(default_factory=set)

    def took(self, target: str, body: bytes) -> None:
        """AWS has carried a request out."""
        if target in _WRITES:
            self.unread = self.unsought = True
            self._written(json.loads(body))
        if target == "sqs.SendMessageBatch":
            for entry in json.loads(body)["Entries"]:
                self.queue.add(entry, self.clock.now)
                self.ledger.note(self.clock.now, Hop.RUNG, json.loads(entry["MessageBody"])["message_id"])
        elif target == "sns.PublishBatch":
            for name, [value] in parse_qs(body.decode()).items():
                if name.endswith(".Message"):
                    self._published(json.loads(value))

    def _published(self, event: dict[str, Any]) -> None:
        told = event["data"]
        if "text" not in told:
            return
        for known, what in ((told["text"], "stored"), (event["id"], "among the changes")):
            if known not in self._known:
                self.hasty.append((told["text"], what))
        self.ledger.note(self.clock.now, Hop.PUBLISHED, told["text"], event["id"])
        if event["id"] not in self._heard:
            self._heard.add(event["id"])
            self.ledger.note(self.clock.now, Hop.TOLD, told["text"], told["state"])

    def _written(self, request: dict[str, Any]) -> None:
        """Know what is durable: texts, and changes by their event's id."""
        puts = [one["Put"] for one in request.get("TransactItems", ()) if "Put" in one]
        puts += [one["PutRequest"] for many in request.get("RequestItems", {}).values() for one in many]
        for put in puts or [request]:
            item = put.get("Item", {})
            self._known |= {item[name]["S"] for name in ("text", "id") if name in item}

    def left(self, target: str, body: bytes) -> None:
        """A request is on its way to ClickSend."""
        if target == "POST /v3/sms/send":
            self.posted = True
            for message in json.loads(body)["messages"]:
                self.ledger.note(self.clock.now, Hop.POSTED, message["body"])
