"""How a request of AWS's client reaches who answers it: over HTTP, or the emulator within this process."""

import io
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.httpsession import URLLib3Session

from local.config import PROJECT

NO_DELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
"""As botocore's own sessions have it: without, each small request would wait 40 ms."""
SERVICES: Final = "dynamodb,dynamodbstreams,sns,sqs,secretsmanager"
"""What of AWS the bench needs."""
NOWHERE: Final = "http://127.0.0.1:9"
"""Where clients think that the emulator within is: what goes there after all is refused."""


class Transport(Protocol):
    """Carries a request to where it is answered."""

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """The answer. Raises botocore's errors of the connection."""


def over_http() -> Transport:
    """Wherever the request's own address leads."""
    options: Any = [NO_DELAY]
    transport: Transport = URLLib3Session(max_pool_connections=32, socket_options=options)
    return transport


@dataclass(frozen=True, slots=True)
class Within:
    """The emulator's application, called without a server: two thirds of what a request takes is HTTP. It does one
    request after the other, as it does behind its server."""

    application: Any
    _one: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Its answer."""
        where = urlsplit(request.url)
        headers = [(_bytes(name).lower(), _bytes(value)) for name, value in request.headers.items()]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": request.method,
            "path": where.path or "/",
            "raw_path": _bytes(where.path or "/"),
            "query_string": _bytes(where.query),
            "root_path": "",
            "headers": [*headers, (b"host", _bytes(where.netloc))],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 9),
        }
        status, answered, body = self._call(scope, _bytes(request.body or b""))
        response_headers: Any = {name.decode().title(): value.decode() for name, value in answered}
        return AWSResponse(request.url, status, response_headers, Raw(body))

    def _call(self, scope: dict[str, Any], body: bytes) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        sent: list[dict[str, Any]] = []
        incoming = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            return next(incoming, {"type": "http.disconnect"})

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        with self._one:
            running = self.application(scope, receive, send)
            with suppress(StopIteration):
                running.send(None)
                running.close()
                raise AssertionError(f"the emulator waits for something in {scope['method']} {scope['path']}")
        return sent[0]["status"], sent[0]["headers"], b"".join(one.get("body", b"") for one in sent[1:])


@cache
def within() -> Within:
    """The emulator, in this process from now on. Raises FileNotFoundError where its environment is not there."""
    packages = next((PROJECT / ".venv-emulator" / "lib").glob("python3.*/site-packages/ministack"), None)
    if packages is None:
        raise FileNotFoundError(".venv-emulator")
    # Behind our own: what both environments have is ours. It stays, as the emulator imports each service when needed.
    sys.path.append(str(packages.parent))
    settings = {"SERVICES": SERVICES, "PERSIST_STATE": "0", "LOG_LEVEL": "ERROR"}
    with patch.dict(os.environ, settings):
        from ministack import app
        from ministack.services import dynamodb, sqs

        from local import emulator_speed
    emulator_speed.apply()

    def end_with_table(table_name: str, _table: Any = None) -> None:
        """What a run has left ends with its table: its stream (which AWS keeps for a day), its transactions' tokens,
        its doorbells and their ids of deduplication. All that would fill the memory, and rings look through it."""
        dynamodb._stream_records.pop(table_name, None)
        dynamodb._stream_trimmed.pop(table_name, None)
        dynamodb._txn_idempotency.clear()
        for queue in sqs._queues.values():
            queue["messages"].clear()
            queue["dedup_cache"].clear()

    dynamodb.drop_stream_records = end_with_table
    return Within(app.app)


class Raw(io.BytesIO):
    """A body that is here already."""

    def stream(self, amt: int = 1024, **_: Any) -> Iterator[bytes]:
        """What botocore reads it by."""
        while chunk := self.read(amt):
            yield chunk


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
