"""What makes the emulator's table faster changes nothing that it answers."""

from collections import OrderedDict, defaultdict
from typing import Any

import pytest

from bench.reliability.transport import within
from local.emulator_speed import copied


@pytest.mark.parametrize(
    "value",
    [
        {"pk": {"S": "a"}, "list": [{"N": "1"}, {"B": b"\0"}], "none": None, "yes": True},
        defaultdict(dict, {"a": {"b": [1.5]}}),
        OrderedDict(b=1, a=[2]),
        ("a", ["b"]),
    ],
)
def test_a_copy_is_equal_and_shares_nothing_that_can_change(value: Any) -> None:
    copy = copied(value)

    assert copy == value
    assert type(copy) is type(value)
    assert not _changeable(copy) & _changeable(value)


def test_an_expression_that_is_remembered_is_not_changed_by_who_reads_it() -> None:
    within()
    from ministack.services import dynamodb

    first = dynamodb._tokenize("a = :a AND b <> :b")
    before = list(first)
    first.clear()

    assert len(before) > 6
    assert dynamodb._tokenize("a = :a AND b <> :b") == before


def _changeable(value: Any) -> set[int]:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    here = {id(value)} if isinstance(value, (dict, list)) else set()
    return here.union(*(_changeable(one) for one in inside))
