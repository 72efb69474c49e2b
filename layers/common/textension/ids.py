"""Ids that come from the input, so that a repeat is the same thing; and marks that prove an id is ours."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

CLICKSEND: Final = "clicksend"
"""The origin of what ClickSend has an id for."""
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CUSTOM_STRING: Final = re.compile(r"([0-9A-HJKMNP-TV-Z]{26})([0-9A-Za-z])([A-Za-z0-9_-]{22})")


def message_id(account: str, origin: str, key: str) -> str:
    """The id of the message that `origin` knows as `key`: 128 bits as 26 characters of Crockford's base 32.

    `origin` is `clicksend` (key: ClickSend's message_id) or whatever sent (key: its idempotency key).
    """
    digest = hashlib.sha256("\0".join((account, origin, key)).encode()).digest()[:16]
    value = int.from_bytes(digest)
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -5, -5))


def content_digest(*parts: str) -> str:
    """A short fingerprint, to see whether a repeat carries the same content."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One version of the HMAC key; the version is one letter or digit."""

    version: str
    key: bytes


class Signer:
    """Makes and checks the `custom_string` of sends: 26 characters of id, the key's version, 128 bits of HMAC.

    ClickSend hands `custom_string` (at most 50 characters) back with every reply and receipt, so each proves itself.
    """

    def __init__(self, current: SigningKey, *previous: SigningKey) -> None:
        self._current = current
        self._keys = {key.version: key for key in (current, *previous)}

    def custom_string(self, account: str, message: str) -> str:
        """What to send along with the message `message` of `account`: 49 characters."""
        return f"{message}{self._current.version}{_mac(self._current, 'message', account, message)}"

    def message_of(self, account: str, custom_string: str) -> str | None:
        """The message id in a `custom_string` that we made for this account; None when we did not."""
        match = _CUSTOM_STRING.fullmatch(custom_string)
        key = self._keys.get(match[2]) if match else None
        if match is None or key is None:
            return None
        expected = _mac(key, "message", account, match[1])
        return match[1] if hmac.compare_digest(expected, match[3]) else None

    def seal(self, purpose: str, text: str) -> str:
        """An opaque string that only `unseal` with the same purpose reads: for cursors, which clients carry."""
        payload = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
        return f"{self._current.version}{_mac(self._current, 'seal', purpose, payload)}{payload}"

    def unseal(self, purpose: str, sealed: str) -> str | None:
        """The text in a sealed string; None when we did not make it for this purpose."""
        key = self._keys.get(sealed[:1])
        mark, payload = sealed[1:23], sealed[23:]
        if key is None or not sealed.isascii():
            return None
        if not hmac.compare_digest(_mac(key, "seal", purpose, payload), mark):
            return None
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()

    def marks_of_peer(self, account: str, peer: str) -> list[str]:
        """Opaque names for a peer of an account, the present key's first: what remains where a peer was erased."""
        return [_mac(key, "peer", account, peer) for key in self._keys.values()]

    def group(self, account: str, number: str, peer: str) -> str:
        """An opaque name for a conversation, for places that must not hold phone numbers."""
        return _mac(self._current, "group", account, number, peer)


def _mac(key: SigningKey, *parts: str) -> str:
    digest = hmac.digest(key.key, "\0".join(parts).encode(), "sha256")[:16]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
