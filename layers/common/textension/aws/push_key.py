"""The public half of the key that pushes are signed with: a parameter of its own, as whoever shows it to browsers has
no business with the other half."""

import time
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable

NONE: Final = "none"
"""What the parameter holds while there is no key: it cannot be empty."""
MAX_AGE: Final = 60.0
"""Seconds that the key, or that there is none, is believed."""


class PushKey:
    """The key in the parameter of this name, cached."""

    def __init__(self, parameter: str) -> None:
        self._parameter = parameter
        self._key: str | None = None
        self._read_at = -MAX_AGE

    def get(self) -> str | None:
        """The key, an uncompressed point of P-256 as base64url; None where there is none. Raises Unavailable."""
        now = time.monotonic()
        if now - self._read_at >= MAX_AGE:
            try:
                value = clients.ssm().get_parameter(Name=self._parameter)["Parameter"]["Value"]
            except (ClientError, BotoCoreError) as error:
                raise Unavailable("Systems Manager did not give the parameter") from error
            self._key = None if value == NONE else value
            self._read_at = now
        return self._key

    def put(self, key: str) -> None:
        """Show browsers this key from now on. Raises Unavailable."""
        try:
            clients.ssm().put_parameter(Name=self._parameter, Value=key, Overwrite=True)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("Systems Manager did not take the parameter") from error
        self._read_at = -MAX_AGE
