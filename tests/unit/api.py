"""The app API as a client sees it: requests as API Gateway hands them over, answers read back."""

import base64
import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import quote

from tests.conftest import Backend, Context, load_function
from tests.unit.test_inbound import post, push

RESOURCES = "/api/v1"
MESSAGES = "/conversations/{number}/{peer}/messages"


@functools.lru_cache(maxsize=1)
def _function(_service: str) -> ModuleType:
    """The function, loaded once for each test: the service's name is the test's own."""
    return load_function("app_api")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, the headers, and the body as JSON (None where there is none)."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        """A problem's code."""
        assert self.headers["Content-Type"] == "application/problem+json", self
        assert self.body["status"] == self.status
        assert self.body["request_id"] == "request-1"
        return str(self.body["code"])


@dataclass(frozen=True, slots=True)
class Client:
    """A signed-in user."""

    extension: str = "101"
    account: str = "main"
    groups: str | None = None
    decoded: bool = False
    """Whether path parameters arrive decoded, as the emulator hands them over, or encoded, as AWS does."""

    def __call__(
        self,
        method: str,
        resource: str,
        *values: str,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        remaining: int = 30_000,
    ) -> Answer:
        """Ask; `values` are the path's parameters, in order."""
        names = [part.strip("{}") for part in resource.split("/") if part.startswith("{")]
        parameters = {
            name: value if self.decoded else quote(value, safe="") for name, value in zip(names, values, strict=True)
        }
        several = {name: value if isinstance(value, list) else [str(value)] for name, value in (query or {}).items()}
        claims = {
            "sub": f"user-{self.extension}",
            "email": f"{self.extension}@example.com",
            "token_use": "id",
            "custom:account": self.account,
            "custom:extension": self.extension,
            **({"cognito:groups": self.groups} if self.groups else {}),
        }
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        event = {
            "resource": f"{RESOURCES}{resource}",
            "path": f"{RESOURCES}{resource.format(**parameters)}",
            "httpMethod": method,
            "headers": {"Content-Type": "application/json", **(headers or {})},
            "multiValueHeaders": {name: [value] for name, value in (headers or {}).items()},
            "queryStringParameters": {name: value[-1] for name, value in several.items()} or None,
            "multiValueQueryStringParameters": several or None,
            "pathParameters": parameters or None,
            "body": None if content is None else base64.b64encode(content).decode(),
            "isBase64Encoded": content is not None,
            "requestContext": {"requestId": "request-1", "authorizer": {"claims": claims}},
        }
        found = _function(os.environ["POWERTOOLS_SERVICE_NAME"]).handler(event, Context(remaining))
        text = found.get("body")
        found_headers = found.get("headers") or {
            name: values[0] for name, values in found.get("multiValueHeaders", {}).items()
        }
        return Answer(found["statusCode"], found_headers, json.loads(text) if text else None)

    def send(self, number: str, peer: str, text: str, key: str, **more: Any) -> Answer:
        """Send a text."""
        return self(
            "POST",
            "/conversations/{number}/{peer}/messages",
            number,
            peer,
            body={"text": text, **more},
            headers={"Idempotency-Key": key},
        )


ANA = Client("101", groups="admin")
BEN = Client("102")
EVE = Client("201")
STRANGER = Client("101", account="other", groups="admin")


def receive(aws: Backend, message_id: str, text: str = "hello", **changes: Any) -> None:
    """A text comes in."""
    assert post(aws, push(message_id=message_id, body=text, message=text, **changes)) == 200
