"""Answers that were recorded once, given again at once: what is then measured is the process that asks.

While it records, it hands every request on to whoever really answers. A process that is measured says by itself which
step it is in: `POST /-/record/<step>`, `POST /-/replay/<step>`; `GET /-/posts` tells what was posted to ClickSend.
"""

import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from local.config import HOST

CONTROL: Final = "/-/"
TABLE: Final = "dynamodb"
CLICKSEND: Final = "clicksend"
_SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[^/]+)/")
_KEPT: Final = ("Content-Type", "X-Amz-Target", "Authorization", "X-Amz-Date")
_TOLD: Final = ("content-type", "x-amz-crc32", "x-amzn-requestid")
_NAMES: Final = frozenset({"Key", "Keys", "Id", "SecretId"})
"""What tells two requests of one operation apart, whenever they are made."""

type Identity = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(slots=True)
class Tape:
    """The answers of each step: the last one to a request, and the last one to each operation."""

    upstream: Mapping[str, str]
    """Who answers while it records, by service; `""` stands for all the others."""
    recording: bool = True
    step: str = ""
    answers: dict[tuple[str, Identity], Answer] = field(default_factory=dict)
    posts: list[dict[str, str]] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def keep(self, identity: Identity, answer: Answer) -> None:
        """Note an answer of the present step."""
        self.answers[self.step, identity] = self.answers[self.step, (identity[0], "")] = answer
        self.answers["", identity] = answer

    def find(self, identity: Identity) -> Answer:
        """The answer that the present step got, or any step to the same request, which is remembered for a while; a 500
        that names the operation where there is none.
        """
        for place in ((self.step, identity), (self.step, (identity[0], "")), ("", identity)):
            if found := self.answers.get(place):
                return found
        self.missed.append(f"{self.step}: {identity[0]}")
        return Answer(500, (), f"nothing was recorded of {identity[0]} in {self.step!r}".encode())

    def control(self, path: str) -> str:
        """Do what the measured process asks for."""
        what, _, step = path.removeprefix(CONTROL).partition("/")
        if what == "posts":
            return json.dumps([one for one in self.posts if one["step"] == unquote(step)])
        self.recording, self.step = what == "record", unquote(step)
        if self.recording:  # what a step did the last time is not what it does now
            self.posts = [one for one in self.posts if one["step"] != self.step]
        return "{}"


def service_of(authorization: str | None) -> str:
    """Which service a request is signed for; ClickSend's where it is not signed."""
    found = _SERVICE.search(authorization or "")
    return found["service"] if found else CLICKSEND


def identity_of(service: str, target: str | None, path: str, body: bytes) -> Identity:
    """The operation of a request, and what in it names the things that it is about."""
    if service == CLICKSEND:
        return path, ""
    if target:
        asked = json.loads(body)
        named = list(_named(asked))
        if target.endswith(".Query"):
            named += [one["S"] for one in asked.get("ExpressionAttributeValues", {}).values() if "S" in one]
        return target, json.dumps(named, sort_keys=True)
    form = parse_qsl(body.decode())
    named = [value for name, value in form if name.rpartition(".")[2] in _NAMES]
    return f"{service}.{dict(form).get('Action', path)}", json.dumps(named)


def _named(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, held in value.items():
            if name in _NAMES:
                yield held
            else:
                yield from _named(held)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)


class _Answerer(BaseHTTPRequestHandler):
    tape: Tape
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet: in two, the second would wait 40 ms for an acknowledgement
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.startswith(CONTROL):
            return self._say(Answer(200, (), self.tape.control(self.path).encode()))
        service = service_of(self.headers["Authorization"])
        identity = identity_of(service, self.headers["X-Amz-Target"], self.path, body)
        if not self.tape.recording:
            return self._say(self.tape.find(identity))
        answer = self._asked(self.tape.upstream.get(service, self.tape.upstream[""]), body)
        self.tape.keep(identity, answer)
        if service == CLICKSEND:
            one = {"step": self.tape.step, "path": self.path, "authorization": self.headers["Authorization"] or ""}
            self.tape.posts.append({**one, "body": body.decode()})
        return self._say(answer)

    do_GET = do_POST  # noqa: N815 - the base class's name

    def setup(self) -> None:
        super().setup()
        self.upstreams: dict[str, http.client.HTTPConnection] = {}

    def finish(self) -> None:
        for upstream in self.upstreams.values():
            upstream.close()
        super().finish()

    def _asked(self, url: str, body: bytes) -> Answer:
        address = urlsplit(url)
        upstream = self.upstreams.setdefault(
            url, http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        )
        headers = {name: self.headers[name] for name in _KEPT if self.headers[name]}
        upstream.request(self.command, self.path, body, headers)
        said = upstream.getresponse()
        told = tuple((name, value) for name, value in said.getheaders() if name.lower() in _TOLD)
        return Answer(said.status, told, said.read())

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def replaying(tape: Tape) -> Iterator[str]:
    """The address at which the tape answers, until the block ends."""

    answerer = type("Answerer", (_Answerer,), {"tape": tape})
    with ThreadingHTTPServer((HOST, 0), answerer) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="replaying", daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=5)
