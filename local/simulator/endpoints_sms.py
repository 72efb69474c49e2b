"""ClickSend's endpoints about texts: send, history, pull lists, test pushes."""

import time
from collections.abc import Sequence
from typing import cast

from .api import Call
from .envelope import Answer, bad_request, not_found, ok, page_of
from .faults import Fault
from .history import BadQueryError, history_row, search_history
from .models import Inbound, Outbound, Receipt, WebhookType, Wire
from .payloads import (
    inbound_fields,
    inbound_push,
    inbound_row,
    receipt_push,
    receipt_row,
    test_inbound,
    test_receipt,
)
from .pushes import Push
from .rules import refuse_url
from .sms import MOST_MESSAGES, Draft, judge, message_shape, read_draft, send_data, take_in


async def send(call: Call) -> Answer:
    """`POST /v3/sms/send`: 200 whatever becomes of the single messages, 400 for none or more than 1000 of them."""
    raw = call.body.get("messages")
    if not isinstance(raw, list) or not raw:
        return bad_request({"messages": "The messages field is required."})
    if len(raw) > MOST_MESSAGES:
        return bad_request({"messages": f"The messages may not have more than {MOST_MESSAGES} items."})
    drafts = [read_draft(message) for message in raw]
    refusal = _refuse_whole(call, drafts)
    if refusal:
        return refusal
    lost = _lost(call.fault, drafts)
    if lost is not None and call.fault and not call.fault.processed:
        drafts.pop(lost)
        lost = None
    taken = [_take(call, draft) for draft in drafts]
    planned = [(message, call.simulator.plan_for(message)) for message in taken if message.accepted]
    await call.simulator.report_before_answer(planned)
    for message, plan in planned:
        call.simulator.report_later(message, plan)
    shown = [message for index, message in enumerate(taken) if index != lost]
    if call.fault and call.fault.mode == "shuffled":
        shown.reverse()
    data = send_data(taken) | {"messages": [message_shape(message) for message in shown]}
    return ok("Messages queued for delivery.", data)


def _refuse_whole(call: Call, drafts: Sequence[Draft]) -> Answer | None:
    """Statuses that the settings place in the envelope: one such message, and none is taken in."""
    settings = call.simulator.state.settings
    if settings.envelope_errors:
        for draft in drafts:
            status = _verdict(call, draft)
            if status in settings.envelope_errors:
                return Answer(settings.envelope_errors[status], status, "The request was refused.")
    return None


def _lost(fault: Fault | None, drafts: Sequence[Draft]) -> int | None:
    """Which message a `missing` fault takes: the one to its `to`, else the last."""
    if fault is None or fault.mode != "missing":
        return None
    return next((i for i, draft in enumerate(drafts) if draft.to == fault.to), len(drafts) - 1)


def _verdict(call: Call, draft: Draft) -> str:
    fault, state = call.fault, call.simulator.state
    if fault and fault.mode == "status" and fault.to in {None, draft.to}:
        return fault.status
    return judge(draft, state.settings, state.seconds_since_same(draft.to, draft.body))


def _take(call: Call, draft: Draft) -> Outbound:
    state = call.simulator.state
    status = _verdict(call, draft)
    forced = call.fault is not None and call.fault.mode == "status" and call.fault.to in {None, draft.to}
    accepted = status == "SUCCESS" or (forced and call.fault is not None and call.fault.processed)
    message = take_in(draft, status, accepted=accepted, settings=state.settings, credential=call.credential)
    state.settings.balance -= message.price
    state.add_outbound(message)
    return message


async def history(call: Call) -> Answer:
    """`GET /v3/sms/history`: what was accepted and what came in; rejected messages are not in it."""
    state, now = call.simulator.state, time.time()
    newest = now - state.settings.history_delay_seconds
    entries: list[Outbound | Inbound] = [m for m in state.outbound.values() if m.accepted]
    entries.extend(state.inbound.values())
    own = state.settings.history_own_ids
    rows = [
        history_row(e, now=now, own_ids=own) for e in entries if e.user_id == call.credential.user_id and e.at <= newest
    ]
    try:
        found = search_history(rows, call.query)
    except BadQueryError as problem:
        return bad_request({"q": str(problem)})
    return ok("Here are your messages.", page_of(found, call.query))


async def pull_inbound(call: Call) -> Answer:
    """`GET /v3/sms/inbound`. ClickSend fact: unread only, once for every POLL rule that matched."""
    rows = [inbound_row(text) for text in _inbound(call) for _ in text.unread_for]
    return ok("Here are your data.", page_of(rows, call.query))


async def pull_reply(call: Call) -> Answer:
    """`GET /v3/sms/inbound/{original_message_id}`: the first reply to one of our messages, read or not."""
    original = call.path["message_id"]
    found = next((text for text in _inbound(call) if text.original_message_id == original), None)
    return ok("Here are your data.", inbound_row(found)) if found else not_found("Inbound message")


async def read_inbound(call: Call) -> Answer:
    """`PUT /v3/sms/inbound-read`. ClickSend fact: without `date_before` everything is marked."""
    for text in _inbound(call):
        if text.timestamp < _date_before(call):
            text.unread_for.clear()
    call.simulator.state.changed.set()
    return ok("Inbound messages have been marked as read.")


async def read_one_inbound(call: Call) -> Answer:
    """`PUT /v3/sms/inbound-read/{message_id}`: `data` is how many were marked."""
    text = call.simulator.state.inbound.get(call.path["message_id"])
    marked = int(bool(text and text.unread_for))
    if text:
        text.unread_for.clear()
    call.simulator.state.changed.set()
    return ok("Inbound messages have been marked as read.", marked)


async def pull_receipts(call: Call) -> Answer:
    """`GET /v3/sms/receipts`: unread ones, where a POLL rule matched."""
    rows = [receipt_row(receipt) for receipt in _receipts(call) if receipt.unread]
    return ok("Here are your delivery receipts.", page_of(rows, call.query))


async def pull_receipt(call: Call) -> Answer:
    """`GET /v3/sms/receipts/{message_id}`: the newest of this message, read or not."""
    found = [r for r in _receipts(call) if r.message_id == call.path["message_id"]]
    return ok("Your receipt.", receipt_row(found[-1])) if found else not_found("Receipt")


async def read_receipts(call: Call) -> Answer:
    """`PUT /v3/sms/receipts-read`. ClickSend fact: without `date_before` everything is marked."""
    for receipt in _receipts(call):
        if receipt.timestamp < _date_before(call):
            receipt.unread = False
    call.simulator.state.changed.set()
    return ok("Receipts have been marked as read.")


async def push_test_inbound(call: Call) -> Answer:
    """`POST /v3/sms/inbound {url, webhook_type}`: push an invented text there, once, outside of all rules."""
    url, kind = str(call.body.get("url") or ""), str(call.body.get("webhook_type") or "post")
    refusal = refuse_url(url)
    if refusal:
        return bad_request({"url": refusal})
    if kind not in {"post", "get", "json"}:
        return bad_request({"webhook_type": "The webhook_type is invalid."})
    text = test_inbound(call.credential)
    settings = call.simulator.state.settings
    fields = inbound_fields(text, settings.inbound_profile, integers=settings.integers)
    request = inbound_push(url, cast("WebhookType", kind), fields)
    call.simulator.pusher.start(Push("test", text.message_id, request, waits=()))
    return ok("Here are your incoming messages.", inbound_row(text))


async def push_test_receipt(call: Call) -> Answer:
    """`POST /v3/sms/receipts {url}`: push an invented report there, or put it into the pull list for `poll`."""
    url = str(call.body.get("url") or "")
    receipt = test_receipt(call.credential)
    if url == "poll":
        call.simulator.state.add_receipt(receipt)
        return ok("Receipt has been added", receipt_row(receipt))
    refusal = refuse_url(url)
    if refusal:
        return bad_request({"url": refusal})
    receipt.unread = False
    request = receipt_push(url, receipt)
    call.simulator.pusher.start(Push("test", receipt.message_id, request, waits=()))
    return ok("Receipt has been added", receipt_row(receipt))


def _inbound(call: Call) -> list[Inbound]:
    return [text for text in call.simulator.state.inbound.values() if text.user_id == call.credential.user_id]


def _receipts(call: Call) -> list[Receipt]:
    return [receipt for receipt in call.simulator.state.receipts if receipt.user_id == call.credential.user_id]


def _date_before(call: Call) -> float:
    value = call.body.get("date_before")
    return float(value) if isinstance(value, int | float) else float("inf")


def shapes(messages: Sequence[Outbound]) -> list[Wire]:
    """The messages as the send's answers showed them, in order of arrival."""
    return [message_shape(message) for message in messages]
