"""Automation rules: which are valid, which fire for a text or a receipt, and how ClickSend shows them."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError

from .models import InboundRule, ReceiptRule, Wire

MOST_RULES_PER_TEXT = 10
ACTIONS = frozenset(
    {
        "AUTO_REPLY",
        "EMAIL_USER",
        "EMAIL_FIXED",
        "URL",
        "SMS",
        "POLL",
        "GROUP_SMS",
        "MOVE_CONTACT",
        "CREATE_CONTACT",
        "CREATE_CONTACT_PLUS_EMAIL",
        "CREATE_CONTACT_PLUS_NAME_EMAIL",
        "CREATE_CONTACT_PLUS_NAME",
        "SMPP",
        "NONE",
    }
)
INBOUND_REQUIRED = (
    "dedicated_number",
    "rule_name",
    "message_search_type",
    "message_search_term",
    "action",
    "action_address",
    "enabled",
)
RECEIPT_REQUIRED = ("rule_name", "match_type", "action", "action_address", "enabled")

_SEARCHES: dict[int, Callable[[str, str], bool]] = {
    0: lambda _body, _term: True,
    1: lambda body, term: body.startswith(term),
    2: lambda body, term: term in body,
    3: lambda body, term: term not in body,
}
_MATCH_TYPES: dict[int, frozenset[int]] = {
    0: frozenset({200, 201, 300, 301, 302}),
    1: frozenset({301}),
    2: frozenset({201}),
}


class RuleRefusedError(Exception):
    """A rule cannot be stored; `fields` says what to change, by field."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(f"refused: {fields}")
        self.fields = fields


def refuse_url(url: str) -> str | None:
    """Why the simulator does not push to `url`, or None where it does: only to this machine's own loopback."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "The URL cannot be read."
    if parts.scheme not in {"http", "https"} or not host:
        return "The URL must start with http:// or https:// and name a host."
    if host == "localhost":
        return None
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is not None and (
        address == ipaddress.IPv6Address("::1") or (address.version == 4 and address.is_loopback)
    ):
        return None
    return "The simulator pushes only to this machine: use localhost, 127.0.0.0/8 or [::1]."


def _problems(raw: Wire, required: Iterable[str]) -> dict[str, str]:
    problems = {name: f"The {name} field is required." for name in required if name not in raw}
    action = raw.get("action")
    if "action" not in problems and action not in ACTIONS:
        problems["action"] = "The selected action is invalid."
    if action == "URL" and "action_address" not in problems:
        refusal = refuse_url(str(raw["action_address"] or ""))
        if refusal:
            problems["action_address"] = refusal
    return problems


def _build[Rule: (InboundRule, ReceiptRule)](model: type[Rule], raw: Wire, required: Iterable[str]) -> Rule:
    problems = _problems(raw, required)
    if not problems:
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            problems = {str(entry["loc"][0]): f"The {entry['loc'][0]} is invalid." for entry in error.errors()}
    raise RuleRefusedError(problems)


def read_inbound_rule(raw: Wire, rule_id: int) -> InboundRule:
    """Check a rule as sent; raises RuleRefusedError. ClickSend fact: all fields are required in a PUT too."""
    known = {name: value for name, value in raw.items() if name in InboundRule.model_fields and value is not None}
    if "message_search_term" in raw:
        known["message_search_term"] = raw["message_search_term"]
    return _build(InboundRule, known | {"inbound_rule_id": rule_id}, INBOUND_REQUIRED)


def read_receipt_rule(raw: Wire, rule_id: int) -> ReceiptRule:
    """Check a receipt rule as sent by the client; raises RuleRefusedError."""
    known = {name: value for name, value in raw.items() if name in ReceiptRule.model_fields and value is not None}
    return _build(ReceiptRule, known | {"receipt_rule_id": rule_id}, RECEIPT_REQUIRED)


def inbound_rule_shape(rule: InboundRule) -> Wire:
    """The ten keys of an inbound rule, `enabled` as 0 or 1."""
    return {
        "inbound_rule_id": rule.inbound_rule_id,
        "dedicated_number": rule.dedicated_number,
        "rule_name": rule.rule_name,
        "message_search_type": rule.message_search_type,
        "message_search_term": rule.message_search_term,
        "action": rule.action,
        "action_address": rule.action_address,
        "body": rule.body,
        "enabled": int(rule.enabled),
        "webhook_type": rule.webhook_type,
    }


def receipt_rule_shape(rule: ReceiptRule) -> Wire:
    """The six keys of a receipt rule. ClickSend fact: no `dedicated_number` and no `webhook_type`."""
    return {
        "receipt_rule_id": rule.receipt_rule_id,
        "rule_name": rule.rule_name,
        "match_type": rule.match_type,
        "action": rule.action,
        "action_address": rule.action_address,
        "enabled": int(rule.enabled),
    }


def rules_for_text(rules: Iterable[InboundRule], to: str, body: str) -> list[InboundRule]:
    """ClickSend fact: every matching enabled rule fires, at most ten, in order of creation; `*` is every number."""

    def matches(rule: InboundRule) -> bool:
        term = (rule.message_search_term or "").casefold()
        found = _SEARCHES[rule.message_search_type](body.casefold(), term)
        return rule.enabled and rule.dedicated_number in {"*", to} and found

    in_order = sorted(rules, key=lambda rule: rule.inbound_rule_id)
    return [rule for rule in in_order if matches(rule)][:MOST_RULES_PER_TEXT]


def rules_for_receipt(
    rules: Iterable[ReceiptRule], status_code: int, action: Literal["URL", "POLL"]
) -> list[ReceiptRule]:
    """ClickSend fact: `match_type` 0 is every report; the older 1 and 2 are only failed and only successful ones."""
    in_order = sorted(rules, key=lambda rule: rule.receipt_rule_id)
    return [r for r in in_order if r.enabled and r.action == action and status_code in _MATCH_TYPES[r.match_type]]
