"""One address in front of both APIs, so that their paths are those of a domain of their own.

It rewrites the path in the request line, and nothing else: headers, bodies and answers pass as the bytes that came.
Each connection carries one exchange and is closed after it, which keeps this so simple; one that asks for a WebSocket
at `/realtime` carries that, for as long as both sides want it.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Coroutine
from typing import Any

from .config import HOST
from .errors import LocalError

HEAD_LIMIT = 64 * 1024
MOST_AT_ONCE = 8
"""Requests in flight; more wait. For each of them the emulator starts a process, which costs seconds on few cores."""
MOST_WAITING = 100
"""More are turned away at once with 429, as API Gateway's throttle does: whoever waits longer has given up before his
turn comes, and the emulator would do for nobody what those after him wait for."""
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 65.0
CLOSE_SECONDS = 5.0
"""What the other side of a WebSocket is given to close, once one side has."""
CHUNK = 64 * 1024
STAGE = "live"
REALTIME = b"/realtime"


def rewrite_upgrade(head: bytes, api_id: str) -> bytes | None:
    """The request head for the emulator's WebSocket API; None for what asks for no WebSocket at `/realtime`."""
    request_line, _, headers = head.partition(b"\r\n")
    method, _, rest = request_line.partition(b" ")
    target, _, version = rest.partition(b" ")
    path, mark, query = target.partition(b"?")
    names = {name.lower(): value for name, _, value in (line.partition(b":") for line in headers.split(b"\r\n"))}
    if path != REALTIME or names.get(b"upgrade", b"").strip().lower() != b"websocket":
        return None
    new_target = f"/_aws/execute-api/{api_id}/{STAGE}".encode() + mark + query
    return b"\r\n".join([b" ".join([method, new_target, version]), headers])


def rewrite(head: bytes, api_id: str, stage: str = STAGE) -> bytes:
    """The request head for the emulator: its path under the API, and `Connection: close`.

    `/<path>` and `/<stage>/<path>`, which is how AWS's own address looks, are the same. Raises ValueError for what is
    no request to a path.
    """
    request_line, _, headers = head.partition(b"\r\n")
    method, target, version = request_line.split(b" ")
    if target.startswith((b"http://", b"https://")):
        target = b"/" + target.split(b"/", 3)[3] if target.count(b"/") > 2 else b"/"
    if not target.startswith(b"/"):
        raise ValueError("no path")
    prefix = b"/" + stage.encode()
    if target == prefix or target.startswith((prefix + b"/", prefix + b"?")):
        target = target[len(prefix) :]
    if not target.startswith(b"/"):
        target = b"/" + target
    kept = [line for line in headers.split(b"\r\n") if not line.lower().startswith((b"connection:", b"keep-alive:"))]
    new_line = b" ".join([method, b"/_aws/execute-api/" + api_id.encode() + prefix + target, version])
    return b"\r\n".join([new_line, b"Connection: close", *kept])


def problem(status: str, message: str) -> bytes:
    """An answer of the front's own."""
    body = json.dumps({"message": message}).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body


class Front:
    """The proxy: a thread with an event loop of its own."""

    def __init__(self, port: int, emulator_port: int, api_id: str, websocket_api_id: str) -> None:
        self._port = port
        self._emulator_port = emulator_port
        self._api_id = api_id
        self._websocket_api_id = websocket_api_id
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._waiting = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="front", daemon=True)
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Listen; raises LocalError where the port has been taken meanwhile."""
        self._thread.start()
        try:
            self._server = self._await(
                asyncio.start_server(self._serve, HOST, self._port, limit=HEAD_LIMIT, backlog=512)
            )
        except OSError as error:
            raise LocalError(f"Port {self._port} cannot be used: {error.strerror}") from error

    def stop(self) -> None:
        """Close the port and drop what is open."""
        if self._server is not None:
            self._await(self._close(self._server))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        server.close_clients()
        await server.wait_closed()
        for exchange in asyncio.all_tasks() - {asyncio.current_task()}:
            exchange.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await exchange

    def _await[T](self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await self._exchange(reader, writer)
                await writer.drain()
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            upgrade = rewrite_upgrade(head, self._websocket_api_id)
            head = upgrade if upgrade else rewrite(head, self._api_id)
        except asyncio.LimitOverrunError:
            writer.write(problem("431 Request Header Fields Too Large", "The headers are larger than 64 KB."))
            return
        except ValueError:
            writer.write(problem("400 Bad Request", "This is no HTTP request for a path."))
            return
        if self._waiting >= MOST_WAITING:
            writer.write(problem("429 Too Many Requests", "Too many requests wait already; try again in a second."))
            return
        async with contextlib.AsyncExitStack() as turn:
            self._waiting += 1
            try:
                await turn.enter_async_context(self._turns)
            finally:
                self._waiting -= 1
            await self._pass_on(head, reader, writer, turn if upgrade else None)

    async def _pass_on(
        self,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        websockets_turn: contextlib.AsyncExitStack | None,
    ) -> None:
        try:
            connecting = asyncio.open_connection(HOST, self._emulator_port)
            upstream, sending = await asyncio.wait_for(connecting, CONNECT_SECONDS)
        except (OSError, TimeoutError):
            writer.write(problem("502 Bad Gateway", "The AWS emulator does not answer; is `make run` still running?"))
            return
        sending.write(head)
        upload = asyncio.create_task(_copy(reader, sending))
        try:
            begin = await asyncio.wait_for(upstream.read(CHUNK), ANSWER_SECONDS)
            writer.write(begin or problem("502 Bad Gateway", "The AWS emulator closed without an answer."))
            if websockets_turn:
                await websockets_turn.aclose()
                await _until_closed(upload, asyncio.create_task(_copy(upstream, writer)), sending)
            else:
                await _copy(upstream, writer)
        except ConnectionError:
            writer.write(problem("502 Bad Gateway", "The AWS emulator broke the connection off."))
        except TimeoutError:
            writer.write(problem("504 Gateway Timeout", f"No answer within {ANSWER_SECONDS:.0f} s."))
        finally:
            upload.cancel()
            sending.close()


async def _until_closed(
    upload: asyncio.Task[None], download: asyncio.Task[None], sending: asyncio.StreamWriter
) -> None:
    """Wait until a WebSocket has ended. That a client has gone, however that was, the emulator is told."""
    try:
        await asyncio.wait({upload, download}, return_when=asyncio.FIRST_COMPLETED)
        if not download.done():
            with contextlib.suppress(OSError):
                sending.write_eof()
            await asyncio.wait({download}, timeout=CLOSE_SECONDS)
    finally:
        download.cancel()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on until `source` ends or either side is gone."""
    with contextlib.suppress(ConnectionError):
        while chunk := await source.read(CHUNK):
            target.write(chunk)
            await target.drain()
