"""`textension opt-outs`: who does not want to be texted, and who may be again."""

from typing import TYPE_CHECKING, Annotated, Final

import typer
from textension.clock import iso, now_ms
from textension.message import Conversation

from textension_cli import output
from textension_cli.command import Session, command, confirm, group
from textension_cli.messages import other_side
from textension_cli.numbers import e164, own_number

if TYPE_CHECKING:
    from textension.aws.conversations import OptOut

app = group("opt-outs", "Who does not want to be texted.")

BY: Final = "cli"
_PAGE: Final = 100


@command(app, "list", "opt-outs list", "opt-outs list --number +61411111111 --json")
def list_opt_outs(
    session: Session,
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only this number of ours.")] = None,
) -> None:
    """List who opted out, by number, and since when."""
    found = _all(session, "" if number is None else e164(session, number))
    if session.as_json:
        output.write_json(
            [{"number": one.conversation.number, "peer": one.conversation.peer, "since": iso(one.at)} for one in found]
        )
        return
    if not found:
        output.say("Nobody has opted out.")
        return
    rows = [[one.conversation.number, output.one_line(one.conversation.peer), output.when(one.at)] for one in found]
    output.show(output.table(("Number", "Peer", f"Since ({output.zone()})"), rows, fold=()))


@command(app, "lift", "opt-outs lift +61411111111 +61422222222")
def lift(
    session: Session,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="The number of ours that they opted out of.")],
    peer: Annotated[str, typer.Argument(metavar="PEER", help="Who opted out.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Text somebody again who said so by other means than START. A later STOP counts again."""
    settings = own_number(session, number)
    conversation = Conversation(session.account, settings.number, other_side(session, "PEER", peer))
    confirm(f"Has {conversation.peer} asked to be texted from {settings.number} again?", yes=yes)
    session.stack.conversations.lift_opt_out(conversation, settings, by=BY, now=now_ms())
    if session.as_json:
        output.write_json({"number": settings.number, "peer": conversation.peer, "opted_out": False})
    else:
        output.say(f"{conversation.peer} may be texted from {settings.number} again.")


def _all(session: Session, number: str) -> "list[OptOut]":
    conversations = session.stack.conversations
    found, more = conversations.opt_outs(session.account, limit=_PAGE, number=number)
    while more:
        page, more = conversations.opt_outs(session.account, limit=_PAGE, number=number, start=more)
        found += page
    return found
