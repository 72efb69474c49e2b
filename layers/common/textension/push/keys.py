"""The key pair that tells push services who pushes (RFC 8292), as the secret holds it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PushKeys:
    """`private` and `public` as base64url: the number, and the uncompressed point of P-256."""

    private: str = field(repr=False)
    public: str
    contact: str
    """Whom a push service may turn to: a `mailto:` or an https address."""
