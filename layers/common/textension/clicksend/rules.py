"""ClickSend's automation rules: which there must be, and what has to be done to those that there are.

One inbound rule for each number, because `*` would bring the texts of other tools too; one receipt rule. A rule is ours
when it bears our name or posts to our address; every other rule is somebody else's and stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

type Kind = Literal["inbound", "receipts"]
INBOUND: Final = "inbound"
RECEIPTS: Final = "receipts"
ANY: Final = "*"
"""The number of a rule for all numbers."""

type Problem = Literal[
    "missing", "elsewhere", "old_token", "dead_token", "disabled", "altered", "duplicate", "every_number", "stray"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule at ClickSend. `number` is empty for receipts; `exact` says that it takes every text, and by `post`."""

    kind: Kind
    id: int
    name: str
    number: str
    action: str
    address: str = field(repr=False)
    enabled: bool
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A rule that there must be."""

    kind: Kind
    name: str
    number: str
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that is not as it must be: `rule` to become `wanted`; created (no rule) or removed (no wanted)."""

    problem: Problem
    rule: Rule | None = None
    wanted: Wanted | None = None

    @property
    def kind(self) -> Kind:
        """Texts or receipts."""
        known = self.wanted or self.rule
        return known.kind if known else INBOUND

    @property
    def number(self) -> str:
        """The number that it is about; empty for receipts."""
        known = self.wanted or self.rule
        return known.number if known else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where ClickSend is to post, and the tokens that open: the new one first. `foreign` tokens are other accounts'."""

    bases: Mapping[Kind, str]
    tokens: Sequence[str] = field(repr=False)
    foreign: Sequence[str] = field(default=(), repr=False)

    def of(self, kind: Kind) -> str:
        """The address for new rules."""
        return f"{self.bases[kind]}/{self.tokens[0]}"

    def token_in(self, rule: Rule) -> str | None:
        """The token of a rule that posts to us; None where it posts elsewhere."""
        for base in self.bases.values():
            if rule.address.startswith(f"{base}/"):
                return rule.address.removeprefix(f"{base}/")
        return "" if rule.address in self.bases.values() else None


def name(prefix: str, kind: Kind, number: str = "") -> str:
    """A rule's name, of letters, digits, hyphens and underscores: all that ClickSend's own tools use."""
    return f"{prefix}_{number.removeprefix('+') if kind == INBOUND else 'receipts'}"


def wanted(prefix: str, numbers: Iterable[str], addresses: Addresses) -> list[Wanted]:
    """The rules that there must be."""
    texts = [
        Wanted(kind=INBOUND, name=name(prefix, INBOUND, one), number=one, address=addresses.of(INBOUND))
        for one in numbers
    ]
    receipts = Wanted(kind=RECEIPTS, name=name(prefix, RECEIPTS), number="", address=addresses.of(RECEIPTS))
    return [*texts, receipts]


def ours(prefix: str, rules: Iterable[Rule], addresses: Addresses) -> list[Rule]:
    """The rules that are this account's of this stack."""

    def is_ours(rule: Rule) -> bool:
        token = addresses.token_in(rule)
        if token and token in addresses.foreign:
            return False
        return token is not None or rule.name.startswith(f"{prefix}_")

    return [rule for rule in rules if is_ours(rule)]


def deviations(wishes: Sequence[Wanted], present: Sequence[Rule], addresses: Addresses) -> list[Deviation]:
    """What to do so that of `present`, which are ours, exactly the wanted rules remain."""
    found: list[Deviation] = []
    left = list(present)
    for wish in wishes:
        fitting = [rule for rule in left if (rule.kind, rule.number) == (wish.kind, wish.number)]
        fitting.sort(key=lambda rule: (_problem(rule, wish, addresses) is not None, rule.name != wish.name, rule.id))
        left = [rule for rule in left if rule not in fitting]
        if not fitting:
            found.append(Deviation(problem="missing", wanted=wish))
            continue
        problem = _problem(fitting[0], wish, addresses)
        if problem:
            found.append(Deviation(problem=problem, rule=fitting[0], wanted=wish))
        found += [Deviation(problem="duplicate", rule=rule) for rule in fitting[1:]]
    found += [Deviation(problem="every_number" if rule.number == ANY else "stray", rule=rule) for rule in left]
    return found


def _problem(rule: Rule, wish: Wanted, addresses: Addresses) -> Problem | None:
    """Why a rule is not the wanted one; its name does not matter."""
    base, token = addresses.bases[rule.kind], addresses.token_in(rule)
    if rule.action != "URL" or not rule.address.startswith(base) or token is None:
        return "elsewhere"
    if rule.address != wish.address:
        return "old_token" if token in addresses.tokens else "dead_token"
    if not rule.enabled:
        return "disabled"
    return None if rule.exact else "altered"


def body(wish: Wanted) -> dict[str, Any]:
    """The whole rule as ClickSend takes it."""
    common = {"rule_name": wish.name, "action": "URL", "action_address": wish.address, "enabled": 1}
    if wish.kind == RECEIPTS:
        return {**common, "match_type": 0}
    return {
        **common,
        "dedicated_number": wish.number,
        "message_search_type": 0,
        "message_search_term": "",
        "webhook_type": "post",
    }


def read_rule(kind: Kind, row: Mapping[str, Any]) -> Rule | None:
    """A row of ClickSend's lists; None for one without an id, which nobody could change."""
    keys = ("inbound_rule_id", "sms_inbound_rule_id") if kind == INBOUND else ("receipt_rule_id",)
    number = next((str(row[key]) for key in keys if row.get(key) is not None), "")
    if not number.isdecimal():
        return None
    if kind == INBOUND:
        exact = str(row.get("message_search_type")) == "0" and str(row.get("webhook_type") or "post") in {
            "post",
            "json",
        }
    else:
        exact = str(row.get("match_type")) == "0"
    return Rule(
        kind=kind,
        id=int(number),
        name=str(row.get("rule_name") or ""),
        number=str(row.get("dedicated_number") or "") if kind == INBOUND else "",
        action=str(row.get("action") or "").upper(),
        address=str(row.get("action_address") or ""),
        enabled=str(row.get("enabled")).lower() in {"1", "true"},
        exact=exact,
    )
