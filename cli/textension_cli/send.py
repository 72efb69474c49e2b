"""`textension send`: a text from one of our numbers, by the same way as the app's."""

import secrets
import sys
import time
from typing import Annotated, Final

import typer
from textension.clock import now_ms
from textension.errors import BadInput
from textension.message import Message
from textension.states import State

from textension_cli import messages, output
from textension_cli.command import FAILED, Session, command, confirm
from textension_cli.numbers import own_number

ORIGIN: Final = "cli"
POLL: Final = 0.5
"""Seconds between two looks at a message that is waited for."""
_FINAL: Final = frozenset(
    {State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.UNRESOLVED}
)
GOOD: Final = frozenset({State.SENT, State.DELIVERED})


def register(app: typer.Typer) -> None:
    """Make `send` a command of `app`."""
    command(
        app,
        "send",
        "send --from +61411111111 --to +61422222222 'Yes, until five.' --wait 30",
        "send --from +61411111111 --to +61422222222 --key order-1017 'Your order is ready.'",
        "send --from +61411111111 --to +61422222222 --yes --stack textension - < text.txt",
    )(send)


def send(
    session: Session,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text; - reads it from standard input.")],
    sender: Annotated[str, typer.Option("--from", metavar="NUMBER", help="One of our numbers.")],
    to: Annotated[str, typer.Option("--to", metavar="PEER", help="Who gets it.")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="Sent again with the same key, it is the same message.")
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=3600, help="Follow it this long to its end.")
    ] = 0.0,
    at_least_once: Annotated[
        bool,
        typer.Option(
            "--at-least-once",
            help="Where nobody can find out whether it went out, send it again, once: it may arrive, and cost, twice.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before money is spent.")] = False,
) -> None:
    """Send a text. With --wait, the exit code is 0 only when it was sent or delivered.

    On AWS it goes through ClickSend and costs money, so it asks first; the local stack's ClickSend is a simulator.
    """
    from textension.accepting import Draft, accept

    settings = own_number(session, sender)
    peer = messages.other_side(session, "--to", to)
    if text == "-" and not (yes or session.stack.local):
        raise BadInput("a text from standard input leaves nobody to ask: give --yes too, to spend money")
    body = sys.stdin.read().removesuffix("\n") if text == "-" else text
    if not body.strip():
        raise BadInput("the text is empty: give some words, or - to read standard input")
    confirm(f"Send to {peer} through ClickSend? This costs money.", yes=yes or session.stack.local)
    draft = Draft(origin=ORIGIN, key=key or secrets.token_hex(16), to=peer, text=body, at_least_once=at_least_once)
    message = accept(draft, settings, session.stack.messages, country=session.stack.country, now=now_ms())
    if not session.as_json:
        output.say(f"{message.id} {message.state}")
    if wait:
        message = follow(session, message, wait, silent=session.as_json)
    if session.as_json:
        output.write_json(messages.as_json(message))
    if wait and message.state not in GOOD:
        raise typer.Exit(FAILED)


def follow(session: Session, message: Message, seconds: float, *, silent: bool) -> Message:
    """Show each step of a message as it comes, until its last one or the end of `seconds`; the message then."""
    deadline = time.monotonic() + seconds
    shown = 0
    while True:
        for step in () if silent else message.journey[shown:]:
            reason = f"  {step.reason}" if step.reason else ""
            output.say(output.printable(f"  {output.when(step.at)}  {step.state:<11}  {step.source}{reason}"))
        shown = len(message.journey)
        if message.state in _FINAL:
            return message
        if time.monotonic() >= deadline:
            output.warn(f"Still {message.state} after {seconds:g} s. Look again: textension messages show {message.id}")
            return message
        time.sleep(min(POLL, max(deadline - time.monotonic(), 0)))
        message = messages.find(session, message.id)
