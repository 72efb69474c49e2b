"""The doctor: what each check finds, and that the findings' commands are for this very stack."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from textension.authenticity import PROBE
from textension.aws import identities
from textension.clicksend import address as public
from textension.clicksend.address import Reply
from textension.message import NumberSettings
from textension_cli import checkout, checks_clicksend, checks_numbers, checks_stack, doctor
from textension_cli.command import Session
from textension_cli.finding import Finding, Patient
from textension_cli.stack import Choice, open_stack

from tests import template_yaml
from tests.cli.conftest import STACK, Cli, ClickSend
from tests.conftest import NUMBER, Backend


def patient(name: str | None = None, account: str = "main", **described: Any) -> Patient:
    """Somebody to look at: the local stack, or one on AWS by its name."""
    stack = open_stack(Choice(name))
    changed = replace(stack, described=replace(stack.described, **described))
    return Patient(Session(stack=changed, account=account, as_json=False), Decimal(10))


def levels(found: Any) -> list[tuple[str, str]]:
    return [(one.name, one.level) for one in found]


@pytest.mark.parametrize(
    ("described", "level", "words"),
    [
        ({}, "ok", "as the template has it"),
        ({"status": "UPDATE_ROLLBACK_COMPLETE"}, "wrong", "UPDATE_ROLLBACK_COMPLETE"),
        ({"status": "UPDATE_IN_PROGRESS"}, "warn", "at work"),
        ({"drifted": True}, "warn", "by hand"),
        ({"parameters": {"RequireWebhookToken": "false"}}, "warn", "RequireWebhookToken"),
    ],
)
def test_the_stack(local: Cli, described: dict[str, Any], level: str, words: str) -> None:
    [found] = checks_stack.stack(patient(**described))
    assert found.level == level
    assert words in found.text


DEFAULTS = {name: str(one["Default"]) for name, one in template_yaml.load()["Parameters"].items()}


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("another", {}, [("ok", "", "")]),
        ("another", {"MessagesPerMinute": "7"}, [("ok", "", "")]),  # somebody's choice, which deploying keeps
        ("another", {"LowBalance": None}, [("warn", "LowBalance", "make build && sam deploy")]),
        ("textension", {"Environment": "prod", "LogRetentionDays": "90"}, [("ok", "", "")]),
        (
            "textension",
            {"Environment": "prod"},
            [("warn", "LogRetentionDays is 30 and not 90", "make build && sam deploy --config-env prod")],
        ),
    ],
)
def test_the_parameters(
    local: Cli, name: str, changes: dict[str, str | None], found: list[tuple[str, str, str]]
) -> None:
    given = {key: value for key, value in {**DEFAULTS, **changes}.items() if value is not None}
    one = patient(parameters=given)
    named = replace(one, session=replace(one.session, stack=replace(one.session.stack, name=name)))

    said = list(checks_stack.parameters(named))

    assert [(finding.level, finding.mend) for finding in said] == [(level, mend) for level, _, mend in found]
    assert all(words in finding.text for finding, (_, words, _) in zip(said, found, strict=True))


def test_the_checkouts_parameters_are_those_of_its_template(tmp_path: Path) -> None:
    assert checkout.parameters() == DEFAULTS.keys()
    assert checkout.parameters(tmp_path) == frozenset()
    (tmp_path / "samconfig.toml").write_text(
        '[us.deploy.parameters]\nstack_name = "us"\nparameter_overrides = ["A=1 2", "B="]\n'
    )
    assert checkout.wanted("us", tmp_path) == ("us", {"A": "1 2", "B": ""})
    assert checkout.wanted("eu", tmp_path) == ("", {})
    (tmp_path / "samconfig.toml").write_text("[")
    assert checkout.wanted("us", tmp_path) == ("", {})


@pytest.mark.parametrize(
    ("ahead", "level", "words"),
    [
        (900, "ok", "AWS's"),
        (None, "ok", "did not say"),
        (-45_000, "warn", "45 s behind"),
        (600_000, "wrong", "600 s ahead of"),
    ],
)
def test_the_clock(local: Cli, ahead: int | None, level: str, words: str) -> None:
    [found] = checks_stack.clock(patient(clock_ahead=ahead))
    assert found.level == level
    assert words in found.text


@pytest.fixture
def answering() -> Iterator[Callable[[int], str]]:
    """Starts a public address that answers everything with one status."""
    servers: list[HTTPServer] = []

    def start(status: int) -> str:
        class Requests(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = HTTPServer(("127.0.0.1", 0), Requests)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/webhook/clicksend/sms"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("status", "level"), [(403, "ok"), (200, "wrong"), (404, "wrong"), (500, "wrong")])
def test_the_public_address_must_refuse_strangers(
    local: Cli, answering: Callable[[int], str], status: int, level: str
) -> None:
    one = patient()
    stack = replace(one.session.stack, outputs={**one.session.stack.outputs, "WebhookUrl": answering(status)})
    [found] = checks_stack.address(replace(one, session=replace(one.session, stack=stack)))
    assert (found.name, found.level) == ("address", level)


def test_the_public_address_is_tried_with_what_the_webhook_counts_apart(
    local: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(method: str, url: str) -> Reply:
        asked.append((method, url))
        return Reply(403)

    monkeypatch.setattr(public, "ask", ask)

    list(checks_stack.address(patient()))

    assert [(method, url.split("/")[-2:]) for method, url in asked] == [
        ("POST", ["sms", PROBE]),
        ("GET", ["sms", PROBE]),
        ("POST", ["receipt", PROBE]),
    ]


def test_an_address_that_nobody_answers_at(local: Cli) -> None:
    assert public.ask("GET", "http://127.0.0.1:9/x") == Reply(None, "unreachable")


@pytest.mark.parametrize("reply", [Reply(None, "certificate"), Reply(None, "timeout")])
def test_an_address_without_an_answer_is_wrong(local: Cli, monkeypatch: pytest.MonkeyPatch, reply: Reply) -> None:
    monkeypatch.setattr(public, "ask", lambda *_: reply)
    [found] = checks_stack.address(patient())
    assert found.level == "wrong"
    assert ("certificate" in found.text) == (reply.trouble == "certificate")


def test_on_aws_the_address_must_be_https(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "ask", lambda *_: Reply(403))
    one = patient(STACK)
    assert levels(checks_stack.address(one)) == [("address", "ok")]
    stack = replace(one.session.stack, outputs={**one.session.stack.outputs, "WebhookUrl": "http://example.com/sms"})
    assert levels(checks_stack.address(replace(one, session=replace(one.session, stack=stack)))) == [
        ("address", "wrong")
    ]


def test_every_queue_of_what_was_given_up_is_looked_at() -> None:
    outputs = template_yaml.load()["Outputs"]

    assert set(checks_stack._QUEUES.values()) == {
        name for name in outputs if name.endswith("DeadLetterQueueUrl") or name == "FailureQueueUrl"
    }


def test_dead_letters(local: Cli, aws: Backend) -> None:
    sqs = boto3.client("sqs")
    one = patient()
    outputs = dict(one.session.stack.outputs)
    for name in checks_stack._QUEUES.values():
        outputs[name] = sqs.create_queue(QueueName=name)["QueueUrl"]
    full = replace(one, session=replace(one.session, stack=replace(one.session.stack, outputs=outputs)))
    assert levels(checks_stack.queues(full)) == [("queues", "ok")]

    sqs.send_message(QueueUrl=outputs["FailureQueueUrl"], MessageBody="x")
    [found] = checks_stack.queues(full)
    assert (found.level, found.mend) == ("wrong", "textension dlq list")
    assert "failures 1" in found.text


def test_a_sender_is_verified_by_its_address_or_a_domain_above(aws: Backend) -> None:
    ses = boto3.client("sesv2")
    assert not identities.verified("sms@office.example.com")
    ses.create_email_identity(EmailIdentity="example.com")
    known = bool(ses.get_email_identity(EmailIdentity="example.com").get("VerifiedForSendingStatus"))
    assert identities.verified("sms@office.example.com") is known


@pytest.mark.parametrize(("verified", "level"), [(True, "ok"), (False, "wrong")])
def test_the_sender_of_copies(local: Cli, monkeypatch: pytest.MonkeyPatch, verified: bool, level: str) -> None:
    monkeypatch.setattr(identities, "verified", lambda _: verified)
    [found] = checks_stack.email(patient(parameters={"EmailFrom": "sms@example.com"}))
    assert found.level == level


def test_an_extension_without_a_user(local: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    one = patient()
    monkeypatch.setattr(one.session.stack.users, "of_account", lambda _: [])
    [found] = checks_numbers.users(one)
    assert (found.level, found.mend) == ("warn", "textension users invite EMAIL --extension 101")


def test_what_cannot_be_looked_at_is_said_and_the_rest_goes_on(local: Cli) -> None:
    found = list(doctor.examine(patient(), (checks_stack.queues, checks_stack.clock)))
    assert levels(found) == [("queues", "warn"), ("clock", "ok")]
    assert "Cannot be looked at" in found[0].text


# ------------------------------------------------------------ ClickSend


def at_clicksend(account: str = "main") -> list[Finding]:
    return [one for one in doctor.examine(patient(account=account), checks_clicksend.CHECKS) if one.level != "ok"]


def test_everything_is_in_order(local: Cli, signed_in: ClickSend) -> None:
    local("webhook", "install", "--yes")
    assert at_clicksend() == []


def test_a_wrong_key_hides_what_cannot_be_known(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    aws.put_secret("CredentialsSecret", signed_in.secret("CredentialsSecret") | {"CLICKSEND_API_KEY": "wrong"})
    [found] = at_clicksend()
    assert (found.name, found.mend) == ("credentials", "textension credentials set")
    assert "cannot be looked at" in found.text


def test_clicksend_that_does_not_answer_is_not_a_wrong_key(local: Cli, signed_in: ClickSend) -> None:
    signed_in.control("POST", "/faults", mode="500", path="/v3/account")
    [found] = at_clicksend()
    assert (found.name, found.mend) == ("credentials", "textension credentials check")
    assert "HTTP_500" in found.text


def test_credentials_that_may_not_see_rules(local: Cli, signed_in: ClickSend) -> None:
    local("webhook", "install", "--yes")
    signed_in.control("POST", "/faults", mode="403", path="/v3/automations/sms/inbound")
    assert levels(at_clicksend()) == [("rules", "warn")]


@pytest.mark.parametrize(
    ("allowed", "level", "mend"),
    [
        ("", "wrong", "textension subaccounts allow 100002"),
        ("999999", "wrong", "textension subaccounts allow 100002 --only"),
        ("100002,999999", "warn", "textension subaccounts allow 100002 --only"),
    ],
)
def test_subaccounts(local: Cli, signed_in: ClickSend, aws: Backend, allowed: str, level: str, mend: str) -> None:
    local("webhook", "install", "--yes")
    aws.put_secret("WebhookSecret", signed_in.secret("WebhookSecret") | {"CLICKSEND_SUBACCOUNT_ID": allowed})
    [found] = at_clicksend()
    assert (found.name, found.level, found.mend) == ("subaccounts", level, mend)
    local(*mend.split()[1:])
    assert at_clicksend() == []


def test_a_rotation_that_is_not_finished(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    aws.put_secret("WebhookSecret", signed_in.secret("WebhookSecret") | {"WEBHOOK_TOKEN_PREVIOUS": "old"})
    local("webhook", "install", "--yes")
    [found] = at_clicksend()
    assert (found.name, found.level) == ("token", "warn")


def test_texts_that_come_to_a_number_that_is_not_ours(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    local("webhook", "install", "--yes")
    aws.numbers.remove("main", NUMBER)
    [found] = at_clicksend()
    assert (found.name, found.level) == ("rules", "wrong")
    assert found.mend == f"textension numbers add {NUMBER} --extension NAME"


def test_commands_name_the_account_and_the_stack(cli: Cli) -> None:
    assert patient(STACK).command("webhook install") == f"textension webhook install --stack {STACK}"
    one = patient(STACK, account="second").command("webhook install")
    assert one == f"textension webhook install --account second --stack {STACK}"


# ------------------------------------------------------------ the command


def test_the_command_ends_with_1_when_something_is_wrong(local: Cli, signed_in: ClickSend) -> None:
    ran = local("doctor", "--json")
    assert ran.code == 1
    assert {"name", "level", "text", "mend"} == set(ran.json[0])
    people = local("doctor")
    assert "→ textension webhook install" in people.out
    assert "wrong" in people.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("balance", "parameters", "given", "level"),
    [
        ("10", {}, None, "ok"),
        ("9.99", {}, None, "warn"),
        ("24.99", {"LowBalance": "25"}, None, "warn"),
        ("25", {"LowBalance": "25"}, None, "ok"),
        ("5", {"LowBalance": "0"}, None, "ok"),
        ("0", {"LowBalance": "0"}, None, "wrong"),
        ("5", {"LowBalance": "0"}, "6", "warn"),
    ],
)
def test_a_low_balance_is_what_the_stacks_alarm_calls_low(
    local: Cli, signed_in: ClickSend, balance: str, parameters: dict[str, str], given: str | None, level: str
) -> None:
    signed_in.control("PUT", "/settings", balance=balance)
    session = patient(parameters=parameters).session

    [found] = checks_clicksend.balance(Patient(session, doctor.lowest_balance(session, given)))
    assert found.level == level


@pytest.mark.parametrize("amount", ["much", "NaN", "Infinity"])
def test_a_threshold_that_is_no_amount_is_refused(local: Cli, amount: str) -> None:
    assert local("doctor", "--balance", amount).code == 2


def test_an_extension_is_needed_to_be_seen(local: Cli, aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=(), enabled=False))
    assert levels(checks_numbers.numbers(patient())) == [("numbers", "wrong"), ("numbers", "warn")]
