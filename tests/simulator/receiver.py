"""A webhook that notes what is pushed to it, and answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token-that-nobody-may-see"


@dataclass(frozen=True)
class Received:
    """One push as it arrived."""

    at: float
    method: str
    path: str
    content_type: str | None
    body: str

    @property
    def form(self) -> dict[str, str]:
        pairs = parse_qs(self.body, keep_blank_values=True, strict_parsing=True)
        return {key: value for key, (value,) in pairs.items()}

    @property
    def query(self) -> dict[str, str]:
        return {key: value for key, (value,) in parse_qs(urlsplit(self.path).query, keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """The pushes so far; `statuses` are given out one by one, the last one for good."""

    url: str
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [200])
    delay: float = 0
    on_push: Callable[[Received], None] = lambda _: None

    def wait(self, count: int, seconds: float = 5) -> list[Received]:
        """Wait until at least `count` pushes arrived."""
        deadline = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} pushes arrived"
            time.sleep(0.005)
        return self.received

    def stays_at(self, count: int, seconds: float = 0.15) -> list[Received]:
        """Wait a little and check that no more than `count` arrived."""
        self.wait(count)
        time.sleep(seconds)
        assert len(self.received) == count
        return self.received


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            push = Received(time.monotonic(), self.command, self.path, self.headers.get("content-type"), body)
            receiver.on_push(push)
            status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
            receiver.received.append(push)
            time.sleep(receiver.delay)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if status in {301, 302}:
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128  # with Python's 5, the kernel makes one of ten pushes at once wait for a second

    with Server(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks/{TOKEN}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
