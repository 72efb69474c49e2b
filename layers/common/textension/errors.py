"""Everything that this package raises on purpose, and what the caller is to do about it.

* TextensionError
  x BadInput               the caller must change what it gave; the message names what
    - InvalidNumber
    - Unreadable           a webhook's payload is not what ClickSend documents
  x NotFound               nothing there, or not yours: the two look the same
  x Conflict               the thing is in another state, or already taken
    - OptedOut             the peer does not want to be texted
  x Refused                the caller did not prove who it is
  x Undeliverable          a mail that nobody will take, now or later; `reason` says why
  x ConfigurationError     the operator must set or correct something; the message names it
  x Unavailable            a dependency is out of reach: the same call may work later
"""


class TextensionError(Exception):
    """Base of the tree above."""


class BadInput(TextensionError, ValueError):
    """What was given cannot be used; the message says what to change."""


class InvalidNumber(BadInput):
    """Not a phone number that can be reached."""


class Unreadable(BadInput):
    """A webhook's payload cannot be understood. `reason` is a stable code, fit for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotFound(TextensionError):
    """There is no such thing, or it belongs to somebody else."""


class Conflict(TextensionError):
    """What was asked does not fit the present state."""


class OptedOut(Conflict):
    """The peer has opted out of texts from this number."""


class Refused(TextensionError):
    """Not authentic. The message is for tests and metrics; callers outside are told nothing."""


class Undeliverable(TextensionError):
    """A mail cannot be sent, and trying again changes nothing. `reason` is a stable code, fit for logs and metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ConfigurationError(TextensionError):
    """A setting or a secret is missing or malformed; the message names it and the mend."""


class Unavailable(TextensionError):
    """A dependency did not answer in time; nothing is known to be wrong with the request."""
