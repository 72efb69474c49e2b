"""One push to one push service over HTTPS: no redirects, no retries, a bound on time and on what is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import urllib3
from urllib3.exceptions import HTTPError

TIMEOUT: Final = 5.0
"""Seconds for connecting and for the answer's beginning."""
MOST_AT_ONCE: Final = 20
_MOST_READ: Final = 4096
_TAKEN: Final = frozenset({200, 201, 202, 204})
_GONE: Final = frozenset({404, 410})
_TOO_MANY: Final = 429


class Outcome(StrEnum):
    """What became of one push."""

    PUSHED = "pushed"
    GONE = "gone"
    """The browser takes none any more."""
    REFUSED = "refused"
    """For good: the same push would be refused again."""
    AGAIN = "again"
    """The service may take it later."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An outcome, and a stable code for it."""

    outcome: Outcome
    reason: str = ""


class PushClient:
    """Posts pushes; several threads may."""

    def __init__(self, *, ca_certs: str | None = None) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=8, maxsize=MOST_AT_ONCE, cert_reqs="CERT_REQUIRED", ca_certs=ca_certs
        )

    def post(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """Hand one push to its service. What the network does is an outcome, too."""
        try:
            answer = self._pool.request(
                "POST",
                endpoint,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(total=TIMEOUT),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            status = answer.status
            answer.read1(_MOST_READ, decode_content=False)
            if not answer.closed:  # the rest is not worth reading; only what was read to its end keeps its connection
                answer.close()
        except (HTTPError, OSError) as error:
            return Posted(Outcome.AGAIN, type(error).__name__)
        return _judged(status)


def _judged(status: int) -> Posted:
    if status in _TAKEN:
        return Posted(Outcome.PUSHED)
    if status in _GONE:
        return Posted(Outcome.GONE, f"HTTP_{status}")
    if status == _TOO_MANY or status >= 500:
        return Posted(Outcome.AGAIN, f"HTTP_{status}")
    return Posted(Outcome.REFUSED, f"HTTP_{status}")
