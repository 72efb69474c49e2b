"""The apps of extensions: real WebSockets to the local stack, opened by tickets of the package's own making."""

import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from textension.aws.connections import Connections, Tickets
from textension.aws.table import Table
from textension.clock import now_ms
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from local.stackfile import StackFile
from tests.conftest import forget


@dataclass(slots=True)
class App:
    """One app: what it has heard, and when (`time.time()`)."""

    socket: ClientConnection
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def listen(self) -> None:
        """Note every frame until the connection ends."""
        try:
            for frame in self.socket:
                self.heard.append((time.time(), json.loads(frame)))
        except ConnectionClosed:
            return

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames in order of arrival."""
        return [frame for _, frame in self.heard]

    def texts(self) -> list[str]:
        """The inbound texts in order of arrival."""
        return [one["data"]["text"] for one in self.frames if one["type"] == "message.received"]

    def states(self, message_id: str) -> list[str]:
        """The states of one message that were heard of."""
        changes = [one["data"] for one in self.frames if one["type"] == "message.status_changed"]
        return [data["state"] for data in changes if data["message_id"] == message_id]

    def say(self, message: str) -> None:
        """Send a frame."""
        self.socket.send(message)


@dataclass(slots=True)
class Apps:
    """The apps of one stack."""

    file: StackFile
    tickets: Tickets
    connections: Connections

    def ticket(self, extension: str, *, age: int = 0) -> str:
        """A ticket for an extension, issued `age` ms ago."""
        return self.tickets.issue(self.file.demo.account, extension, f"user-{extension}", now_ms() - age).text

    def connect(self, ticket: str) -> ClientConnection:
        """A connection; raises websockets' InvalidStatus where it is refused."""
        return connect(f"{self.file.websocket_url}?ticket={ticket}", proxy=None, open_timeout=20, close_timeout=5)

    @contextmanager
    def app(self, extension: str) -> Iterator[App]:
        """An app that is connected, listening."""
        with self.connect(self.ticket(extension)) as connection:
            app = App(connection)
            listening = threading.Thread(target=app.listen, daemon=True)
            listening.start()
            yield app
        listening.join(10)

    @contextmanager
    def deaf(self, extension: str) -> Iterator[socket.socket]:
        """A client that is let in and never reads; in the end it is reset."""
        address = urlsplit(self.file.websocket_url)
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as client:
            head = (
                f"GET {address.path}?ticket={self.ticket(extension)} HTTP/1.1\r\nHost: {address.netloc}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVzdC1rZXktMDEyMzQ1Ng==\r\n\r\n"
            )
            client.sendall(head.encode())
            assert client.recv(12) == b"HTTP/1.1 101"
            yield client
            reset(client)

    def connected(self, extension: str) -> set[str]:
        """The ids of an extension's connections, as the table has them."""
        return {one.id for one in self.connections.of_extension(self.file.demo.account, extension)}


def reset(client: socket.socket) -> None:
    """Die without a word, unless dead."""
    if client.fileno() < 0:
        return
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@contextmanager
def apps_of(file: StackFile) -> Iterator[Apps]:
    """The apps of a stack, which becomes this process's AWS meanwhile."""
    access = file.aws
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", access.endpoint_url)
        environment.setenv("AWS_DEFAULT_REGION", access.region)
        environment.setenv("AWS_ACCESS_KEY_ID", access.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", access.secret_access_key)
        forget()
        table = Table(file.outputs["TableName"])
        yield Apps(file, Tickets(table), Connections(table))
        forget()
