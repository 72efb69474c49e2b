"""What every route needs: who calls, and which errors its description names."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.request import Request

from textension.api.models import Answer
from textension.api.problems import CONTENT_TYPE, Problem
from textension.caller import Caller, of_claims

MEANS: Final = {
    400: "Not a request of this API: the body is no JSON, or a cursor is forged",
    401: "No valid ID token",
    403: "Not for this user",
    404: "There is no such thing, or it is somebody else's",
    409: "It does not fit the present state: `code` says why",
    413: "The body is longer than any of this API's",
    415: "The body is not JSON",
    422: "A field does not fit: `errors` names it",
    429: "A cap or the API's throttle is reached: `Retry-After` says for how long",
    500: "Our fault",
    503: "Something is out of reach: try again",
}
_ALWAYS: Final = (400, 401, 403, 422, 429, 500, 503)


def caller(request: Request) -> Caller:
    """Who calls, out of the token that API Gateway has verified. Raises Forbidden."""
    context: dict[str, Any] = request.resolved_event.raw_event.get("requestContext") or {}
    return of_claims((context.get("authorizer") or {}).get("claims") or {})


def admin(request: Request) -> Caller:
    """The same, for admins only. Raises Forbidden."""
    found = caller(request)
    found.must_administer()
    return found


CallerOf = Annotated[Caller, Depends(caller)]
AdminOf = Annotated[Caller, Depends(admin)]


def answers(model: type[Answer] | None, *errors: int, status: int = 200, public: bool = False) -> dict[int, Any]:
    """The answers of a route, for its description: the good one, these errors, and those that any route may give."""
    good: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if model is not None:
        good["content"] = {"application/json": {"model": model}}
    every = (429, 500) if public else _ALWAYS
    problem = {CONTENT_TYPE: {"model": Problem}}
    bad = {one: {"description": MEANS[one], "content": problem} for one in sorted({*every, *errors})}
    return {status: good, **bad}
