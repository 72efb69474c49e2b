"""Our public address, asked as ClickSend would and with a token that nobody has: is it there, and does it refuse?"""

import ssl
from dataclasses import dataclass
from typing import Final, Literal

import requests  # noqa: TID251 - an HTTP client, of what ClickSend sees

TIMEOUT: Final = (5.0, 15.0)
"""Seconds to connect and to answer: ClickSend's own patience is 15 s."""

type Trouble = Literal["", "certificate", "unreachable", "timeout"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: an HTTP status, or why there is none."""

    status: int | None
    trouble: Trouble = ""


def ask(method: Literal["GET", "POST"], url: str) -> Reply:
    """One request without redirects; certificates are checked as ClickSend checks them."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                method, url, timeout=TIMEOUT, allow_redirects=False, data=b"" if method == "POST" else None
            )
        except requests.exceptions.SSLError:
            return Reply(None, "certificate")
        except requests.Timeout:
            return Reply(None, "timeout")
        except requests.RequestException as error:
            return Reply(None, "certificate" if isinstance(error.__context__, ssl.SSLError) else "unreachable")
        return Reply(answer.status_code)
