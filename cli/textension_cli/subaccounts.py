"""`textension subaccounts`: which there are at ClickSend, and which of them may post here."""

import re
from typing import Annotated, Any, Final

import typer
from textension.errors import BadInput

from textension_cli import clicksend, output
from textension_cli.command import Session, command, group

app = group("subaccounts", "ClickSend's subaccounts, and which may post here.")

_ID: Final = re.compile(r"[0-9]{1,20}")
IDS = Annotated[
    list[str], typer.Argument(metavar="SUBACCOUNT_ID...", help="ClickSend's subaccount ids, as its posts name them.")
]


@command(app, "list", "subaccounts list", "subaccounts list --stack textension --json")
def list_subaccounts(session: Session) -> None:
    """List the user's subaccounts at ClickSend, and which of them may post here. Keys are not shown."""
    with clicksend.management(session) as there:
        own = there.account().subaccount_id
        found = there.subaccounts()
    may = allowed(session)
    listed: list[dict[str, Any]] = [
        {
            "subaccount_id": one.id,
            "username": one.username,
            "main": one.main,
            "sends_sms": one.sends_sms,
            "signed_in": one.id == own,
            "allowed": one.id in may,
        }
        for one in found
    ]
    if session.as_json:
        output.write_json({"subaccounts": listed, "allowed": sorted(may)})
        return
    rows = [
        [
            str(one["subaccount_id"]),
            str(one["username"]),
            ", ".join(word for word, holds in (("main", one["main"]), ("ours", one["signed_in"])) if holds),
            "yes" if one["sends_sms"] else "no",
            "yes" if one["allowed"] else "no",
        ]
        for one in listed
    ]
    output.show(output.table(("Id", "Username", "Which", "Sends SMS", "May post"), rows, fold=("Username",)))
    for stranger in sorted(may - {one.id for one in found}):
        output.warn(f"{stranger} may post, and is none of ClickSend's list.")
    if own and own not in may:
        output.warn(f"Ours may not post yet: textension subaccounts allow {own}")


def allowed(session: Session) -> frozenset[str]:
    """The subaccounts that may post for the account, as stored now."""
    from textension.aws.secrets import WebhookSecret

    accounts = WebhookSecret(session.stack.outputs["WebhookSecretArn"]).accounts()
    return next((one.subaccount_ids for one in accounts if one.account == session.account), frozenset())


@command(
    app,
    "allow",
    "subaccounts allow 100002",
    "subaccounts allow 100002 100003 --stack textension",
    "subaccounts allow 100002 --only",
)
def allow(
    session: Session,
    subaccount_ids: IDS,
    only: Annotated[bool, typer.Option("--only", help="And no others: those that may now, may no more.")] = False,
) -> None:
    """Let ClickSend subaccounts post for the account. Those that already may, still may."""
    from textension.aws.secret_changes import allow_subaccounts
    from textension.aws.secrets import REREAD_AFTER

    for one in subaccount_ids:
        if not _ID.fullmatch(one):
            raise BadInput(f"{one} is not a subaccount id: it has digits only, like 100002")
    arn = session.stack.outputs["WebhookSecretArn"]
    poster = allow_subaccounts(arn, session.account, subaccount_ids, only=only)
    names = sorted(poster.subaccount_ids)
    if session.as_json:
        output.write_json({"account": poster.account, "subaccount_ids": names})
        return
    output.say(f"Account {poster.account} takes posts of: {', '.join(names)}.")
    output.say(
        f"The webhook knows within {REREAD_AFTER:g} s. What waited till then: textension quarantine replay --all"
    )
