"""`/simulator/…`: what people and tests steer and see. No credentials: the simulator listens on loopback only."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import cast

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .conversation import conversation_of, numbers_known
from .endpoints_sms import shapes
from .faults import Fault
from .models import InboundOrder, NumbersOrder, Settings, Wire
from .simulator import Simulator


class BadOrderError(ValueError):
    """The body of a control request cannot be used; the message says why."""


def controlled(handle: Callable[[Simulator, Request], Awaitable[Wire]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap one control endpoint: JSON out, and 400 with `{"error"}` for an order that cannot be read."""

    async def serve(request: Request) -> Response:
        try:
            return JSONResponse(await handle(cast("Simulator", request.app.state.simulator), request))
        except ValidationError as refused:
            problems = [f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in refused.errors()]
            return JSONResponse({"error": "; ".join(problems)}, status_code=400)
        except BadOrderError as refused:
            return JSONResponse({"error": str(refused)}, status_code=400)

    return serve


async def _read(request: Request) -> Wire:
    """The JSON object in the body; `{}` for none. Only `application/json`, which no foreign web page can send here."""
    raw = await request.body()
    if not raw:
        return {}
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadOrderError("send the order as application/json")
    try:
        body = json.loads(raw)
    except ValueError as problem:
        raise BadOrderError("the body is not JSON") from problem
    if not isinstance(body, dict):
        raise BadOrderError("the body must be a JSON object")
    return body


async def health(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/health`."""
    return {"status": "ok", "requests": simulator.request_count, "messages": len(simulator.state.outbound)}


async def inbound(simulator: Simulator, request: Request) -> Wire:
    """`POST /simulator/inbound`: a handset texts us; with `wait`, the status of each push's first attempt."""
    order = InboundOrder.model_validate(await _read(request))
    text, pushes = simulator.send_from_handset(order)
    answer: Wire = {"message_id": text.message_id, "pushes": len(pushes)}
    if order.wait:
        for push in pushes:
            await push.tried.wait()
        answer["statuses"] = [push.attempts[0].status if push.attempts else None for push in pushes]
    return answer


async def received(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/inbound`: the texts that handsets sent, in order of arrival."""
    texts = simulator.state.inbound.values()
    keys = ("message_id", "timestamp", "sender", "to", "body", "custom_string", "original_message_id")
    rows = [{key: getattr(text, key) for key in keys} for text in texts]
    return {"messages": [{"from": row.pop("sender"), **row} for row in rows]}


async def sent(simulator: Simulator, request: Request) -> Wire:
    """`GET /simulator/sent`: how many send requests arrived, and every message that was taken in, rejected ones too."""
    to, custom_string = request.query_params.get("to"), request.query_params.get("custom_string")
    messages = [
        message
        for message in simulator.state.outbound.values()
        if to in {None, message.to} and custom_string in {None, message.custom_string}
    ]
    return {"requests": simulator.request_count, "messages": shapes(messages)}


async def requests(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/requests`: the newest send requests as they came."""
    return {"requests": [asdict(entry) for entry in simulator.requests]}


async def pushes(simulator: Simulator, request: Request) -> Wire:
    """`GET /simulator/pushes`: every webhook call with its attempts; `?message_id=` and `?kind=` narrow it down."""
    message_id, kind = request.query_params.get("message_id"), request.query_params.get("kind")
    found = [p for p in simulator.pusher.pushes if message_id in {None, p.message_id} and kind in {None, p.kind}]
    return {"pushes": [push.shape() for push in found]}


async def add_fault(simulator: Simulator, request: Request) -> Wire:
    """`POST /simulator/faults`: queue one fault."""
    simulator.faults.queue.append(Fault.model_validate(await _read(request)))
    return await list_faults(simulator, request)


async def list_faults(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/faults`: those that have not struck yet."""
    return {"faults": [fault.model_dump(mode="json") for fault in simulator.faults.queue]}


async def clear_faults(simulator: Simulator, request: Request) -> Wire:
    """`DELETE /simulator/faults`."""
    simulator.faults.queue.clear()
    return await list_faults(simulator, request)


async def show_settings(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/settings`."""
    return simulator.state.settings.model_dump(mode="json")


async def change_settings(simulator: Simulator, request: Request) -> Wire:
    """`PUT /simulator/settings`: those named change, the others stay."""
    changed = simulator.state.settings.model_dump() | await _read(request)
    simulator.state.settings = Settings.model_validate(changed)
    simulator.state.changed.set()
    return await show_settings(simulator, request)


async def reset(simulator: Simulator, request: Request) -> Wire:
    """`POST /simulator/reset`: texts, faults and pushes go; rules and settings too with `{"all": true}`."""
    body = await _read(request)
    await simulator.reset(everything=body.get("all") is True)
    return await health(simulator, request)


async def numbers(simulator: Simulator, _: Request) -> Wire:
    """`GET /simulator/numbers`: business numbers and handsets that the page offers."""
    return numbers_known(simulator)


async def change_numbers(simulator: Simulator, request: Request) -> Wire:
    """`PUT /simulator/numbers`: the account has these dedicated numbers, and no others."""
    order = NumbersOrder.model_validate(await _read(request))
    simulator.state.settings = simulator.state.settings.model_copy(update={"numbers": order.numbers})
    simulator.state.changed.set()
    return await numbers(simulator, request)


async def conversation(simulator: Simulator, request: Request) -> Wire:
    """`GET /simulator/conversation?handset=&number=`: the chat between the two, for the handset page."""
    query = request.query_params
    entries = conversation_of(simulator, query.get("handset", ""), query.get("number", ""))
    return {"now": time.time(), "entries": entries}
