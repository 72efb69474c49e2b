"""Where moto's DynamoDB is slow without need: in each attribute it looks for all the types that it does not have, by
all the names that a type could have. What it answers stays the same.
"""

from typing import Any

from moto.core.serialize import ResponseSerializer


def apply() -> None:
    """Put it in place; once in a process."""
    serialize = ResponseSerializer._serialize_structure_member

    def quickly(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        absent = type(value) is dict and key not in value
        if not (absent and shape.parent.name == "AttributeValue"):
            serialize(self, serialized, value, shape, key)

    ResponseSerializer._serialize_structure_member = quickly  # type: ignore[method-assign]
