"""The way in: authentication, JSON, faults and the envelope around every endpoint of ClickSend's API."""

import base64
import binascii
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from .envelope import UNAUTHORIZED, Answer, bad_request
from .faults import SEND_PATH, Fault
from .mishaps import respond, strike
from .models import Credential, Wire
from .simulator import SendRequest, Simulator


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request, as the endpoints see it."""

    simulator: Simulator
    credential: Credential
    query: Mapping[str, str]
    path: Mapping[str, str]
    body: Wire
    fault: Fault | None


type Endpoint = Callable[[Call], Awaitable[Answer]]


def read_basic(header: str) -> tuple[str, str]:
    """Username and key of an Authorization header; empty where there are none."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, key


def authenticate(header: str, credentials: Sequence[Credential]) -> Credential | None:
    """The credential that the header names; every one is compared, in constant time, whichever fits."""
    username, key = read_basic(header)
    found = None
    for credential in credentials:
        same_name = secrets.compare_digest(username.encode(), credential.username.encode())
        same_key = secrets.compare_digest(key.encode(), credential.api_key.encode())
        if same_name & same_key:
            found = credential
    return found


def recipients_of(body: Wire) -> list[str]:
    """The `to` of each message in a send request."""
    messages = body.get("messages")
    found = messages if isinstance(messages, list) else []
    return [str(message.get("to")) if isinstance(message, dict) else "" for message in found]


def endpoint(handle: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """Wrap one of the API's endpoints: wrong credentials 401, unreadable JSON 400, then its turn of the faults."""

    async def serve(request: Request) -> Response:
        simulator = cast("Simulator", request.app.state.simulator)
        header = request.headers.get("authorization", "")
        log = None
        if request.url.path == SEND_PATH:
            log = simulator.log_send(read_basic(header)[0] or None, request.headers.get("user-agent"))
        raw = await request.body()
        credential = authenticate(header, simulator.state.credentials)
        response = await _answer(request, raw, handle, credential, log) if credential else respond(UNAUTHORIZED)
        if log and response:
            log.http_status = response.status_code
        return response or Response()

    return serve


async def _answer(
    request: Request, raw: bytes, handle: Endpoint, credential: Credential, log: SendRequest | None
) -> Response | None:
    simulator = cast("Simulator", request.app.state.simulator)
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return respond(bad_request())
    if not isinstance(body, dict):
        return respond(bad_request())
    fault = simulator.faults.take(request.url.path, recipients_of(body))
    call = Call(simulator, credential, request.query_params, request.path_params, body, fault)

    async def process() -> Answer:
        answer = await handle(call)
        if log:
            log.processed = answer.http_status == 200
        return answer

    if log:
        log.messages = body.get("messages")
        log.fault = fault.mode if fault else None
    return await strike(fault, request, process) if fault else respond(await process())
