"""Starting the simulator: as a program, or in a thread beside a test."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from .app import create_app
from .config import HOST
from .connections import remembering
from .models import Credential, Wire


@dataclass(frozen=True, slots=True)
class Running:
    """A simulator that answers at `url`; `credential` is the first that it takes."""

    url: str
    port: int
    credential: Credential


class SimulatorFailedError(RuntimeError):
    """The simulator did not start; its thread's last words are on standard error."""


def make_server(credentials: Sequence[Credential], state_file: Path | None, settings: Wire) -> uvicorn.Server:
    """A uvicorn server that has not started yet."""
    app = create_app(credentials, state_file, settings)
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=remembering(app.state.connections),
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )


def listen(port: int) -> socket.socket:
    """A listening socket on loopback; raises OSError where the port is taken.

    It names its protocol, because asyncio turns Nagle's algorithm off only on sockets that do; with it, every answer
    would wait 40 ms for an acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def running(
    port: int = 0,
    *,
    credentials: Sequence[Credential] = (Credential(),),
    state_file: Path | None = None,
    **settings: object,
) -> Iterator[Running]:
    """Run a simulator in a background thread until the block ends; `settings` as in `PUT /simulator/settings`."""
    server = make_server(credentials, state_file, settings)
    listener = listen(port)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="clicksend-simulator", daemon=True
    )
    thread.start()
    try:
        while not server.started:
            thread.join(timeout=0.005)
            if not thread.is_alive():
                raise SimulatorFailedError("the simulator's thread ended before it listened")
        real_port = listener.getsockname()[1]
        yield Running(f"http://{HOST}:{real_port}", real_port, credentials[0])
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
