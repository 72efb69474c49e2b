"""`textension import-fspbx`: the message settings of an FS PBX, as numbers here."""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.progress import Progress
from textension.errors import BadInput, Conflict, InvalidNumber
from textension.message import NumberSettings

from textension_cli import output
from textension_cli.command import FAILED, Session, command, confirm
from textension_cli.numbers import as_json, check_email, check_extension, e164

CARRIER: Final = "clicksend"
# The columns of FS PBX's table, and the headings of its page.
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "destination": ("destination", "phone number", "number"),
    "extension": ("chatplan_detail_data", "extension", "assigned extension"),
    "email": ("email", "e-mail", "email address"),
    "enabled": ("enabled", "status"),
    "description": ("description", "label"),
    "carrier": ("carrier", "provider", "messaging provider"),
}
_TRUE: Final = frozenset({"true", "t", "1", "yes", "y", "enabled", ""})
_FALSE: Final = frozenset({"false", "f", "0", "no", "n", "disabled"})
_LABEL: Final = 80


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file that can be imported."""

    line: int
    settings: NumberSettings


@dataclass(frozen=True, slots=True)
class Plan:
    """What the file says: what is new, changes, is so already; what is passed over and what is wrong, by line."""

    new: list[Row]
    changed: list[Row]
    same: list[Row]
    skipped: list[tuple[int, str]]
    errors: list[tuple[int, str]]


def register(app: typer.Typer) -> None:
    """Make `import-fspbx` a command of `app`."""
    command(
        app,
        "import-fspbx",
        "import-fspbx message-settings.csv --dry-run",
        "import-fspbx message-settings.csv --extension 100 --yes --stack textension",
        "import-fspbx - --dry-run --json < message-settings.csv",
    )(import_fspbx)


def import_fspbx(
    session: Session,
    file: Annotated[str, typer.Argument(metavar="FILE.csv", help="The settings; - reads standard input.")],
    extension: Annotated[
        str | None, typer.Option("--extension", metavar="NAME", help="For lines without an extension.")
    ] = None,
    every_carrier: Annotated[
        bool, typer.Option("--every-carrier", help="Lines of other carriers than ClickSend, too.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take over FS PBX's message settings: destination, extension, e-mail, enabled, description.

    A wrong line keeps the whole file from being imported; so correct it and run it again: what is so already stays.
    """
    if extension is not None:
        check_extension(extension)
    if file == "-" and not (yes or dry_run):
        raise BadInput("a file from standard input leaves nobody to ask: give --dry-run, then --yes")
    plan = _plan(session, _read(file), extension, every_carrier=every_carrier)
    imported = False
    if not session.as_json:
        _tell(plan)
    if not plan.errors and not dry_run and (plan.new or plan.changed):
        confirm(
            f"Add {output.count(len(plan.new), 'number')} and change {len(plan.changed)} in {session.stack.name}?",
            yes=yes,
        )
        _write(session, [*plan.new, *plan.changed])
        imported = True
    if session.as_json:
        output.write_json(_as_json(plan, imported=imported))
    elif imported:
        output.say("Imported. Numbers that ClickSend lists: see textension numbers list.")
    elif not plan.errors:
        output.say("Nothing has changed." if not dry_run else "A dry run: nothing has changed.")
    if plan.errors:
        output.fail(f"{output.count(len(plan.errors), 'line')} cannot be imported: correct them. Nothing has changed.")
        raise typer.Exit(FAILED)


def _read(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as UTF-8 text: {error}") from error
    return text.splitlines(keepends=True)


def _plan(session: Session, lines: Sequence[str], extension: str | None, *, every_carrier: bool) -> Plan:
    reader = csv.reader(lines, delimiter=_delimiter(lines))
    columns = _columns(next(reader, []))
    plan = Plan([], [], [], [], [])
    present = {one.number: one for one in session.stack.numbers.of_account(session.account)}
    seen: dict[str, int] = {}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        values = {name: cells[place].strip() for name, place in columns.items() if place < len(cells)}
        carrier = values.get("carrier", "")
        if carrier and carrier.lower() != CARRIER and not every_carrier:
            plan.skipped.append((reader.line_num, f"carrier {carrier}"))
            continue
        try:
            wanted = _settings(session, values, extension, present)
            if wanted.number in seen:
                raise BadInput(f"{wanted.number} is on line {seen[wanted.number]} already: keep one of them")
        except BadInput as error:
            plan.errors.append((reader.line_num, str(error)))
            continue
        seen[wanted.number] = reader.line_num
        before = present.get(wanted.number)
        if before is None and session.stack.numbers.get(wanted.number) is not None:
            plan.errors.append((reader.line_num, f"{wanted.number} belongs to another account"))
            continue
        kind = plan.new if before is None else plan.same if before == wanted else plan.changed
        kind.append(Row(reader.line_num, wanted))
    return plan


def _delimiter(lines: Sequence[str]) -> str:
    heading = lines[0] if lines else ""
    return max(",;\t", key=heading.count)


def _columns(heading: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(heading):
        for name, known in _COLUMNS.items():
            if cell.strip().lower() in known:
                found.setdefault(name, place)
    if "destination" not in found:
        raise BadInput("the first line must name the columns, destination among them: export FS PBX's message settings")
    return found


def _settings(
    session: Session, values: Mapping[str, str], extension: str | None, present: Mapping[str, NumberSettings]
) -> NumberSettings:
    """What a line says, over what is there. Raises BadInput."""
    try:
        number = e164(session, values.get("destination", ""))
    except InvalidNumber as error:
        raise BadInput(str(error)) from error
    assigned = values.get("extension") or extension
    before = present.get(number)
    if assigned:
        check_extension(assigned)
    elif before is None:
        raise BadInput(f"{number} has no extension: fill it in, or give --extension for such lines")
    email = values.get("email", "")
    if email:
        check_email(email)
    enabled = values.get("enabled", "").lower()
    if enabled not in _TRUE | _FALSE:
        raise BadInput(f"enabled {values['enabled']}: true or false")
    settings = before or NumberSettings(number=number, account=session.account, extensions=())
    return replace(
        settings,
        extensions=(assigned,) if assigned else settings.extensions,
        emails=(email,) if email else settings.emails,
        label=values.get("description", "")[:_LABEL] or settings.label,
        enabled=enabled in _TRUE,
    )


def _write(session: Session, rows: Sequence[Row]) -> None:
    console = output.console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        for row in progress.track(rows, description="Importing"):
            try:
                session.stack.numbers.put(row.settings)
            except Conflict as error:
                raise Conflict(f"line {row.line}: {error}. The lines before it are imported; run it again") from error


def _tell(plan: Plan) -> None:
    rows = [
        [str(row.line), what, one.number, ", ".join(one.extensions), ", ".join(one.emails), _state(one), one.label]
        for what, found in (("new", plan.new), ("changed", plan.changed), ("same", plan.same))
        for row in found
        for one in [row.settings]
    ]
    if rows:
        columns = ("Line", "What", "Number", "Extensions", "E-mail", "State", "Label")
        output.show(output.table(columns, rows, fold=("Extensions", "E-mail", "Label")))
    for line, reason in plan.skipped:
        output.warn(f"Line {line} is passed over: {reason}")
    for line, reason in plan.errors:
        output.warn(f"Line {line}: {reason}")


def _state(settings: NumberSettings) -> str:
    return "enabled" if settings.enabled else "disabled"


def _as_json(plan: Plan, *, imported: bool) -> dict[str, Any]:
    def rows(found: Sequence[Row]) -> list[dict[str, Any]]:
        return [{"line": row.line, **as_json(row.settings)} for row in found]

    return {
        "imported": imported,
        "new": rows(plan.new),
        "changed": rows(plan.changed),
        "same": rows(plan.same),
        "skipped": [{"line": line, "reason": reason} for line, reason in plan.skipped],
        "errors": [{"line": line, "reason": reason} for line, reason in plan.errors],
    }
