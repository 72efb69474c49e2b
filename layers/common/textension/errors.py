"""Everything that this package raises on purpose, and what the caller is to do about it.

* TextensionError
  x BadInput               the caller must change what it gave; the message names what
    - InvalidNumber
    - NotAllowed           fine in itself, but not what this installation sends
    - Unreadable           a webhook's payload is not what ClickSend documents
  x NotFound               nothing there, or not yours: the two look the same
  x Forbidden              known, and not entitled to it
  x Conflict               the thing is in another state, or already taken
    - KeyReused            an idempotency key stands for something else already
    - OptedOut             the peer does not want to be texted
  x TooMany                a cap is reached; `retry_after` says for how long
  x Refused                the caller did not prove who it is
  x Undeliverable          a mail that nobody will take, now or later; `reason` says why
  x ConfigurationError     the operator must set or correct something; the message names it
  x Unavailable            a dependency is out of reach: the same call may work later
    - NoAnswer             ClickSend gave none that can be used
"""


class TextensionError(Exception):
    """Base of the tree above. `code` is stable and for machines, the message for people."""

    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class BadInput(TextensionError, ValueError):
    """What was given cannot be used; the message says what to change."""

    code = "invalid"


class InvalidNumber(BadInput):
    """Not a phone number that can be reached."""

    code = "number_invalid"


class NotAllowed(BadInput):
    """The operator has not opened this destination."""

    code = "destination_not_allowed"


class Unreadable(BadInput):
    """A webhook's payload cannot be understood. `reason` is a stable code, fit for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotFound(TextensionError):
    """There is no such thing, or it belongs to somebody else."""

    code = "not_found"


class Forbidden(TextensionError):
    """The caller is known, and this is not for them."""

    code = "forbidden"


class Conflict(TextensionError):
    """What was asked does not fit the present state."""

    code = "conflict"


class KeyReused(Conflict):
    """The idempotency key was used for another request."""

    code = "idempotency_key_reused"


class OptedOut(Conflict):
    """The peer has opted out of texts from this number."""

    code = "recipient_opted_out"


class TooMany(TextensionError):
    """A cap is reached. `retry_after` is the number of seconds until it is open again."""

    code = "cap_reached"

    def __init__(self, message: str, *, retry_after: int, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after


class Refused(TextensionError):
    """Not authentic. The message is for tests and metrics; callers outside are told nothing."""

    code = "refused"


class Undeliverable(TextensionError):
    """A mail cannot be sent, and trying again changes nothing. `reason` is a stable code, fit for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigurationError(TextensionError):
    """A setting or a secret is missing or malformed; the message names it and the mend."""

    code = "misconfigured"


class Unavailable(TextensionError):
    """A dependency did not answer in time; nothing is known to be wrong with the request."""

    code = "unavailable"


class NoAnswer(Unavailable):
    """ClickSend did not tell what it was asked. `reason` is a stable code, fit for logs and metrics."""

    def __init__(self, reason: str, *, retry_after: int | None = None) -> None:
        super().__init__(f"ClickSend did not answer: {reason}")
        self.reason = reason
        self.retry_after = retry_after
        """Milliseconds that ClickSend asked to wait, where it did."""
