"""What makes a fresh stack usable at once: secrets, one number with two extensions, ClickSend's rules."""

import json
from dataclasses import dataclass

import httpx
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.message import NumberSettings

from .config import EMAIL_FROM, HOST
from .deploy import Aws
from .errors import LocalError
from .front import REALTIME
from .simulator.models import Credential

ACCOUNT = "main"
NUMBER = "+61411111111"
EXTENSIONS = ("101", "102")
EMAILS = ("sales@example.com",)
CREDENTIAL = Credential()
SUBACCOUNT_ID = str(CREDENTIAL.subaccount_id)
RULE_NAME = "textension"

type Rule = dict[str, str | int]


def write_secrets(aws: Aws, outputs: dict[str, str], simulator_url: str) -> str:
    """Give the functions the simulator's credentials, written only where they differ; returns the webhook token."""
    credentials = {
        "account": ACCOUNT,
        "CLICKSEND_USERNAME": CREDENTIAL.username,
        "CLICKSEND_API_KEY": CREDENTIAL.api_key,
        "CLICKSEND_BASE_URL": simulator_url,
    }
    _update_secret(aws, outputs["CredentialsSecretArn"], credentials)
    webhook = _update_secret(aws, outputs["WebhookSecretArn"], {"CLICKSEND_SUBACCOUNT_ID": SUBACCOUNT_ID})
    return webhook["WEBHOOK_TOKEN"]


def _update_secret(aws: Aws, arn: str, values: dict[str, str]) -> dict[str, str]:
    secrets = aws.secrets
    old: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    new = old | values
    if new != old:
        secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(new))
    return new


def add_number(table: str) -> None:
    """The demo number, once: what a person has changed since stays."""
    numbers = Numbers(Table(table))
    if numbers.get(NUMBER) is None:
        settings = NumberSettings(number=NUMBER, account=ACCOUNT, extensions=EXTENSIONS, emails=EMAILS, label="Demo")
        numbers.put(settings)


def verify_sender(aws: Aws) -> None:
    """Make SES believe that we own the address that mails come from; the emulator asks nobody."""
    try:
        aws.ses.get_email_identity(EmailIdentity=EMAIL_FROM)
    except aws.ses.exceptions.NotFoundException:
        aws.ses.create_email_identity(EmailIdentity=EMAIL_FROM)


def mails(aws_url: str) -> str:
    """Where the mails are that were sent, as JSON."""
    return f"{aws_url}/_ministack/ses/messages"


@dataclass(frozen=True, slots=True)
class RuleKind:
    """One of ClickSend's two lists of automation rules."""

    path: str
    id_field: str


INBOUND = RuleKind("/v3/automations/sms/inbound", "inbound_rule_id")
RECEIPTS = RuleKind("/v3/automations/sms/receipts", "receipt_rule_id")


def install_rules(simulator_url: str, front_url: str, token: str) -> None:
    """Make ClickSend push texts and receipts to this stack: rules found by name and repaired, or created."""
    webhook = f"{front_url}/webhook/clicksend"
    common: Rule = {"rule_name": RULE_NAME, "action": "URL", "enabled": 1}
    inbound: Rule = {
        "dedicated_number": NUMBER,
        "message_search_type": 0,
        "message_search_term": "",
        "action_address": f"{webhook}/sms/{token}",
        "webhook_type": "post",
    }
    receipts: Rule = {"match_type": 0, "action_address": f"{webhook}/receipt/{token}"}
    login = (CREDENTIAL.username, CREDENTIAL.api_key)
    with httpx.Client(base_url=simulator_url, auth=login, timeout=10, trust_env=False) as client:
        _put_rule(client, INBOUND, common | inbound)
        _put_rule(client, RECEIPTS, common | receipts)


def _put_rule(client: httpx.Client, kind: RuleKind, rule: Rule) -> None:
    listed = _checked(client.get(kind.path, params={"limit": 100}))
    same_name = [row for row in listed["data"]["data"] if row["rule_name"] == RULE_NAME]
    for surplus in same_name[1:]:
        _checked(client.delete(f"{kind.path}/{surplus[kind.id_field]}"))
    if not same_name:
        _checked(client.post(kind.path, json=rule))
    elif any(same_name[0].get(name) != value for name, value in rule.items()):
        _checked(client.put(f"{kind.path}/{same_name[0][kind.id_field]}", json=rule))


def _checked(response: httpx.Response) -> dict[str, dict[str, list[dict[str, str | int]]]]:
    if response.status_code != httpx.codes.OK:
        raise LocalError(f"The ClickSend simulator refused {response.request.url}: {response.text[:500]}")
    answer: dict[str, dict[str, list[dict[str, str | int]]]] = response.json()
    return answer


def customer_texts(simulator_url: str) -> str:
    """A command that plays a customer."""
    order = json.dumps({"from": "+61422222222", "to": NUMBER, "body": "Hello, are you open today?"})
    return f"curl -s {simulator_url}/simulator/inbound -H 'Content-Type: application/json' -d '{order}'"


def local_url(port: int) -> str:
    """An address on this machine."""
    return f"http://{HOST}:{port}"


def websocket_url(port: int) -> str:
    """The WebSocket's address at the front, without a ticket."""
    return f"ws://{HOST}:{port}{REALTIME.decode()}"
