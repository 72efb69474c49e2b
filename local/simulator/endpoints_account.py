"""ClickSend's endpoints about the account: automation rules, account, subaccounts, numbers."""

import uuid

from .account import account_shape, numbers_page, subaccount_rows
from .api import Call
from .envelope import Answer, bad_request, not_found, ok, page_of
from .rules import RuleRefusedError, inbound_rule_shape, read_inbound_rule, read_receipt_rule, receipt_rule_shape


async def list_inbound_rules(call: Call) -> Answer:
    """`GET /v3/automations/sms/inbound`."""
    rows = [inbound_rule_shape(rule) for rule in call.simulator.state.inbound_rules.values()]
    return ok("Your list of inbound rules.", page_of(rows, call.query, laravel=True))


async def create_inbound_rule(call: Call) -> Answer:
    """`POST /v3/automations/sms/inbound`; 400 with what is wrong by field."""
    return _put_inbound_rule(call, call.simulator.state.next_rule_id(), "Your record has been added.")


async def get_inbound_rule(call: Call) -> Answer:
    """`GET /v3/automations/sms/inbound/{rule_id}`."""
    rule = call.simulator.state.inbound_rules.get(_rule_id(call))
    return ok("Your inbound rule.", inbound_rule_shape(rule)) if rule else not_found("Inbound rule")


async def update_inbound_rule(call: Call) -> Answer:
    """`PUT /v3/automations/sms/inbound/{rule_id}`: the whole rule again."""
    if _rule_id(call) not in call.simulator.state.inbound_rules:
        return not_found("Inbound rule")
    return _put_inbound_rule(call, _rule_id(call), "Your record has been updated.")


async def delete_inbound_rule(call: Call) -> Answer:
    """`DELETE /v3/automations/sms/inbound/{rule_id}`. ClickSend fact: `data` is an empty list."""
    if call.simulator.state.inbound_rules.pop(_rule_id(call), None) is None:
        return not_found("Inbound rule")
    call.simulator.state.changed.set()
    return ok("Your record has been deleted.", [])


def _put_inbound_rule(call: Call, rule_id: int, message: str) -> Answer:
    try:
        rule = read_inbound_rule(call.body, rule_id)
    except RuleRefusedError as refused:
        return bad_request(refused.fields)
    call.simulator.state.inbound_rules[rule_id] = rule
    call.simulator.state.changed.set()
    return ok(message, inbound_rule_shape(rule))


async def list_receipt_rules(call: Call) -> Answer:
    """`GET /v3/automations/sms/receipts`."""
    rows = [receipt_rule_shape(rule) for rule in call.simulator.state.receipt_rules.values()]
    return ok("Your list of rule incoming sms receipt.", page_of(rows, call.query, laravel=True))


async def create_receipt_rule(call: Call) -> Answer:
    """`POST /v3/automations/sms/receipts`; 400 with what is wrong by field."""
    return _put_receipt_rule(call, call.simulator.state.next_rule_id(), "Your new SMS receipt has been added.")


async def get_receipt_rule(call: Call) -> Answer:
    """`GET /v3/automations/sms/receipts/{rule_id}`. ClickSend fact: the message does say "voice"."""
    rule = call.simulator.state.receipt_rules.get(_rule_id(call))
    return ok("Your rule incoming voice receipt.", receipt_rule_shape(rule)) if rule else not_found("Receipt rule")


async def update_receipt_rule(call: Call) -> Answer:
    """`PUT /v3/automations/sms/receipts/{rule_id}`: the whole rule again."""
    if _rule_id(call) not in call.simulator.state.receipt_rules:
        return not_found("Receipt rule")
    return _put_receipt_rule(call, _rule_id(call), "Your rule incoming sms receipt has been updated.")


async def delete_receipt_rule(call: Call) -> Answer:
    """`DELETE /v3/automations/sms/receipts/{rule_id}`. ClickSend fact: `data` is an empty list."""
    if call.simulator.state.receipt_rules.pop(_rule_id(call), None) is None:
        return not_found("Receipt rule")
    call.simulator.state.changed.set()
    return ok("Your rule incoming sms receipt has been deleted.", [])


def _put_receipt_rule(call: Call, rule_id: int, message: str) -> Answer:
    try:
        rule = read_receipt_rule(call.body, rule_id)
    except RuleRefusedError as refused:
        return bad_request(refused.fields)
    call.simulator.state.receipt_rules[rule_id] = rule
    call.simulator.state.changed.set()
    return ok(message, receipt_rule_shape(rule))


async def account(call: Call) -> Answer:
    """`GET /v3/account`: with the API key in `_subaccount`, as at ClickSend."""
    state = call.simulator.state
    main = next(one for one in state.credentials if one.user_id == call.credential.user_id)
    shape = account_shape(call.credential, state.settings, main=call.credential.subaccount_id == main.subaccount_id)
    return ok("Here's your account.", shape)


async def subaccounts(call: Call) -> Answer:
    """`GET /v3/subaccounts`."""
    rows = subaccount_rows(call.simulator.state.credentials, call.credential.user_id)
    return ok("Here are your subaccounts.", page_of(rows, call.query))


async def regenerate_key(call: Call) -> Answer:
    """`PUT /v3/subaccounts/{subaccount_id}/regen-api-key`: the old key ends with the answer."""
    state, wanted = call.simulator.state, int(call.path["subaccount_id"])
    mine = [one for one in state.credentials if one.user_id == call.credential.user_id]
    if wanted not in {one.subaccount_id for one in mine}:
        return not_found("Subaccount")
    key = str(uuid.uuid4()).upper()
    state.change_key(wanted, key)
    return ok("Your API Key has been regenerated.", {"api_key": key})


async def numbers(call: Call) -> Answer:
    """`GET /v3/numbers`. ClickSend fact: the message does say "Here are you"."""
    return ok("Here are you dedicated numbers.", numbers_page(call.simulator.state.settings, call.query))


def _rule_id(call: Call) -> int:
    return int(call.path["rule_id"])
