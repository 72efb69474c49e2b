"""A check is a function of the translated template that returns what breaks its rule; a rule comes with what breaks it.

Each module of checks ends with `BROKEN`: pairs of a check and a change to the template that it must notice.
"""

from collections.abc import Callable
from typing import Any, Final

from tests.template.translated import Properties, Template, functions, role_of

type Check = Callable[[Template], list[str]]
type Mutation = Callable[[Template], object]
type Broken = tuple[tuple[Check, Mutation], ...]

DAY: Final = 86_400


def differs(what: str, found: object, wanted: object) -> list[str]:
    """A finding unless both are equal."""
    return [] if found == wanted else [f"{what} is {found}, not {wanted}"]


def bounded(what: str, found: int, least: int, most: int) -> list[str]:
    """A finding unless it lies between."""
    return [] if least <= found <= most else [f"{what}: {found} is not between {least} and {most}"]


# ---------------------------------------------------------------- how to break a template


def properties(template: Template, name: str) -> Properties:
    """A resource's properties, to be broken."""
    found: Properties = template["Resources"][name]["Properties"]
    return found


def setting(resource: str, **values: Any) -> Mutation:
    """A mutation that sets properties of one resource; None takes them away."""

    def mutate(template: Template) -> None:
        kept = {**properties(template, resource), **values}
        template["Resources"][resource]["Properties"] = {key: one for key, one in kept.items() if one is not None}

    return mutate


def changing(resource: str, *path: str | int, **values: Any) -> Mutation:
    """A mutation of something deeper in one resource's properties; None takes away."""

    def mutate(template: Template) -> None:
        inner: Any = properties(template, resource)
        for step in path:
            inner = inner[step]
        inner.update(values)
        for name in [name for name, value in values.items() if value is None]:
            del inner[name]

    return mutate


def allowing(function: str, action: str, resource: Any, **more: Any) -> Mutation:
    """A mutation that lets a function do more."""

    def mutate(template: Template) -> None:
        role = properties(template, role_of(functions(template)[function]))
        statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
        role["Policies"][0]["PolicyDocument"]["Statement"].append(statement)

    return mutate


def without(resource: str) -> Mutation:
    """A mutation that takes a resource away."""
    return lambda template: template["Resources"].pop(resource)


def arn(resource: str) -> dict[str, list[str]]:
    """A reference to a resource's ARN."""
    return {"Fn::GetAtt": [resource, "Arn"]}
