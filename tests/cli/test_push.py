"""The keys that pushes are signed with: made once, and never replaced by a slip."""

import json

import boto3
import pytest
from textension.push.keys import PushKeys
from textension.push.vapid import Vapid

from tests.cli.conftest import Cli
from tests.conftest import Backend


def secret(aws: Backend) -> dict[str, str]:
    """What the secret holds."""
    text = boto3.client("secretsmanager").get_secret_value(SecretId=aws.secrets["PushSecret"])["SecretString"]
    found: dict[str, str] = json.loads(text)
    return found


def shown() -> str:
    """What browsers are shown."""
    return boto3.client("ssm").get_parameter(Name="push-public-key")["Parameter"]["Value"]


def test_the_pair_is_kept_apart(cli: Cli, aws: Backend) -> None:
    ran = cli("push", "init", "ops@example.com")

    kept = secret(aws)
    assert ran.code == 0
    assert kept["contact"] == "mailto:ops@example.com"
    assert Vapid(PushKeys(private=kept["private_key"], public=kept["public_key"], contact="")).keys
    assert shown() == kept["public_key"]
    assert f"  {shown()}\n" in ran.out
    assert kept["private_key"] not in ran.out + ran.err


def test_the_public_key_for_machines(cli: Cli) -> None:
    ran = cli("push", "init", "https://example.com/contact", "--json")

    assert ran.json == {"public_key": shown(), "contact": "https://example.com/contact"}


def test_keys_that_browsers_subscribed_to_are_replaced_by_force_only(cli: Cli, aws: Backend) -> None:
    cli("push", "init", "ops@example.com")
    before = secret(aws)

    refused = cli("push", "init", "ops@example.com")

    assert (refused.code, secret(aws), shown()) == (1, before, before["public_key"])
    assert "--force" in refused.error
    assert cli("push", "init", "ops@example.com", "--force").code == 0
    assert secret(aws)["public_key"] == shown() != before["public_key"]


@pytest.mark.parametrize("contact", ["", "ops", "http://example.com", "mailto:ops", "a b@example.com"])
def test_a_contact_can_be_contacted(cli: Cli, contact: str) -> None:
    assert cli("push", "init", contact).code == 2
    assert shown() == "none"
