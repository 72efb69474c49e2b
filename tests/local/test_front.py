"""The address in front: bytes pass as they are, and a stack that has gone is said to be gone."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from local import front as fronts
from local.front import Front, rewrite, rewrite_upgrade
from local.ports import is_free

ANSWER = b"HTTP/1.1 201 Created\r\nX-Odd:  two  spaces\r\nContent-Length: 4\r\nConnection: close\r\n\r\n\x00\xff\xfe\n"


class Upstream:
    """Stands for the emulator: keeps what arrives, byte by byte, and answers with ANSWER."""

    def __init__(self, answer: bytes = ANSWER) -> None:
        self.answer = answer
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            received = b""
            while not received.endswith(b"END"):
                received += connection.recv(65536)
            self.heard.append(received)
            connection.sendall(self.answer)

    def close(self) -> None:
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()


@contextmanager
def front_for(upstream_port: int) -> Iterator[int]:
    """A front on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    front = Front(port, upstream_port, "abcd1234", "ef567890")
    front.start()
    try:
        yield port
    finally:
        front.stop()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    one = Upstream()
    yield one
    one.close()


def ask(port: int, request: bytes) -> bytes:
    """Send raw bytes and read until the connection is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        (b"/webhook/x", b"/live/webhook/x"),
        (b"/live/webhook/x", b"/live/webhook/x"),
        (b"/a%2Fb%20c/+?d=%2B61&d=&e", b"/live/a%2Fb%20c/+?d=%2B61&d=&e"),
        (b"/", b"/live/"),
        (b"/live", b"/live/"),
        (b"/live?x=1", b"/live/?x=1"),
        (b"/lively", b"/live/lively"),
        (b"http://localhost:8080/a?b", b"/live/a?b"),
        (b"http://localhost:8080", b"/live/"),
    ],
)
def test_only_the_path_is_rewritten(asked: bytes, passed_on: bytes) -> None:
    head = b"POST " + asked + b" HTTP/1.1\r\nHost: h\r\nx-Case: Kept\r\nConnection: keep-alive\r\n\r\n"

    assert rewrite(head, "abcd1234") == (
        b"POST /_aws/execute-api/abcd1234"
        + passed_on
        + b" HTTP/1.1\r\nConnection: close\r\nHost: h\r\nx-Case: Kept\r\n\r\n"
    )


def test_bytes_pass_both_ways_as_they_are(upstream: Upstream) -> None:
    body = bytes(range(256)) * 400 + b"END"
    headers = b"Host: x\r\nX-Odd:\ttab\r\nContent-Length: " + str(len(body)).encode()

    with front_for(upstream.port) as port:
        answer = ask(port, b"PUT /a%00b HTTP/1.1\r\n" + headers + b"\r\n\r\n" + body)

    assert answer == ANSWER
    begin = b"PUT /_aws/execute-api/abcd1234/live/a%00b HTTP/1.1\r\nConnection: close\r\n"
    assert upstream.heard == [begin + headers + b"\r\n\r\n" + body]


def test_forty_requests_at_once_are_all_answered(upstream: Upstream) -> None:
    request = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nEND"

    with front_for(upstream.port) as port, ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: ask(port, request), range(40)))

    assert answers == [ANSWER] * 40


def test_more_than_may_wait_are_turned_away_at_once_and_the_others_answered(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fronts, "MOST_AT_ONCE", 2)
    monkeypatch.setattr(fronts, "MOST_WAITING", 3)
    head = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"

    with front_for(upstream.port) as port, ThreadPoolExecutor(5) as pool:
        held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(2 + 3)]
        for client in held:
            client.sendall(head)  # the upstream waits for the body
        time.sleep(0.3)
        turned_away = ask(port, head + b"END")
        for client in held:
            client.sendall(b"END")
        answers = list(pool.map(lambda client: client.recv(65536), held))
        for client in held:
            client.close()
        afterwards = ask(port, head + b"END")

    assert turned_away.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert answers == [ANSWER] * 5
    assert afterwards == ANSWER
    assert len(upstream.heard) == 6


def test_a_stack_that_has_gone_is_a_502_that_says_so(upstream: Upstream) -> None:
    upstream.close()
    assert is_free(upstream.port)

    with front_for(upstream.port) as port:
        answer = ask(port, b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"make run" in answer


def test_a_connection_that_breaks_off_without_an_answer_is_a_502() -> None:
    upstream = Upstream(answer=b"")

    with front_for(upstream.port) as port:
        answer = ask(port, b"GET /x HTTP/1.1\r\nHost: x\r\nX: END\r\n\r\nEND")
    upstream.close()

    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")


@pytest.mark.parametrize("request_", [b"nonsense\r\n\r\n", b"OPTIONS * HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
def test_what_is_no_request_for_a_path_is_a_400(request_: bytes) -> None:
    with front_for(1) as port:
        assert ask(port, request_).startswith(b"HTTP/1.1 400 Bad Request\r\n")


def test_headers_that_are_too_large_are_a_431() -> None:
    with front_for(1) as port:
        answer = ask(port, b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 431 ")


# ---------------------------------------------------------------- WebSockets

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
UPGRADE = b"Host: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: k\r\n\r\n"


class Echo(Upstream):
    """Stands for the emulator's WebSocket API: lets everybody in and says what it hears; END ends it."""

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += connection.recv(1)
            self.heard.append(head)
            connection.sendall(SWITCH if b"Upgrade" in head else self.answer)
            while (said := connection.recv(65536)) not in {b"", b"END"}:
                connection.sendall(said)
            self.heard.append(said)


@pytest.fixture
def echo() -> Iterator[Echo]:
    one = Echo()
    yield one
    one.close()


def open_socket(port: int, target: bytes = b"/realtime?ticket=a%2Bb") -> socket.socket:
    """A client that has been let in."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(b"GET " + target + b" HTTP/1.1\r\n" + UPGRADE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += connection.recv(1)
    assert answer == SWITCH
    return connection


def within(seconds: float, heard: list[bytes], wanted: bytes) -> bool:
    deadline = time.monotonic() + seconds
    while wanted not in heard and time.monotonic() < deadline:
        time.sleep(0.01)
    return wanted in heard


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        (b"/realtime?ticket=x%2B&y", b"/_aws/execute-api/ef567890/live?ticket=x%2B&y"),
        (b"/realtime", b"/_aws/execute-api/ef567890/live"),
        (b"/realtime/x", None),
        (b"/realtimes", None),
        (b"/live/realtime", None),
    ],
)
def test_a_websocket_is_asked_for_at_one_path(asked: bytes, passed_on: bytes | None) -> None:
    head = b"GET " + asked + b" HTTP/1.1\r\n" + UPGRADE

    assert rewrite_upgrade(head, "ef567890") == (passed_on and b"GET " + passed_on + b" HTTP/1.1\r\n" + UPGRADE)
    assert rewrite_upgrade(head.replace(b"Upgrade:", b"X:"), "ef567890") is None


def test_a_websocket_passes_both_ways_for_as_long_as_both_want(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fronts, "ANSWER_SECONDS", 0.2)

    with front_for(echo.port) as port, open_socket(port) as client:
        for _ in range(3):
            time.sleep(0.3)
            client.sendall(b"\x81\x00frame")
            assert client.recv(100) == b"\x81\x00frame"
        client.sendall(b"END")
        assert client.recv(100) == b"", "what the emulator closes is closed"

    assert echo.heard[0].startswith(b"GET /_aws/execute-api/ef567890/live?ticket=a%2Bb HTTP/1.1\r\nHost: x\r\n")


def test_many_open_websockets_keep_nobody_waiting(echo: Echo) -> None:
    with front_for(echo.port) as port:
        clients = [open_socket(port) for _ in range(3 * fronts.MOST_AT_ONCE)]

        answer = ask(port, b"GET /x HTTP/1.1\r\nHost: x\r\n\r\nEND")

        assert answer == ANSWER
        for client in clients:
            client.close()


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_the_emulator_learns_that_a_client_has_gone(echo: Echo, how: str) -> None:
    with front_for(echo.port) as port:
        client = open_socket(port)
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

        assert within(3, echo.heard, b"")


def test_a_front_that_stops_drops_its_websockets(echo: Echo) -> None:
    with front_for(echo.port) as port:
        client = open_socket(port)
    with client:
        assert client.recv(100) == b""
    assert within(3, echo.heard, b"")
