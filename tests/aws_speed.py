"""Where botocore and moto do the same work again and again; what they answer stays the same.

Each test has new clients: what botocore reads and parses for one, megabytes of JSON, is read once, as is what it finds
out about its own handlers. In each attribute moto's DynamoDB looks for all the types that it does not have, by all the
names that a type could have; for each query it sorts the whole table, asking each key at each comparison what its type
is; for each transaction it copies all that its stream ever had.
"""

import copy
import functools
from typing import Any

import botocore.hooks
import botocore.session
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import StreamShard, Table

PLAIN = {"S", "B", "BOOL"}
"""Types whose values are compared as they stand."""


def apply() -> None:
    """Put it in place; once in a process."""
    botocore.session.create_loader = functools.cache(botocore.session.create_loader)
    botocore.hooks.accepts_kwargs = functools.lru_cache(4096)(botocore.hooks.accepts_kwargs)
    aliaser: Any = botocore.hooks.EventAliaser
    aliaser._alias_event_name = _remembered(aliaser._alias_event_name)
    ResponseSerializer._serialize_structure_member = _of_what_is_there(  # type: ignore[method-assign]
        ResponseSerializer._serialize_structure_member
    )
    attribute: Any = DynamoType
    attribute.cast_value = property(_at_once(attribute.cast_value.fget))
    Table.all_items = _sorted_items  # type: ignore[method-assign]
    StreamShard.__deepcopy__ = _with_the_same_records  # type: ignore[attr-defined]


def _remembered(alias: Any) -> Any:
    names: dict[str, str] = {}

    def of_all(self: Any, name: str) -> str:
        if self._event_aliases is not botocore.hooks.EVENT_ALIASES:
            return str(alias(self, name))
        return names[name] if name in names else names.setdefault(name, alias(self, name))

    return of_all


def _of_what_is_there(serialize: Any) -> Any:
    def quickly(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        absent = type(value) is dict and key not in value
        if not (absent and shape.parent.name == "AttributeValue"):
            serialize(self, serialized, value, shape, key)

    return quickly


def _at_once(cast: Any) -> Any:
    return lambda self: self.value if self.type in PLAIN else cast(self)


def _sorted_items(self: Any) -> list[Item]:
    items = [item for of_one in self.items.values() for item in (of_one.values() if self.range_key_attr else [of_one])]
    return sorted(items, key=_keys)


def _keys(item: Item) -> tuple[Any, ...]:
    return (item.hash_key.cast_value, *([item.range_key.cast_value] if item.range_key else []))


def _with_the_same_records(self: StreamShard, memo: dict[int, Any]) -> StreamShard:
    """A record is never changed, so a copy of a shard may have the same ones."""
    shard = copy.copy(self)
    memo[id(self)] = shard
    shard.table, shard.items = copy.deepcopy(self.table, memo), list(self.items)
    return shard
