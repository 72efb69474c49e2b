"""Reads `template.yaml` for tests, so that they never repeat what it says."""

import functools
import json
from pathlib import Path
from typing import Any

from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent


@functools.cache
def load() -> dict[str, Any]:
    """The template, with CloudFormation's short tags as dictionaries."""
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return template


def table_properties(name: str) -> dict[str, Any]:
    """The table's own properties, as `create_table` takes them."""
    properties = load()["Resources"]["Table"]["Properties"]
    keys = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    view = properties["StreamSpecification"]["StreamViewType"]
    return {
        "TableName": name,
        **{key: properties[key] for key in keys},
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": view},
    }


def secret_text(logical_id: str, account: str = "main") -> str:
    """The text that the template gives a secret, its generated part made up."""
    properties = load()["Resources"][logical_id]["Properties"]
    generated = properties.get("GenerateSecretString")
    text = properties["SecretString"] if generated is None else generated["SecretStringTemplate"]
    text = text["Fn::Sub"] if isinstance(text, dict) else text
    value = json.loads(text.replace("${Account}", account))
    if generated:
        value[generated["GenerateStringKey"]] = (f"test-{logical_id}-" + "x" * 64)[: generated["PasswordLength"]]
    return json.dumps(value)


def user_pool_properties(name: str) -> dict[str, Any]:
    """The user pool's own properties, as `create_user_pool` takes them."""
    properties = load()["Resources"]["UserPool"]["Properties"]
    keys = ("UsernameAttributes", "UsernameConfiguration", "AutoVerifiedAttributes", "Policies", "Schema")
    return {"PoolName": name, **{key: properties[key] for key in keys}}
