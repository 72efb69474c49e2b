"""`template.yaml` as CloudFormation gets it: translated by SAM in this process, parameters and conditions resolved.

References between resources stay as they are: what they point at is what most checks ask.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from samtranslator.translator.transform import transform  # type: ignore[import-untyped]

from tests import template_yaml

type Node = Any
"""A piece of a template: JSON values."""
type Template = dict[str, Any]
"""A translated template."""
type Properties = dict[str, Any]

SERVICE_ROLES: Final = "arn:aws:iam::aws:policy/service-role/"
BASIC_EXECUTION: Final = "AWSLambdaBasicExecutionRole"
CODE: Final = "s3://bucket/code.zip"
_GONE: Final = object()


class _ManagedPolicies:
    """The managed policies that SAM looks up by name; a stand-in for its loader, which asks IAM."""

    def load(self) -> dict[str, str]:
        """ARN by name."""
        return {name: SERVICE_ROLES + name for name in (BASIC_EXECUTION,)}


def translate(**parameters: str) -> Template:
    """The template with these parameters, and the defaults of the others."""
    source = json.loads(json.dumps(template_yaml.load()))  # SAM changes what it is given
    for resource in source["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][name] = CODE
    defaults = {name: str(one["Default"]) for name, one in source["Parameters"].items() if "Default" in one}
    values = defaults | parameters
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
        translated = transform(source, dict(values), _ManagedPolicies())
    return resolved(translated, values)


def resolved(template: Template, values: Mapping[str, str]) -> Template:
    """The template with its parameters put in and its conditions decided: what they rule out is gone."""
    conditions = {name: _truth(node, values) for name, node in template.get("Conditions", {}).items()}
    parts = {
        part: {
            name: _resolve(one, values, conditions)
            for name, one in template[part].items()
            if "Condition" not in one or conditions[one["Condition"]]
        }
        for part in ("Resources", "Outputs")
    }
    return {**parts, "Parameters": template["Parameters"], "Conditions": conditions}


def _truth(node: Node, values: Mapping[str, str]) -> bool:
    match node:
        case {"Fn::Equals": [left, right]}:
            return bool(_resolve(left, values, {}) == _resolve(right, values, {}))
        case {"Fn::Not": [one]}:
            return not _truth(one, values)
        case {"Fn::And": [*all_of]}:
            return all(_truth(one, values) for one in all_of)
    raise NotImplementedError(f"a condition that this resolver does not know yet: {node}")


def _resolve(node: Node, values: Mapping[str, str], conditions: Mapping[str, bool]) -> Node:
    match node:
        case {"Ref": "AWS::NoValue"}:
            return _GONE
        case {"Ref": str(name)} if name in values:
            return values[name]
        case {"Fn::If": [str(condition), yes, no]}:
            return _resolve(yes if conditions[condition] else no, values, conditions)
        case dict():
            pairs = ((key, _resolve(one, values, conditions)) for key, one in node.items())
            return {key: one for key, one in pairs if one is not _GONE}
        case list():
            return [one for one in (_resolve(each, values, conditions) for each in node) if one is not _GONE]
    return node


def of_type(template: Template, kind: str) -> dict[str, Properties]:
    """The properties of all resources of a type, by logical id."""
    found = {name: one for name, one in template["Resources"].items() if one["Type"] == kind}
    return {name: one.get("Properties", {}) for name, one in found.items()}


def functions(template: Template) -> dict[str, Properties]:
    """The functions."""
    return of_type(template, "AWS::Lambda::Function")


def target(node: Node) -> str:
    """The logical id of the resource that a reference points at; a plain text is itself."""
    match node:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            found = re.search(r"\$\{(\w+)[.}]", text)
            return found[1] if found else text
    return str(node)


def each(node: Node) -> list[Node]:
    """What may be one or a list, as a list."""
    return node if isinstance(node, list) else [node]


def role_of(function: Properties) -> str:
    """The logical id of a function's role."""
    return target(function["Role"])


def statements(template: Template, role: str) -> list[dict[str, Any]]:
    """Everything that a role is allowed by its own policies."""
    policies = template["Resources"][role]["Properties"].get("Policies", [])
    return [one for policy in policies for one in each(policy["PolicyDocument"]["Statement"])]


def allowed(template: Template, function: str) -> set[tuple[str, str]]:
    """What a function may do: pairs of an action and the logical id of a resource."""
    role = role_of(functions(template)[function])
    return {
        (action, target(resource))
        for statement in statements(template, role)
        for action in each(statement["Action"])
        for resource in each(statement["Resource"])
    }
