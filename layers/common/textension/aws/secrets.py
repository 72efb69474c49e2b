"""The three secrets: who may post, how to sign in at ClickSend, and the key that marks our ids.

A secret holds one account as an object, or several as a list of such objects. The names of the keys are the ones
that FS PBX users know: CLICKSEND_USERNAME, CLICKSEND_API_KEY, CLICKSEND_BASE_URL, CLICKSEND_SUBACCOUNT_ID.
"""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.clicksend.credentials import Credentials
from textension.errors import ConfigurationError, Conflict, Unavailable
from textension.ids import Signer, SigningKey
from textension.push.keys import PushKeys

MAX_AGE: Final = 300
"""Seconds that a secret is believed without looking again."""
REREAD_AFTER: Final = 30.0
"""Seconds between two reads that strangers can provoke by posting unknown tokens."""
RETRY_AFTER: Final = 5.0
"""Seconds after a failed read in which none is tried: with Secrets Manager hung, each would cost a request its time."""
STALE_AFTER: Final = 3600.0
"""Seconds that the last value still serves while Secrets Manager is out of reach."""

DEFAULT_BASE_URL: Final = "https://rest.clicksend.com"


@dataclass(frozen=True, slots=True)
class WebhookAccount:
    """Who may post for an account: its live tokens and its ClickSend subaccounts."""

    account: str
    tokens: tuple[str, ...] = field(repr=False)
    subaccount_ids: frozenset[str]


class Secret:
    """One secret, cached. Raises Unavailable when Secrets Manager cannot be reached."""

    def __init__(self, arn: str, *, reread_after: float = 0.0) -> None:
        self._arn = arn
        self._reread_after = reread_after
        self._text: str | None = None
        self._looked_at = self._read_at = self._failed_at = -STALE_AFTER

    def entries(self, *, again: bool = False) -> list[dict[str, Any]]:
        """The secret's accounts; `again` looks past the cache, but not twice within `reread_after`."""
        now = time.monotonic()
        if now - self._failed_at < RETRY_AFTER:
            return read_entries(self._stale(now))
        force = again and now - self._looked_at > self._reread_after
        if not force and self._text is not None and now - self._read_at < MAX_AGE:
            return read_entries(self._text)
        if force or self._text is None:
            self._looked_at = now
        try:
            answer = clients.secretsmanager().get_secret_value(SecretId=self._arn)
        except (ClientError, BotoCoreError) as error:
            self._failed_at = time.monotonic()
            return read_entries(self._stale(now, error))
        self._text, self._read_at = answer.get("SecretString", ""), now
        return read_entries(self._text)

    def _stale(self, now: float, error: Exception | None = None) -> str:
        if self._text is None or now - self._read_at > STALE_AFTER:
            raise Unavailable("Secrets Manager did not give the secret") from error
        return self._text


def read_entries(text: str) -> list[dict[str, Any]]:
    """The accounts in a secret's text. Raises ConfigurationError."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ConfigurationError("a secret must hold a JSON object, or a list of them: see the README")
    return entries


class WebhookSecret:
    """The webhook's tokens and subaccount ids."""

    def __init__(self, arn: str) -> None:
        self._secret = Secret(arn, reread_after=REREAD_AFTER)

    def accounts(self, *, again: bool = False) -> tuple[WebhookAccount, ...]:
        """Every account that may be posted for."""
        return tuple(webhook_account(entry) for entry in self._secret.entries(again=again))


def webhook_account(entry: dict[str, Any]) -> WebhookAccount:
    """What an entry of the webhook secret allows."""
    tokens = (str(entry.get("WEBHOOK_TOKEN") or ""), str(entry.get("WEBHOOK_TOKEN_PREVIOUS") or ""))
    return WebhookAccount(
        account=account_of(entry),
        tokens=tuple(token for token in tokens if token),
        subaccount_ids=frozenset(subaccount_ids(entry)),
    )


def subaccount_ids(entry: dict[str, Any]) -> list[str]:
    """The subaccounts of an entry, in their order."""
    ids = entry.get("CLICKSEND_SUBACCOUNT_ID") or ""
    listed = ids if isinstance(ids, list) else str(ids).split(",")
    return [str(one).strip() for one in listed if str(one).strip()]


class CredentialsSecret:
    """ClickSend's credentials."""

    def __init__(self, arn: str) -> None:
        self._secret = Secret(arn)

    def of(self, account: str, *, again: bool = False) -> Credentials:
        """The account's credentials, perhaps incomplete. Raises ConfigurationError when the account has no entry."""
        for entry in self._secret.entries(again=again):
            if account_of(entry) == account:
                return _credentials(entry)
        raise ConfigurationError(f"the credentials secret has no entry whose account is {account!r}: add one")

    def accounts(self, *, again: bool = False) -> tuple[Credentials, ...]:
        """Every account's credentials, perhaps incomplete. Of two entries for one account the first counts."""
        found: dict[str, Credentials] = {}
        for entry in self._secret.entries(again=again):
            found.setdefault(account_of(entry), _credentials(entry))
        return tuple(found.values())


def _credentials(entry: dict[str, Any]) -> Credentials:
    return Credentials(
        account=account_of(entry),
        username=str(entry.get("CLICKSEND_USERNAME") or ""),
        api_key=str(entry.get("CLICKSEND_API_KEY") or ""),
        base_url=str(entry.get("CLICKSEND_BASE_URL") or DEFAULT_BASE_URL),
    )


class SigningSecret:
    """The HMAC key, with its version and its predecessor."""

    def __init__(self, arn: str) -> None:
        self._secret = Secret(arn)

    def signer(self) -> Signer:
        """The signer with the present key."""
        entry = self._secret.entries()[0]
        keys = [
            SigningKey(str(entry[version]), str(entry[key]).encode())
            for version, key in (("version", "key"), ("previous_version", "previous_key"))
            if entry.get(version) and entry.get(key)
        ]
        if not keys or "key" not in entry:
            raise ConfigurationError("the signing secret must hold a version and a key")
        return Signer(*keys)


class PushSecret:
    """The keys that pushes are signed with."""

    def __init__(self, arn: str) -> None:
        self._secret = Secret(arn, reread_after=REREAD_AFTER)

    def keys(self) -> PushKeys | None:
        """The pair; None while there is none, and nobody is pushed. The first is noticed soon after it was made."""
        return _push_keys(self._secret.entries()[0]) or _push_keys(self._secret.entries(again=True)[0])


def _push_keys(entry: dict[str, Any]) -> PushKeys | None:
    private, public, contact = (str(entry.get(name) or "") for name in ("private_key", "public_key", "contact"))
    return PushKeys(private=private, public=public, contact=contact) if private and public else None


def put_push_keys(arn: str, keys: PushKeys, *, replace: bool) -> None:
    """Write the pair. Raises Conflict where there is one and it is not to be replaced, Unavailable."""
    client = clients.secretsmanager()
    try:
        if not replace and _push_keys(read_entries(client.get_secret_value(SecretId=arn)["SecretString"])[0]):
            raise Conflict("there are push keys already", code="push_keys_exist")
        value = {"private_key": keys.private, "public_key": keys.public, "contact": keys.contact}
        client.put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("Secrets Manager did not change the secret") from error


def account_of(entry: dict[str, Any]) -> str:
    """Whose entry it is. Raises ConfigurationError."""
    account = entry.get("account")
    if not isinstance(account, str) or not account:
        raise ConfigurationError("every entry of a secret must name its account")
    return account
