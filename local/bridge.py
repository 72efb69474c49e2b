"""A way from containers to programs that listen on loopback only.

`sam local` puts its containers on Docker's bridge and cannot share the host's network, so for the time of a call
the host's end of that bridge is listened on, for nobody but the containers.
"""

import contextlib
import ipaddress
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from typing import Final

AWS_NAME: Final = "host.docker.internal"
CLICKSEND_NAME: Final = "clicksend.localhost"
"""The simulator answers to names below localhost only."""
NAMES: Final = (AWS_NAME, CLICKSEND_NAME)
"""The host's names inside of containers (`--add-host`)."""


def bridge() -> ipaddress.IPv4Interface:
    """The host's address on Docker's default bridge."""
    template = "{{range .IPAM.Config}}{{.Subnet}}{{end}}"
    command = ["docker", "network", "inspect", "bridge", "--format", template]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    subnet = ipaddress.IPv4Network(done.stdout.strip())
    return ipaddress.IPv4Interface(f"{next(subnet.hosts())}/{subnet.prefixlen}")


class _Forwarder(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: ipaddress.IPv4Interface, target: int) -> None:
        super().__init__((str(host.ip), 0), _Connection)
        self.network = host.network
        self.target = target

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002 - socketserver's shape
        """Containers only."""
        return isinstance(client_address, tuple) and ipaddress.ip_address(client_address[0]) in self.network


class _Connection(socketserver.BaseRequestHandler):
    server: _Forwarder

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target), timeout=10) as other:
            other.settimeout(None)
            back = threading.Thread(target=_copy, args=(other, self.request), daemon=True)
            back.start()
            _copy(self.request, other)
            back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def reachable(url: str, name: str) -> Iterator[str]:
    """The address, by one of the names above, at which containers reach what answers at `url` on loopback."""
    port = int(url.rpartition(":")[2])
    try:
        server = _Forwarder(bridge(), port)
    except OSError:  # the bridge is in Docker Desktop's virtual machine, from which loopback is reached as it is
        yield f"http://{name}:{port}"
        return
    thread = threading.Thread(target=server.serve_forever, name="bridge", daemon=True)
    with server:
        thread.start()
        try:
            yield f"http://{name}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(timeout=5)
