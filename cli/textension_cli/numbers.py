"""`textension numbers`: which numbers are ours, and who sees their texts."""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Annotated, Any, Final

import typer
from textension import phone
from textension.clock import iso
from textension.errors import BadInput, InvalidNumber, NotFound
from textension.message import NumberSettings

from textension_cli import output
from textension_cli.command import Session, command, confirm, group

app = group("numbers", "Our numbers, and the extensions that see their texts.")

_EXTENSION: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_EMAIL: Final = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
# A number and its listings change in one transaction, of at most 100 writes, old listings and new.
_MOST_EXTENSIONS: Final = 48

_NUMBER = Annotated[str, typer.Argument(metavar="NUMBER", help="E.164, like +61411111111, or the country's own form.")]


def own_number(session: Session, value: str) -> NumberSettings:
    """The settings of one of the account's numbers. Raises InvalidNumber or NotFound."""
    number = e164(session, value)
    settings = session.stack.numbers.get(number)
    if settings is None or settings.account != session.account:
        raise NotFound(f"{number} is not a number of account {session.account}: see textension numbers list")
    return settings


def e164(session: Session, value: str) -> str:
    """The number in E.164. Raises InvalidNumber naming the value."""
    try:
        return phone.e164(value, session.stack.country)
    except InvalidNumber as error:
        raise InvalidNumber(f"{value}: {error}") from error


@command(
    app,
    "add",
    "numbers add +61411111111 --extension 101 --extension 102",
    "numbers add +61411111111 --label Sales --email sales@example.com",
    "numbers add +61411111111 --disabled",
)
def add(
    session: Session,
    number: _NUMBER,
    extensions: Annotated[
        list[str] | None, typer.Option("--extension", metavar="NAME", help="Who sees its texts. Repeat it for several.")
    ] = None,
    emails: Annotated[
        list[str] | None,
        typer.Option("--email", metavar="ADDRESS", help="Who is told by e-mail. Repeat it; '' takes all away."),
    ] = None,
    label: Annotated[str | None, typer.Option("--label", metavar="TEXT", help="What people call it.")] = None,
    enabled: Annotated[
        bool | None,
        typer.Option("--enabled/--disabled", help="A disabled number keeps its texts, tells nobody and sends nothing."),
    ] = None,
) -> None:
    """Add a number, or change one that is there.

    A change touches only what is given: --extension replaces all extensions, --email all addresses.
    """
    e164_number = e164(session, number)
    wishes = {"extensions": unique(extensions), "emails": unique(emails), "label": label, "enabled": enabled}
    given: dict[str, Any] = {name: value for name, value in wishes.items() if value is not None}
    check(given)
    present = session.stack.numbers.get(e164_number)
    if present is not None and present.account == session.account:
        _change(session, present, given)
        return
    if "extensions" not in given:
        raise BadInput(f"{e164_number} is new: give at least one --extension, or nobody would see its texts")
    settings = session.stack.numbers.put(NumberSettings(number=e164_number, account=session.account, **given))
    if session.as_json:
        output.write_json({"created": True, "changes": {}, "number": as_json(settings)})
        return
    output.say(f"Added {settings.number} to account {settings.account}.")
    output.show(_fields(settings))


def _change(session: Session, present: NumberSettings, given: Mapping[str, Any]) -> None:
    wanted = replace(present, **given)
    changed = [one.name for one in fields(present) if getattr(wanted, one.name) != getattr(present, one.name)]
    settings = session.stack.numbers.put(wanted) if changed else present
    before, after = as_json(present), as_json(settings)
    if session.as_json:
        changes = {name: {"from": before[name], "to": after[name]} for name in changed}
        output.write_json({"created": False, "changes": changes, "number": after})
    elif not changed:
        output.say(f"{settings.number} is like that already: nothing has changed.")
    else:
        output.say(f"Changed {settings.number}.")
        old, new = words(present), words(settings)
        output.show(
            output.fields(((name, f"{old[name] or 'none'} → {new[name] or 'none'}") for name in changed), indent=2)
        )


@command(app, "list", "numbers list", "numbers list --stack textension --json")
def list_numbers(session: Session) -> None:
    """List the account's numbers."""
    found = session.stack.numbers.of_account(session.account)
    if session.as_json:
        output.write_json([as_json(settings) for settings in found])
        return
    if not found:
        output.say(f"Account {session.account} has no numbers yet: textension numbers add NUMBER --extension NAME")
        return
    rows = [[settings.number, *(words(settings)[name] for name in _WORDS)] for settings in found]
    output.show(output.table(("Number", "State", "Label", "Extensions", "E-mail"), rows, fold=("Extensions", "E-mail")))


@command(app, "show", "numbers show +61411111111")
def show(session: Session, number: _NUMBER) -> None:
    """Show one number's settings."""
    settings = own_number(session, number)
    if session.as_json:
        output.write_json(as_json(settings))
        return
    output.show(_fields(settings))


@command(app, "remove", "numbers remove +61411111111", "numbers remove +61411111111 --yes --stack textension")
def remove(
    session: Session,
    number: _NUMBER,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a number out. Its conversations stay; new texts to it go to quarantine."""
    settings = own_number(session, number)
    confirm(f"Remove {settings.number} from account {session.account} of {session.stack.name}?", yes=yes)
    session.stack.numbers.remove(session.account, settings.number)
    if session.as_json:
        output.write_json({"removed": as_json(settings)})
        return
    output.say(f"Removed {settings.number}. Its conversations stay.")


def as_json(settings: NumberSettings) -> dict[str, Any]:
    """The settings for machines."""
    return {
        **asdict(settings),
        "extensions": list(settings.extensions),
        "emails": list(settings.emails),
        "added_at": iso(settings.added_at) if settings.added_at else None,
    }


_WORDS: Final = ("enabled", "label", "extensions", "emails")


def words(settings: NumberSettings) -> dict[str, str]:
    """The settings that can be changed, for people."""
    return {
        "enabled": "enabled" if settings.enabled else "disabled",
        "label": settings.label,
        "extensions": ", ".join(settings.extensions),
        "emails": ", ".join(settings.emails),
    }


def _fields(settings: NumberSettings) -> Any:
    shown = words(settings)
    return output.fields(
        [
            ("Number", settings.number),
            ("Account", settings.account),
            ("State", shown["enabled"]),
            ("Label", shown["label"]),
            ("Extensions", shown["extensions"]),
            ("E-mail", shown["emails"]),
        ]
    )


def unique(values: list[str] | None) -> tuple[str, ...] | None:
    """Each value once, without blanks; None where nothing was given."""
    return None if values is None else tuple(dict.fromkeys(one.strip() for one in values if one.strip()))


def check(given: Mapping[str, Any]) -> None:
    """Raises BadInput naming the option whose value cannot be."""
    extensions = given.get("extensions")
    if extensions is not None and not 1 <= len(extensions) <= _MOST_EXTENSIONS:
        raise BadInput(f"a number has 1 to {_MOST_EXTENSIONS} extensions: {len(extensions)} were given")
    for extension in extensions or ():
        check_extension(extension)
    for email in given.get("emails", ()):
        check_email(email, "--email ")
    if len(given.get("label", "")) > 80:
        raise BadInput("--label: at most 80 characters")


def check_extension(extension: str) -> None:
    """Raises BadInput for what cannot be an extension: it is part of keys."""
    if not _EXTENSION.fullmatch(extension):
        raise BadInput(
            f"--extension {extension}: an extension has up to 32 letters, digits, dots, hyphens and underscores"
        )


def check_email(email: str, option: str = "") -> None:
    """Raises BadInput for what is no e-mail address."""
    if not _EMAIL.fullmatch(email):
        raise BadInput(f"{option}{email}: not an address like sales@example.com")
