"""The TCP connections behind the requests, so that one can be torn down without an answer."""

import asyncio
import socket
import struct

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

type Connections = dict[tuple[str, int], asyncio.Transport]
"""The client's address -> its connection."""


def remembering(connections: Connections) -> type[H11Protocol]:
    """uvicorn's HTTP protocol, which also keeps `connections` up to date."""

    class RememberingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if self.client:
                connections[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client:
                connections.pop(self.client, None)
            super().connection_lost(exc)

    return RememberingProtocol


async def reset(request: Request, connections: Connections) -> None:
    """Answer with a TCP reset: with SO_LINGER at 0 the kernel sends RST instead of FIN."""
    client = request.client
    transport = connections.get((client.host, client.port)) if client else None
    if transport is None:
        return
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await client_left(request)


async def client_left(request: Request) -> None:
    """Wait until the connection of this request, whose body was read, is gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
