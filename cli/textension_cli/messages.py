"""`textension messages`: what was said, and the way that each message took."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text
from textension import ids, phone
from textension.clock import SECOND, iso
from textension.errors import InvalidNumber, NotFound
from textension.message import Conversation, Direction, Message, Step, order

from textension_cli import output
from textension_cli.command import Session, command, group
from textension_cli.numbers import e164

app = group("messages", "Messages in both directions.")

_CLICKSEND_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_WIDE: Final = 120
"""Columns that a row with id, both numbers and some text needs; below it, a message takes two lines."""


@command(
    app, "list", "messages list", "messages list --number +61411111111 --limit 50", "messages list --peer +61422222222"
)
def list_messages(
    session: Session,
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only this number of ours.")] = None,
    peer: Annotated[str | None, typer.Option("--peer", metavar="PEER", help="Only this other side.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
) -> None:
    """List messages, the newest first."""
    if number is not None:
        numbers = [e164(session, number)]
    else:
        numbers = [settings.number for settings in session.stack.numbers.of_account(session.account)]
    other = None if peer is None else other_side(session, "--peer", peer)
    found = [message for one in numbers for message in _newest(session, one, other, limit)]
    found.sort(key=order, reverse=True)
    if session.as_json:
        output.write_json([as_json(message) for message in found[:limit]])
    elif not found:
        output.say("No messages.")
    else:
        output.show(_listing(found[:limit]))


def other_side(session: Session, option: str, value: str) -> str:
    """A peer in its one form. Raises InvalidNumber naming the option."""
    try:
        return phone.peer(value, session.stack.country)
    except InvalidNumber as error:
        raise InvalidNumber(f"{option} {value}: {error}") from error


def _newest(session: Session, number: str, peer: str | None, limit: int) -> list[Message]:
    """A number's newest messages, unsorted.

    Conversations come by their newest text: once one is older than all that is wanted, so are the rest.
    """
    messages = session.stack.messages
    if peer is not None:
        return _thread(session, Conversation(session.account, number, peer), limit)
    found: list[Message] = []
    for conversation in messages.conversations(session.account, number, limit=limit):
        thread = _thread(session, conversation, limit)
        found = sorted([*found, *thread], key=order, reverse=True)[:limit]
        if len(found) == limit and thread and thread[0].sent_at // SECOND < found[-1].sent_at // SECOND:
            break
    return found


def _thread(session: Session, conversation: Conversation, limit: int) -> list[Message]:
    found, more = session.stack.messages.thread(conversation, limit=limit)
    while more and len(found) < limit:  # long texts: DynamoDB ends a page at 1 MB
        page, more = session.stack.messages.thread(conversation, limit=limit - len(found), after=more)
        found += page
    return found


def _listing(messages: Sequence[Message]) -> Table:
    time = f"Time ({output.zone()})"
    if output.console().width >= _WIDE:
        rows: list[output.Row] = [
            [output.when(one.sent_at), one.id, *_ends(one), output.state(one.state), output.cut(one.text)]
            for one in messages
        ]
        return output.table((time, "Id", "From", "To", "State", "Text"), rows, fold=("Text",))
    short: list[output.Row] = []
    for one in messages:
        short.append(
            [output.when(one.sent_at), Text(" → ").join(Text(end) for end in _ends(one)), output.state(one.state)]
        )
        short.append([one.id, output.cut(one.text), ""])
    return output.table((f"{time}, id", "From → to, text", "State"), short, fold=("From → to, text",))


def _ends(message: Message) -> tuple[str, str]:
    """Who wrote, and to whom."""
    number, peer = message.conversation.number, output.one_line(message.conversation.peer)
    return (peer, number) if message.direction is Direction.INBOUND else (number, peer)


@command(
    app,
    "show",
    "messages show 0K3V9QW8C2T5XR1M7N4B6D8F0H",
    "messages show 2CC1F1D8-0B50-418A-A66E-000000000002 --json",
)
def show(
    session: Session,
    message_id: Annotated[str, typer.Argument(metavar="ID", help="Our id, or ClickSend's message_id.")],
) -> None:
    """Show one message: its text, and every step that it took."""
    message = find(session, message_id)
    if session.as_json:
        output.write_json(as_json(message))
        return
    output.show(_facts(message))
    output.say()
    output.show(journey(message.journey))
    if message.receipts:
        rows = [
            [output.when(one.at), one.status_code, one.status_text, f"{one.error_code} {one.error_text}".strip()]
            for one in message.receipts
        ]
        output.say()
        output.show(output.table(("Receipt", "Code", "Status", "Error"), rows, fold=("Status", "Error")))


def find(session: Session, message_id: str) -> Message:
    """One of the account's messages, by our id or by ClickSend's. Raises NotFound."""
    messages = session.stack.messages
    wanted = message_id.strip().upper()
    located = None
    if _CLICKSEND_ID.fullmatch(wanted):
        inbound = ids.message_id(session.account, "clicksend", wanted)
        located = messages.locate_receipt(session.account, wanted, inbound)
    message = messages.get(located.key) if located else messages.by_id(wanted)
    if message is None or message.account != session.account:
        raise NotFound(f"account {session.account} has no message {message_id}: see textension messages list")
    return message


def _facts(message: Message) -> Table:
    conversation = message.conversation
    substituted = message.sender_id if message.sender_id != conversation.number else None
    sender, receiver = _ends(message)
    return output.fields(
        [
            ("Message", message.id),
            ("State", output.state(message.state)),
            ("Reason", message.reason),
            ("From", sender),
            ("Sent as", f"{substituted} (ClickSend's choice)" if substituted else ""),
            ("To", receiver),
            ("Time", f"{output.when(message.sent_at)} {output.zone()}"),
            ("Stored", "" if message.received_at - message.sent_at < 1000 else output.when(message.received_at)),
            ("Next attempt", output.when(message.next_attempt_at) if message.next_attempt_at else ""),
            ("Extensions", ", ".join(message.extensions)),
            ("ClickSend's id", message.clicksend_id or ""),
            ("Trust", message.trust or ""),
            ("Parts", "" if message.parts is None else str(message.parts)),
            ("Price", message.price or ""),
            ("Text", message.text or "(empty)"),
        ]
    )


def journey(steps: Sequence[Step]) -> Table:
    """The steps, one a line."""
    rows: list[output.Row] = [[output.when(one.at), output.state(one.state), one.source, one.reason] for one in steps]
    return output.table(("Journey", "State", "Source", "Reason"), rows, fold=("Reason",))


def as_json(message: Message) -> dict[str, Any]:
    """The message for machines: times as RFC 3339 in UTC."""
    return {
        "id": message.id,
        "account": message.account,
        "number": message.conversation.number,
        "peer": message.conversation.peer,
        "direction": message.direction,
        "state": message.state,
        "reason": message.reason,
        "text": message.text,
        "sent_at": iso(message.sent_at),
        "received_at": iso(message.received_at),
        "changed_at": iso(message.changed_at),
        "extensions": list(message.extensions),
        "clicksend_id": message.clicksend_id,
        "sender_id": message.sender_id,
        "price": message.price,
        "parts": message.parts,
        "attempt": message.attempt,
        "trust": message.trust,
        "journey": [{**asdict(step), "at": iso(step.at)} for step in message.journey],
        "receipts": [{**asdict(receipt), "at": iso(receipt.at)} for receipt in message.receipts],
    }
