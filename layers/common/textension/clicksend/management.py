"""What an operator sees and changes at ClickSend: the account, subaccounts, automation rules, test pushes.

Raw JSON on purpose: ClickSend's SDK drops `webhook_type`. Answers are read tolerantly, and API keys in them stay here:
`GET /v3/account` and `GET /v3/subaccounts` carry them, and only a new one is handed on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal

from textension.clicksend.answers import Answer, envelope, is_error, retry_after
from textension.clicksend.client import MOST_PAGES, PAGE, ClickSend
from textension.clicksend.rules import INBOUND, RECEIPTS, Deviation, Kind, Rule, Wanted, body, read_rule
from textension.clock import now_ms
from textension.errors import BadInput, ConfigurationError, Conflict, NoAnswer, NotFound

_PATHS: Final[Mapping[Kind, str]] = {
    INBOUND: "/v3/automations/sms/inbound",
    RECEIPTS: "/v3/automations/sms/receipts",
}
_PUSHES: Final[Mapping[Kind, str]] = {INBOUND: "/v3/sms/inbound", RECEIPTS: "/v3/sms/receipts"}


type State = Literal["active", "on_trial", "not_active", "banned"]

UNUSABLE: Final[frozenset[State]] = frozenset({"not_active", "banned"})
"""States in which ClickSend sends nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`GET /v3/account`, without what nobody needs to see. `balance` may be negative; None is unreadable."""

    user_id: str
    username: str
    active: bool
    banned: bool
    on_trial: bool
    balance: Decimal | None
    currency: str
    country: str
    subaccount_id: str
    """The subaccount that the credentials belong to; empty where ClickSend does not say."""

    @property
    def state(self) -> State:
        """The worst that is true of it."""
        if self.banned:
            return "banned"
        if not self.active:
            return "not_active"
        return "on_trial" if self.on_trial else "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subaccount:
    """One of the user's subaccounts, without its key."""

    id: str
    username: str
    main: bool
    sends_sms: bool
    sees_settings: bool
    notes: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A regenerated API key. `repr` hides it."""

    api_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Management:
    """One account at ClickSend, as its operator. Methods raise NoAnswer and ConfigurationError; none tries twice."""

    client: ClickSend

    # ------------------------------------------------------------ the account

    def account(self) -> Account:
        """The account that the credentials belong to."""
        found = _object(self._ask("GET", "/v3/account"))
        subaccount = found.get("_subaccount")
        currency = found.get("_currency")
        return Account(
            user_id=_text(found, "user_id"),
            username=_text(found, "username"),
            active=_flag(found, "active", missing=True),
            banned=_flag(found, "banned"),
            on_trial=_flag(found, "on_trial"),
            balance=_money(found.get("balance")),
            currency=_text(currency, "currency_name_short") if isinstance(currency, dict) else "",
            country=_text(found, "country"),
            subaccount_id=_text(subaccount, "subaccount_id") if isinstance(subaccount, dict) else "",
        )

    def subaccounts(self) -> list[Subaccount]:
        """All subaccounts of the user."""
        return [_subaccount(row) for row in self._pages("/v3/subaccounts") if _text(row, "subaccount_id")]

    def regenerate_key(self, subaccount_id: str) -> NewKey:
        """Give a subaccount another API key; the old one ends at once.

        After a NoAnswer nobody knows which of the two holds.
        """
        found = _object(self._ask("PUT", f"/v3/subaccounts/{subaccount_id}/regen-api-key", json={}))
        key = _text(found, "api_key")
        if not key:
            raise NoAnswer("UNREADABLE_ANSWER")
        return NewKey(key)

    # ------------------------------------------------------------ rules

    def rules(self) -> list[Rule]:
        """All automation rules, of texts and of receipts, in the order in which they fire."""
        found = [read_rule(kind, row) for kind, path in _PATHS.items() for row in self._pages(path)]
        return sorted((rule for rule in found if rule), key=lambda rule: (rule.kind, rule.id))

    def create(self, wanted: Wanted) -> None:
        """Make a rule."""
        self._ask("POST", _PATHS[wanted.kind], json=body(wanted))

    def update(self, rule: Rule, wanted: Wanted) -> None:
        """Make a rule another one: ClickSend documents a PUT of all fields only."""
        self._ask("PUT", f"{_PATHS[rule.kind]}/{rule.id}", json=body(wanted))

    def delete(self, rule: Rule) -> None:
        """Remove a rule. One that is gone already is no trouble."""
        try:
            self._ask("DELETE", f"{_PATHS[rule.kind]}/{rule.id}")
        except NotFound:
            return

    def mend(self, one: Deviation) -> None:
        """Do what a deviation asks for."""
        if one.wanted and one.rule:
            self.update(one.rule, one.wanted)
        elif one.wanted:
            self.create(one.wanted)
        elif one.rule:
            self.delete(one.rule)

    # ------------------------------------------------------------ test pushes

    def test_push(self, kind: Kind, url: str) -> Mapping[str, str]:
        """Have ClickSend post an invented text or receipt to `url`; what it says that it posts."""
        request = {"url": url, "webhook_type": "post"} if kind == INBOUND else {"url": url}
        found = self._ask("POST", _PUSHES[kind], json=request).get("data")
        rows = found.get("data") if isinstance(found, dict) and isinstance(found.get("data"), list) else found
        row = rows[0] if isinstance(rows, list) and rows else rows
        if not isinstance(row, dict) or not _text(row, "message_id"):
            raise NoAnswer("UNREADABLE_ANSWER")
        return {name: _text(row, name) for name in ("message_id", "from", "to", "body")}

    # ------------------------------------------------------------ asking

    @staticmethod
    def allowed_to[T](look: Callable[[], T]) -> T | None:
        """What `look` sees; None where these credentials may not, as those of a subaccount often may not."""
        try:
            return look()
        except Conflict:
            return None

    def _pages(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            page = self._ask("GET", path, params={"page": number, "limit": PAGE}).get("data")
            rows = page.get("data") if isinstance(page, dict) else page
            if rows is None:
                return found
            if not isinstance(rows, list):
                raise NoAnswer("UNREADABLE_ANSWER")
            found += [row for row in rows if isinstance(row, dict)]
            last = _text(page, "last_page") if isinstance(page, dict) else ""
            if not rows or not last.isdecimal() or number >= int(last):
                return found
        raise NoAnswer("TOO_MANY_PAGES")

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """One exchange; the envelope of a good answer. Raises NotFound, BadInput and Conflict, too."""
        return _checked(self.client.ask(method, path, **content))


def _checked(answer: Answer) -> dict[str, Any]:
    whole = envelope(answer.body) or {}
    code = whole.get("http_code")
    status = int(str(code)) if answer.status in {200, 201} and is_error(code) else answer.status
    match status:
        case 200 | 201 if "response_code" in whole:
            return whole
        case 401:
            raise ConfigurationError("ClickSend refuses these credentials: textension credentials set")
        case 403:
            raise Conflict("ClickSend does not let these credentials do that: use those of the main account")
        case 404:
            raise NotFound("ClickSend has no such thing")
        case 400 | 422:
            raise BadInput(f"ClickSend does not take that{_fields(whole.get('data'))}")
        case 429:
            wait = retry_after(answer.headers.get("retry-after", ""), now=now_ms())
            raise NoAnswer("TOO_MANY_REQUESTS", retry_after=wait)
    raise NoAnswer("UNREADABLE_ANSWER" if status in {200, 201} else f"HTTP_{status}")


def _fields(problems: object) -> str:
    """What ClickSend says of single fields; never a value that we sent."""
    if not isinstance(problems, dict) or not problems:
        return ""
    return ": " + "; ".join(f"{name}: {why}"[:200] for name, why in list(problems.items())[:5])


def _object(whole: dict[str, Any]) -> dict[str, Any]:
    found = whole.get("data")
    if not isinstance(found, dict):
        raise NoAnswer("UNREADABLE_ANSWER")
    return found


def _subaccount(row: Mapping[str, Any]) -> Subaccount:
    return Subaccount(
        id=_text(row, "subaccount_id"),
        username=_text(row, "api_username"),
        main=_flag(row, "is_main"),
        sends_sms=_flag(row, "access_sms", missing=True),
        sees_settings=_flag(row, "access_settings", missing=True),
        notes=_text(row, "notes"),
    )


def _text(found: Mapping[str, Any], key: str) -> str:
    value = found.get(key)
    return "" if isinstance(value, bool) or not isinstance(value, str | int) else str(value)


def _flag(found: Mapping[str, Any], key: str, *, missing: bool = False) -> bool:
    """ClickSend's flags are 0 or 1, as numbers or as text."""
    value = found.get(key)
    return missing if value is None else str(value).lower() in {"1", "true"}


def _money(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
