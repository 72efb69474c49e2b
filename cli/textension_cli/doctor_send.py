"""`textension doctor --send`: a round trip that costs nothing, by ClickSend's free test numbers and test pushes."""

import secrets
import time
from collections.abc import Iterator
from typing import Final

from textension.clock import now_ms
from textension.errors import TextensionError
from textension.message import Message, NumberSettings
from textension.states import State

from textension_cli import messages, output, send, webhook_proof
from textension_cli.command import Session, confirm
from textension_cli.finding import Finding

TEST_NUMBERS: Final = ("+61422222222", "+61433333333", "+14055555666", "+447777777777")
"""ClickSend takes texts to these, sends nothing and charges nothing; there is never a receipt."""
WAIT: Final = 60.0
_TAKEN: Final = frozenset({State.SENT, State.DELIVERED})
_ENDED: Final = frozenset({*_TAKEN, State.REJECTED, State.UNDELIVERED, State.EXPIRED, State.CANCELLED, State.UNKNOWN})


def round_trip(session: Session, *, yes: bool) -> Iterator[Finding]:
    """A text out to a test number, and ClickSend's test pushes in."""
    numbers = [one for one in session.stack.numbers.of_account(session.account) if one.enabled]
    if not numbers:
        yield Finding("send", "wrong", "No enabled number to send from.", "textension numbers list")
        return
    own = {one.number for one in numbers}
    peer = next((one for one in TEST_NUMBERS if one not in own), TEST_NUMBERS[0])
    confirm(
        f"Send a text from {numbers[0].number} to ClickSend's free test number {peer}, and have it post one here?",
        yes=yes,
    )
    yield _out(session, numbers[0], peer)
    for kind in ("inbound", "receipts"):
        one = webhook_proof.arrival(session, kind, 20.0)
        words = webhook_proof.words(one)
        text = f"ClickSend's {kind} push: {one.outcome}" + (f" ({words})" if words else "")
        after = f", after {one.milliseconds:,} ms." if one.good else "."
        yield Finding(
            "push", "ok" if one.good else "wrong", text + after, "" if one.good else "textension webhook check"
        )


def _out(session: Session, settings: NumberSettings, peer: str) -> Finding:
    from textension.accepting import Draft, accept

    began = time.monotonic()
    # Never the same text twice: ClickSend would call that THROTTLED.
    draft = Draft(origin=send.ORIGIN, key=secrets.token_hex(16), to=peer, text=f"textension doctor {now_ms()}")
    try:
        message = accept(draft, settings, session.stack.messages, country=session.stack.country, now=now_ms())
        with output.waiting(f"Sending to {peer}"):
            message = _followed(session, message, began + WAIT)
    except TextensionError as error:
        return Finding("send", "wrong", f"The text to {peer} was not accepted: {error}.")
    if message.state in _TAKEN:
        return Finding("send", "ok", f"ClickSend took a text to {peer} after {time.monotonic() - began:.1f} s.")
    reason = f" ({message.reason})" if message.reason else ""
    text = f"The text to {peer} is {message.state}{reason}."
    return Finding("send", "wrong", text, f"textension messages show {message.id}")


def _followed(session: Session, message: Message, deadline: float) -> Message:
    while message.state not in _ENDED and time.monotonic() < deadline:
        time.sleep(send.POLL)
        message = messages.find(session, message.id)
    return message
