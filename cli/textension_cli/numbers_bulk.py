"""`textension numbers change|import|export`: many numbers at once."""

import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.progress import Progress
from textension.errors import BadInput, TextensionError
from textension.message import NumberSettings

from textension_cli import output
from textension_cli.command import FAILED, Session, command, confirm
from textension_cli.numbers import app, check, e164, own_number, unique, words

HEADER: Final = ("number", "extensions", "label", "emails", "enabled")
_CALLED: Final = {"enabled": "state"}
_LISTS: Final = ("extensions", "emails")
_YES_WORDS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False, "": True}
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one number: `old` is None for a new one."""

    old: NumberSettings | None
    new: NumberSettings

    @property
    def does(self) -> Literal["add", "change", "keep"]:
        """In a word."""
        if self.old is None:
            return "add"
        return "keep" if replace(self.old, version=0) == replace(self.new, version=0) else "change"

    def words(self) -> str:
        """What differs, for people."""
        after = words(self.new)
        before = words(self.old) if self.old else dict.fromkeys(after, "")
        return "; ".join(
            f"{_CALLED.get(name, name)}: {before[name] or 'none'} → {after[name] or 'none'}"
            if self.old
            else f"{_CALLED.get(name, name)}: {after[name]}"
            for name in after
            if before[name] != after[name]
        )


@command(
    app,
    "change",
    "numbers change +61411111111 +61433333333 --extension 101",
    "numbers change --all --email office@example.com",
    "numbers change +61433333333 --disabled --yes",
)
def change(
    session: Session,
    numbers: Annotated[list[str] | None, typer.Argument(metavar="NUMBER...", help="Which of ours.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of the account's numbers.")] = False,
    extensions: Annotated[
        list[str] | None, typer.Option("--extension", metavar="NAME", help="Who sees their texts, and nobody else.")
    ] = None,
    emails: Annotated[
        list[str] | None, typer.Option("--email", metavar="ADDRESS", help="Who is told by e-mail; '' takes all away.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="What people call them.")] = None,
    enabled: Annotated[
        bool | None,
        typer.Option("--enabled/--disabled", help="Disabled: keeps its texts, tells nobody, sends nothing."),
    ] = None,
    yes: _YES = False,
) -> None:
    """Change several numbers alike. Only what is given changes."""
    if bool(numbers) == everything:
        raise BadInput("give the numbers to change, or --all")
    wishes = {"extensions": unique(extensions), "emails": unique(emails), "label": label, "enabled": enabled}
    given: dict[str, Any] = {name: value for name, value in wishes.items() if value is not None}
    if not given:
        raise BadInput("say what to change: --extension, --email, --label, --enabled or --disabled")
    check(given)
    found = (
        session.stack.numbers.of_account(session.account)
        if everything
        else [own_number(session, one) for one in dict.fromkeys(numbers or ())]
    )
    _carry_out(session, [Change(old, replace(old, **given)) for old in found], yes=yes)


@command(app, "export", "numbers export > numbers.csv", "numbers export numbers.csv --stack textension")
def export(
    session: Session,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="Where to; without it, standard output.")] = None,
) -> None:
    """Write the account's numbers as CSV, in the form that import takes."""
    found = session.stack.numbers.of_account(session.account)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for one in found:
        state = "yes" if one.enabled else "no"
        writer.writerow([one.number, ";".join(one.extensions), one.label, ";".join(one.emails), state])
    if file is None:
        sys.stdout.write(text.getvalue())
        return
    try:
        file.write_text(text.getvalue(), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}") from error
    if session.as_json:
        output.write_json({"file": str(file), "numbers": len(found)})
    else:
        output.say(f"Wrote {output.count(len(found), 'number')} to {file}.")


@command(app, "import", "numbers import numbers.csv --dry-run", "numbers import numbers.csv --yes --stack textension")
def import_numbers(
    session: Session,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: number,extensions,label,emails,enabled.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    yes: _YES = False,
) -> None:
    """Add and change numbers from a CSV file.

    Its first line names the columns; several extensions or addresses stand between semicolons. A column that the
    file lacks stays as it is, and so do numbers that it does not name. One wrong line stops it all.
    """
    changes = _read(session, file)
    if dry_run:
        _show(session, changes, done=False)
        return
    _carry_out(session, changes, yes=yes)


# ------------------------------------------------------------ many changes


def _carry_out(session: Session, changes: Sequence[Change], *, yes: bool) -> None:
    todo = [one for one in changes if one.does != "keep"]
    if not session.as_json:
        _show(session, changes, done=False)
    if todo:
        confirm(f"Do that to {output.count(len(todo), 'number')} of {session.stack.name}?", yes=yes)
    console = output.console(stderr=True)
    failed: list[str] = []
    with Progress(console=console, transient=True, disable=len(todo) < 10 or not console.is_terminal) as progress:
        for one in progress.track(todo, description="Numbers"):
            try:
                session.stack.numbers.put(one.new)
            except TextensionError as error:
                failed.append(f"{one.new.number}: {error}")
    for line in failed:
        output.warn(line)
    if session.as_json:
        _show(session, changes, done=True)
    elif todo:
        output.say(f"{output.count(len(todo) - len(failed), 'number')} done, {len(failed)} failed.")
        if any(one.does == "add" for one in todo):
            output.say("New numbers need a rule at ClickSend: textension webhook install")
    if failed:
        raise typer.Exit(FAILED)


def _show(session: Session, changes: Sequence[Change], *, done: bool) -> None:
    if session.as_json:
        rows = [{"number": one.new.number, "does": one.does, "changes": one.words()} for one in changes]
        output.write_json({"dry_run": not done, "numbers": rows})
        return
    todo = [one for one in changes if one.does != "keep"]
    if todo:
        lines = [[one.does, one.new.number, one.words()] for one in todo]
        output.show(output.table(("To do", "Number", "What"), lines, fold=("What",)))
    if len(todo) < len(changes):
        output.say(f"{output.count(len(changes) - len(todo), 'number')} stay as they are.")


def _read(session: Session, file: Path) -> list[Change]:
    """The changes that a file asks for. Raises BadInput that names every line at fault."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as UTF-8 text: {error}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    changes: list[Change] = []
    problems: list[str] = []
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        strange = [name for name in names if name not in HEADER]
        if "number" not in names or strange:
            raise BadInput(f"{file}: the first line names the columns, of {','.join(HEADER)}; number must be one")
        reader.fieldnames = names
        for row in reader:
            try:
                changes.append(_change(session, row))
            except TextensionError as error:
                problems.append(f"line {reader.line_num}: {error}")
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: {error}")
    seen: set[str] = set()
    for one in changes:
        if one.new.number in seen:
            problems.append(f"{one.new.number} is there twice")
        seen.add(one.new.number)
    if problems:
        more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise BadInput(f"{file}: nothing was done. {'; '.join(problems[:10])}{more}")
    return changes


def _change(session: Session, row: dict[str, Any]) -> Change:
    if None in row or None in row.values():
        raise BadInput("has another number of columns than the first line")
    number = e164(session, row.pop("number").strip())
    given: dict[str, Any] = {name: unique(row[name].split(";")) for name in _LISTS if name in row}
    if "label" in row:
        given["label"] = row["label"].strip()
    if "enabled" in row:
        word = row["enabled"].strip().lower()
        if word not in _YES_WORDS:
            raise BadInput(f"enabled is yes or no, not {word}")
        given["enabled"] = _YES_WORDS[word]
    check(given)
    old = session.stack.numbers.get(number)
    if old is not None and old.account != session.account:
        raise BadInput(f"{number} belongs to another account")
    if old is None and not given.get("extensions"):
        raise BadInput(f"{number} is new and has no extension")
    new = replace(old, **given) if old else NumberSettings(number=number, account=session.account, **given)
    return Change(old, new)
