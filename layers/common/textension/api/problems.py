"""Errors as the apps get them: RFC 9457 `application/problem+json` with a stable `code`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Response
from pydantic import Field

from textension.api.models import Answer
from textension.api.requests import Malformed, TooLarge, UnsupportedType
from textension.errors import (
    BadInput,
    Conflict,
    Forbidden,
    KeyReused,
    NotFound,
    TextensionError,
    TooMany,
    Unavailable,
)

CONTENT_TYPE: Final = "application/problem+json"
RETRY_AFTER: Final = 5
"""Seconds after which to try again what was unavailable."""

# The first that fits.
_STATUS: Final[tuple[tuple[type[TextensionError], HTTPStatus], ...]] = (
    (Malformed, HTTPStatus.BAD_REQUEST),
    (UnsupportedType, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY),
    (BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.FORBIDDEN),
    (Conflict, HTTPStatus.CONFLICT),
    (TooMany, HTTPStatus.TOO_MANY_REQUESTS),
    (Unavailable, HTTPStatus.SERVICE_UNAVAILABLE),
)


class FieldError(Answer):
    """What is wrong with one field."""

    field: Annotated[str, Field(examples=["body.text"])]
    message: Annotated[str, Field(examples=["Field required"])]


class Problem(Answer):
    """An error: `code` is for machines and stable, `detail` for people; `request_id` finds it in the logs."""

    type: Annotated[str, Field(examples=["about:blank"])]
    title: Annotated[str, Field(examples=["Not Found"])]
    status: Annotated[int, Field(examples=[404])]
    code: Annotated[str, Field(examples=["not_found"])]
    detail: str
    request_id: str
    errors: list[FieldError] = Field(default_factory=list)


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """The answer that says what is wrong."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors]
    return Response(
        status_code=int(status), content_type=CONTENT_TYPE, body=json.dumps(body), headers=dict(headers or {})
    )


def of_error(error: TextensionError, request_id: str) -> Response[str]:
    """The answer for one of the package's errors. What is our fault is told without its details."""
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
    headers: dict[str, str] = {}
    detail = str(error)
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        headers["Retry-After"] = str(RETRY_AFTER)
        detail = "This did not work on our side: try again."
    return problem(status, error.code, detail, request_id, headers=headers)


def of_fields(errors: Iterable[Mapping[str, Any]], request_id: str) -> Response[str]:
    """The answer for a request whose fields do not fit its schema."""
    found = [
        FieldError(field=".".join(str(part) for part in error["loc"]), message=str(error["msg"])) for error in errors
    ]
    if [error.field.lower() for error in found] == ["header.idempotency-key"] and "required" in found[0].message:
        return problem(
            HTTPStatus.BAD_REQUEST,
            "idempotency_key_missing",
            "Give each text an Idempotency-Key of its own, and the same one when you try again.",
            request_id,
            errors=found,
        )
    detail = "; ".join(f"{error.field}: {error.message}" for error in found[:3])
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, request_id, errors=found)
