"""Signs pushes (RFC 8292): a service learns that whoever pushes is whom the browser subscribed to."""

import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from textension.clock import HOUR, SECOND
from textension.errors import ConfigurationError
from textension.push import base64url
from textension.push.keys import PushKeys

LIFE: Final = 12 * HOUR
"""Services take a day at most."""
_RENEW: Final = HOUR
_NUMBER: Final = 32
_HEAD: Final = base64url.encode(b'{"typ":"JWT","alg":"ES256"}')


def new_keys(contact: str) -> PushKeys:
    """A fresh pair."""
    key = ec.generate_private_key(ec.SECP256R1())
    number = key.private_numbers().private_value.to_bytes(_NUMBER)
    return PushKeys(private=base64url.encode(number), public=_public(key), contact=contact)


class Vapid:
    """Makes the Authorization of pushes; a service gets the same one for hours, as services ask for."""

    def __init__(self, keys: PushKeys) -> None:
        self.keys = keys
        self._key = _private(keys)
        self._tokens: dict[str, tuple[int, str]] = {}

    def authorization(self, origin: str, *, now: int) -> str:
        """The header's value for the push service at `origin`; `now` in Unix ms."""
        expires, token = self._tokens.get(origin, (0, ""))
        if expires - now < _RENEW:
            expires = now + LIFE
            token = self._token(origin, expires // SECOND)
            self._tokens[origin] = (expires, token)
        return f"vapid t={token}, k={self.keys.public}"

    def _token(self, origin: str, expires: int) -> str:
        claims = {"aud": origin, "exp": expires, "sub": self.keys.contact}
        signed = f"{_HEAD}.{base64url.encode(json.dumps(claims, separators=(',', ':')).encode())}"
        numbers = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{base64url.encode(b''.join(one.to_bytes(_NUMBER) for one in numbers))}"


def _private(keys: PushKeys) -> ec.EllipticCurvePrivateKey:
    try:
        key = ec.derive_private_key(int.from_bytes(base64url.decode(keys.private)), ec.SECP256R1())
    except ValueError:
        raise ConfigurationError("the push secret's private key is none: textension push init --force") from None
    if _public(key) != keys.public:
        raise ConfigurationError("the push secret's keys are no pair: textension push init --force")
    return key


def _public(key: ec.EllipticCurvePrivateKey) -> str:
    return base64url.encode(key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
