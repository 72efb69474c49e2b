"""Plain values become DynamoDB's attributes as boto3 would make them, and come back as they were."""

from enum import StrEnum
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from hypothesis import given
from hypothesis import strategies as st
from textension.aws.wire import from_wire, to_wire

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


class Colour(StrEnum):
    RED = "red"


@given(st.dictionaries(st.text(min_size=1), VALUES))
def test_it_is_what_boto3_makes_and_comes_back(item: dict[str, Any]) -> None:
    kept = {name: value for name, value in item.items() if value is not None}

    wire = to_wire(item)

    assert wire == {name: TypeSerializer().serialize(value) for name, value in kept.items()}
    assert from_wire(wire) == kept


def test_enumerations_and_tuples_are_texts_and_lists() -> None:
    assert to_wire({"a": Colour.RED, "b": (1, "x")}) == {"a": {"S": "red"}, "b": {"L": [{"N": "1"}, {"S": "x"}]}}


def test_sets_are_read_as_boto3_reads_them() -> None:
    wire: Any = {"ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": [b"x"]}}

    read: Any = {name: TypeDeserializer().deserialize(value) for name, value in wire.items()}

    assert from_wire(wire) == {"ss": read["ss"], "ns": {1, 2}, "bs": {b"x"}}


def test_a_number_that_somebody_else_wrote_is_read_as_a_whole_one() -> None:
    assert from_wire({"a": {"N": "1.5"}, "b": {"N": "1E+3"}}) == {"a": 1, "b": 1000}


@pytest.mark.parametrize("value", [1.5, object(), [1.5], {"a": {1}}])
def test_what_our_items_do_not_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no attribute is made of"):
        to_wire({"name": value})
