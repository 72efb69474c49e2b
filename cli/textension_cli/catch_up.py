"""`textension catch-up`: what ClickSend received while nobody could be told, taken in now."""

import re
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich import progress
from textension.clock import DAY, HOUR, MINUTE, SECOND, iso, now_ms
from textension.errors import BadInput, NoAnswer

from textension_cli import clicksend, output
from textension_cli.command import Session, command

if TYPE_CHECKING:
    from textension.aws.catch_ups import CaughtUpTo
    from textension.catching_up import CatchUp, Progress

_AGO: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
_OLDEST: Final = 120 * DAY
"""ClickSend's history goes back four months."""
_FOREVER: Final = sys.maxsize
_WORDS: Final = {
    "stored": "taken in",
    "seen": "there already",
    "new": "not here under their ids",
    "quarantined": "in quarantine: textension quarantine list",
    "too_old": "older than their number, left there",
    "erased": "of people who were erased since, left there",
}


def register(app: typer.Typer) -> None:
    """Make `catch-up` a command of `app`."""
    command(
        app,
        "catch-up",
        "catch-up",
        "catch-up --since 2h --dry-run",
        "catch-up --since 2026-11-24T06:00+10:00 --stack textension",
    )(catch_up)


def catch_up(
    session: Session,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="WHEN", help="Go back so far (90m, 2h, 3d), or to a time like 2026-11-24T06:00."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is missing, and take nothing in.")] = False,
) -> None:
    """Take in what ClickSend received and could not tell us, out of its history. Safe to repeat.

    The sweeper does the same every five minutes, from half an hour before its mark on; --since goes back further. Never
    older than the number, and nothing that was erased. The newest two minutes are left to ClickSend's pushes.
    """
    begin = None if since is None else when(since, now=now_ms())
    clicksend.credentials(session)  # without them, what to do about it
    catching, state = _catching_up(session)
    last = _followed(catching, state, begin, dry=dry_run)
    if session.as_json:
        told = {"counts": dict(last.done), "reached": iso(last.reached), "complete": last.complete, "dry_run": dry_run}
        output.write_json(told)
    else:
        _tell(last.done)
        output.say("A dry run: nothing has changed." if dry_run else f"Caught up to {output.when(last.reached)}.")


def when(text: str, *, now: int) -> int:
    """The time (Unix ms) that `--since` names. Raises BadInput."""
    if ago := _AGO.fullmatch(text.strip().lower()):
        at = now - int(ago[1]) * _UNITS[ago[2]]
    else:
        try:
            at = int(datetime.fromisoformat(text.strip()).astimezone(UTC).timestamp()) * SECOND
        except (ValueError, OverflowError) as error:
            raise BadInput(f"--since {text}: give 90m, 2h or 3d, or a time like 2026-11-24T06:00") from error
    if at > now:
        raise BadInput(f"--since {text}: that is still to come")
    if at < now - _OLDEST:
        raise BadInput(f"--since {text}: ClickSend's history goes back four months, 120d at most")
    return at


def _catching_up(session: Session) -> "tuple[CatchUp, CaughtUpTo]":
    from textension import assemble
    from textension.clicksend.accounts import Accounts

    sweepers = assemble.catch_up()
    ours = Accounts(sweepers.secret.of, allow_http=session.stack.local)
    state = sweepers.marks.begin(session.account, now=now_ms())
    return replace(sweepers, clients=lambda: ours), state


def _followed(catching: "CatchUp", state: "CaughtUpTo", begin: int | None, *, dry: bool) -> "Progress":
    """The last word of a look, its way shown meanwhile. Raises NoAnswer where ClickSend kept it from its end."""
    console = output.console(stderr=True)
    columns = (progress.TextColumn("{task.description}"), progress.BarColumn(), progress.TaskProgressColumn())
    with progress.Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        bar = shown.add_task("Reading ClickSend's history", total=1.0)
        looked = catching.look(state, since=begin, remaining=lambda: _FOREVER, pages=_FOREVER, dry=dry)
        first, now = begin or state.mark, now_ms()
        last = None
        for last in looked:
            shown.update(bar, completed=(last.reached - first) / max(now - first, 1))
    if last is None or last.trouble:
        raise NoAnswer(last.trouble if last else "NOTHING_LOOKED_AT")
    return last


def _tell(done: Counter[str]) -> None:
    for what, count in sorted(done.items()):
        output.say(f"{output.count(count, 'text')} {_WORDS.get(what, what)}")
    if not done:
        output.say("Nothing is missing.")
