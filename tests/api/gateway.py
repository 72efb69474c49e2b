"""API Gateway in this process, on a socket: the template's routes in front of `app_api`, the rest as the template says.

Path parameters go through percent-encoded, bodies base64-encoded, claims as texts: what AWS hands over.
"""

import base64
import functools
import re
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs

from tests.conftest import Context, load_function
from tests.template_yaml import load

OPEN = "NONE"
"""The authorizer of a method that has none."""

type Reply = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one resource, as the template has it."""

    method: str
    resource: str
    open: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        """What its paths look like."""
        return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.resource)))


@functools.cache
def routes() -> tuple[Route, ...]:
    """The methods of `AppApi`; one without parameters comes before one that would also fit."""
    events = load()["Resources"]["AppApi"]["Properties"]["Events"].values()
    found = [
        Route(
            one["Properties"]["Method"].upper(),
            one["Properties"]["Path"],
            one["Properties"].get("Auth", {}).get("Authorizer") == OPEN,
        )
        for one in events
        if one["Type"] == "Api"
    ]
    return tuple(sorted(found, key=lambda route: route.resource.count("{")))


def refusal(kind: str) -> Reply:
    """One of the template's gateway responses."""
    response = load()["Resources"]["Api"]["Properties"]["GatewayResponses"][kind]
    headers = {name: value.strip("'") for name, value in response["ResponseParameters"]["Headers"].items()}
    body = response["ResponseTemplates"]["application/json"].replace("$context.requestId", str(uuid.uuid4()))
    return int(response["StatusCode"]), headers, body.encode()


@dataclass(slots=True)
class Gateway:
    """The stage. `users` are the claims behind each token that counts as valid."""

    url: str = ""
    users: dict[str, Mapping[str, str]] = field(default_factory=dict)
    answered: list[tuple[str, str, int]] = field(default_factory=list)
    """Method, resource and status of each request that reached a route."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    function: ModuleType | None = None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What a client gets."""
        path, _, query = target.partition("?")
        found = [(route, match) for route in routes() if (match := route.pattern.fullmatch(path))]
        chosen = next(((route, match) for route, match in found if route.method == method), None)
        if chosen is None:
            return refusal("MISSING_AUTHENTICATION_TOKEN")
        route, match = chosen
        claims = self.users.get(dict(headers).get("authorization", "").removeprefix("Bearer "))
        if claims is None and not route.open:
            return refusal("UNAUTHORIZED")
        event = proxy_event(route, path, match.groupdict(), query, headers, body, claims)
        with self.turn:
            self.function = self.function or load_function("app_api")
            reply = self.function.handler(event, Context())
        self.answered.append((method, route.resource, reply["statusCode"]))
        return read_reply(reply)


def proxy_event(
    route: Route,
    path: str,
    parameters: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    claims: Mapping[str, str] | None,
) -> dict[str, Any]:
    """What API Gateway hands to the function."""
    several = parse_qs(query, keep_blank_values=True)
    return {
        "resource": route.resource,
        "path": path,
        "httpMethod": route.method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in several.items()} or None,
        "multiValueQueryStringParameters": several or None,
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "resourcePath": route.resource,
            "httpMethod": route.method,
            "path": f"/live{path}",
            "stage": "live",
            **({"authorizer": {"claims": dict(claims)}} if claims else {}),
        },
    }


def read_reply(reply: Mapping[str, Any]) -> Reply:
    """A function's answer as API Gateway reads it."""
    headers = {name: ",".join(values) for name, values in (reply.get("multiValueHeaders") or {}).items()}
    headers |= reply.get("headers") or {}
    body = reply.get("body") or ""
    content = base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode()
    return reply["statusCode"], headers, content


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: Gateway

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # API Gateway knows a header by one name, whatever its case; here by the lower one.
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer_headers, content = self.gateway.answer(self.command, self.path, headers, body)
        self.send_response(status)
        for name, value in answer_headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Any method: `do_GET` and its like."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served(users: Mapping[str, Mapping[str, str]]) -> Iterator[Gateway]:
    """The stage on a port of this machine."""
    gateway = Gateway(users=dict(users))
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Requests", (_Requests,), {"gateway": gateway})) as server:
        server.daemon_threads = True
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        serving.start()
        try:
            yield gateway
        finally:
            server.shutdown()
            serving.join(5)


def claims_of(extension: str, *, account: str = "main", groups: str = "") -> dict[str, str]:
    """What a user's ID token says."""
    claims = {
        "sub": f"user-{account}-{extension}",
        "email": f"{extension}@example.com",
        "token_use": "id",
        "custom:account": account,
        "custom:extension": extension,
    }
    return {**claims, **({"cognito:groups": groups} if groups else {})}
