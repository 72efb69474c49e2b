"""What `textension doctor` finds, and what it looks at: read once, when the first check asks."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from textension.errors import ConfigurationError, TextensionError
from textension.message import NumberSettings

from textension_cli import clicksend
from textension_cli.command import Session

if TYPE_CHECKING:
    from textension.aws.secrets import WebhookAccount
    from textension.clicksend.management import Account, Subaccount
    from textension.clicksend.rules import Addresses, Rule

type Level = Literal["ok", "warn", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and the command that mends it."""

    name: str
    level: Level
    text: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class AtClickSend:
    """All that ClickSend told. What these credentials may not see is None."""

    account: "Account"
    subaccounts: "Sequence[Subaccount] | None"
    rules: "Sequence[Rule] | None"
    numbers: frozenset[str]


@dataclass(frozen=True)
class Patient:
    """One account of one stack."""

    session: Session
    lowest_balance: Decimal
    trouble: list[TextensionError] = field(default_factory=list)
    """Why ClickSend did not let us in, or did not answer."""

    @functools.cached_property
    def clicksend(self) -> AtClickSend | None:
        """What ClickSend tells; None when it does not, which `trouble` then explains."""
        try:
            with clicksend.management(self.session) as there:
                return AtClickSend(
                    account=there.account(),
                    subaccounts=there.allowed_to(there.subaccounts),
                    rules=there.allowed_to(there.rules),
                    numbers=there.client.numbers(),
                )
        except TextensionError as error:
            self.trouble.append(error)
            return None

    @functools.cached_property
    def poster(self) -> "WebhookAccount | None":
        """The account's entry of the webhook secret."""
        from textension.aws.secrets import WebhookSecret

        accounts = WebhookSecret(self.session.stack.outputs["WebhookSecretArn"]).accounts()
        return next((one for one in accounts if one.account == self.session.account), None)

    @functools.cached_property
    def addresses(self) -> "Addresses | None":
        """Where ClickSend is to post; None without a token."""
        try:
            return clicksend.addresses(self.session)
        except ConfigurationError:
            return None

    @functools.cached_property
    def numbers(self) -> list[NumberSettings]:
        """Our numbers."""
        return self.session.stack.numbers.of_account(self.session.account)

    def command(self, command: str) -> str:
        """A command for this very stack and account, ready to be pasted."""
        stack = self.session.stack
        where = "" if stack.local else f" --stack {stack.name}"
        whose = "" if self.session.account == stack.account else f" --account {self.session.account}"
        return f"textension {command}{whose}{where}"
