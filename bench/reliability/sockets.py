"""API Gateway's side of the apps' WebSockets, played: who is connected, and what goes wrong with a frame.

The emulator would want a real WebSocket for each; what the function asks for is AWS's own request all the same.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from bench.reliability.boundaries import AWS_TAKES, SLOWNESS, Boundaries, Killed
from bench.reliability.faults import AFTER, KILLS, Fault, Kind
from bench.reliability.transport import Raw

POST: Final = "execute-api.PostToConnection"
_ANSWERS: Final = {
    Fault.GONE: (410, "GoneException"),
    Fault.THROTTLE: (429, "LimitExceededException"),
    Fault.DENIED: (403, "ForbiddenException"),
}


@dataclass(slots=True)
class Sockets:
    """The WebSockets that are open: by connection's id, who hears the frames. `on_trouble` is told of each frame that
    was not taken, or of which nobody knows that it was; `on_gone` of a connection that broke."""

    boundaries: Boundaries
    open: dict[str, Callable[[str], None]] = field(default_factory=dict)
    on_trouble: Callable[[], None] = lambda: None
    on_gone: Callable[[str], None] = lambda _connection: None

    def watch(self, client: Any) -> None:
        """Answer this client's requests, which never leave."""
        client.meta.events.register_first("before-send", self._before_send)

    def reset(self) -> None:
        """Nobody is connected."""
        self.open, self.on_trouble, self.on_gone = {}, lambda: None, lambda _connection: None

    def _before_send(self, *, request: Any, event_name: str, **_: Any) -> AWSResponse:
        walls = self.boundaries
        if walls.invocation is None or not event_name.endswith("PostToConnection"):
            raise AssertionError(f"{event_name} is not played here")
        connection = unquote(request.url.rpartition("/")[2])
        fault = walls.cross(Kind.SOCKET, POST, walls.invocation.function)
        if fault is Fault.KILLED_BEFORE:
            raise Killed
        if fault is Fault.GONE and connection in self.open:
            del self.open[connection]
            self.on_gone(connection)
        there = connection in self.open
        if there and (fault is None or fault in AFTER):
            self.open[connection](request.body.decode())
        if not there or fault not in {None, Fault.SLOW}:
            self.on_trouble()
        walls.pass_time(SLOWNESS[Kind.AWS] if fault is Fault.SLOW else AWS_TAKES)
        if fault in KILLS:
            raise Killed
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            walls.pass_time(2_000)
            raise ReadTimeoutError(endpoint_url=request.url)
        if fault in {None, Fault.SLOW}:
            return _answer(request.url, 200, "") if there else _answer(request.url, *_ANSWERS[Fault.GONE])
        return _answer(request.url, *_ANSWERS.get(fault or Fault.ERROR_BEFORE, (500, "InternalServerError")))


def _answer(url: str, status: int, code: str) -> AWSResponse:
    body = json.dumps({"message": "bench"}).encode() if code else b""
    headers: Any = {"Content-Type": "application/json", "Content-Length": str(len(body)), "x-amzn-ErrorType": code}
    return AWSResponse(url, status, headers, Raw(body))
