"""An empty stack, set up by commands alone; then each thing that can break: the doctor names it, and what mends it."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from textension.aws import clients
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.message import NumberSettings

from tests.stack.office import NUMBER, Office, eventually
from tests.stack.running import RunningStack
from tests.stack.setup import KEY, SUBACCOUNT, Console

pytestmark = pytest.mark.stack

PEER = "+61422222222"
OTHER = "+61433333333"
SENDER = "sms@example.com"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack without demo data."""
    with RunningStack.started(tmp_path_factory.mktemp("empty"), "--empty") as running:
        yield running


@pytest.fixture(scope="module")
def before(empty: RunningStack) -> list[dict[str, str]]:
    """What the doctor said before anything was set up; then it is set up."""
    console = Console(empty.state_dir)
    found = console.doctor()
    console.set_up("101")
    return found


@pytest.fixture
def console(empty: RunningStack, before: list[dict[str, str]]) -> Console:
    """The command line, on the stack that was set up."""
    return Console(empty.state_dir)


@pytest.fixture
def shop(empty: RunningStack) -> Iterator[Office]:
    """The stack, used from outside."""
    with Office.of(empty) as one:
        yield one


def secret(shop: Office, output: str, **changes: str) -> None:
    """Change an entry of a secret behind the command line's back."""
    client, arn = shop.aws("secretsmanager"), shop.file.outputs[output]
    entry = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    client.put_secret_value(SecretId=arn, SecretString=json.dumps(entry | changes))


def rules(shop: Office, kind: str = "inbound") -> list[dict[str, Any]]:
    """ClickSend's rules."""
    answer = httpx.get(f"{shop.file.simulator_url}/v3/automations/sms/{kind}", auth=("demo", KEY), timeout=10)
    found: list[dict[str, Any]] = answer.json()["data"]["data"]
    return found


def at_clicksend(shop: Office, method: str, rule: dict[str, Any], **changes: object) -> None:
    """Somebody changes an inbound rule in ClickSend's dashboard."""
    url = f"{shop.file.simulator_url}/v3/automations/sms/inbound/{rule['inbound_rule_id']}"
    httpx.request(method, url, auth=("demo", KEY), json=rule | changes, timeout=10).raise_for_status()


def settings(shop: Office, monkeypatch: pytest.MonkeyPatch) -> Numbers:
    """The numbers, written as only a mistake would."""
    monkeypatch.setattr(clients, "dynamodb", lambda: shop.dynamodb)
    return Numbers(Table(shop.file.outputs["TableName"]))


def names(found: list[dict[str, str]]) -> list[tuple[str, str]]:
    """Name and level of each finding."""
    return [(one["name"], one["level"]) for one in found]


def one_finding(console: Console, name: str, level: str = "wrong") -> dict[str, str]:
    """The one thing that the doctor finds."""
    found = console.doctor()
    assert names(found) == [(name, level)], found
    return found[0]


# ------------------------------------------------------------ set-up


def test_the_doctor_says_what_an_empty_stack_lacks(before: list[dict[str, str]]) -> None:
    assert names(before) == [("credentials", "wrong"), ("subaccounts", "wrong"), ("numbers", "wrong")]


def test_after_the_set_up_nothing_is_wrong_and_texts_go_both_ways(console: Console, shop: Office) -> None:
    assert console.doctor() == []
    assert [one["outcome"] for one in console.run("webhook", "test", "--json").json] == ["stored", "stored"]
    assert [one["number"] for one in console.run("numbers", "sync", "--json", code=1).json if not one["hole"]] == [
        NUMBER
    ]

    shop.clicksend("POST", "/inbound", **{"from": PEER, "to": NUMBER, "body": "Are you open?"})
    eventually(lambda: any(one["text"] == "Are you open?" for one in listed(console)), within=20, what="the text")
    console.run("send", "--from", NUMBER, "--to", PEER, "Yes, until five.", "--wait", "60")

    assert len(shop.arrivals("Yes, until five.")) == 1


def listed(console: Console) -> list[dict[str, Any]]:
    """The newest messages."""
    found: list[dict[str, Any]] = console.run("messages", "list", "--json").json
    return found


def test_a_round_trip_by_the_free_test_numbers(console: Console) -> None:
    found = console.run("doctor", "--send", "--yes", "--json").json
    assert [(one["name"], one["level"]) for one in found[-3:]] == [("send", "ok"), ("push", "ok"), ("push", "ok")]


# ------------------------------------------------------------ ten breakages


def test_a_wrong_key(console: Console, shop: Office) -> None:
    secret(shop, "CredentialsSecretArn", CLICKSEND_API_KEY="another")
    found = one_finding(console, "credentials")
    console.mend(f"{found['mend']} --username demo --stdin", typed=f"{KEY}\n")
    assert console.doctor() == []


def test_a_wrong_subaccount(console: Console, shop: Office) -> None:
    secret(shop, "WebhookSecretArn", CLICKSEND_SUBACCOUNT_ID="999999")
    found = one_finding(console, "subaccounts")
    assert SUBACCOUNT in found["mend"]
    console.mend(found["mend"])
    assert console.doctor() == []


def test_a_rule_that_was_deleted(console: Console, shop: Office) -> None:
    at_clicksend(shop, "DELETE", rules(shop)[0])
    found = one_finding(console, "rules")
    assert NUMBER in found["text"]
    console.mend(found["mend"])
    assert console.doctor() == []


def test_a_rule_that_points_elsewhere(console: Console, shop: Office) -> None:
    at_clicksend(shop, "PUT", rules(shop)[0], action_address="http://127.0.0.1:9/elsewhere")
    found = one_finding(console, "rules")
    assert "elsewhere" in found["text"]
    console.mend(found["mend"])
    assert console.doctor() == []
    assert len(rules(shop)) == 1


def test_a_token_that_was_retired(console: Console, shop: Office) -> None:
    secret(shop, "WebhookSecretArn", WEBHOOK_TOKEN="new-token-of-somebodys-own")
    found = one_finding(console, "rules")
    assert "token" in found["text"]
    console.mend(found["mend"])
    assert console.doctor() == []


def test_a_disabled_number(console: Console) -> None:
    console.run("numbers", "add", NUMBER, "--disabled")
    found = one_finding(console, "numbers", "warn")
    assert NUMBER in found["text"]
    console.mend(found["mend"])
    assert console.doctor() == []


def test_a_number_that_clicksend_does_not_list(console: Console, shop: Office) -> None:
    numbers = shop.clicksend("GET", "/settings")["numbers"]
    console.run("numbers", "add", OTHER, "--extension", "101")
    console.run("webhook", "install", "--yes")
    try:
        shop.clicksend("PUT", "/numbers", numbers=[one for one in numbers if one != OTHER])
        found = one_finding(console, "listed")
        assert OTHER in found["text"]
        console.mend(found["mend"])
        assert console.doctor() == []
    finally:
        shop.clicksend("PUT", "/numbers", numbers=numbers)


def test_a_number_that_is_not_ours_any_more(console: Console) -> None:
    console.run("numbers", "add", OTHER, "--extension", "101")
    console.run("webhook", "install", "--yes")
    console.run("numbers", "remove", OTHER, "--yes")
    found = one_finding(console, "rules")
    console.mend(found["mend"], NAME="101")
    assert console.doctor() == []
    console.run("numbers", "remove", OTHER, "--yes")
    console.run("webhook", "install", "--yes")


def test_a_number_without_an_extension(console: Console, shop: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(shop, monkeypatch).put(NumberSettings(number=NUMBER, account="main", extensions=()))
    found = one_finding(console, "numbers")
    assert NUMBER in found["text"]
    console.mend(found["mend"], NAME="101")
    assert console.doctor() == []


def test_a_sender_that_ses_has_not_verified(console: Console, shop: Office) -> None:
    update_stack(shop, SENDER)
    try:
        found = one_finding(console, "email")
        words = found["mend"].split()
        assert words[:-1] == ["aws", "sesv2", "create-email-identity", "--email-identity"]
        shop.aws("sesv2").create_email_identity(EmailIdentity=words[-1])
        assert console.doctor() == []
    finally:
        update_stack(shop, "")


def update_stack(shop: Office, sender: str) -> None:
    """Deploy with another EmailFrom."""
    cloudformation = shop.aws("cloudformation")
    stack = cloudformation.describe_stacks(StackName=shop.file.stack_name)["Stacks"][0]
    kept = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]} | {"EmailFrom": sender}
    cloudformation.update_stack(
        StackName=shop.file.stack_name,
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in kept.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def done() -> bool:
        return bool(
            cloudformation.describe_stacks(StackName=shop.file.stack_name)["Stacks"][0]["StackStatus"]
            == "UPDATE_COMPLETE"
        )

    eventually(done, within=60, what="the update")


@pytest.mark.parametrize(("balance", "level"), [("0", "wrong"), ("3", "warn")])
def test_a_balance_that_is_spent_or_low(console: Console, shop: Office, balance: str, level: str) -> None:
    shop.clicksend("PUT", "/settings", balance=balance)
    found = one_finding(console, "balance", level)
    assert "dashboard.clicksend.com" in found["mend"]
    shop.clicksend("PUT", "/settings", balance="1000")
    assert console.doctor() == []


@pytest.mark.parametrize(
    ("state", "level"), [({"active": False}, "wrong"), ({"banned": True}, "wrong"), ({"on_trial": True}, "warn")]
)
def test_an_account_that_is_not_in_order(console: Console, shop: Office, state: dict[str, bool], level: str) -> None:
    before = shop.clicksend("GET", "/settings")
    shop.clicksend("PUT", "/settings", **state)
    one_finding(console, "account", level)
    shop.clicksend("PUT", "/settings", **{name: before[name] for name in state})
    assert console.doctor() == []
