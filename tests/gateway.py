"""API Gateway's `@connections` on a socket of this machine, with clients that are gone, slow or dead."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from textension.aws import clients

from tests.conftest import REGION, forget


@dataclass(slots=True)
class Clients:
    """Who is connected, and what each has heard; who is in `answers` is spoken to in vain."""

    url: str
    answers: dict[str, int | str] = field(default_factory=dict)
    """By connection: a status, `slow` (no answer at all) or `reset`."""
    frames: list[tuple[str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    sockets: set[tuple[str, int]] = field(default_factory=set)
    """The sockets that requests came by."""
    done: threading.Event = field(default_factory=threading.Event)

    def heard(self, connection: str) -> list[str]:
        """The frames of one, in order."""
        return [body for one, body in self.frames if one == connection]


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    everybody: Clients

    def do_POST(self) -> None:
        connection, body = self._read()
        answer = self.everybody.answers.get(connection, 200)
        if answer == 200:
            self.everybody.frames.append((connection, body.decode()))
        self._reply(answer)

    def do_DELETE(self) -> None:
        connection, _ = self._read()
        self.everybody.ended.append(connection)
        self._reply(self.everybody.answers.get(connection, 204))

    def _read(self) -> tuple[str, bytes]:
        self.everybody.sockets.add(self.client_address)
        prefix, connection = self.path.split("/@connections/")
        assert prefix == "/_aws/execute-api/abcdef1234/live"
        assert "/execute-api/aws4_request" in self.headers["Authorization"]
        return unquote(connection), self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _reply(self, answer: int | str) -> None:
        self.close_connection = True
        match answer:
            case "slow":
                self.everybody.done.wait(30)
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case int():
                self.close_connection = False
                self.send_response(answer)
                kinds = {410: "GoneException", 403: "ForbiddenException", 429: "LimitExceededException"}
                self.send_header("x-amzn-ErrorType", kinds.get(answer, ""))
                self.send_header("Content-Length", "0")
                self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that lost patience are what is tested."""


@contextmanager
def clients_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    """Let the package's posts end here instead of at API Gateway; the table stays where it is."""
    everybody = Clients("")
    requests = type("Requests", (_Requests,), {"everybody": everybody})
    with _Server(("127.0.0.1", 0), requests) as server:
        everybody.url = f"http://127.0.0.1:{server.server_port}/_aws/execute-api/abcdef1234/live"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"https://dynamodb.{REGION}.amazonaws.com")
        forget()
        try:
            yield everybody
        finally:
            everybody.done.set()
            clients.connections(everybody.url).close()
            server.shutdown()
