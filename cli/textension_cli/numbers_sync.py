"""`textension numbers sync`: our numbers beside ClickSend's, and the holes between them."""

from typing import Any

import typer

from textension_cli import clicksend, output, webhook
from textension_cli.command import FAILED, Session, command
from textension_cli.numbers import app


@command(app, "sync", "numbers sync", "numbers sync --stack textension --json")
def sync(session: Session) -> None:
    """Show ClickSend's numbers beside ours, and the holes. The exit code is 1 when there are some."""
    where = clicksend.addresses(session)
    wishes = clicksend.wanted(session, where)
    ours = {settings.number: settings for settings in session.stack.numbers.of_account(session.account)}
    with clicksend.management(session) as there:
        theirs = there.client.numbers()
        _, deviations = webhook.look(session, there, wishes, where)
    without_rule = {one.number for one in deviations if one.wanted}
    listed: list[dict[str, Any]] = []
    for number in sorted({*ours, *theirs}):
        hole = _hole(number, ours=number in ours, theirs=number in theirs, without_rule=number in without_rule)
        extensions = list(ours[number].extensions) if number in ours else []
        listed.append(
            {
                "number": number,
                "ours": number in ours,
                "at_clicksend": number in theirs,
                "rule": number in ours and number not in without_rule,
                "extensions": extensions,
                "hole": hole,
            }
        )
    if session.as_json:
        output.write_json(listed)
    else:
        rows = [
            [
                str(one["number"]),
                *("yes" if one[key] else "-" for key in ("at_clicksend", "ours", "rule")),
                str(one["hole"]),
            ]
            for one in listed
        ]
        output.show(output.table(("Number", "At ClickSend", "Here", "Rule", "To do"), rows, fold=("To do",)))
    if any(one["hole"] for one in listed):
        raise typer.Exit(FAILED)


def _hole(number: str, *, ours: bool, theirs: bool, without_rule: bool) -> str:
    if not ours:
        return f"textension numbers add {number} --extension NAME"
    if not theirs:
        return f"ClickSend does not list it for this account: textension numbers remove {number}"
    return "textension webhook install" if without_rule else ""
