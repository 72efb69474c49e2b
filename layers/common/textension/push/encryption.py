"""Seals what a push says, so that only the browser reads it: RFC 8291 in one record of RFC 8188's aes128gcm."""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from textension.errors import Undeliverable
from textension.push import base64url

RECORD_SIZE: Final = 4096
PADDED: Final = 512
"""Bytes up to which a text is filled, so that its length tells nothing. Services take 4096."""
_SALT: Final = 16
_AUTH: Final = 16
_LAST_RECORD: Final = b"\x02"


def seal(text: bytes, *, p256dh: str, auth: str, padded: int = PADDED) -> bytes:
    """The body of a push with this text, for the browser with these keys. Raises Undeliverable for unusable keys."""
    key = ec.generate_private_key(ec.SECP256R1())
    return sealed_with(key, os.urandom(_SALT), text, p256dh=p256dh, auth=auth, padded=padded)


def sealed_with(
    key: ec.EllipticCurvePrivateKey, salt: bytes, text: bytes, *, p256dh: str, auth: str, padded: int
) -> bytes:
    """The same with a key and a salt that are used once only."""
    try:
        theirs, secret = base64url.decode(p256dh), base64url.decode(auth)
        browser = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
    except ValueError:
        raise Undeliverable("KEYS_UNUSABLE") from None
    if len(secret) != _AUTH:
        raise Undeliverable("KEYS_UNUSABLE")
    ours = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = _derived(secret, key.exchange(ec.ECDH(), browser), b"WebPush: info\0" + theirs + ours, 32)
    content_key = _derived(salt, shared, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, shared, b"Content-Encoding: nonce\0", 12)
    record = (text + _LAST_RECORD).ljust(padded, b"\0")
    head = salt + RECORD_SIZE.to_bytes(4) + bytes([len(ours)]) + ours
    return head + AESGCM(content_key).encrypt(nonce, record, None)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """HKDF with SHA-256 (RFC 5869), for at most one hash's length."""
    return hmac.digest(hmac.digest(salt, secret, "sha256"), info + b"\x01", "sha256")[:length]
