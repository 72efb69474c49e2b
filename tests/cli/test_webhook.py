"""The addresses for ClickSend's rules, and who may post to them."""

import json

import boto3
import pytest

from tests.cli.conftest import Cli
from tests.conftest import SUBACCOUNT, Backend

API = "https://abc123.execute-api.ap-southeast-2.amazonaws.com/live/webhook/clicksend"


def secret(aws: Backend) -> object:
    """What the webhook's secret holds."""
    text = boto3.client("secretsmanager").get_secret_value(SecretId=aws.secrets["WebhookSecret"])["SecretString"]
    return json.loads(text)


def test_both_addresses_are_shown_whole_whatever_the_width(cli: Cli, aws: Backend) -> None:
    ran = cli("webhook", "url")
    assert ran.code == 0
    assert f"  {API}/sms/{aws.token}\n" in ran.out
    assert f"  {API}/receipt/{aws.token}\n" in ran.out
    assert ran.err == ""


def test_the_addresses_for_machines(cli: Cli, aws: Backend) -> None:
    assert cli("webhook", "url", "--json").json == {
        "account": "main",
        "inbound_url": f"{API}/sms/{aws.token}",
        "receipt_url": f"{API}/receipt/{aws.token}",
        "subaccount_ids": [SUBACCOUNT],
        "tokens": 1,
    }


def test_the_local_addresses_are_those_of_the_front(local: Cli, aws: Backend) -> None:
    assert f"http://127.0.0.1:8080/webhook/clicksend/receipt/{aws.token}" in local("webhook", "url").out


def test_a_missing_subaccount_is_said_with_its_mend(cli: Cli, aws: Backend) -> None:
    aws.put_secret("WebhookSecret", {"account": "main", "WEBHOOK_TOKEN": "t", "CLICKSEND_SUBACCOUNT_ID": ""})
    ran = cli("webhook", "url")
    assert ran.code == 0
    assert "would go to quarantine" in ran.err
    assert "textension subaccounts allow SUBACCOUNT_ID --account main" in ran.err


@pytest.mark.parametrize("unset", ["", " ", [], None, "missing"])
def test_an_unset_subaccount_allows_nothing_at_all(cli: Cli, aws: Backend, unset: object) -> None:
    entry = {"account": "main", "WEBHOOK_TOKEN": "t"}
    aws.put_secret("WebhookSecret", entry if unset == "missing" else {**entry, "CLICKSEND_SUBACCOUNT_ID": unset})
    assert cli("webhook", "url", "--json").json["subaccount_ids"] == []


def test_a_previous_token_that_still_opens_is_said(cli: Cli, aws: Backend) -> None:
    entry = {"account": "main", "WEBHOOK_TOKEN": "new", "WEBHOOK_TOKEN_PREVIOUS": "old"}
    aws.put_secret("WebhookSecret", [{"account": "other"}, {**entry, "CLICKSEND_SUBACCOUNT_ID": [1, 2]}])
    ran = cli("webhook", "url")
    assert "/sms/new" in ran.out
    assert "old" not in ran.out
    assert "webhook rotate --finish" in ran.err


@pytest.mark.parametrize("entry", [{"account": "other", "WEBHOOK_TOKEN": "t"}, {"account": "main"}])
def test_an_account_without_a_token_has_no_address(cli: Cli, aws: Backend, entry: dict[str, str]) -> None:
    aws.put_secret("WebhookSecret", entry)
    ran = cli("webhook", "url")
    assert (ran.code, ran.out) == (1, "")
    assert "account main has no webhook token yet" in ran.error


def test_subaccounts_are_added_and_nothing_else_changes(cli: Cli, aws: Backend) -> None:
    other = {"account": "other", "WEBHOOK_TOKEN": "theirs", "CLICKSEND_SUBACCOUNT_ID": "7"}
    ours = {"account": "main", "WEBHOOK_TOKEN": "ours", "CLICKSEND_SUBACCOUNT_ID": "100002", "note": "kept"}
    aws.put_secret("WebhookSecret", [other, ours])

    ran = cli("webhook", "allow", "100003", "100002", "--json")

    assert ran.json == {"account": "main", "subaccount_ids": ["100002", "100003"]}
    assert secret(aws) == [other, {**ours, "CLICKSEND_SUBACCOUNT_ID": "100002,100003"}]


def test_a_secret_that_is_one_object_stays_one(cli: Cli, aws: Backend) -> None:
    aws.put_secret("WebhookSecret", {"account": "main", "WEBHOOK_TOKEN": "t", "CLICKSEND_SUBACCOUNT_ID": ""})
    assert "Account main takes posts of: 5." in cli("webhook", "allow", "5").out
    assert secret(aws) == {"account": "main", "WEBHOOK_TOKEN": "t", "CLICKSEND_SUBACCOUNT_ID": "5"}


def test_what_is_no_subaccount_is_not_written(cli: Cli, aws: Backend) -> None:
    before = secret(aws)
    assert cli("webhook", "allow", "5", "six").code == 2
    assert cli("webhook", "allow", "5", "--account", "absent").code == 1
    assert secret(aws) == before
