"""How a request of AWS's client reaches who answers it: over HTTP, or the emulator within this process."""

import io
import os
import socket
import sys
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Protocol
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

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
    """The emulator's services, called without its server: three quarters of what a request takes is HTTP and the way
    to the service. It does one request after the other, as it does behind its server."""

    application: Any
    _one: threading.Lock = field(default_factory=threading.Lock)

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Its answer."""
        where = urlsplit(request.url)
        headers = {_text(name).lower(): _text(value) for name, value in request.headers.items()}
        body = _bytes(request.body or b"")
        key, _, region, service = headers["authorization"].partition("Credential=")[2].split("/")[:4]
        if headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
            service = "dynamodbstreams"  # signed as the tables are
        with self._one:
            self.application.set_request_account_id(key)
            self.application.set_request_region(region)
            serve = self.application.SERVICE_HANDLERS[service]
            status, answered, content = self._at_once(
                serve(request.method, where.path or "/", headers, body, parse_qs(where.query))
            )
        response_headers: Any = {name.title(): str(value) for name, value in answered.items()}
        return AWSResponse(request.url, status, response_headers, Raw(_bytes(content)))

    def _at_once(self, running: Coroutine[Any, Any, Any]) -> Any:
        """What it returns: a service that is called alone has nothing to wait for."""
        try:
            running.send(None)
        except StopIteration as ended:
            return ended.value
        running.close()
        raise AssertionError("the emulator waits for something")


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
    return Within(app)


class Raw(io.BytesIO):
    """A body that is here already."""

    def stream(self, amt: int = 1024, **_: Any) -> Iterator[bytes]:
        """What botocore reads it by."""
        while chunk := self.read(amt):
            yield chunk


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
