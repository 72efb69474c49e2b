"""`textension webhook`: ClickSend's rules that post to us, the token in their address, and a test of both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import Progress
from textension.errors import ConfigurationError

from textension_cli import clicksend, output, subaccounts
from textension_cli.command import FAILED, Session, command, confirm, group

if TYPE_CHECKING:
    from textension.clicksend.management import Management
    from textension.clicksend.rules import Addresses, Deviation, Rule, Wanted

app = group("webhook", "ClickSend's rules that post here, and their token.")
command(app, "allow", "webhook allow 100002")(subaccounts.allow)  # its name of old

YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

WORDS: Final = {
    "missing": "is missing",
    "elsewhere": "posts elsewhere",
    "old_token": "carries the previous token",
    "dead_token": "carries a token that opens nothing",
    "disabled": "is disabled",
    "altered": "does not take every text, or not by post",
    "duplicate": "is there twice",
    "every_number": "is for all numbers, those of other tools too",
    "stray": "is for no number of ours",
}
_DOES: Final = {(False, True): "create", (True, True): "repair", (True, False): "remove"}


@command(app, "url", "webhook url", "webhook url --stack textension --json")
def url(session: Session) -> None:
    """Show the two addresses that ClickSend's rules carry. They hold the token: treat them as passwords."""
    where = clicksend.addresses(session)
    inbound, receipts = where.of("inbound"), where.of("receipts")
    allowed = sorted(subaccounts.allowed(session))
    if session.as_json:
        output.write_json(
            {
                "account": session.account,
                "inbound_url": inbound,
                "receipt_url": receipts,
                "subaccount_ids": allowed,
                "tokens": len(where.tokens),
            }
        )
    else:
        output.say("Inbound SMS rule (action URL, webhook type post):")
        output.say(f"  {inbound}")
        output.say("Delivery receipt rule (action URL):")
        output.say(f"  {receipts}")
    if not allowed:
        output.warn(
            "CLICKSEND_SUBACCOUNT_ID is not set: everything that ClickSend posts would go to quarantine.\n"
            f"Set it: textension subaccounts allow SUBACCOUNT_ID --account {session.account}"
        )
    if len(where.tokens) > 1:
        output.warn("The previous token still opens: textension webhook rotate --finish, once ClickSend has the new.")


@command(app, "check", "webhook check", "webhook check --stack textension --json")
def check(session: Session) -> None:
    """Compare ClickSend's rules with those that there must be. The exit code is 1 when they differ."""
    where = clicksend.addresses(session)
    wishes = clicksend.wanted(session, where)
    with clicksend.management(session) as there:
        present, found = look(session, there, wishes, where)
    if session.as_json:
        output.write_json({"wanted": len(wishes), "rules": len(present), "deviations": as_json(found)})
    elif not found:
        output.say(f"ClickSend has the {output.count(len(wishes), 'rule')} that there must be, and no other to us.")
    else:
        output.show(table(found))
        output.say("To mend it: textension webhook install")
    if found:
        raise typer.Exit(FAILED)


@command(app, "install", "webhook install", "webhook install --yes --stack textension")
def install(session: Session, yes: YES = False) -> None:
    """Make or repair ClickSend's rules.

    There is one for each of our numbers and one for receipts; strays that post to us go. Rules that post elsewhere,
    and are not by our name, stay as they are.
    """
    try:
        where = clicksend.addresses(session)
    except ConfigurationError:
        from textension.aws.secret_changes import make_token

        make_token(session.stack.outputs["WebhookSecretArn"], session.account)
        where = clicksend.addresses(session)
    wishes = clicksend.wanted(session, where)
    with clicksend.management(session) as there:
        _, found = look(session, there, wishes, where)
        if found and not session.as_json:
            output.show(table(found))
        if found:
            confirm(f"Change {output.count(len(found), 'rule')} at ClickSend?", yes=yes)
        apply(there, found)
    if session.as_json:
        output.write_json({"wanted": len(wishes), "changed": as_json(found)})
    elif found:
        output.say(f"ClickSend has {output.count(len(wishes), 'rule')} now. To see it work: textension webhook test")
    else:
        output.say(f"ClickSend has the {output.count(len(wishes), 'rule')} already: nothing has changed.")
    if len(wishes) == 1:
        output.warn("No number yet, so no rule for texts: textension numbers add NUMBER --extension NAME, then again.")


@command(app, "remove", "webhook remove", "webhook remove --yes --stack textension")
def remove(session: Session, yes: YES = False) -> None:
    """Take our rules away at ClickSend. Nothing is posted here any more."""
    from textension.clicksend import rules

    where = clicksend.addresses(session)
    with clicksend.management(session) as there:
        mine = rules.ours(clicksend.prefix(session), there.rules(), where)
        found = rules.deviations([], mine, where)
        if mine:
            what = output.count(len(mine), "rule")
            confirm(f"Remove {what} at ClickSend, so that it posts nothing to {session.stack.name} any more?", yes=yes)
        apply(there, found)
    if session.as_json:
        output.write_json({"removed": as_json(found)})
    else:
        output.say(f"Removed {output.count(len(found), 'rule')} at ClickSend.")


# ------------------------------------------------------------ for others


def look(
    session: Session, there: "Management", wishes: "Sequence[Wanted]", where: "Addresses"
) -> "tuple[list[Rule], list[Deviation]]":
    """Our rules at ClickSend, and what is not as it must be."""
    from textension.clicksend import rules

    present = rules.ours(clicksend.prefix(session), there.rules(), where)
    return present, rules.deviations(wishes, present, where)


def apply(there: "Management", found: "Sequence[Deviation]") -> None:
    """Do what is to be done, new rules first: at no moment a text finds none where there was one."""
    console = output.console(stderr=True)
    order = sorted(found, key=lambda one: one.wanted is None)
    with Progress(console=console, transient=True, disable=len(order) < 3 or not console.is_terminal) as progress:
        for one in progress.track(order, description="ClickSend's rules"):
            there.mend(one)


def table(found: "Sequence[Deviation]") -> Any:
    """What is to be done, a line each."""
    rows = [[does(one), subject(one), WORDS[one.problem], one.rule.name if one.rule else ""] for one in found]
    return output.table(("To do", "Rule for", "Because it", "Its name"), rows, fold=("Because it", "Its name"))


def subject(one: "Deviation") -> str:
    """What a rule is for, in a word."""
    return one.number or "receipts"


def does(one: "Deviation") -> str:
    """What is done about a deviation."""
    return _DOES[one.rule is not None, one.wanted is not None]


def as_json(found: "Sequence[Deviation]") -> list[dict[str, Any]]:
    """Deviations for machines. Addresses stay out: they hold tokens."""
    return [
        {
            "do": does(one),
            "kind": one.kind,
            "number": one.number,
            "problem": one.problem,
            "rule_id": one.rule.id if one.rule else None,
            "rule_name": one.rule.name if one.rule else one.wanted.name if one.wanted else None,
        }
        for one in found
    ]
