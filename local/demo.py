"""What makes a fresh stack usable at once: secrets, one number with two extensions, ClickSend's rules."""

import json

from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clicksend.client import ClickSend
from textension.clicksend.credentials import Credentials
from textension.clicksend.management import Management
from textension.clicksend.rules import INBOUND, RECEIPTS, Addresses, deviations, ours, wanted
from textension.errors import TextensionError
from textension.message import NumberSettings

from .config import EMAIL_FROM, HOST, STACK_NAME
from .deploy import Aws
from .front import REALTIME
from .simulator.models import Credential

ACCOUNT = "main"
NUMBER = "+61411111111"
EXTENSIONS = ("101", "102")
EMAILS = ("sales@example.com",)
CREDENTIAL = Credential()
SUBACCOUNT_ID = str(CREDENTIAL.subaccount_id)

type Entry = dict[str, str]
type Secret = Entry | list[Entry]


def write_secrets(aws: Aws, outputs: dict[str, str], simulator_url: str) -> None:
    """Give the functions the simulator's credentials. A key that was rotated since stays."""
    credentials = {"CLICKSEND_USERNAME": CREDENTIAL.username, "CLICKSEND_API_KEY": CREDENTIAL.api_key}
    there = _read_secret(aws, outputs["CredentialsSecretArn"])
    known = {} if there.get("CLICKSEND_API_KEY") else credentials
    _update_secret(aws, outputs["CredentialsSecretArn"], {**known, "CLICKSEND_BASE_URL": simulator_url})
    if not _read_secret(aws, outputs["WebhookSecretArn"]).get("CLICKSEND_SUBACCOUNT_ID"):
        _update_secret(aws, outputs["WebhookSecretArn"], {"CLICKSEND_SUBACCOUNT_ID": SUBACCOUNT_ID})


def aim_at_simulator(aws: Aws, outputs: dict[str, str], simulator_url: str) -> str:
    """Let the local stack know no other ClickSend than the simulator; returns the webhook token."""
    _update_secret(aws, outputs["CredentialsSecretArn"], {"CLICKSEND_BASE_URL": simulator_url})
    return token(aws, outputs)


def token(aws: Aws, outputs: dict[str, str]) -> str:
    """The webhook's present token."""
    return _own(_read_secret_value(aws, outputs["WebhookSecretArn"]))["WEBHOOK_TOKEN"]


def _read_secret_value(aws: Aws, arn: str) -> Secret:
    value: Secret = json.loads(aws.secrets.get_secret_value(SecretId=arn)["SecretString"])
    return value


def _own(value: Secret) -> Entry:
    """The demo account's entry: people may have added others."""
    return next(one for one in value if one["account"] == ACCOUNT) if isinstance(value, list) else value


def _read_secret(aws: Aws, arn: str) -> Entry:
    return _own(_read_secret_value(aws, arn))


def _update_secret(aws: Aws, arn: str, values: Entry) -> None:
    value = _read_secret_value(aws, arn)
    entry = _own(value)
    if entry | values != entry:
        entry.update(values)
        aws.secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(value))


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


def install_rules(aws: Aws, outputs: dict[str, str], front_url: str) -> None:
    """Make ClickSend push texts and receipts to this stack, as `textension webhook install` does."""
    entry = _read_secret(aws, outputs["CredentialsSecretArn"])
    credentials = Credentials(
        ACCOUNT, entry["CLICKSEND_USERNAME"], entry["CLICKSEND_API_KEY"], entry["CLICKSEND_BASE_URL"]
    )
    webhook = f"{front_url}/webhook/clicksend"
    where = Addresses(bases={INBOUND: f"{webhook}/sms", RECEIPTS: f"{webhook}/receipt"}, tokens=[token(aws, outputs)])
    prefix = f"{STACK_NAME}_{ACCOUNT}"
    numbers = [settings.number for settings in Numbers(Table(outputs["TableName"])).of_account(ACCOUNT)]
    client = ClickSend(credentials, allow_http=True)
    try:
        there = Management(client)
        mine = ours(prefix, there.rules(), where)
        for one in deviations(wanted(prefix, numbers, where), mine, where):
            there.mend(one)
    except TextensionError as error:
        print(f"  ClickSend's rules stay as they are ({error}): see textension doctor", flush=True)
    finally:
        client.close()


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
