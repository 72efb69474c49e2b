"""The web app's files over HTTP: what is answered, and under which headers.

Only the standard library is loaded for it, as a page that is opened waits for several cold starts at once.
Only names that the folder holds are served, so no path leads out of it.
"""

import base64
import functools
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

INDEX: Final = "index.html"
CONFIG: Final = "config.json"

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"
_HASHED: Final = re.compile(r"assets/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_PACKED: Final = frozenset({".ico", ".jpg", ".png", ".webp", ".woff2"})
"""Compressed already, or too small to matter."""


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request counts. `name` is the path below the app's; None is the app's own path without its slash."""

    name: str | None
    id: str
    accepts_gzip: bool = False
    if_none_match: str = ""
    https: bool = True

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Request":
        """A REST API's proxy event."""
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        name = (event.get("pathParameters") or {}).get("proxy")
        if name is None and event["path"].endswith("/"):
            name = INDEX
        return cls(
            name=name,
            id=event["requestContext"]["requestId"],
            accepts_gzip=_accepts_gzip(headers.get("accept-encoding", "")),
            if_none_match=headers.get("if-none-match", ""),
            https=headers.get("x-forwarded-proto", "").lower() == "https",
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def wire(self, *, head: bool) -> dict[str, Any]:
        """As API Gateway takes it; bodies as base64, because text would lose what is compressed."""
        body = "" if head else base64.b64encode(self.body).decode("ascii")
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": body,
            "isBase64Encoded": bool(body),
        }


@dataclass(frozen=True, slots=True)
class _File:
    """One file, whole and compressed, each with the entity tag that tells them apart."""

    content: bytes
    packed: bytes
    tag: str
    headers: Mapping[str, str]

    @classmethod
    def of(cls, name: str, content: bytes) -> "_File":
        suffix = Path(name).suffix
        packed = b"" if suffix in _PACKED else gzip.compress(content, 9, mtime=0)
        headers = {
            "Content-Type": _TYPES.get(suffix, "application/octet-stream"),
            "Cache-Control": _FOR_EVER if _HASHED.fullmatch(name) else _ASK_FIRST,
        }
        if packed:
            headers["Vary"] = "Accept-Encoding"
        return cls(content, packed, hashlib.sha256(content).hexdigest()[:32], headers)

    def reply(self, request: Request) -> Reply:
        """The file, or that the client has it already."""
        gzipped = bool(self.packed) and request.accepts_gzip
        tag = f'"{self.tag}-gzip"' if gzipped else f'"{self.tag}"'
        headers = {**self.headers, "ETag": tag}
        if _matches(request.if_none_match, tag):
            return Reply(304, headers)
        if gzipped:
            return Reply(200, {**headers, "Content-Encoding": "gzip"}, self.packed)
        return Reply(200, headers, self.content)


@dataclass(frozen=True)
class Site:
    """The files of `folder`, and the configuration that the app asks for first.

    `connects_to` are the addresses besides its own that the app may call.
    """

    folder: Path
    connects_to: tuple[str, ...]

    def answer(self, request: Request, config: Mapping[str, object]) -> Reply:
        """What a GET gets."""
        reply = self._found(request, config)
        security = self._security | ({"Strict-Transport-Security": "max-age=31536000"} if request.https else {})
        return Reply(reply.status, {**security, **reply.headers}, reply.body)

    def _found(self, request: Request, config: Mapping[str, object]) -> Reply:
        if request.name is None:
            # Relative, so that it holds below a stage's name too.
            return Reply(308, {"Location": "app/", "Cache-Control": _ASK_FIRST})
        if request.name == CONFIG:
            return _File.of(CONFIG, json.dumps(config).encode()).reply(request)
        file = self._file(request.name)
        return file.reply(request) if file else _nothing_there(request.id)

    def _file(self, name: str) -> _File | None:
        path = self._listing.get(name)
        return self._read(path, name) if path else None

    @functools.cached_property
    def _listing(self) -> dict[str, Path]:
        files = (path for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
        return {path.relative_to(self.folder).as_posix(): path for path in files}

    @functools.cached_property
    def _read_files(self) -> dict[str, _File]:
        return {}

    def _read(self, path: Path, name: str) -> _File:
        if name not in self._read_files:
            self._read_files[name] = _File.of(name, path.read_bytes())
        return self._read_files[name]

    @functools.cached_property
    def _security(self) -> dict[str, str]:
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self' data:",
            "font-src": "'self'",
            "connect-src": " ".join(["'self'", *dict.fromkeys(map(origin, self.connects_to))]),
            "manifest-src": "'self'",
            "worker-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        return {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }


def origin(address: str) -> str:
    """Scheme, host and port of an address: `wss://example.com/live` is of `wss://example.com`."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _nothing_there(request_id: str) -> Reply:
    problem = {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "code": "not_found",
        "detail": "The app has no such file.",
        "request_id": request_id,
    }
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    return Reply(404, headers, json.dumps(problem).encode())


def _accepts_gzip(header: str) -> bool:
    """RFC 9110, 12.5.3: listed, or covered by a star, and not with a weight of nothing."""
    weights: dict[str, str] = {}
    for one in header.lower().split(","):
        coding, _, parameter = one.partition(";")
        weights[coding.strip()] = parameter.replace(" ", "")
    weight = weights.get("gzip", weights.get("*"))
    return weight is not None and re.fullmatch(r"q=0(\.0{0,3})?", weight) is None


def _matches(header: str, tag: str) -> bool:
    """RFC 9110, 13.1.2: any of those listed, compared weakly."""
    return header.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in header.split(",")}
