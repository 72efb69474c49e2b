"""Where ministack's DynamoDB is slow without need: it reads the same few expressions, and copies plain JSON, anew each
time. What it answers stays the same.
"""

import copy
import functools
import types
from typing import Any

EXPRESSIONS = 4096
"""How many are remembered: the project has some hundred."""


def apply() -> None:
    """Put it in place; once in a process."""
    from ministack.services import dynamodb

    tokens = functools.lru_cache(EXPRESSIONS)(dynamodb._tokenize)
    dynamodb._tokenize = lambda expression: list(tokens(expression))
    dynamodb._condition_syntax_error = functools.lru_cache(EXPRESSIONS)(dynamodb._condition_syntax_error)
    dynamodb.copy = types.SimpleNamespace(**vars(copy) | {"deepcopy": copied})


def copied(value: Any) -> Any:
    """A deep copy. Dictionaries, lists and what cannot change are copied by hand, all else as Python does."""
    kind = type(value)
    if kind is dict:
        return {key: one if type(one) is str else copied(one) for key, one in value.items()}
    if kind is list:
        return [copied(one) for one in value]
    if kind in {str, int, float, bool, bytes, type(None)}:
        return value
    return copy.deepcopy(value)
