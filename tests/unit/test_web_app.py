"""The web app over HTTP: what a browser gets, what it keeps, and that nothing else can be had."""

import base64
import gzip
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from textension.aws.push_key import MAX_AGE
from textension.errors import ConfigurationError
from textension.push.vapid import new_keys

from tests.conftest import Backend, Context, load_function

SCRIPT = "console.log('an app');\n" * 200
FILES = {
    "index.html": '<!doctype html><title>Textension</title><script type="module" src="./assets/index-Ab3_x-9h.js">',
    "assets/index-Ab3_x-9h.js": SCRIPT,
    "assets/index-C0ffee42.css": "body { margin: 0 }",
    "assets/logo.svg": "<svg/>",
    "assets/font-C0ffee42.woff2": "font",
    "sw.js": "self.skipWaiting()",
    "manifest.webmanifest": "{}",
    "icons/icon-192.png": "\x89PNG",
    "unheard-of.xyz": "?",
}
ENDPOINT = "https://cognito-idp.ap-southeast-2.amazonaws.com/"
SOCKET = "wss://abcdef1234.execute-api.ap-southeast-2.amazonaws.com/live"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as API Gateway hands it on."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, unpacked."""
        packed = self.headers.get("Content-Encoding") == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode()


type Get = Callable[..., Answer]


@pytest.fixture
def get(aws: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Get:
    """Asks the function, whose app is the files above."""
    for name, content in FILES.items():
        (tmp_path / "dist" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "dist" / name).write_text(content, encoding="latin-1")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "dist" / "link.txt").symlink_to(tmp_path / "secret.txt")
    for variable, value in {
        "COGNITO_ENDPOINT": ENDPOINT,
        "USER_POOL_ID": "ap-southeast-2_pool1",
        "USER_POOL_CLIENT_ID": "client-1",
        "AWS_REGION": "ap-southeast-2",
        "WEBSOCKET_URL": SOCKET,
    }.items():
        monkeypatch.setenv(variable, value)
    app = load_function("web_app")
    app.DIST = tmp_path / "dist"  # type: ignore[attr-defined]

    def ask(path: str, *, method: str = "GET", https: bool = True, **headers: str) -> Answer:
        answer = app.handler(
            event(path, method, {"X-Forwarded-Proto": "https" if https else "http", **headers}), Context()
        )
        raw = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        return Answer(answer["statusCode"], answer["headers"], raw)

    return ask


def event(path: str, method: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """A REST API's proxy event: a path with a slash at its end is the resource without it."""
    proxy = path.removeprefix("/app/") if path.rstrip("/") != "/app" else None
    return {
        "resource": "/app" if proxy is None else "/app/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": dict(headers),
        "pathParameters": None if proxy is None else {"proxy": proxy},
        "requestContext": {"requestId": "request-1", "path": f"/live{path}"},
        "body": None,
        "isBase64Encoded": False,
    }


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/app/", "text/html; charset=utf-8"),
        ("/app/index.html", "text/html; charset=utf-8"),
        ("/app/assets/index-Ab3_x-9h.js", "text/javascript; charset=utf-8"),
        ("/app/assets/index-C0ffee42.css", "text/css; charset=utf-8"),
        ("/app/assets/font-C0ffee42.woff2", "font/woff2"),
        ("/app/sw.js", "text/javascript; charset=utf-8"),
        ("/app/manifest.webmanifest", "application/manifest+json"),
        ("/app/icons/icon-192.png", "image/png"),
        ("/app/unheard-of.xyz", "application/octet-stream"),
    ],
)
def test_a_file_is_served_whole_and_by_its_type(get: Get, path: str, kind: str) -> None:
    answer = get(path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, kind)
    assert answer.body == FILES[path.removeprefix("/app/") or "index.html"].encode("latin-1")


def test_the_apps_own_path_leads_to_its_folder_wherever_that_lies(get: Get) -> None:
    answer = get("/app")

    assert (answer.status, answer.headers["Location"], answer.body) == (308, "app/", b"")


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/app/assets/index-Ab3_x-9h.js", "public, max-age=31536000, immutable"),
        ("/app/assets/font-C0ffee42.woff2", "public, max-age=31536000, immutable"),
        ("/app/assets/logo.svg", "no-cache"),
        ("/app/", "no-cache"),
        ("/app/sw.js", "no-cache"),
        ("/app/manifest.webmanifest", "no-cache"),
        ("/app/config.json", "no-cache"),
        ("/app/nothing.js", "no-store"),
    ],
)
def test_only_names_that_change_with_their_content_are_kept_for_ever(get: Get, path: str, kept: str) -> None:
    assert get(path).headers["Cache-Control"] == kept


def test_a_browser_that_has_it_is_not_sent_it_again(get: Get) -> None:
    for accepted in ("", "gzip"):
        first = get("/app/", **{"Accept-Encoding": accepted})
        tag = first.headers["ETag"]

        for shown in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = get("/app/", **{"Accept-Encoding": accepted, "If-None-Match": shown})

            assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag)
        assert get("/app/", **{"Accept-Encoding": accepted, "If-None-Match": '"other"'}).status == 200


def test_what_is_compressed_has_a_tag_of_its_own(get: Get) -> None:
    plain, packed = get("/app/"), get("/app/", **{"Accept-Encoding": "gzip"})

    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert get("/app/", **{"If-None-Match": packed.headers["ETag"]}).status == 200


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("*", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("*, gzip; q=0.000", False),
        ("identity", False),
    ],
)
def test_texts_are_compressed_for_those_who_can_read_it(get: Get, accepted: str, packed: bool) -> None:
    answer = get("/app/assets/index-Ab3_x-9h.js", **{"accept-encoding": accepted})

    assert ("Content-Encoding" in answer.headers) == packed
    assert answer.text == SCRIPT
    assert (len(answer.body) < len(SCRIPT) / 5) == packed
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_pictures_and_fonts_are_not_compressed_again(get: Get) -> None:
    for path in ("/app/icons/icon-192.png", "/app/assets/font-C0ffee42.woff2"):
        answer = get(path, **{"Accept-Encoding": "gzip"})

        assert {"Content-Encoding", "Vary"} & answer.headers.keys() == set()


def test_a_head_says_what_a_get_would(get: Get) -> None:
    for path in ("/app/", "/app/config.json", "/app/nothing"):
        asked, got = get(path, method="HEAD"), get(path)

        assert (asked.status, asked.headers, asked.body) == (got.status, got.headers, b"")


# ---------------------------------------------------------------- nothing else


@pytest.mark.parametrize(
    "path",
    [
        "/app/nothing.js",
        "/app/assets",
        "/app/assets/",
        "/app/index.html/",
        "/app/INDEX.HTML",
        "/app/../secret.txt",
        "/app/%2e%2e/secret.txt",
        "/app/..%2fsecret.txt",
        "/app/..\\secret.txt",
        "/app/assets/../index.html",
        "/app/./index.html",
        "/app//index.html",
        "/app//etc/passwd",
        "/app/link.txt",
        "/app/app.py",
        "/app/index.html\0",
        "/app/__proto__",
    ],
)
def test_nothing_but_the_apps_files_can_be_had(get: Get, path: str) -> None:
    answer = get(path)

    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "The app has no such file.",
        "request_id": "request-1",
    }


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/sw.js", "/app/config.json", "/app/nothing"])
def test_every_answer_ties_the_browsers_hands(get: Get, path: str) -> None:
    headers = get(path).headers

    policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self' https://cognito-idp.ap-southeast-2.amazonaws.com "
        "wss://abcdef1234.execute-api.ap-southeast-2.amazonaws.com",
        "manifest-src": "'self'",
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "microphone=()" in headers["Permissions-Policy"]
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_plain_http_is_not_made_to_promise_https(get: Get) -> None:
    assert "Strict-Transport-Security" not in get("/app/", https=False).headers


# ---------------------------------------------------------------- configuration


def test_the_app_is_told_its_addresses(get: Get) -> None:
    assert json.loads(get("/app/config.json", **{"Accept-Encoding": "gzip"}).text) == {
        "account_pool": {
            "endpoint": ENDPOINT,
            "user_pool_id": "ap-southeast-2_pool1",
            "client_id": "client-1",
            "region": "ap-southeast-2",
        },
        "websocket_url": SOCKET,
        "api": "../api/v1",
        "vapid_public_key": None,
    }


def test_the_app_is_told_the_key_that_pushes_are_signed_with(get: Get) -> None:
    key = new_keys("mailto:ops@example.com").public
    boto3.client("ssm").put_parameter(Name="push-public-key", Value=key, Overwrite=True)

    assert json.loads(get("/app/config.json").body)["vapid_public_key"] == key


def test_a_key_is_looked_for_once_a_minute(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    get("/app/config.json")
    boto3.client("ssm").put_parameter(Name="push-public-key", Value="key", Overwrite=True)

    assert json.loads(get("/app/config.json").body)["vapid_public_key"] is None
    now = time.monotonic() + MAX_AGE
    monkeypatch.setattr("textension.aws.push_key.time.monotonic", lambda: now)
    assert json.loads(get("/app/config.json").body)["vapid_public_key"] == "key"


def test_without_systems_manager_the_app_works_without_pushes(get: Get, caplog: pytest.LogCaptureFixture) -> None:
    boto3.client("ssm").delete_parameter(Name="push-public-key")

    answer = get("/app/config.json")

    assert (answer.status, json.loads(answer.body)["vapid_public_key"]) == (200, None)
    assert "without pushes" in caplog.text


def test_a_missing_address_is_named(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEBSOCKET_URL")

    with pytest.raises(ConfigurationError, match="WEBSOCKET_URL"):
        get("/app/")
