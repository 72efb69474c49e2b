"""`textension users`: who may sign in, and which extension's texts each sees."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from textension.clock import now_ms

from textension_cli import output
from textension_cli.command import Session, command, confirm, group
from textension_cli.numbers import check_email, check_extension

if TYPE_CHECKING:
    from textension.aws.users import User

app = group("users", "Who may sign in to the apps, and as which extension.")

TOKEN_MINUTES: Final = 15
"""How long an ID token lives (`UserPoolClient` in template.yaml): what it says holds until it ends."""

_EMAIL = Annotated[str, typer.Argument(metavar="EMAIL", help="The address that the user signs in with.")]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@command(
    app,
    "invite",
    "users invite ana@example.com --extension 101",
    "users invite ana@example.com --extension 101 --admin --stack textension",
)
def invite(
    session: Session,
    email: _EMAIL,
    extension: Annotated[str, typer.Option("--extension", metavar="NAME", help="Whose texts the user sees.")],
    admin: Annotated[bool, typer.Option("--admin", help="May administer the account, too.")] = False,
    yes: _YES = False,
) -> None:
    """Make a user and mail a first password, which is good for 7 days."""
    check_email(email)
    check_extension(extension)
    rights = " and administer the account" if admin else ""
    confirm(
        f"Let {email} see the texts of extension {extension} of account {session.account}{rights},"
        f" in {session.stack.name}?",
        yes=yes,
    )
    user = session.stack.users.invite(email, session.account, extension, admin=admin)
    _tell(session, user, f"Invited {user.email}: a first password is on its way.", {"invited": True})


@command(app, "list", "users list", "users list --stack textension --json")
def list_users(session: Session) -> None:
    """List the account's users, by extension."""
    found = session.stack.users.of_account(session.account)
    if session.as_json:
        output.write_json([asdict(user) for user in found])
        return
    if not found:
        output.say(f"Account {session.account} has no users yet: textension users invite EMAIL --extension NAME")
        return
    rows = [[user.email, user.extension, "admin" if user.admin else "", _state(user)] for user in found]
    output.show(output.table(("E-mail", "Extension", "Rights", "State"), rows, fold=("E-mail",)))


@command(app, "disable", "users disable ana@example.com", "users disable ana@example.com --yes --stack textension")
def disable(session: Session, email: _EMAIL, yes: _YES = False) -> None:
    """Let a user in no more, and end what is open. Texts, and who may see them, stay as they are."""
    user = _own_user(session, email)
    confirm(f"Disable {user.email} (extension {user.extension}) in {session.stack.name}?", yes=yes)
    disabled = session.stack.users.disable(user)
    closed = shut_out(session, user)
    _tell(
        session,
        disabled,
        f"Disabled {user.email}, and ended {output.count(closed, 'connection')}."
        f" A token that is out reads and sends until it ends, within {TOKEN_MINUTES} minutes; it opens no connection.",
        {"closed_connections": closed},
    )


@command(app, "enable", "users enable ana@example.com")
def enable(session: Session, email: _EMAIL, yes: _YES = False) -> None:
    """Let a disabled user sign in again."""
    user = _own_user(session, email)
    confirm(f"Let {user.email} see the texts of extension {user.extension} again, in {session.stack.name}?", yes=yes)
    enabled = session.stack.users.enable(user)
    session.stack.connections.unbar(user.sub, user.extension)
    _tell(session, enabled, f"Enabled {user.email}.", {})


@command(app, "reset", "users reset ana@example.com")
def reset(session: Session, email: _EMAIL, yes: _YES = False) -> None:
    """Make a user choose a new password: by a code in a mail, or by a new invitation to who never signed in."""
    user = _own_user(session, email)
    confirm(f"Take the password of {user.email} away, in {session.stack.name}?", yes=yes)
    mailed = session.stack.users.reset(user)
    words = {
        "code": f"{user.email} is mailed a code, with which the app takes a new password.",
        "invitation": f"{user.email} is invited again: a first password is on its way.",
    }
    _tell(session, user, words[mailed], {"mailed": mailed})


@command(app, "set-extension", "users set-extension ana@example.com 102")
def set_extension(
    session: Session,
    email: _EMAIL,
    extension: Annotated[str, typer.Argument(metavar="EXTENSION", help="Whose texts the user sees from now on.")],
    yes: _YES = False,
) -> None:
    """Give a user another extension: its texts are seen, those of the old one no more."""
    check_extension(extension)
    user = _own_user(session, email)
    if user.extension == extension:
        _tell(session, user, f"{user.email} has extension {extension} already: nothing has changed.", {})
        return
    whose = f"extension {extension} instead of {user.extension}"
    confirm(f"Let {user.email} see the texts of {whose}, in {session.stack.name}?", yes=yes)
    closed = hang_up(session, user)  # before it, too: where that fails, nothing has changed
    changed = session.stack.users.set_extension(user, extension)
    if user.enabled:
        session.stack.connections.unbar(user.sub, extension)
    closed += shut_out(session, user)
    _tell(
        session,
        changed,
        f"{user.email} has extension {extension} now, and {output.count(closed, 'connection')} ended."
        f" A token that names {user.extension} ends within {TOKEN_MINUTES} minutes; it opens no connection.",
        {"closed_connections": closed},
    )


@command(app, "set-admin", "users set-admin ana@example.com", "users set-admin ana@example.com --off")
def set_admin(
    session: Session,
    email: _EMAIL,
    off: Annotated[bool, typer.Option("--off", help="Take the right away.")] = False,
    yes: _YES = False,
) -> None:
    """Let a user administer the account: see all its texts, and change who sees what."""
    user = _own_user(session, email)
    what = "Take the right to administer" if off else "Grant the right to administer"
    confirm(f"{what} account {session.account} for {user.email}, in {session.stack.name}?", yes=yes)
    changed = session.stack.users.set_admin(user, admin=not off)
    words = "is no admin any more" if off else "is an admin now"
    _tell(session, changed, f"{user.email} {words}: tokens say so within {TOKEN_MINUTES} minutes.", {})


def shut_out(session: Session, user: "User") -> int:
    """Let the user open no WebSocket of the present extension, and end those open; how many. Raises Unavailable."""
    session.stack.connections.bar(user.sub, user.extension, now_ms())
    return hang_up(session, user)


def hang_up(session: Session, user: "User") -> int:
    """End the user's open WebSockets of the present extension; how many there were. Raises Unavailable."""
    connections = session.stack.connections
    open_ones = [one for one in connections.of_extension(user.account, user.extension) if one.holder.user == user.sub]
    for connection in open_ones:
        session.stack.gateway.close(connection.id)
        connections.forget(connection)
    return len(open_ones)


def _own_user(session: Session, email: str) -> "User":
    """One of the account's users. Raises BadInput or NotFound."""
    check_email(email)
    return session.stack.users.get(session.account, email)


_STATES: Final = {"FORCE_CHANGE_PASSWORD": "invited", "CONFIRMED": "active", "RESET_REQUIRED": "must choose a password"}


def _state(user: "User") -> str:
    return _STATES.get(user.status, user.status.lower()) if user.enabled else "disabled"


def _tell(session: Session, user: "User", words: str, more: dict[str, Any]) -> None:
    if session.as_json:
        output.write_json({**more, "user": asdict(user)})
    else:
        output.say(words)
