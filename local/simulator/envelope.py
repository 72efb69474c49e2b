"""ClickSend's envelope: every answer of its API, good or bad, is one of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .models import Wire


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and the four keys of the envelope."""

    http_status: int
    response_code: str | int
    response_msg: str
    data: object = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> Wire:
        """ClickSend fact: the envelope is always `http_code`, `response_code`, `response_msg`, `data`."""
        return {
            "http_code": self.http_status,
            "response_code": self.response_code,
            "response_msg": self.response_msg,
            "data": self.data,
        }


def ok(message: str, data: object = None) -> Answer:
    """A request that worked."""
    return Answer(200, "SUCCESS", message, data)


UNAUTHORIZED = Answer(401, "UNAUTHORIZED", "Authorization failed.")
FORBIDDEN = Answer(403, "FORBIDDEN", "Resource not found or you don't have the permissions to access this resource.")
METHOD_NOT_ALLOWED = Answer(405, "NOT_FOUND", "Method not allowed.")  # ClickSend's own table prints NOT_FOUND for 405
SERVER_ERROR = Answer(500, "INTERNAL_SERVER_ERROR", "Something is wrong.")


def not_found(what: str = "Resource") -> Answer:
    """ClickSend fact: "Contact record not found.", "Receipt record not found." and so on."""
    return Answer(404, "NOT_FOUND", f"{what} record not found.")


def bad_request(fields: Mapping[str, str] | None = None, *, numeric: bool = False) -> Answer:
    """A 400, with the fields at fault; ClickSend fact: `response_code` was also seen as the number 400."""
    return Answer(400, 400 if numeric else "BAD_REQUEST", "Bad request.", dict(fields) if fields else None)


def too_many(retry_after: int, *, limit: int = 20) -> Answer:
    """ClickSend fact: a 429 says `HTTP_TOO_MANY_REQUESTS`, with the rate in headers and `Retry-After` in seconds."""
    return Answer(
        429,
        "HTTP_TOO_MANY_REQUESTS",
        "Too many attempts.",
        headers={
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": "0",
            "ratelimit-reset": str(retry_after),
            "Retry-After": str(retry_after),
        },
    )


def page_of(rows: Sequence[Wire], query: Mapping[str, str], *, laravel: bool = False) -> Wire:
    """One page of `rows` in ClickSend's paging shape.

    ClickSend fact: `limit` is 15 to 100, an empty list has `current_page` 1 and `last_page` 0, and the lists of rules
    (`laravel`) carry `first_page_url`, `last_page_url`, `path` and `links` as well.
    """
    number = max(1, _whole(query.get("page"), 1))
    limit = min(100, max(15, _whole(query.get("limit"), 15)))
    last = -(-len(rows) // limit)
    shown = rows[(number - 1) * limit : number * limit]
    start = (number - 1) * limit
    page: Wire = {
        "total": len(rows),
        "per_page": limit,
        "current_page": number,
        "last_page": last,
        "next_page_url": f"/?page={number + 1}" if number < last else None,
        "prev_page_url": f"/?page={number - 1}" if number > 1 else None,
        "from": start + 1 if shown else None,
        "to": start + len(shown) if shown else None,
        "data": list(shown),
    }
    if laravel:
        page |= {"first_page_url": "/?page=1", "last_page_url": f"/?page={max(1, last)}", "path": "/", "links": []}
    return page


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and len(text) < 10 and text.isascii() and text.isdigit() else default
