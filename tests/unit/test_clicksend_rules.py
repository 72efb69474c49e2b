"""Which of ClickSend's rules are ours, and what has to be done to them; answers of every shape."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textension.clicksend import management, rules
from textension.clicksend.answers import Answer
from textension.clicksend.rules import INBOUND, RECEIPTS, Addresses, Rule, deviations, ours, wanted
from textension.errors import BadInput, ConfigurationError, Conflict, NoAnswer, NotFound

BASE = "https://api.example.com/live/webhook/clicksend"
WHERE = Addresses(
    bases={INBOUND: f"{BASE}/sms", RECEIPTS: f"{BASE}/receipt"}, tokens=["new", "old"], foreign=["theirs"]
)
NUMBERS = ("+12025550101", "+12025550102")
WISHES = wanted("stack_main", NUMBERS, WHERE)
TOKENS = ("new", "old", "retired", "theirs")


def rule(**changes: Any) -> Rule:
    """A rule as it must be for the first number."""
    whole: dict[str, Any] = {
        "kind": INBOUND,
        "id": 1,
        "name": "by-hand",
        "number": NUMBERS[0],
        "action": "URL",
        "address": f"{BASE}/sms/new",
        "enabled": True,
        "exact": True,
    }
    return Rule(**whole | changes)


any_rule = st.builds(
    Rule,
    kind=st.sampled_from([INBOUND, RECEIPTS]),
    id=st.integers(1, 9),
    name=st.sampled_from(["by-hand", "stack_main_12025550101", "stack_main_receipts", "stack_other_12025550101"]),
    number=st.sampled_from([*NUMBERS, "+12025550199", "*"]),
    action=st.sampled_from(["URL", "EMAIL_USER"]),
    address=st.sampled_from(
        [f"{BASE}/{kind}/{token}" for kind in ("sms", "receipt") for token in TOKENS] + ["https://x"]
    ),
    enabled=st.booleans(),
    exact=st.booleans(),
).map(lambda one: one if one.kind == INBOUND else rule(**{**_fields(one), "number": ""}))


def _fields(one: Rule) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Rule.__dataclass_fields__}


@given(st.lists(any_rule, max_size=8, unique_by=lambda one: (one.kind, one.id)))
def test_whatever_there_was_afterwards_there_is_what_must_be_and_nothing_foreign_was_touched(
    present: list[Rule],
) -> None:
    mine = ours("stack_main", present, WHERE)
    after = {(one.kind, one.id): one for one in present}
    for number, one in enumerate(deviations(WISHES, mine, WHERE)):
        if one.rule:
            assert one.rule in mine
            del after[one.rule.kind, one.rule.id]
        if one.wanted:
            identity = one.rule.id if one.rule else 100 + number
            row = {**rules.body(one.wanted), "inbound_rule_id": identity, "receipt_rule_id": identity}
            made = rules.read_rule(one.wanted.kind, row)
            assert made is not None
            after[made.kind, made.id] = made

    assert deviations(WISHES, ours("stack_main", after.values(), WHERE), WHERE) == []
    foreign = [one for one in present if one not in mine]
    assert [one for one in after.values() if one in foreign] == foreign


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"address": f"{BASE}/sms/old"}, "old_token"),
        ({"address": f"{BASE}/sms/retired"}, "dead_token"),
        ({"address": f"{BASE}/sms"}, "dead_token"),
        ({"address": f"{BASE}/receipt/new"}, "elsewhere"),
        ({"enabled": False}, "disabled"),
        ({"exact": False}, "altered"),
        ({"number": "*"}, "every_number"),
        ({"number": "+12025550199"}, "stray"),
    ],
)
def test_what_is_wrong_with_a_rule(changes: dict[str, Any], problem: str | None) -> None:
    mine = ours("stack_main", [rule(**changes)], WHERE)
    found = [one.problem for one in deviations(WISHES, mine, WHERE) if one.rule]
    assert found == ([problem] if problem else [])


def test_other_accounts_rules_are_not_ours() -> None:
    theirs = [rule(address=f"{BASE}/sms/theirs"), rule(name="stack_other_12025550101", address="https://x")]
    assert ours("stack_main", theirs, WHERE) == []


@pytest.mark.parametrize("row", [{}, {"inbound_rule_id": None}, {"inbound_rule_id": "x"}])
def test_a_row_without_an_id_is_no_rule(row: Mapping[str, Any]) -> None:
    assert rules.read_rule(INBOUND, row) is None


def test_the_older_name_of_the_id_is_read_and_text_counts_as_number() -> None:
    row = {"sms_inbound_rule_id": "5", "enabled": "1", "message_search_type": "0", "action": "url"}
    found = rules.read_rule(INBOUND, row)
    assert found is not None
    assert (found.id, found.enabled, found.exact, found.action) == (5, True, True, "URL")


def test_no_repr_shows_a_token_or_a_key() -> None:
    shown = repr([WHERE, *WISHES, rule(), management.NewKey("the-key")])
    assert "new" not in shown.replace("NewKey", "")
    assert "the-key" not in shown


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, {}, ConfigurationError),
        (403, {}, Conflict),
        (404, {}, NotFound),
        (400, {"data": {"url": "The url is wrong."}}, BadInput),
        (429, {}, NoAnswer),
        (500, {}, NoAnswer),
        (302, {}, NoAnswer),
        (200, {"http_code": 401, "response_code": "UNAUTHORIZED"}, ConfigurationError),
        (200, [], NoAnswer),
    ],
)
def test_every_refusal_is_one_of_ours(status: int, body: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        management._checked(Answer(status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("value", "shown"), [("4.998000", "4.998000"), ("-1.2", "-1.2"), ("much", "None"), ("NaN", "None")]
)
def test_a_balance_of_any_kind(value: str, shown: str) -> None:
    assert str(management._money(value)) == shown
