"""`textension webhook`: what ClickSend has to be told, and what it may post."""

import re
from typing import Annotated, Final

import typer
from textension.errors import BadInput, ConfigurationError

from textension_cli import output
from textension_cli.command import Session, command, group

app = group("webhook", "The addresses that ClickSend posts to.")

_SUBACCOUNT_ID: Final = re.compile(r"[0-9]{1,20}")


@command(app, "url", "webhook url", "webhook url --stack textension --json")
def url(session: Session) -> None:
    """Show the two addresses to paste into ClickSend's rules. They hold the token: treat them as passwords."""
    from textension import assemble

    posters = assemble.webhook_secret().accounts()
    poster = next((one for one in posters if one.account == session.account), None)
    if poster is None or not poster.tokens:
        raise ConfigurationError(f"the webhook secret has no WEBHOOK_TOKEN for account {session.account}: add one")
    outputs = session.stack.outputs
    inbound = f"{outputs['WebhookUrl']}/{poster.tokens[0]}"
    receipts = f"{outputs['ApiUrl']}/webhook/clicksend/receipt/{poster.tokens[0]}"
    if session.as_json:
        output.write_json(
            {
                "account": poster.account,
                "inbound_url": inbound,
                "receipt_url": receipts,
                "subaccount_ids": sorted(poster.subaccount_ids),
                "tokens": len(poster.tokens),
            }
        )
    else:
        output.say("Inbound SMS rule (action URL, webhook type post):")
        output.say(f"  {inbound}")
        output.say("Delivery receipt rule (action URL):")
        output.say(f"  {receipts}")
    _remark(poster.account, sorted(poster.subaccount_ids), len(poster.tokens))


def _remark(account: str, subaccount_ids: list[str], tokens: int) -> None:
    if not subaccount_ids:
        output.warn(
            "CLICKSEND_SUBACCOUNT_ID is not set: everything that ClickSend posts would go to quarantine.\n"
            f"Set it: textension webhook allow SUBACCOUNT_ID --account {account}"
        )
    if tokens > 1:
        output.warn("The previous token still opens: empty WEBHOOK_TOKEN_PREVIOUS when ClickSend has these addresses.")


@command(app, "allow", "webhook allow 100002", "webhook allow 100002 100003 --stack textension")
def allow(
    session: Session,
    subaccount_ids: Annotated[
        list[str],
        typer.Argument(metavar="SUBACCOUNT_ID...", help="ClickSend's subaccount ids, as its posts name them."),
    ],
) -> None:
    """Let ClickSend subaccounts post for the account. Those that already may, still may."""
    from textension.aws.secrets import MAX_AGE, allow_subaccounts

    for one in subaccount_ids:
        if not _SUBACCOUNT_ID.fullmatch(one):
            raise BadInput(f"{one} is not a subaccount id: it has digits only, like 100002")
    poster = allow_subaccounts(session.stack.outputs["WebhookSecretArn"], session.account, subaccount_ids)
    allowed = sorted(poster.subaccount_ids)
    if session.as_json:
        output.write_json({"account": poster.account, "subaccount_ids": allowed})
        return
    output.say(f"Account {poster.account} takes posts of: {', '.join(allowed)}.")
    output.say(
        f"The webhook knows within {MAX_AGE // 60} minutes. What waited till then: textension quarantine replay --all"
    )
