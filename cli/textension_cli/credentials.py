"""`textension credentials`: how we sign in at ClickSend. A key is no argument, and not shown unless asked for."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from textension.errors import BadInput, ConfigurationError, Conflict, NoAnswer, TextensionError, Unavailable

from textension_cli import clicksend, output
from textension_cli.command import FAILED, Session, command, confirm, group

if TYPE_CHECKING:
    from textension.clicksend.credentials import Credentials
    from textension.clicksend.management import Account, Management

app = group("credentials", "How the stack signs in at ClickSend.")

TRIES: Final = 5
"""How often storing a regenerated key is tried before a person has to look."""
PAUSE: Final = 2.0
"""Seconds before the second try; each pause is twice the last."""
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@command(
    app,
    "set",
    "credentials set --username me@example.com",
    "credentials set --username me@example.com --stdin --yes --stack textension < key.txt",
)
def set_credentials(
    session: Session,
    username: Annotated[
        str | None, typer.Option("--username", metavar="NAME", help="ClickSend's API username; asked for without.")
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the API key from standard input.")] = False,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Where ClickSend's API is, if not where it was.")
    ] = None,
    yes: _YES = False,
) -> None:
    """Store ClickSend's username and API key, once ClickSend has let them in.

    Both are in ClickSend's dashboard under Developers, API Credentials. Other accounts' entries stay as they are.
    """
    from textension.aws.secret_changes import store_credentials
    from textension.clicksend.credentials import Credentials

    if stdin and not yes:
        raise BadInput("a key from standard input leaves nobody to ask: give --yes too")
    old = clicksend.stored(session)
    name = (username or _ask("ClickSend's API username", default=old.username or None)).strip()
    key = (sys.stdin.readline() if stdin else _ask("API key (not shown)", hide=True)).strip()
    if not name or not key:
        raise BadInput("give both the username and the API key")
    new = Credentials(session.account, name, key, base_url or old.base_url)
    with clicksend.management(session, new) as there:
        account = there.account()
    if old.complete and old.username != name:
        confirm(f"Replace the credentials of {old.username} by those of {name}, in {session.stack.name}?", yes=yes)
    store_credentials(session.stack.outputs["CredentialsSecretArn"], new)
    if session.as_json:
        output.write_json({"stored": True, **as_json(account)})
        return
    output.say(f"ClickSend lets {name} in; stored for account {session.account} of {session.stack.name}.")
    if account.subaccount_id:
        output.say(f"Its subaccount may post after: textension subaccounts allow {account.subaccount_id}")


def _ask(question: str, *, default: str | None = None, hide: bool = False) -> str:
    try:
        return str(typer.prompt(question, default=default, hide_input=hide, err=True))
    except typer.Abort as error:
        raise BadInput("nobody answered the question: give --username NAME and --stdin") from error


@command(app, "check", "credentials check", "credentials check --stack textension --json")
def check(session: Session) -> None:
    """Sign in at ClickSend with what is stored, and show whose account it is."""
    with clicksend.management(session) as there:
        account = there.account()
    if session.as_json:
        output.write_json(as_json(account))
        return
    state = "banned" if account.banned else "active" if account.active else "not active"
    balance = "" if account.balance is None else f"{account.balance:.2f} {account.currency}".rstrip()
    output.show(
        output.fields(
            [
                ("User", f"{account.username} (id {account.user_id})"),
                ("Subaccount", account.subaccount_id),
                ("State", f"{state}, on trial" if account.on_trial else state),
                ("Balance", balance),
                ("Country", account.country),
            ]
        )
    )


def as_json(account: "Account") -> dict[str, Any]:
    """The account for machines."""
    return {
        "user_id": account.user_id,
        "username": account.username,
        "subaccount_id": account.subaccount_id,
        "active": account.active,
        "banned": account.banned,
        "on_trial": account.on_trial,
        "balance": None if account.balance is None else str(account.balance),
        "currency": account.currency,
    }


@command(app, "rotate", "credentials rotate", "credentials rotate --yes --show-key-on-failure --stack textension")
def rotate(
    session: Session,
    show_key: Annotated[
        bool,
        typer.Option("--show-key-on-failure", help="Print the new key should it be impossible to store it."),
    ] = False,
    yes: _YES = False,
) -> None:
    """Have ClickSend make a new API key, and store it. Texts that are to go out meanwhile wait; none is lost.

    The old key ends at once, for everything that uses it.
    """
    from textension.aws.secret_changes import store_credentials

    old = clicksend.credentials(session)
    with clicksend.management(session, old) as there:
        subaccount = _own_subaccount(there, old)
        confirm(
            f"Replace the API key of {old.username} (subaccount {subaccount})? Whatever else uses it stops.", yes=yes
        )
        # Proves that the secret may be written, while the old key still holds.
        store_credentials(session.stack.outputs["CredentialsSecretArn"], old)
        try:
            new = clicksend.with_key(old, there.regenerate_key(subaccount).api_key)
        except NoAnswer as lost:
            raise Unavailable(
                f"ClickSend did not say whether the key has changed ({lost.reason}): see textension credentials check."
                f" If it is refused, take the new key from {clicksend.DASHBOARD} (Developers, API Credentials) and"
                " give it to textension credentials set"
            ) from lost
    _store(session, new, show_key=show_key)
    with clicksend.management(session, clicksend.credentials(session)) as there:
        account = there.account()
    if session.as_json:
        output.write_json({"rotated": True, **as_json(account)})
        return
    output.say(f"The new key of {old.username} is stored, and ClickSend lets it in.")
    output.say("Texts that met the old key meanwhile go out by themselves within a minute or so.")


def _own_subaccount(there: "Management", old: "Credentials") -> str:
    found = there.account().subaccount_id
    if found:
        return found
    mine = [one.id for one in there.subaccounts() if one.username == old.username]
    if len(mine) != 1:
        raise Conflict(f"ClickSend does not say which subaccount {old.username} is: make a new key in its dashboard")
    return mine[0]


def _store(session: Session, new: "Credentials", *, show_key: bool) -> None:
    """Store the only key that still works; try hard, and leave a way out."""
    from textension.aws.secret_changes import store_credentials

    pause = PAUSE
    for attempt in range(1, TRIES + 1):
        try:
            store_credentials(session.stack.outputs["CredentialsSecretArn"], new)
        except (Unavailable, ConfigurationError) as error:
            if attempt == TRIES:
                raise _not_stored(error, new, show_key=show_key) from error
            output.warn(f"The new key could not be stored ({error}); trying again in {pause:g} s …")
            time.sleep(pause)
            pause *= 2
        else:
            return


def _not_stored(error: TextensionError, new: "Credentials", *, show_key: bool) -> typer.Exit:
    if show_key:
        output.say(f"CLICKSEND_API_KEY of {new.username}: {new.api_key}")
        way = "The key is printed above"
    else:
        way = f"The key is in {clicksend.DASHBOARD} (Developers, API Credentials)"
    output.fail(
        f"the key has changed at ClickSend, and could not be stored: {error}. Until it is, texts wait (24 h at most)."
        f" {way}; once AWS answers again: textension credentials set --username {new.username}"
    )
    return typer.Exit(FAILED)
