"""`textension messages follow`: what happens, while it happens."""

import json
import sys
import time
from typing import Annotated, Any, Final

import typer
from rich.text import Text
from textension.clock import MINUTE, SECOND, now_ms

from textension_cli import output
from textension_cli.command import Session, command
from textension_cli.messages import other_side
from textension_cli.numbers import e164

POLL: Final = 1.0
"""Seconds between two looks."""
_PAGE: Final = 100
_NOBODY: Final = ""
"""No extension has this name: what concerns one alone, such as its read marks, is not shown."""


def register(app: typer.Typer) -> None:
    """Make `follow` a command of `app`."""
    command(
        app,
        "follow",
        "messages follow",
        "messages follow --number +61411111111 --peer +61422222222",
        "messages follow --since 10 --for 60 --json --stack textension",
    )(follow)


def follow(
    session: Session,
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", help="Only this number of ours.")] = None,
    peer: Annotated[str | None, typer.Option("--peer", metavar="PEER", help="Only this other side.")] = None,
    since: Annotated[
        float, typer.Option("--since", metavar="MINUTES", min=0, max=1440, help="Begin so long ago.")
    ] = 0.0,
    seconds: Annotated[
        float, typer.Option("--for", metavar="SECONDS", min=0, help="End after so long; without it, Ctrl-C ends it.")
    ] = 0.0,
) -> None:
    """Show texts and what becomes of them, live, until Ctrl-C. With --json one event a line, as it was published."""
    from textension.aws.changes import Position

    only = None if number is None else e164(session, number)
    other = None if peer is None else other_side(session, "--peer", peer)
    began = time.monotonic()
    start = now_ms() - round(since * MINUTE)
    position = Position.at(start)
    shown: set[str] = set()
    if not session.as_json:
        output.say(f"Following account {session.account} of {session.stack.name} ({output.zone()}). Ctrl-C ends it.")
    try:
        while True:
            numbers = [only] if only else [one.number for one in session.stack.numbers.of_account(session.account)]
            changes, position, more = session.stack.changes.since(
                session.account, numbers, _NOBODY, position, limit=_PAGE, now=now_ms()
            )
            for change in changes:
                if change.at >= start and change.id not in shown:
                    shown.add(change.id)
                    _show(session, change.at, change.body, other)
            if more:
                continue
            if seconds and time.monotonic() - began >= seconds:
                return
            time.sleep(POLL)
    except KeyboardInterrupt:
        return


def _show(session: Session, at: int, body: str, peer: str | None) -> None:
    event = json.loads(body)
    told: dict[str, Any] = event["data"]
    if peer is not None and told.get("peer") != peer:
        return
    if session.as_json:
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    output.say(_line(at, event["type"], told))


def _line(at: int, kind: str, told: dict[str, Any]) -> Text:
    ours, theirs = told["number"], output.one_line(told["peer"])
    ends = f"{ours} → {theirs}" if told.get("direction") == "outbound" else f"{theirs} → {ours}"
    line = Text(f"{output.when(at // SECOND * SECOND)}  {ends}  ")
    if "state" not in told:
        return line.append(_words(kind, told))
    line.append_text(output.state(told["state"]))
    reason = f" ({told['reason']})" if told.get("reason") else ""
    return line.append(f"{reason}  {told['message_id']}  ").append_text(output.cut(told.get("text", "")))


def _words(kind: str, told: dict[str, Any]) -> str:
    if "opted_out" in told:
        return "opted out" if told["opted_out"] else "opted in again"
    return kind
