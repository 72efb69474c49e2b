"""`textension webhook rotate`: a new token in the address, with no moment in which a post is refused."""

import time
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.progress import Progress
from textension.clock import DAY, HOUR, SECOND, now_ms
from textension.errors import Conflict

from textension_cli import clicksend, output, webhook
from textension_cli.command import Session, command, confirm

SETTLE: Final = 31
"""Seconds until every copy of the webhook looks for a token that it does not know: it does so once in 30 s."""
RETRIES: Final = DAY
"""For so long ClickSend may repeat a post that failed, to the address that it began with: 10 s, 1, 5, 30 minutes, an
hour, "many over hours" (its help, about 2022)."""


@command(
    webhook.app,
    "rotate",
    "webhook rotate",
    "webhook rotate --finish",
    "webhook rotate --yes --stack textension",
)
def rotate(
    session: Session,
    finish: Annotated[bool, typer.Option("--finish", help="Retire the previous token.")] = False,
    yes: webhook.YES = False,
) -> None:
    """Give ClickSend's rules a new token.

    The previous one opens until --finish, which refuses as long as one of ClickSend's rules still carries it.
    """
    if finish:
        _finish(session, yes=yes)
    else:
        _begin(session, yes=yes)


def _begin(session: Session, *, yes: bool) -> None:
    from textension.aws.secret_changes import begin_rotation

    where = clicksend.addresses(session)
    if len(where.tokens) > 1:
        raise Conflict("the last rotation is not finished: textension webhook rotate --finish")
    with clicksend.management(session) as there:
        _, before = webhook.look(session, there, clicksend.wanted(session, where), where)
        if before:
            raise Conflict("ClickSend's rules are not as they must be: textension webhook install, then again")
        confirm(f"Give the webhook of {session.stack.name} a new token, and ClickSend's rules with it?", yes=yes)
        begin_rotation(session.stack.outputs["WebhookSecretArn"], session.account)
        _settle()
        where = clicksend.addresses(session)
        _, found = webhook.look(session, there, clicksend.wanted(session, where), where)
        webhook.apply(there, found)
    if session.as_json:
        output.write_json({"changed": webhook.as_json(found), "tokens": len(where.tokens)})
        return
    output.say(f"{output.count(len(found), 'rule')} at ClickSend carry the new token; the previous one still opens.")
    output.say("Retire it in a day, when ClickSend repeats nothing to it any more: textension webhook rotate --finish")


def _settle() -> None:
    """Wait until the new token opens wherever it is shown."""
    console = output.console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Until every copy of the webhook knows the new token", total=SETTLE)
        for _ in range(SETTLE):
            time.sleep(1)
            progress.advance(task)


def _finish(session: Session, *, yes: bool) -> None:
    from textension.aws.secret_changes import end_rotation, rotated_at

    arn = session.stack.outputs["WebhookSecretArn"]
    where = clicksend.addresses(session)
    if len(where.tokens) < 2:
        raise Conflict("no previous token opens any more: there is nothing to finish")
    with clicksend.management(session) as there:
        using = [rule for rule in there.rules() if where.token_in(rule) in where.tokens[1:]]
    if using:
        names = ", ".join(sorted({rule.name for rule in using}))
        raise Conflict(f"ClickSend's rules still carry the previous token ({names}): textension webhook install")
    remaining = _retries_may_come(rotated_at(arn, session.account))
    if remaining:
        output.warn(
            f"ClickSend may repeat posts to the previous token for about {remaining} h more, if some failed before the"
            " rotation; those would be refused from now on."
        )
    confirm("Retire the previous token?", yes=yes)
    end_rotation(arn, session.account)
    if session.as_json:
        output.write_json({"finished": True, "retries_may_come_hours": remaining})
    else:
        output.say("Retired: within five minutes only the new token opens.")


def _retries_may_come(rotated: str) -> int:
    """For how many hours more ClickSend may repeat posts of before the rotation; 0 when that is over or unknown."""
    if not rotated:
        return 0
    since = now_ms() - int(datetime.fromisoformat(rotated).timestamp() * SECOND)
    return max(-(-(RETRIES - since) // HOUR), 0)
