"""`textension messages resend`: a text that did not get there, once more."""

from typing import Annotated, Final

import typer
from textension.clock import now_ms
from textension.states import State

from textension_cli import messages, output
from textension_cli.command import FAILED, Session, command, confirm
from textension_cli.numbers import own_number
from textension_cli.send import GOOD, ORIGIN, follow

_PERHAPS_SENT: Final = frozenset({State.UNRESOLVED})


def register(app: typer.Typer) -> None:
    """Make `resend` a command of `app`."""
    command(
        app,
        "resend",
        "messages resend 0K3V9QW8C2T5XR1M7N4B6D8F0H",
        "messages resend 0K3V9QW8C2T5XR1M7N4B6D8F0H --yes --wait 30 --stack textension",
    )(resend)


def resend(
    session: Session,
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Our id, or ClickSend's message_id.")],
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, max=3600, help="Follow it this long to its end.")
    ] = 0.0,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before money is spent.")] = False,
) -> None:
    """Send a rejected, undelivered or unresolved text again, as a new message, once. It costs money, so it asks first.

    Asked again for the same one, it shows the message that was sent in its place.
    """
    from textension.accepting import resend as send_again

    old = messages.find(session, message_id)
    settings = own_number(session, old.conversation.number)
    perhaps = " Nobody knows whether it was sent: it may arrive twice." if old.state in _PERHAPS_SENT else ""
    confirm(
        f"Send it again to {output.one_line(old.conversation.peer)} through ClickSend?{perhaps} This costs money.",
        yes=yes,
    )
    stack = session.stack
    message = send_again(
        old, settings, stack.messages, origin=ORIGIN, author=old.author, country=stack.country, now=now_ms()
    )
    if not session.as_json:
        output.say(f"{message.id} {message.state}, in place of {old.id}")
    if wait:
        message = follow(session, message, wait, silent=session.as_json)
    if session.as_json:
        output.write_json({**messages.as_json(message), "resend_of": old.id})
    if wait and message.state not in GOOD:
        raise typer.Exit(FAILED)
