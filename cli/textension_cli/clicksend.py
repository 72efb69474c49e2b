"""ClickSend as the commands use it: an account's credentials, and what they let an operator see and change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textension.errors import ConfigurationError

from textension_cli.command import Session

if TYPE_CHECKING:
    from textension.clicksend.credentials import Credentials
    from textension.clicksend.management import Management
    from textension.clicksend.rules import Addresses, Wanted

DASHBOARD: Final = "https://dashboard.clicksend.com"


def credentials(session: Session) -> "Credentials":
    """The account's credentials as they are stored now. Raises ConfigurationError where there are none."""
    found = stored(session)
    if not found.complete:
        raise ConfigurationError(f"account {session.account} has no credentials yet: textension credentials set")
    return found


def stored(session: Session) -> "Credentials":
    """The account's entry of the credentials secret, perhaps without a key or not there at all."""
    from textension.aws.secrets import DEFAULT_BASE_URL, CredentialsSecret
    from textension.clicksend.credentials import Credentials

    entries = CredentialsSecret(session.stack.outputs["CredentialsSecretArn"]).accounts()
    found = next((one for one in entries if one.account == session.account), None)
    if found is not None:
        return found
    # Another account's address on the local stack: the simulator's. Keys must not leave this machine by a slip.
    base_url = entries[0].base_url if session.stack.local and entries else DEFAULT_BASE_URL
    return Credentials(session.account, "", "", base_url)


@contextmanager
def management(session: Session, signed_in_as: "Credentials | None" = None) -> Iterator["Management"]:
    """ClickSend, signed in as the account. Plain http is for the local stack."""
    from textension.clicksend.client import ClickSend
    from textension.clicksend.management import Management

    client = ClickSend(signed_in_as or credentials(session), allow_http=session.stack.local)
    try:
        yield Management(client)
    finally:
        client.close()


def prefix(session: Session) -> str:
    """What the names of this account's rules begin with."""
    return f"{session.stack.name}_{session.account}"


def addresses(session: Session) -> "Addresses":
    """Where ClickSend is to post, with the tokens that open. Raises ConfigurationError where there is no token."""
    from textension.aws.secrets import WebhookSecret
    from textension.clicksend.rules import INBOUND, RECEIPTS, Addresses

    accounts = WebhookSecret(session.stack.outputs["WebhookSecretArn"]).accounts()
    mine = next((one for one in accounts if one.account == session.account), None)
    if mine is None or not mine.tokens:
        raise ConfigurationError(f"account {session.account} has no webhook token yet: textension webhook install")
    inbound = session.stack.outputs["WebhookUrl"]
    return Addresses(
        bases={INBOUND: inbound, RECEIPTS: f"{inbound.removesuffix('/sms')}/receipt"},
        tokens=mine.tokens,
        foreign=[token for one in accounts if one is not mine for token in one.tokens],
    )


def wanted(session: Session, where: "Addresses") -> "list[Wanted]":
    """The rules that the account must have: one for each of its numbers, and the one for receipts."""
    from textension.clicksend import rules

    numbers = [settings.number for settings in session.stack.numbers.of_account(session.account)]
    return rules.wanted(prefix(session), numbers, where)


def with_key(old: "Credentials", api_key: str) -> "Credentials":
    """The same, signed in by another key."""
    return replace(old, api_key=api_key)
