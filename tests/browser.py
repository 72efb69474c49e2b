"""A browser that takes pushes, written after RFC 8291 from the receiver's side, and a push service that it subscribes
at: a real server, whose certificate its own authority signed."""

import datetime as dt
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
import urllib3
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from textension.aws.push_subscriptions import PushSubscription
from textension.push import base64url

HOST: Final = "updates.push.services.mozilla.com"
POINT: Final = 65
_connect: Final[Callable[..., socket.socket]] = urllib3.util.connection.create_connection


@dataclass(frozen=True, slots=True)
class Browser:
    """One browser's keys."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = b"0123456789abcdef"

    @property
    def p256dh(self) -> str:
        """What it gives the app with its auth secret."""
        return base64url.encode(_point(self.key.public_key()))

    def subscription(self, name: str, endpoint: str, *, show_text: bool = False) -> PushSubscription:
        """As the app hands it to the API."""
        return PushSubscription(
            id=name,
            endpoint=endpoint,
            p256dh=self.p256dh,
            auth=base64url.encode(self.auth),
            show_text=show_text,
        )

    def opened(self, body: bytes) -> bytes:
        """The text of a push; raises InvalidTag for one that is not for this browser."""
        salt, size, length = body[:16], int.from_bytes(body[16:20]), body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        assert (length, len(sealed) <= size) == (POINT, True)
        sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.key.exchange(ec.ECDH(), sender)
        info = b"WebPush: info\0" + _point(self.key.public_key()) + theirs
        material = _hkdf(self.auth, shared, info, 32)
        content_key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
        text, mark, _ = AESGCM(content_key).decrypt(nonce, sealed, None).rpartition(b"\x02")
        assert mark
        return text

    def said(self, body: bytes) -> Any:
        """What a push says."""
        return json.loads(self.opened(body))


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    pseudorandom = hmac.new(salt, secret, hashlib.sha256).digest()
    return hmac.new(pseudorandom, info + b"\x01", hashlib.sha256).digest()[:length]


def claims(authorization: str) -> dict[str, Any]:
    """The claims of a push's Authorization, its signature checked as a service does it (RFC 8292)."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    signed, _, signature = parts["t"].rpartition(".")
    raw = base64url.decode(signature)
    numbers = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64url.decode(parts["k"]))
    try:
        key.verify(numbers, signed.encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        pytest.fail("the signature is not the key's")
    head, payload = (json.loads(base64url.decode(part)) for part in signed.split("."))
    assert (scheme, head, len(raw)) == ("vapid", {"typ": "JWT", "alg": "ES256"}, 64)
    found: dict[str, Any] = payload
    return found


# ---------------------------------------------------------------- a push service


@dataclass(frozen=True, slots=True)
class Push:
    """One that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


class Service(ThreadingHTTPServer):
    """Takes pushes and answers each path as it is told, 201 by default."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.pushes: list[Push] = []
        self.statuses: dict[str, int] = {}
        self.slow: dict[str, float] = {}
        """Seconds that a path takes before it says anything."""
        self.body = b""

    def at(self, path: str) -> list[Push]:
        """The pushes to one path."""
        return [one for one in self.pushes if one.path == path]

    def handle_error(self, *_: Any) -> None:
        """Clients that hang up are what some tests are about."""


class _Requests(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Note the push, and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.pushes.append(Push(self.path, headers, body))
        time.sleep(self.server.slow.get(self.path, 0))
        self.send_response(self.server.statuses.get(self.path, 201))
        self.send_header("Location", f"https://{HOST}/elsewhere")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """The service, answering."""
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.shutdown()
        thread.join()
        service.server_close()


@contextmanager
def https_service(folder: Path, host: str = HOST) -> Iterator[tuple[Service, Path]]:
    """A push service over https with a certificate for that host, and the file with the authority that signed it."""
    authority, certificate = _certificates(folder, host)
    with Service() as service:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        service.socket = context.wrap_socket(service.socket, server_side=True, do_handshake_on_connect=False)
        with running(service):
            yield service, authority


def _certificates(folder: Path, host: str) -> tuple[Path, Path]:
    now = dt.datetime.now(dt.UTC)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test authority")])

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=5))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()),
                critical=False,
            )
        )

    root = certificate(ca_name, ca_key.public_key(), ca=True).add_extension(
        x509.KeyUsage(False, False, False, False, False, True, True, False, False), critical=True
    )
    leaf = certificate(x509.Name([]), key.public_key(), ca=False).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host)]), critical=True
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    authority, chain = folder / "authority.pem", folder / "service.pem"
    authority.write_bytes(root.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    chain.write_bytes(private + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    return authority, chain


def divert(monkeypatch: pytest.MonkeyPatch, services: dict[str, int]) -> list[tuple[str, int]]:
    """Make these hosts' port 443 lead to ports of this machine, and all else nowhere; who was asked for, in order."""
    asked: list[tuple[str, int]] = []

    def diverted(address: tuple[str, int], *more: Any, **options: Any) -> socket.socket:
        asked.append(address)
        host, port = address
        if port != 443 or host not in services:
            raise OSError("nobody there")
        return _connect(("127.0.0.1", services[host]), *more, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", diverted)
    return asked
