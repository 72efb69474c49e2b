"""Looks at ClickSend which numbers each account has, now and then and when somebody asks, and writes it down.

The API decides by that who may add a number, and may not read the credentials itself. The same look tells how much
money is left and whether the account may send; that is for alarms, and not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from textension.aws.clicksend_accounts import ClickSendAccount, ClickSendAccounts
from textension.aws.secrets import CredentialsSecret
from textension.clicksend.credentials import Credentials
from textension.clock import MINUTE, SECOND, Clock, now_ms
from textension.errors import BadInput, ConfigurationError, Conflict, NoAnswer, NotFound, Unavailable

if TYPE_CHECKING:
    from textension.clicksend.client import ClickSend
    from textension.clicksend.management import State

EVERY: Final = 10 * MINUTE
"""How old a look may be before the next one."""
PATIENCE: Final = 30 * SECOND
"""Between two looks that people ask for."""
MARGIN: Final = 3 * SECOND
"""What writing a look down may take; none is begun without it."""
MOST: Final = 15
"""Accounts that one run asks ClickSend for: one address may `GET /v3/account` 20 times a minute, say its headers."""
UNUSABLE: Final = "CREDENTIALS_UNUSABLE"
"""The trouble of an account without username or key: nobody has set them yet."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands. `balance` is in its own currency and may be negative; None is unreadable."""

    balance: Decimal | None
    state: "State"
    usable: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an account; `trouble` is a reason code, empty where it found out numbers and standing."""

    account: str
    trouble: str = ""
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCheck:
    """Looks at every account of the credentials secret whose time has come."""

    accounts: ClickSendAccounts
    secret: CredentialsSecret
    allow_http: bool = False
    clock: Clock = now_ms

    def run(self, *, remaining: Callable[[], int]) -> list[Look]:
        """Every look that is due and fits into `remaining` (ms), the account that waited longest first; `MOST` at most.

        One account's trouble is in its Look. Raises Unavailable or ConfigurationError when there is no reading the
        secret.
        """
        looks: list[Look] = []
        due: list[ClickSendAccount] = []
        for credentials in self.secret.accounts():
            try:
                known = self.accounts.get(credentials.account) or ClickSendAccount(account=credentials.account)
            except Unavailable:
                looks.append(Look(credentials.account, "TABLE_UNAVAILABLE"))
                continue
            if not credentials.complete or is_due(known, self.clock()):
                due.append(known)
        if not due:
            return looks
        # Past the cache: whoever asks for a look may have corrected the credentials just now.
        newest = {credentials.account: credentials for credentials in self.secret.accounts(again=True)}
        asked = 0
        for known in sorted(due, key=lambda one: one.tried_at or 0):
            entry = newest.get(known.account)
            if entry is None or (entry.complete and asked == MOST):
                continue
            look = self._look(known, entry, remaining)
            looks += [look] if look else []
            asked += entry.complete
        return looks

    def _look(self, known: ClickSendAccount, credentials: Credentials, remaining: Callable[[], int]) -> Look | None:
        """One look, written down; None where nothing is new or there is no time."""
        if not credentials.complete and known.trouble == UNUSABLE:
            return None
        try:
            return self._written(credentials, remaining)
        except Unavailable:
            return Look(known.account, "TABLE_UNAVAILABLE")

    def _written(self, credentials: Credentials, remaining: Callable[[], int]) -> Look | None:
        account, at = credentials.account, self.clock()
        if not credentials.complete:
            self.accounts.record_trouble(account, UNUSABLE, at=at)
            return Look(account, UNUSABLE)
        from textension.clicksend.client import REQUEST_TIMEOUT  # the HTTP client: most sweeps do without

        if remaining() < REQUEST_TIMEOUT * SECOND + MARGIN:
            return None
        try:
            client = self._client(credentials)
        except NoAnswer as lost:
            self.accounts.record_trouble(account, lost.reason, at=at)
            return Look(account, lost.reason)
        try:
            return self._asked(client, account, at, lambda: remaining() - MARGIN)
        finally:
            client.close()

    def _client(self, credentials: Credentials) -> "ClickSend":
        """Raises NoAnswer where the address cannot be right."""
        from textension.clicksend.client import ClickSend

        try:
            return ClickSend(credentials, allow_http=self.allow_http)
        except ConfigurationError as error:
            raise NoAnswer("ADDRESS_UNUSABLE") from error

    def _asked(self, client: "ClickSend", account: str, at: int, remaining: Callable[[], int]) -> Look:
        """The numbers, which count; then the standing, whose trouble takes nothing away from them."""
        try:
            numbers = _numbers(client, remaining)
        except NoAnswer as lost:
            self.accounts.record_trouble(account, lost.reason, at=at, wait=lost.retry_after)
            return Look(account, lost.reason)
        try:
            look = Look(account, standing=_standing(client, remaining))
            wait = None
        except NoAnswer as lost:
            look, wait = Look(account, lost.reason), lost.retry_after
        self.accounts.record(account, numbers, at=at, wait=wait)
        return look


def _numbers(client: "ClickSend", remaining: Callable[[], int]) -> frozenset[str]:
    """What ClickSend lists. Raises NoAnswer, whatever kept it from us."""
    try:
        return client.numbers(remaining=remaining)
    except ConfigurationError as error:
        raise NoAnswer("CREDENTIALS_REFUSED") from error


def _standing(client: "ClickSend", remaining: Callable[[], int]) -> Standing:
    """How the account stands. The answer to `GET /v3/account` holds the API key: the rest of it ends here.

    Raises NoAnswer, whatever kept it from us.
    """
    from textension.clicksend.client import REQUEST_TIMEOUT
    from textension.clicksend.management import UNUSABLE as CANNOT_SEND
    from textension.clicksend.management import Management

    if remaining() < REQUEST_TIMEOUT * SECOND:
        raise NoAnswer("OUT_OF_TIME")
    try:
        found = Management(client).account()
    except ConfigurationError as error:
        raise NoAnswer("CREDENTIALS_REFUSED") from error
    except (BadInput, Conflict, NotFound) as error:
        raise NoAnswer("ACCOUNT_NOT_SHOWN") from error
    return Standing(found.balance, found.state, usable=found.state not in CANNOT_SEND)


def is_due(known: ClickSendAccount, now: int) -> bool:
    """Whether it is time to look at an account again, whose credentials are complete."""
    if known.tried_at is None or known.trouble == UNUSABLE:
        return True
    if known.wait_until and now < known.wait_until:
        return False
    wanted = known.wanted_at is not None and known.wanted_at > known.tried_at
    return now - known.tried_at >= (PATIENCE if wanted else EVERY)
