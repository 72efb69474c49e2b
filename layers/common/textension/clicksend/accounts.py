"""The ClickSend clients of all accounts, each kept while its credentials stay the same."""

from typing import Protocol

from textension.clicksend.client import ClickSend
from textension.clicksend.credentials import Credentials
from textension.errors import ConfigurationError


class CredentialsOf(Protocol):
    """Reads an account's credentials; `again` looks past the cache."""

    def __call__(self, account: str, *, again: bool = False) -> Credentials: ...


class Accounts:
    """One client for each account."""

    def __init__(self, credentials_of: CredentialsOf, *, allow_http: bool) -> None:
        self._credentials_of = credentials_of
        self._allow_http = allow_http
        self._clients: dict[str, tuple[Credentials, ClickSend]] = {}

    def of(self, account: str, *, again: bool = False) -> ClickSend:
        """An account's client; `again` reads the credentials anew. Raises ConfigurationError or Unavailable."""
        credentials = self._credentials_of(account, again=again)
        if not credentials.complete:
            raise ConfigurationError("set CLICKSEND_USERNAME and CLICKSEND_API_KEY in the credentials secret")
        known = self._clients.get(account)
        if known and known[0] == credentials:
            return known[1]
        if known:
            known[1].close()
        client = ClickSend(credentials, allow_http=self._allow_http)
        self._clients[account] = (credentials, client)
        return client

    def close(self) -> None:
        """Give all connections back."""
        for _, client in self._clients.values():
            client.close()
        self._clients.clear()
