"""Plain values as DynamoDB's typed attribute values, and back: the few types that our items hold.

Not boto3's: loading that loads all of boto3, and its every value goes through Decimal and a dozen questions.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

type Item = dict[str, Any]
"""Plain values by attribute name."""
type Wire = dict[str, Any]
"""The same as DynamoDB's typed attribute values."""


def to_wire(item: Mapping[str, Any]) -> Wire:
    """Typed attribute values; None is left out. Raises TypeError for what our items do not hold, such as floats."""
    return {name: _typed(value) for name, value in item.items() if value is not None}


def from_wire(wire: Mapping[str, Any]) -> Item:
    """Plain values: numbers as int, bytes as bytes, sets as sets."""
    return {name: _plain(value) for name, value in wire.items()}


def _typed(value: Any) -> Wire:
    make = _TYPED.get(type(value)) or next((make for kind, make in _TYPED.items() if isinstance(value, kind)), None)
    if make is None:
        raise TypeError(f"no attribute is made of a {type(value).__name__}")
    return make(value)


def _plain(value: Mapping[str, Any]) -> Any:
    [(kind, held)] = value.items()
    return _PLAIN[kind](held)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return int(Decimal(text))  # somebody's own 1.5 or 1E+3


def _list(value: Sequence[Any]) -> Wire:
    return {"L": [_typed(one) for one in value]}


_TYPED: Final[Mapping[type, Callable[[Any], Wire]]] = {
    str: lambda value: {"S": value},
    bool: lambda value: {"BOOL": value},  # before int, which it is too
    int: lambda value: {"N": str(value)},
    list: _list,
    tuple: _list,
    dict: lambda value: {"M": {name: _typed(one) for name, one in value.items()}},
    bytes: lambda value: {"B": value},
    type(None): lambda _: {"NULL": True},
}
_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "S": lambda held: held,
    "N": _whole,
    "BOOL": lambda held: held,
    "M": lambda held: {name: _plain(one) for name, one in held.items()},
    "L": lambda held: [_plain(one) for one in held],
    "B": bytes,
    "NULL": lambda _: None,
    "SS": set,
    "NS": lambda held: {_whole(one) for one in held},
    "BS": set,
}
