"""One handset's chat with one business number, as the handset page shows it."""

from collections import defaultdict

from .models import Inbound, Outbound, Wire
from .pushes import Push
from .recipients import TEST_NUMBERS, is_e164
from .simulator import Simulator

MOST_ENTRIES = 200

_RECEIPT_STATES = {
    None: "accepted",
    200: "pending",
    201: "delivered",
    300: "pending",
    301: "undelivered",
    302: "pending",
}


def numbers_known(simulator: Simulator) -> Wire:
    """Business numbers from settings, rules and texts; every other test number may be a handset."""
    state = simulator.state
    business = [*state.settings.numbers, *(rule.dedicated_number for rule in state.inbound_rules.values())]
    business += [text.to for text in state.inbound.values()]
    business += [message.sender for message in state.outbound.values() if message.accepted]
    offered = list(dict.fromkeys(number for number in business if is_e164(number)))
    handsets = [text.sender for text in state.inbound.values()] + [message.to for message in state.outbound.values()]
    known = dict.fromkeys([*handsets, *sorted(TEST_NUMBERS)])
    return {"numbers": offered, "handsets": [handset for handset in known if handset and handset not in offered]}


def conversation_of(simulator: Simulator, handset: str, number: str) -> list[Wire]:
    """The newest entries of the chat, oldest first."""
    state = simulator.state
    pushes = defaultdict[str, list[Push]](list)
    for push in simulator.pusher.pushes:
        if push.kind == "inbound":
            pushes[push.message_id].append(push)
    out = [m for m in state.outbound.values() if m.to == handset and m.sender == number]
    back = [t for t in state.inbound.values() if t.sender == handset and t.to == number]
    entries = [_outbound_entry(m) for m in out[-MOST_ENTRIES:]]
    entries += [_inbound_entry(t, pushes[t.message_id]) for t in back[-MOST_ENTRIES:]]
    return sorted(entries, key=lambda entry: float(str(entry["at"])))[-MOST_ENTRIES:]


def _outbound_entry(message: Outbound) -> Wire:
    state = _RECEIPT_STATES[message.receipt_code] if message.accepted else "rejected"
    code = message.receipt_code if message.accepted else message.status
    return {
        "id": message.message_id,
        "at": message.at,
        "direction": "to_handset",
        "body": message.body,
        "state": state,
        "code": None if code is None else str(code),
    }


def _inbound_entry(text: Inbound, pushes: list[Push]) -> Wire:
    """A text from the handset: `taken` by the business's webhook, `trying`, `failed`, `unheard` without a rule, or
    `earlier` when its pushes are no longer remembered."""
    if not pushes:
        state, code = "earlier" if text.pushed else "unheard", None
    else:
        last = next((push for push in pushes if not push.delivered), pushes[-1])
        state = "taken" if last.delivered else "failed" if last.done else "trying"
        attempt = last.attempts[-1] if last.attempts else None
        code = None if attempt is None else str(attempt.status or attempt.error)
    return {
        "id": text.message_id,
        "at": text.at,
        "direction": "from_handset",
        "body": text.body,
        "state": state,
        "code": code,
    }
