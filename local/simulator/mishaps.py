"""How each fault looks from the outside."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from .connections import Connections, client_left, reset
from .envelope import FORBIDDEN, SERVER_ERROR, UNAUTHORIZED, Answer, bad_request, ok, too_many
from .faults import Fault

HUGE = 6 * 1024 * 1024

_REFUSALS: dict[str, Callable[[Fault], Answer]] = {
    "400": lambda fault: bad_request(numeric=fault.numeric),
    "401": lambda _: UNAUTHORIZED,
    "403": lambda _: FORBIDDEN,
    "429": lambda fault: too_many(fault.retry_after),
    "500": lambda _: SERVER_ERROR,
}
_OTHER_BODIES: dict[str, Callable[[Answer], Response]] = {
    "not_json": lambda _: HTMLResponse("<html><body><h1>Bad gateway</h1></body></html>"),
    "redirect": lambda _: RedirectResponse("/v3/elsewhere", status_code=302),
    "huge": lambda answer: JSONResponse(answer.body() | {"padding": "x" * HUGE}, answer.http_status),
}


def respond(answer: Answer) -> Response:
    """The envelope as an HTTP response."""
    return JSONResponse(answer.body(), status_code=answer.http_status, headers=dict(answer.headers))


async def strike(fault: Fault, request: Request, process: Callable[[], Awaitable[Answer]]) -> Response | None:
    """Play `fault` on this request; None when the connection is gone and nobody is left to answer."""
    answer = await process() if fault.processed else ok("Messages queued for delivery.")
    if fault.mode in _REFUSALS:
        return respond(_REFUSALS[fault.mode](fault))
    if fault.mode in _OTHER_BODIES:
        return _OTHER_BODIES[fault.mode](answer)
    if fault.mode in {"hang", "reset"}:
        await _drop(fault, request)
        return None
    if fault.mode == "slow":
        await asyncio.sleep(fault.seconds)
    # "status", "missing" and "shuffled" are about single messages: processing has seen to them.
    return respond(answer if fault.processed else await process())


async def _drop(fault: Fault, request: Request) -> None:
    connections: Connections = request.app.state.connections
    if fault.mode == "hang":
        with suppress(TimeoutError):
            async with asyncio.timeout(fault.seconds):
                await client_left(request)
                return
    await reset(request, connections)
