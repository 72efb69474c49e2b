"""Changes to the secrets, for the command line: one account's entry, and nothing else of what a secret holds."""

import json
import secrets as random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.aws.secrets import WebhookAccount, account_of, read_entries, subaccount_ids, webhook_account
from textension.clicksend.credentials import Credentials
from textension.clock import iso, now_ms
from textension.errors import ConfigurationError, Conflict, Unavailable

TOKEN_BYTES: Final = 32
_ROTATED: Final = "WEBHOOK_TOKEN_ROTATED"
"""When the present token replaced the previous one; nobody but the command line reads it."""

type Entry = dict[str, Any]


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("Secrets Manager did not change the secret") from error


def change(arn: str, account: str, edit: Callable[[Entry], None], *, create: bool = False) -> Entry:
    """Let `edit` change an account's entry, and store it; the entry as it is now.

    Functions believe their copies for up to `secrets.MAX_AGE` seconds. Raises ConfigurationError when the account has
    no entry and none is to be created, Unavailable when Secrets Manager refused.
    """
    client = clients.secretsmanager()
    with _errors():
        text = client.get_secret_value(SecretId=arn)["SecretString"]
    entries = read_entries(text)
    entry = next((one for one in entries if account_of(one) == account), None)
    if entry is None and not create:
        raise ConfigurationError(f"the secret has no entry whose account is {account}: add one")
    if entry is None:
        entry = {"account": account}
        entries.append(entry)
    edit(entry)
    value = entries if len(entries) > 1 or text.lstrip().startswith("[") else entry
    with _errors():
        client.put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    return entry


def allow_subaccounts(arn: str, account: str, ids: Sequence[str], *, only: bool = False) -> WebhookAccount:
    """Let subaccounts post for an account, too or `only` them; its entry of the webhook secret as it is now."""

    def edit(entry: Entry) -> None:
        present = [] if only else subaccount_ids(entry)
        entry["CLICKSEND_SUBACCOUNT_ID"] = ",".join(dict.fromkeys([*present, *ids]))

    return webhook_account(change(arn, account, edit))


def store_credentials(arn: str, credentials: Credentials) -> None:
    """Write an account's credentials down; its entry is made where there is none."""

    def edit(entry: Entry) -> None:
        entry["CLICKSEND_USERNAME"] = credentials.username
        entry["CLICKSEND_API_KEY"] = credentials.api_key
        entry["CLICKSEND_BASE_URL"] = credentials.base_url

    change(arn, credentials.account, edit, create=True)


def begin_rotation(arn: str, account: str) -> WebhookAccount:
    """Give the webhook a new token beside the present one. Raises Conflict while an earlier one still opens."""

    def edit(entry: Entry) -> None:
        if entry.get("WEBHOOK_TOKEN_PREVIOUS"):
            raise Conflict("the last rotation is not finished: textension webhook rotate --finish")
        entry["WEBHOOK_TOKEN_PREVIOUS"] = entry.get("WEBHOOK_TOKEN", "")
        entry["WEBHOOK_TOKEN"] = random.token_urlsafe(TOKEN_BYTES)
        entry[_ROTATED] = iso(now_ms())

    return webhook_account(change(arn, account, edit))


def end_rotation(arn: str, account: str) -> WebhookAccount:
    """Retire the previous token: whatever still posts with it is refused."""

    def edit(entry: Entry) -> None:
        entry.pop("WEBHOOK_TOKEN_PREVIOUS", None)
        entry.pop(_ROTATED, None)

    return webhook_account(change(arn, account, edit))


def make_token(arn: str, account: str) -> WebhookAccount:
    """Give an account of the webhook secret a first token, where it has none; its entry is made where there is none."""

    def edit(entry: Entry) -> None:
        if not entry.get("WEBHOOK_TOKEN"):
            entry["WEBHOOK_TOKEN"] = random.token_urlsafe(TOKEN_BYTES)

    return webhook_account(change(arn, account, edit, create=True))


def rotated_at(arn: str, account: str) -> str:
    """When the last unfinished rotation began, in RFC 3339; empty where none is known."""
    with _errors():
        text = clients.secretsmanager().get_secret_value(SecretId=arn)["SecretString"]
    return next((str(one.get(_ROTATED) or "") for one in read_entries(text) if account_of(one) == account), "")
