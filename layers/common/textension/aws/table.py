"""The table's few verbs, with DynamoDB's errors told apart: what a condition said, what may be tried again."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.aws.items import Key
from textension.aws.wire import Item, Wire, from_wire, to_wire
from textension.errors import Unavailable

# Codes in a cancelled transaction that say nothing against the request itself.
_TRY_AGAIN: Final = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_BATCH_GET_LIMIT: Final = 100
_BATCH_WRITE_LIMIT: Final = 25


class ConditionFailed(Exception):
    """A condition of a single write did not hold. `found` is the item as it was; None when there was none."""

    def __init__(self, found: Item | None) -> None:
        super().__init__("the condition did not hold")
        self.found = found


class TransactionCancelled(Exception):
    """Conditions of a transaction did not hold. `failed` has, by position, what was found there."""

    def __init__(self, failed: dict[int, Item | None]) -> None:
        super().__init__("conditions of the transaction did not hold")
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Update:
    """An update of one item: expressions as DynamoDB takes them, values plain."""

    key: Key
    expression: str
    names: Mapping[str, str]
    values: Mapping[str, Any]
    condition: str = ""

    @property
    def wire(self) -> Wire:
        """The parameters, without the table."""
        wire: Wire = {"Key": self.key.wire, "UpdateExpression": self.expression}
        if self.condition:
            wire |= {
                "ConditionExpression": self.condition,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        if self.names:
            wire["ExpressionAttributeNames"] = dict(self.names)
        if self.values:
            wire["ExpressionAttributeValues"] = to_wire(self.values)
        return wire


@dataclass(frozen=True, slots=True)
class Put:
    """A put of one item; by default only where there is none."""

    key: Key
    item: Mapping[str, Any]
    condition: str = "attribute_not_exists(pk)"
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> Wire:
        """The parameters, without the table."""
        wire: Wire = {"Item": {**to_wire(self.item), **self.key.wire}}
        if self.condition:
            wire |= {"ConditionExpression": self.condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if self.values:
            wire["ExpressionAttributeValues"] = to_wire(self.values)
        return wire


@dataclass(frozen=True, slots=True)
class Delete:
    """A delete of one item; without a condition it may be gone already."""

    key: Key
    condition: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> Wire:
        """The parameters, without the table."""
        wire: Wire = {"Key": self.key.wire}
        if self.condition:
            wire |= {"ConditionExpression": self.condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
        if self.values:
            wire["ExpressionAttributeValues"] = to_wire(self.values)
        return wire


@dataclass(frozen=True, slots=True)
class ConditionCheck:
    """What must hold of an item that the transaction leaves as it is."""

    key: Key
    condition: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def wire(self) -> Wire:
        """The parameters, without the table."""
        wire: Wire = {"Key": self.key.wire, "ConditionExpression": self.condition}
        if self.values:
            wire["ExpressionAttributeValues"] = to_wire(self.values)
        return wire


type Write = Put | Update | Delete | ConditionCheck


class Table:
    """One DynamoDB table. Every method raises Unavailable when DynamoDB cannot be reached or throttles."""

    def __init__(self, name: str) -> None:
        self._name = name

    def get(self, key: Key) -> Item | None:
        """One item, strongly consistent."""
        with _errors():
            answer = clients.dynamodb().get_item(TableName=self._name, Key=key.wire, ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Up to 100 items in one request, strongly consistent; those that are not there are left out."""
        wanted = list(dict.fromkeys(keys))[:_BATCH_GET_LIMIT]
        if not wanted:
            return {}
        request: Any = {self._name: {"Keys": [key.wire for key in wanted], "ConsistentRead": True}}
        found: dict[Key, Item] = {}
        for _ in _tries(5):
            with _errors():
                answer = clients.dynamodb().batch_get_item(RequestItems=request)
            for wire in answer["Responses"].get(self._name, ()):
                item = from_wire(wire)
                found[Key(item["pk"], item["sk"])] = item
            request = answer.get("UnprocessedKeys")
            if not request:
                return found
        raise Unavailable("DynamoDB left keys unread")

    def put(self, put: Put) -> None:
        """Write one item. Raises ConditionFailed."""
        _despite_conflicts(lambda: clients.dynamodb().put_item(TableName=self._name, **put.wire))

    def put_all(self, puts: Sequence[Put]) -> None:
        """Write these items, each over what was there: up to 25 in one request. Their conditions are not asked."""
        requests: list[Any] = [{"PutRequest": {"Item": put.wire["Item"]}} for put in puts]
        for start in range(0, len(requests), _BATCH_WRITE_LIMIT):
            self._put_all(requests[start : start + _BATCH_WRITE_LIMIT])

    def _put_all(self, requests: Sequence[Any]) -> None:
        left: Any = {self._name: requests}
        for _ in _tries(5):
            with _errors():
                left = clients.dynamodb().batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
        raise Unavailable("DynamoDB left items unwritten")

    def update(self, update: Update) -> Item:
        """Change one item; the item as it is now. Raises ConditionFailed."""
        answer = _despite_conflicts(
            lambda: clients.dynamodb().update_item(TableName=self._name, ReturnValues="ALL_NEW", **update.wire)
        )
        return from_wire(answer["Attributes"])

    def delete(self, key: Key, condition: str = "", values: Mapping[str, Any] | None = None) -> Item | None:
        """Remove one item; what it was, None when there was none. Raises ConditionFailed."""
        delete = Delete(key, condition, values or {})
        answer = _despite_conflicts(
            lambda: clients.dynamodb().delete_item(TableName=self._name, ReturnValues="ALL_OLD", **delete.wire)
        )
        return from_wire(answer["Attributes"]) if "Attributes" in answer else None

    def transact(self, *writes: Write) -> None:
        """All of the writes or none. Raises TransactionCancelled when a condition did not hold.

        A conflict with another transaction is tried again, with jitter: AWS cancels concurrent transactions on one
        item, and its SDKs do not retry that.
        """
        request: Any = [{type(write).__name__: {"TableName": self._name, **write.wire}} for write in writes]
        client = clients.dynamodb()
        for _ in _tries(6):
            try:
                with _errors():
                    client.transact_write_items(TransactItems=request)
                return
            except client.exceptions.TransactionCanceledException as error:
                reasons = error.response.get("CancellationReasons", [])
                if failed := _failed(reasons):
                    raise TransactionCancelled(failed) from error
                if not _may_pass(reasons):
                    raise Unavailable("DynamoDB cancelled the transaction") from error
        raise Unavailable("DynamoDB kept cancelling the transaction for its conflicts")

    def query(
        self,
        *,
        pk: str,
        sk_begins: str = "",
        sk_after: str = "",
        forward: bool = True,
        limit: int = 100,
        start: Wire | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Wire | None]:
        """A page of a partition, in the order of sk, and where the next one starts: all of it, or what begins with
        `sk_begins`, or what lies after `sk_after`."""
        condition = "pk = :pk"
        condition += " AND begins_with(sk, :sk)" if sk_begins else " AND sk > :sk" if sk_after else ""
        values = {":pk": pk, **({":sk": sk_begins or sk_after} if sk_begins or sk_after else {})}
        return self._page(
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_wire(values),
            ScanIndexForward=forward,
            Limit=limit,
            ConsistentRead=consistent,
            **({"ExclusiveStartKey": start} if start else {}),
        )

    def inbox(
        self, inbox: str, *, limit: int, start: Wire | None = None, until: int | None = None
    ) -> tuple[list[Item], Wire | None]:
        """A page of a number's conversations, the newest first: after `start`, or else from `until` (Unix ms) on."""
        bound = {":until": until} if until is not None and start is None else {}
        return self._page(
            IndexName="inbox",
            KeyConditionExpression="inbox = :inbox" + (" AND last_at <= :until" if bound else ""),
            ExpressionAttributeValues=to_wire({":inbox": inbox, **bound}),
            ScanIndexForward=False,
            Limit=limit,
            **({"ExclusiveStartKey": start} if start else {}),
        )

    def log(
        self, log: str, *, first: str, last: str, limit: int, start: Wire | None = None
    ) -> tuple[list[Key], Wire | None]:
        """A page of the keys of a number's messages whose `log_order` lies between the two, the newest first."""
        items, more = self._page(
            IndexName="log",
            KeyConditionExpression="#log = :log AND log_order BETWEEN :first AND :last",
            ExpressionAttributeNames={"#log": "log"},  # a word of DynamoDB's own
            ExpressionAttributeValues=to_wire({":log": log, ":first": first, ":last": last}),
            ScanIndexForward=False,
            Limit=limit,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        return [Key(item["pk"], item["sk"]) for item in items], more

    def due(self, shard: str, until: int, start: Wire | None = None) -> tuple[list[Key], Wire | None]:
        """A page of the keys of what is due by then (Unix ms) in one shard, the longest due first."""
        items, more = self._page(
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at <= :until",
            ExpressionAttributeValues=to_wire({":shard": shard, ":until": until}),
            Limit=50,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        return [Key(item["pk"], item["sk"]) for item in items], more

    def _page(self, **query: Any) -> tuple[list[Item], Wire | None]:
        with _errors():
            answer = clients.dynamodb().query(TableName=self._name, **query)
        return [from_wire(wire) for wire in answer["Items"]], answer.get("LastEvaluatedKey")


def _tries(count: int) -> Iterator[int]:
    """Attempt numbers, with full jitter (at most 25, 50, 100 … ms) between them."""
    for attempt in range(count):
        if attempt:
            time.sleep(random.uniform(0, 0.025 * 2 ** (attempt - 1)))  # noqa: S311 - jitter
        yield attempt


def _despite_conflicts[T](write: Callable[[], T]) -> T:
    """A single write meets a transaction on the same item: AWS refuses it, and its SDKs do not try again."""
    for _ in _tries(6):
        try:
            with _errors():
                return write()
        except clients.dynamodb().exceptions.TransactionConflictException:
            continue
    raise Unavailable("DynamoDB kept refusing the write for its conflicts")


def _may_pass(reasons: Sequence[Mapping[str, Any]]) -> bool:
    codes = {reason.get("Code") for reason in reasons} - {"None", None}
    return bool(codes) and codes <= _TRY_AGAIN


def _failed(reasons: Sequence[Mapping[str, Any]]) -> dict[int, Item | None]:
    return {
        position: from_wire(reason["Item"]) if reason.get("Item") else None
        for position, reason in enumerate(reasons)
        if reason.get("Code") == "ConditionalCheckFailed"
    }


@contextmanager
def _errors() -> Iterator[None]:
    """DynamoDB's errors as ours. Cancelled transactions and conflicts pass through: they are read above."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            found: Any = error.response.get("Item")
            raise ConditionFailed(from_wire(found) if found else None) from error
        if code in {"TransactionCanceledException", "TransactionConflictException"}:
            raise
        raise Unavailable(f"DynamoDB refused: {code}") from error
    except BotoCoreError as error:
        raise Unavailable("DynamoDB did not answer") from error
