"""Who may post: a token that only ClickSend was given, and the subaccount that the payload names.

ClickSend signs nothing and sends no header of ours, so the secret is in the path. `subaccount_id` is an identifier,
not a secret: it is checked as well, never instead, unless the operator asks for the bare address.
"""

import hmac
from collections.abc import Iterable
from typing import Final, Protocol

from textension.errors import Refused

PROBE: Final = "nobody-has-this-token"
"""What `textension doctor` tries, to be refused like any other; only the count tells the two apart."""


class Poster(Protocol):
    """An account's entry of the webhook secret."""

    @property
    def account(self) -> str: ...
    @property
    def tokens(self) -> tuple[str, ...]: ...
    @property
    def subaccount_ids(self) -> frozenset[str]: ...


def by_token[P: Poster](accounts: Iterable[P], token: str) -> P | None:
    """The account that this token opens. Every live token is compared, in constant time, whichever one matches."""
    given = token.encode(errors="replace")
    opened: P | None = None
    for account in accounts:
        for live in account.tokens:
            if hmac.compare_digest(live.encode(), given):
                opened = account
    return opened


def by_subaccount[P: Poster](accounts: Iterable[P], subaccount_id: str) -> P:
    """The account of a bare post, which names nothing but its subaccount. Raises Refused."""
    given = subaccount_id.strip()
    for account in accounts:
        if given and given in account.subaccount_ids:
            return account
    raise Refused("subaccount_unknown")
