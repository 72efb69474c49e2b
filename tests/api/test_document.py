"""The description says what is served, whole, with examples that fit; docs/api.md names every code."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR
from textension.api.document import document as described

from tests.api.gateway import routes
from tests.conftest import load_function
from tests.template_yaml import ROOT, load

NOT_OF_THE_API: Final = {"error", "refused", "push_keys_exist"}
"""Codes of the tree's root, of the webhook and the WebSocket's door (whose callers are told nothing), of operators."""


@cache
def document() -> dict[str, Any]:
    """What is served at /openapi.json."""
    found: dict[str, Any] = json.loads(described(load_function("app_api").app))
    return found


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation, as `METHOD /path`."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits one of the description's schemas."""
    whole = {**schema, "components": document()["components"]}
    return bool(jsonschema_rs.Draft202012Validator(whole).is_valid(value))


def test_it_is_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1")
    OPENAPI_31_VALIDATOR.validate(document())


def test_it_has_the_templates_methods_and_no_others() -> None:
    offered = {f"{route.method} {route.resource.removeprefix('/api/v1')}" for route in routes()}

    assert {name for name, _ in operations()} == offered
    assert len(offered) >= 33


def test_the_templates_methods_are_the_routes() -> None:
    app = load_function("app_api").app
    found = {(route.method, route.path.replace("<", "{").replace(">", "}")) for route in app._static_routes}
    found |= {(route.method, re.sub(r"<(\w+)>", r"{\1}", route.path)) for route in app._dynamic_routes}

    assert found == {(route.method, route.resource.removeprefix("/api/v1")) for route in routes()}


def test_without_a_token_only_what_the_template_opens() -> None:
    opened = {f"{route.method} {route.resource.removeprefix('/api/v1')}" for route in routes() if route.open}

    assert {name for name, operation in operations() if not operation["security"]} == opened


@pytest.mark.parametrize("name", [name for name, _ in operations()])
def test_an_operation_is_described_with_examples_that_fit(name: str) -> None:
    operation = dict(operations())[name]

    assert all(operation[field] for field in ("summary", "description", "operationId", "tags"))
    for parameter in operation.get("parameters", []):
        assert parameter["description"], parameter
    places = [("asked", operation["requestBody"])] if "requestBody" in operation else []
    for status, place in [*places, *operation["responses"].items()]:
        for kind, body in place.get("content", {}).items():
            if name == "GET /openapi.json" and status == "200":
                continue
            assert kind == ("application/json" if status == "asked" or status < "300" else "application/problem+json")
            assert fits(body["example"], body["schema"]), (status, body["example"])
            if status not in {"asked"} and status >= "400":
                assert body["example"]["status"] == int(status)


def test_operations_have_names_of_their_own_and_links_lead_somewhere() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    linked = [
        link["operationId"]
        for _, operation in operations()
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]

    assert len(set(names)) == len(names)
    assert linked
    assert set(linked) <= set(names)


def test_requests_refuse_what_they_do_not_know() -> None:
    schemas = document()["components"]["schemas"]
    asked = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for _, operation in operations()
        if "requestBody" in operation
    }

    assert asked
    assert all(schemas[name]["additionalProperties"] is False for name in asked)


# ---------------------------------------------------------------- codes


def _codes_in(tree: ast.AST) -> Iterator[str]:
    """The codes that a file's errors and answers may have."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.Assign) and getattr(line.targets[0], "id", "") == "code":
                    yield from _texts(line.value)
        elif isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "code":
                    yield from _texts(keyword.value)
            if getattr(node.func, "id", "") == "problem" and len(node.args) > 1:
                yield from _texts(node.args[1])


def _texts(node: ast.AST) -> Iterator[str]:
    branches = (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)
    for branch in branches:
        if isinstance(branch, ast.Constant) and isinstance(branch.value, str):
            yield branch.value


def codes() -> set[str]:
    """Every code that an answer of the API can have: the package's, the function's, API Gateway's."""
    sources = [*(ROOT / "layers/common/textension").rglob("*.py"), ROOT / "functions/app_api/app.py"]
    found = {code for source in sources for code in _codes_in(ast.parse(Path(source).read_text()))}
    for response in load()["Resources"]["Api"]["Properties"]["GatewayResponses"].values():
        found |= set(re.findall(r'"code": "(\w+)"', response["ResponseTemplates"]["application/json"]))
    return found


def test_every_code_is_in_the_docs_and_no_other() -> None:
    table = re.findall(r"^\| `(\w+)` \| \d{3}", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)

    assert len(table) == len(set(table))
    assert set(table) == codes() - NOT_OF_THE_API


def test_the_worked_example_is_short() -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)

    assert len([line for line in example.splitlines() if line.strip()]) <= 25
