"""The AWS of this process (moto), over HTTP: for functions that run in another interpreter."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

_SERVICE = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/")

HOSTS = {"ses": "email"}
"""Where a service answers under another name than it signs."""


class _Bridge(BaseHTTPRequestHandler):
    """Hands each request to the service that its signature names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        scope = _SERVICE.search(self.headers["Authorization"])
        assert scope is not None, "an unsigned request"
        body = self.rfile.read(int(self.headers["Content-Length"]))
        host = f"{HOSTS.get(scope['service'], scope['service'])}.{scope['region']}.amazonaws.com"
        answer = requests.post(
            f"https://{host}{self.path}", data=body, headers={**dict(self.headers.items()), "Host": host}, timeout=10
        )
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/x-amz-json-1.0"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def over_http() -> Iterator[str]:
    """The address at which moto answers; `mock_aws` must be active, which is what mocks the requests above."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Bridge) as server:
        thread = threading.Thread(target=server.serve_forever, name="bridge", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=5)
