"""The API's OpenAPI 3.1 description, made of the routes that are served."""

import functools
import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.event_handler.openapi.models import Server

from textension.api.context import MEANS
from textension.api.problems import CONTENT_TYPE

TITLE: Final = "Textension"
VERSION: Final = "1"
DESCRIPTION: Final = (
    "Text from your business numbers. Sign in at Cognito and give the ID token as `Authorization: Bearer`. "
    "Numbers are E.164; percent-encode them in paths. Errors are RFC 9457 with a stable `code`. Events come over the "
    "WebSocket, for which `POST /realtime-tickets` gives a ticket; `GET /changes` has what an app missed."
)
_SCHEME: Final = "idToken"
PUBLIC: Final = "/openapi.json"


@functools.cache
def document(app: APIGatewayRestResolver) -> str:
    """The description as JSON."""
    found = json.loads(
        app.get_openapi_json_schema(
            title=TITLE,
            version=VERSION,
            description=DESCRIPTION,
            # Relative to where the description itself lies: with a stage before it, or without.
            servers=[Server(url="../v1")],
        )
    )
    schemas = found["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    found["components"]["securitySchemes"] = {
        _SCHEME: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "Cognito's ID token"}
    }
    words = _words(app)
    for path, methods in found["paths"].items():
        for operation in methods.values():
            operation["description"] = words[operation["operationId"]]
            operation["security"] = [] if path == PUBLIC else [{_SCHEME: []}]
            if path == PUBLIC:
                operation["responses"]["200"]["content"] = {"application/json": {"schema": {"type": "object"}}}
                del operation["responses"]["422"]  # it takes nothing that could be wrong
            _describe(operation)
            _link(operation)
            _show(operation, schemas)
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def _words(app: APIGatewayRestResolver) -> dict[str | None, str | None]:
    """What each operation's function says of itself."""
    routes = [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001 - Powertools lists them nowhere else
    return {route.operation_id: inspect.getdoc(route.func) for route in routes}


def _describe(operation: dict[str, Any]) -> None:
    """Name the errors that come before any route, and give each an example and the headers that come with it."""
    responses = operation["responses"]
    early = (400, 413, 415, 500) if "requestBody" in operation else (500,)
    for status in early:
        schema = {"$ref": "#/components/schemas/Problem"}
        responses[str(status)] = {"description": MEANS[status], "content": {CONTENT_TYPE: {"schema": schema}}}
    if "204" in responses:
        responses["204"].pop("content", None)
    for status, response in responses.items():
        problem = response.get("content", {}).get(CONTENT_TYPE)
        if problem is None:
            continue
        problem["example"] = _example(int(status))
        if status in {"429", "500", "503"}:
            response["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    operation["responses"] = dict(sorted(responses.items()))


# What the answer to one operation gives to others: by operation, the good status, and where each parameter comes from.
_CONVERSATION: Final = {"number": "$request.path.number", "peer": "$request.path.peer"}
_MESSAGE: Final = {"message_id": "$response.body#/id"}
_LINKS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "sendMessage": {
        "getMessage": _MESSAGE,
        "cancelMessage": _MESSAGE,
        "resendMessage": _MESSAGE,
        "listMessages": _CONVERSATION,
    },
    "resendMessage": {"getMessage": _MESSAGE, "cancelMessage": _MESSAGE},
    "listMessages": {"getMessage": {"message_id": "$response.body#/items/0/id"}},
    "listChanges": {"listChanges": {"since": "$response.body#/next"}},
    "blockPeer": {"unblockPeer": _CONVERSATION, "getConversation": _CONVERSATION},
    "putContact": {name: {"peer": "$request.path.peer"} for name in ("getContact", "deleteContact")},
    "deleteContact": {"getContact": {"peer": "$request.path.peer"}},
    "adminPutNumber": {name: {"number": "$request.path.number"} for name in ("adminGetNumber", "adminRemoveNumber")},
    "adminRemoveNumber": {"adminGetNumber": {"number": "$request.path.number"}},
    "adminListQuarantine": {"adminReplay": {"post_id": "$response.body#/items/0/id"}},
}


def _link(operation: dict[str, Any]) -> None:
    links = _LINKS.get(operation["operationId"], {})
    if links:
        good = next(response for status, response in operation["responses"].items() if status.startswith("2"))
        good["links"] = {name: {"operationId": name, "parameters": found} for name, found in links.items()}


def _show(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Give each body, asked or answered, an example made of its fields' own."""
    answered = [one for status, one in operation["responses"].items() if status.startswith("2")]
    for place in (operation.get("requestBody", {}), *answered):
        for kind, body in place.get("content", {}).items():
            if kind == "application/json" and "$ref" in body["schema"]:
                body["example"] = _sample(body["schema"], schemas)


def _sample(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that fits: the field's own example, or made of its parts'. Raises ValueError where a field has none."""
    match schema:
        case {"$ref": reference}:
            found = _sample(schemas[reference.rpartition("/")[2]], schemas)
        case {"examples": [found, *_]} | {"enum": [found, *_]} | {"const": found}:
            pass
        case {"anyOf": [either, *_]}:
            found = _sample(either, schemas)
        case {"type": "object", "properties": parts}:
            found = {name: _sample(part, schemas) for name, part in parts.items()}
        case {"type": "array", "items": item}:
            found = [_sample(item, schemas)]
        case {"type": "boolean" | "integer" as kind}:
            found = schema.get("default", kind == "boolean" or 1)
        case _:
            raise ValueError(f"give this field an example: {schema}")
    return found


_EXAMPLES: Final = {
    400: ("Bad Request", "cursor_invalid", "this cursor is not one that this list gave you"),
    401: ("Unauthorized", "unauthenticated", "Sign in, and give the ID token as Authorization: Bearer."),
    403: ("Forbidden", "admin_only", "this is for administrators of the account"),
    404: ("Not Found", "not_found", "you have no such number"),
    409: ("Conflict", "recipient_opted_out", "+61422222222 has opted out of texts from +61411111111"),
    413: ("Content Too Large", "too_large", "the body has 70,000 bytes: 65,536 at most"),
    415: ("Unsupported Media Type", "unsupported_media_type", "send the body as Content-Type: application/json"),
    422: ("Unprocessable Entity", "text_too_long", "the text has 1600 characters in GSM-7, 11 segments"),
    429: ("Too Many Requests", "cap_reached", "you have sent all that one may in a minute"),
    500: ("Internal Server Error", "internal_error", "This did not work on our side: try again."),
    503: ("Service Unavailable", "unavailable", "This did not work on our side: try again."),
}


def _example(status: int) -> dict[str, Any]:
    title, code, detail = _EXAMPLES[status]
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    }
