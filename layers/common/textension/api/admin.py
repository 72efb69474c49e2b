"""The admins' other routes: message log, quarantine, opt-outs, health, erasing."""

from datetime import UTC, date, datetime, time
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from textension import assemble
from textension.api import admin_models as models
from textension.api.context import AdminOf, answers
from textension.api.models import Message, Messages, OptOut, OptOuts
from textension.api.requests import (
    CursorQuery,
    LimitQuery,
    Malformed,
    NumberPath,
    NumberQuery,
    PeerPath,
    QuarantinePath,
    cursor_purpose,
    opened,
    sealed,
)
from textension.aws import items
from textension.clock import DAY, iso
from textension.message import Direction
from textension.states import State

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["admin"]


# ---------------------------------------------------------------- messages


@router.get(
    "/messages",
    summary="The message log",
    tags=TAGS,
    operation_id="adminListMessages",
    responses=answers(Messages, 400, 404),
)
def list_messages(  # noqa: PLR0913, PLR0917 - one for each filter
    caller: AdminOf,
    number: NumberQuery = None,
    first_day: Annotated[date | None, Query(description="UTC, the day included.", examples=["2026-11-01"])] = None,
    last_day: Annotated[date | None, Query(description="UTC, the day included.", examples=["2026-11-30"])] = None,
    extension: Annotated[str | None, Query(max_length=32, description="Whose number it was, or who wrote it.")] = None,
    peer: Annotated[str | None, Query(max_length=100, description="The other side.")] = None,
    state: Annotated[State | None, Query(description="Only in that state.")] = None,
    direction: Annotated[Direction | None, Query(description="Only in that direction.")] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
) -> Messages:
    """The newest first, of a number, or of a range of days, or both.

    The other filters apply within a page, so that a page may be short.
    """
    if number is None and (first_day is None or last_day is None):
        raise Malformed("give a number, or first_day and last_day", code="range_missing")
    office, purpose = (
        assemble.office(),
        cursor_purpose(caller.account, "admin", "log", number or "", str(first_day), str(last_day)),
    )
    found, after = assemble.administration().messages(
        caller,
        number,
        first=items.log_order(_ms(first_day) if first_day else 0),
        last=items.log_order(_ms(last_day) + DAY) if last_day else "A",
        limit=limit,
        after=opened(office.signer, purpose, cursor),
    )
    wanted = office.peer(peer) if peer else None
    chosen = [
        message
        for message in found
        if (extension is None or extension in (*message.extensions, message.author))
        and (wanted is None or message.conversation.peer == wanted)
        and (state is None or message.state is state)
        and (direction is None or message.direction is direction)
    ]
    return Messages(
        items=[Message.of(message) for message in chosen], next=sealed(office.signer, purpose, after) if after else None
    )


def _ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)


# ---------------------------------------------------------------- quarantine, opt-outs


@router.get(
    "/quarantine",
    summary="What could not be taken in",
    tags=TAGS,
    operation_id="adminListQuarantine",
    responses=answers(models.Quarantine, 400),
)
def list_quarantine(caller: AdminOf, cursor: CursorQuery = None, limit: LimitQuery = 50) -> models.Quarantine:
    """Kept as it came, for 90 days."""
    office, purpose = assemble.office(), cursor_purpose(caller.account, "admin", "quarantine")
    found, after = assemble.administration().quarantine.page_after(
        caller.account, limit=limit, after=opened(office.signer, purpose, cursor)
    )
    posts = [
        models.QuarantinedPost(
            id=post.id,
            at=iso(post.at),
            reason=post.reason,
            kind=post.push.kind,
            content_type=post.push.content_type,
            size=post.size,
            whole=post.whole,
            body=post.push.body.decode("utf-8", "backslashreplace"),
        )
        for post in found
    ]
    return models.Quarantine(items=posts, next=sealed(office.signer, purpose, after) if after else None)


@router.post(
    "/quarantine/<post_id>/replay",
    summary="Take a post in again",
    tags=TAGS,
    operation_id="adminReplay",
    responses=answers(models.Replayed, 404),
)
def replay(caller: AdminOf, post_id: QuarantinePath) -> models.Replayed:
    """Once the cause is mended. What was taken in leaves the quarantine."""
    replayed = assemble.administration().replay(caller, post_id)
    return models.Replayed(outcome=replayed["outcome"], id=replayed["id"], reason=replayed["reason"] or None)


@router.get(
    "/opt-outs",
    summary="Who opted out",
    tags=TAGS,
    operation_id="adminListOptOuts",
    responses=answers(OptOuts, 400, 404),
)
def list_opt_outs(
    caller: AdminOf, number: NumberQuery = None, cursor: CursorQuery = None, limit: LimitQuery = 100
) -> OptOuts:
    """By number and peer."""
    office = assemble.office()
    value = office.e164(number) if number else ""
    purpose = cursor_purpose(caller.account, "admin", "opt-outs", value)
    found, after = office.conversations.opt_outs(
        caller.account, number=value, limit=limit, start=opened(office.signer, purpose, cursor)
    )
    return OptOuts(
        items=[OptOut.of(one) for one in found], next=sealed(office.signer, purpose, after) if after else None
    )


@router.delete(
    "/opt-outs/<number>/<peer>",
    summary="Lift an opt-out",
    tags=TAGS,
    operation_id="adminLiftOptOut",
    status_code=204,
    responses=answers(None, 404, status=204),
)
def lift_opt_out(caller: AdminOf, number: NumberPath, peer: PeerPath) -> Response[None]:
    """For a peer who asked for texts again by other means than START; a later STOP counts again."""
    assemble.administration().lift_opt_out(caller, number, peer)
    return Response(status_code=204)


# ---------------------------------------------------------------- health, erasing


@router.get(
    "/health",
    summary="What is wrong now",
    tags=TAGS,
    operation_id="adminHealth",
    responses=answers(models.Health),
)
def health(caller: AdminOf) -> models.Health:
    """In words, and which setting to change."""
    checks = assemble.health().look(caller.account)
    worst = max((check.status for check in checks), key=("ok", "warn", "wrong").index)
    return models.Health(
        status=worst,
        checks=[models.Check(name=check.name, status=check.status, summary=check.summary) for check in checks],
    )


@router.delete(
    "/peers/<peer>",
    summary="Erase a person",
    tags=TAGS,
    operation_id="adminErasePeer",
    responses=answers(models.Erased),
)
def erase(caller: AdminOf, peer: PeerPath) -> models.Erased:
    """Every text with a peer, in all numbers, present and former; what changed, its name, its quarantined posts."""
    remaining = router.lambda_context.get_remaining_time_in_millis
    erased, quarantined = assemble.administration().erase(caller, peer, remaining=remaining)
    return models.Erased(
        complete=erased.complete,
        conversations=erased.conversations,
        messages=erased.messages,
        changes=erased.changes,
        quarantined=quarantined,
        contact=erased.contact,
        kept=[
            "ids, so that nothing erased comes back",
            "an opt-out, so that the peer is not texted again",
            "point-in-time backups of the table, for 35 days",
            "e-mails that were sent, and whatever other subscribers of the topic have kept",
            "ClickSend's own records",
        ],
    )
