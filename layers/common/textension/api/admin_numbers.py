"""The admins' routes to the account's numbers."""

from collections.abc import Mapping
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from textension import assemble
from textension.api import admin_models as models
from textension.api.context import AdminOf, answers
from textension.api.requests import (
    CursorQuery,
    LimitQuery,
    NumberPath,
    cursor_purpose,
    opened,
    sealed,
)
from textension.errors import TextensionError
from textension.message import NumberSettings
from textension.phone import e164

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["admin"]


@router.get(
    "/numbers",
    summary="The account's numbers",
    tags=TAGS,
    operation_id="adminListNumbers",
    responses=answers(models.AdminNumbers, 400),
)
def list_numbers(
    caller: AdminOf,
    q: Annotated[
        str | None, Query(max_length=80, description="In the number, its label, extensions or addresses.")
    ] = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 100,
) -> models.AdminNumbers:
    """In order."""
    office, purpose = assemble.office(), cursor_purpose(caller.account, "admin", "numbers")
    found, after = office.numbers.page(caller.account, limit=limit, after=opened(office.signer, purpose, cursor) or "")
    return models.AdminNumbers(
        items=[models.AdminNumber.of(settings) for settings in found if _matches(settings, q)],
        next=sealed(office.signer, purpose, after) if after else None,
    )


def _matches(settings: NumberSettings, q: str | None) -> bool:
    words = (settings.number, settings.label, *settings.extensions, *settings.emails)
    return not q or any(q.casefold() in word.casefold() for word in words)


@router.put(
    "/numbers",
    summary="Change several numbers",
    tags=TAGS,
    operation_id="adminChangeNumbers",
    responses=answers(models.BulkResult),
)
def change_numbers(caller: AdminOf, body: models.BulkChange) -> models.BulkResult:
    """Each for itself: one that cannot be changed keeps no other from it."""
    changes = body.changes.model_dump(exclude_none=True)
    for name in ("extensions", "emails"):
        if name in changes:
            changes[name] = tuple(changes[name])
    return _bulk(assemble.administration().change_numbers(caller, body.numbers, changes))


@router.delete(
    "/numbers",
    summary="Remove several numbers",
    tags=TAGS,
    operation_id="adminRemoveNumbers",
    responses=answers(models.BulkResult),
)
def remove_numbers(
    caller: AdminOf,
    number: Annotated[list[str], Query(min_length=1, max_length=100, description="Repeat it for several.")],
) -> models.BulkResult:
    """Their conversations stay; new texts to them go to quarantine."""
    return _bulk(assemble.administration().remove_numbers(caller, number))


def _bulk(results: Mapping[str, TextensionError | None]) -> models.BulkResult:
    return models.BulkResult(
        items=[
            models.BulkItem(number=number, done=error is None, code=error.code if error else None)
            for number, error in results.items()
        ]
    )


@router.get(
    "/numbers/<number>",
    summary="A number's settings",
    tags=TAGS,
    operation_id="adminGetNumber",
    responses=answers(models.AdminNumber, 404),
)
def get_number(caller: AdminOf, number: NumberPath) -> models.AdminNumber:
    """Who sees its texts, and who is told by e-mail."""
    return models.AdminNumber.of(assemble.office().account_number(caller, number))


@router.put(
    "/numbers/<number>",
    summary="Add or change a number",
    tags=TAGS,
    operation_id="adminPutNumber",
    responses=answers(models.AdminNumber, 409),
)
def put_number(caller: AdminOf, number: NumberPath, body: models.NumberPut) -> models.AdminNumber:
    """All of its settings. A new one must be listed by ClickSend for the account."""
    settings = NumberSettings(
        number=e164(number, assemble.office().country),
        account=caller.account,
        extensions=tuple(body.extensions),
        emails=tuple(body.emails),
        label=body.label,
        enabled=body.enabled,
    )
    return models.AdminNumber.of(assemble.administration().put_number(caller, settings))


@router.delete(
    "/numbers/<number>",
    summary="Remove a number",
    tags=TAGS,
    operation_id="adminRemoveNumber",
    status_code=204,
    responses=answers(None, 404, status=204),
)
def remove_number(caller: AdminOf, number: NumberPath) -> Response[None]:
    """Its conversations stay; new texts to it go to quarantine."""
    assemble.administration().remove_number(caller, number)
    return Response(status_code=204)
