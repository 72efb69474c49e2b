"""`textension doctor`: looks at everything that can be wrong, and names the command that mends it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final

import typer
from rich.table import Column, Table
from rich.text import Text
from textension.errors import BadInput, TextensionError, Unavailable

from textension_cli import checks_clicksend, checks_numbers, checks_stack, doctor_send, output
from textension_cli.command import FAILED, Session, command
from textension_cli.finding import Finding, Level, Patient
from textension_cli.stack import Choice, why

type Check = Callable[[Patient], Iterable[Finding]]

CHECKS: Final[tuple[Check, ...]] = (*checks_clicksend.CHECKS, *checks_numbers.CHECKS, *checks_stack.CHECKS)
LOW_BALANCE: Final = "10"
"""Where an older stack has no parameter LowBalance."""
_COLOURS: Final[dict[Level, str]] = {"ok": "green", "warn": "yellow", "wrong": "bold red"}


def register(app: typer.Typer) -> None:
    """Make `doctor` a command of `app`."""
    command(
        app,
        "doctor",
        "doctor",
        "doctor --stack textension --json",
        "doctor --balance 50 --stack textension || page-somebody",
        "doctor --send",
    )(doctor)


def doctor(
    session: Session,
    balance: Annotated[
        str | None,
        typer.Option(
            "--balance",
            metavar="AMOUNT",
            help="Below it, ClickSend's balance is a warning; without it, below the stack's LowBalance.",
        ),
    ] = None,
    send: Annotated[
        bool,
        typer.Option("--send", help="Also send a text to a free test number of ClickSend's, and have it post one."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --send.")] = False,
) -> None:
    """Find what is wrong, and what mends it.

    Each line is ok, warn or wrong, with the command that mends it. The exit code is 1 when something is wrong. It
    changes nothing, and spends nothing.
    """
    patient = Patient(session, lowest_balance(session, balance))
    found = list(examine(patient))
    if send:
        found += doctor_send.round_trip(session, yes=yes)
    if session.as_json:
        output.write_json([asdict(one) for one in found])
    else:
        output.show(table(found))
        output.say(_summary(found))
    if any(one.level == "wrong" for one in found):
        raise typer.Exit(FAILED)


def examine(patient: Patient, checks: Iterable[Check] = CHECKS) -> Iterator[Finding]:
    """Every check's findings. What cannot be looked at is one, too."""
    for check in checks:
        with output.waiting(f"Looking at {check.__name__.replace('_', ' ')}"):
            try:
                found = list(check(patient))
            except TextensionError as error:
                stack = patient.session.stack
                choice = Choice(None if stack.local else stack.name)
                text = why(error, choice) if isinstance(error, Unavailable) else str(error)
                found = [Finding(check.__name__, "warn", f"Cannot be looked at: {text}.")]
        yield from found


def table(found: Iterable[Finding]) -> Table:
    """A line for each finding, and below it the command that mends it."""
    built = Table(
        Column(no_wrap=True),
        Column(style="bold", no_wrap=True),
        Column(overflow="fold"),
        box=None,
        show_header=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for one in found:
        text = Text(output.printable(one.text))
        if one.mend:
            text.append(f"\n→ {output.printable(one.mend)}", style="cyan")
        built.add_row(Text(one.level, style=_COLOURS[one.level]), one.name, text)
    return built


def _summary(found: Iterable[Finding]) -> Text:
    levels = [one.level for one in found]
    wrong, warnings = levels.count("wrong"), levels.count("warn")
    if not wrong and not warnings:
        return Text("Nothing is wrong.", style="green")
    return Text(f"{wrong} wrong, {output.count(warnings, 'warning')}.", style="bold red" if wrong else "yellow")


def lowest_balance(session: Session, given: str | None) -> Decimal:
    """The balance that is worth a warning: what was asked for, else where the stack's own alarm rings."""
    return _amount(given if given is not None else session.stack.described.parameters.get("LowBalance", LOW_BALANCE))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise BadInput(f"--balance {text}: give an amount, like 25 or 2.50") from error
    if not amount.is_finite():
        raise BadInput(f"--balance {text}: give an amount, like 25 or 2.50")
    return amount
