"""The boundaries between us and everything else: each crossing is counted, and may go wrong.

Calls to AWS are caught by botocore's own event `before-send`, below its retries; requests to ClickSend in the adapter
of the HTTP client. What is not struck, or is struck `after`, really reaches the emulator and the simulator.
"""

import functools
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from requests.adapters import HTTPAdapter
from textension.clicksend import client as clicksend_client
from urllib3.exceptions import NewConnectionError, ProtocolError

from bench.reliability.faults import AFTER, KILLS, Crossing, Fault, Kind, Nothing, Plan
from bench.reliability.transport import Raw, Transport
from bench.reliability.virtual import VirtualClock

AWS_TAKES: Final = 3
"""Milliseconds of an answer of AWS."""
CLICKSEND_TAKES: Final = 200
CLICKSEND_HANGS: Final = 15_000
"""The same of the HTTP client (`clicksend/client.py`)."""
SLOWNESS: Final = {Kind.AWS: 1_900, Kind.HTTP: 14_000}


class Killed(BaseException):
    """The worker is gone: nothing of it runs on, and nothing of it answers. No `except Exception` may hold it up."""


class BenchBroken(BaseException):
    """A fault of the bench itself."""


@dataclass(slots=True)
class Invocation:
    """One call of a function, which Lambda ends at `deadline` (virtual Unix ms)."""

    function: str
    deadline: int


@dataclass(slots=True)
class Boundaries:
    """Where everything crosses. `on_aws` and `on_clicksend` are told of each request that is really carried out."""

    clock: VirtualClock
    plan: Plan = field(default_factory=Nothing)
    invocation: Invocation | None = None
    crossings: list[Crossing] = field(default_factory=list)
    fired: list[tuple[Crossing, Fault]] = field(default_factory=list)
    mute: int = 0
    """To so many requests ClickSend's answer never comes, though it does what they ask: no fault of a plan."""
    on_aws: Callable[[str, bytes], None] = lambda _target, _body: None
    on_clicksend: Callable[[str, bytes], None] = lambda _target, _body: None
    on_answer: Callable[[], None] = lambda: None
    """Called when ClickSend has done something, before we hear of it."""

    def cross(self, kind: Kind, target: str, function: str) -> Fault | None:
        """Count a crossing; the fault that strikes it."""
        crossing = Crossing(len(self.crossings), self.clock.now, function, kind, target)
        self.crossings.append(crossing)
        fault = self.plan.fault(crossing)
        if fault is not None:
            self.fired.append((crossing, fault))
        return fault

    def counts(self) -> Counter[Fault]:
        """How often each fault struck."""
        return Counter(fault for _, fault in self.fired)

    def _tell(self, observer: Callable[[str, bytes], None], target: str, body: Any) -> None:
        try:
            observer(target, body.encode() if isinstance(body, str) else body or b"")
        except Exception as error:
            # Anything less would be taken for a fault of AWS, and tried again.
            raise BenchBroken from error

    def pass_time(self, milliseconds: int) -> None:
        """Let time pass; Lambda ends a function that takes too long."""
        self.clock.advance(milliseconds)
        if self.invocation and self.clock.now >= self.invocation.deadline:
            raise Killed

    # ------------------------------------------------------------ AWS

    def watch(self, client: Any, transport: Transport) -> None:
        """Have this boto3 client's requests cross here, and be carried by this."""
        client.meta.events.register_first("before-send", functools.partial(self._before_send, client, transport))

    def _before_send(
        self, client: Any, transport: Transport, *, request: Any, event_name: str, **_: Any
    ) -> AWSResponse:
        invocation = self.invocation
        if invocation is None:
            return transport.send(request)
        target = event_name.removeprefix("before-send.")
        fault = self.cross(Kind.AWS, target, invocation.function)
        if fault is Fault.KILLED_BEFORE:
            raise Killed
        response = None
        if fault is None or fault in AFTER:
            response = transport.send(request)
            if response.status_code == 200:
                self._tell(self.on_aws, target, request.body)
        self.pass_time(SLOWNESS[Kind.AWS] if fault is Fault.SLOW else AWS_TAKES)
        if response is not None and fault in {None, Fault.SLOW}:
            return response
        return self._aws_failure(fault, request, client)

    def _aws_failure(self, fault: Fault | None, request: Any, client: Any) -> AWSResponse:
        if fault in KILLS:
            raise Killed
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            self.pass_time(round(client.meta.config.read_timeout * 1000))
            raise ReadTimeoutError(endpoint_url=request.url)
        status, code = {
            Fault.THROTTLE: (400, "ThrottlingException"),
            Fault.DENIED: (400, "AccessDeniedException"),
        }.get(fault or Fault.ERROR_BEFORE, (500, "InternalServerError"))
        if not request.headers.get("X-Amz-Target"):  # SNS still speaks XML
            text = f"<ErrorResponse><Error><Code>{code}</Code><Message>bench</Message></Error></ErrorResponse>"
            return _answer(request.url, status, text.encode(), "text/xml")
        body = json.dumps({"__type": f"bench#{code}", "message": "bench"}).encode()
        return _answer(request.url, status, body, "application/x-amz-json-1.0")

    # ------------------------------------------------------------ ClickSend

    def carry(self, adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """One request to ClickSend."""
        invocation = self.invocation
        if invocation is None:
            return adapter.send(request, **options)
        target = f"{request.method} {request.path_url.partition('?')[0]}"
        fault = self.cross(Kind.HTTP, target, invocation.function)
        if fault is None and self.mute:
            self.mute -= 1
            fault = Fault.HANG_AFTER
        if fault is Fault.KILLED_BEFORE:
            raise Killed
        with ExitStack() as unheard:
            response = None
            if fault is None or fault in AFTER:
                self._tell(self.on_clicksend, target, request.body)
                response = adapter.send(request, **options)
                unheard.callback(response.close)
                self.on_answer()
            self.pass_time(SLOWNESS[Kind.HTTP] if fault is Fault.SLOW else CLICKSEND_TAKES)
            if response is not None and fault in {None, Fault.SLOW}:
                unheard.pop_all()
                return response
        return self._clicksend_failure(fault, request)

    def _clicksend_failure(self, fault: Fault | None, request: requests.PreparedRequest) -> requests.Response:
        if fault in KILLS:
            raise Killed
        pool: Any = None
        if fault in {Fault.HANG_BEFORE, Fault.HANG_AFTER}:
            self.pass_time(CLICKSEND_HANGS)
            raise requests.ReadTimeout(urllib3.exceptions.ReadTimeoutError(pool, "", "bench"), request=request)
        if fault is Fault.REFUSED:
            reason = urllib3.exceptions.MaxRetryError(pool, "", NewConnectionError(pool, "bench"))
            raise requests.ConnectionError(reason, request=request)
        if fault in {Fault.RESET_BEFORE, Fault.RESET_AFTER}:
            raise requests.ConnectionError(ProtocolError("bench", ConnectionResetError()), request=request)
        status = {Fault.THROTTLE: 429, Fault.DENIED: 401}.get(fault or Fault.ERROR_BEFORE, 500)
        return _http_response(request, status, {"Retry-After": "20"} if status == 429 else {})


def _answer(url: str, status: int, body: bytes, kind: str) -> AWSResponse:
    headers: Any = {"Content-Type": kind, "Content-Length": str(len(body))}
    return AWSResponse(url, status, headers, Raw(body))


def _http_response(request: requests.PreparedRequest, status: int, headers: dict[str, str]) -> requests.Response:
    body = json.dumps({"http_code": status, "response_code": "BENCH", "response_msg": "bench", "data": None}).encode()
    raw = urllib3.HTTPResponse(
        io.BytesIO(body), headers={"Content-Type": "application/json", **headers}, status=status, preload_content=False
    )
    return HTTPAdapter().build_response(request, raw)


@contextmanager
def at_clicksend(boundaries: Boundaries) -> Iterator[None]:
    """The package's HTTP client crosses these boundaries until the block ends."""

    class Adapter(HTTPAdapter):
        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
            return boundaries.carry(_plain, request, **options)

        def close(self) -> None:
            _plain.close()

    _plain = HTTPAdapter(max_retries=0)
    before = vars(clicksend_client)["HTTPAdapter"]
    vars(clicksend_client)["HTTPAdapter"] = Adapter
    try:
        yield
    finally:
        vars(clicksend_client)["HTTPAdapter"] = before
