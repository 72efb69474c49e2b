"""The edge: what a request is before a route sees it, and what its parameters are.

API Gateway on AWS hands path parameters through percent-encoded; others decode them. Here they are decoded, once.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote, unquote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import ApiGatewayResolver
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import BeforeValidator

from textension.errors import BadInput, TextensionError
from textension.ids import Signer

PREFIX: Final = "/api/v1"
MAX_BODY: Final = 64 * 1024


class Malformed(TextensionError):
    """400: not a request of this API at all."""

    code = "bad_request"


class UnsupportedType(TextensionError):
    """415: a body that is not JSON."""

    code = "unsupported_media_type"


class TooLarge(TextensionError):
    """413: a body longer than any of this API's."""

    code = "too_large"


NumberPath = Annotated[
    str,
    BeforeValidator(unquote),
    Path(description="One of your numbers, E.164, percent-encoded.", examples=["+61411111111"]),
]
PeerPath = Annotated[
    str,
    BeforeValidator(unquote),
    Path(max_length=100, description="The other side, percent-encoded.", examples=["+61422222222"]),
]
MessagePath = Annotated[
    str,
    BeforeValidator(unquote),
    Path(description="A message's id.", examples=["38VSP1M892RHB0THPX80B1AYM9"], max_length=40),
]
SubscriptionPath = Annotated[
    str,
    BeforeValidator(unquote),
    Path(description="A name of the app's own.", pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["phone"]),
]
QuarantinePath = Annotated[
    str,
    BeforeValidator(unquote),
    Path(description="The id of a quarantined post.", pattern=r"^[0-9a-f]{64}$", examples=["0" * 64]),
]
LimitQuery = Annotated[int, Query(ge=1, le=100, description="Items of a page at most.")]
MAX_CURSOR: Final = 8000
"""What fits beside a token into the 10,240 bytes that API Gateway lets a request line and its headers have."""
CursorQuery = Annotated[str | None, Query(max_length=MAX_CURSOR, description="`next` of the page before.")]
NumberQuery = Annotated[str | None, Query(max_length=40, description="Of this number only.", examples=["+61411111111"])]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="The same key with the same body is the same text, whose first answer is given again.",
        examples=["6a8e1f0e-4d0c-4d5c-9f4e-2b1f6a2c7d10"],
    ),
]


def normalized(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with its path as routes read it, each parameter encoded so that a slash in one is no slash of ours.

    Raises Malformed, UnsupportedType or TooLarge for a body that is no JSON object.
    """
    path = str(event["resource"])
    for name, value in (event.get("pathParameters") or {}).items():
        path = path.replace(f"{{{name}}}", quote(unquote(value), safe="+"))
    return {**event, "path": path, "body": _json_object(event), "isBase64Encoded": False}


def known_parameters(app: ApiGatewayResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Refuse what a route has no parameter for: a misspelt filter would filter nothing. Raises BadInput."""
    known = {parameter.alias for parameter in app.context["_route"].dependant.query_params}
    unknown = sorted(set(app.current_event.query_string_parameters or {}) - known)
    if unknown:
        raise BadInput(f"there is no query parameter {unknown[0]}: {', '.join(sorted(known)) or 'none'}")
    return next_middleware(app)


def _json_object(event: Mapping[str, Any]) -> str | None:
    body = event.get("body")
    if not body or event["httpMethod"] in {"GET", "DELETE"}:
        return None
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    kind = str(headers.get("content-type") or "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedType("send the body as Content-Type: application/json")
    try:
        content = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else str(body).encode()
        if len(content) > MAX_BODY:
            raise TooLarge(f"the body has {len(content):,} bytes: {MAX_BODY:,} at most")
        text = content.decode()
        value = json.loads(text)
    except (binascii.Error, UnicodeError, ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON in UTF-8", code="json_invalid") from error
    if not isinstance(value, dict):
        raise BadInput("the body must be a JSON object")
    return text


def cursor_purpose(*parts: str) -> str:
    """What a cursor is for and whose it is, so that it opens nothing else."""
    return "\0".join(parts)


def sealed(signer: Signer, purpose: str, position: Any) -> str:
    """A position as a cursor, good for the same question of the same caller only."""
    return signer.seal(purpose, json.dumps(position, separators=(",", ":")))


def opened(signer: Signer, purpose: str, cursor: str | None) -> Any:
    """The position in a cursor; None without one. Raises Malformed for a forged one."""
    if cursor is None:
        return None
    text = signer.unseal(purpose, cursor)
    if text is None:
        raise Malformed("this cursor is not one that this list gave you", code="cursor_invalid")
    return json.loads(text)
