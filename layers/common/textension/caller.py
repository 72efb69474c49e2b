"""Who calls the apps' API, and what is theirs: out of the token only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from textension.errors import Forbidden

ADMIN: Final = "admin"
"""The group of users who administer their account."""
_GROUPS: Final = re.compile(r"[^\s,\[\]]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user. `user` is Cognito's `sub`."""

    account: str
    extension: str
    user: str
    email: str = ""
    admin: bool = False

    @property
    def source(self) -> str:
        """Who did something, as a message's journey names them."""
        return f"app:{self.extension}"

    def must_administer(self) -> None:
        """Raises Forbidden for who is no admin."""
        if not self.admin:
            raise Forbidden("this is for administrators of the account", code="admin_only")


def of_claims(claims: Mapping[str, Any]) -> Caller:
    """The caller whose verified ID token claims this. Raises Forbidden where it says too little.

    API Gateway hands `cognito:groups` over as one string, its members between commas or spaces.
    """
    account, extension = claims.get("custom:account"), claims.get("custom:extension")
    if not account or not extension or claims.get("token_use", "id") != "id":
        raise Forbidden(
            "the user has no account or no extension: an operator sets them by textension users", code="no_extension"
        )
    groups = _GROUPS.findall(str(claims.get("cognito:groups") or ""))
    return Caller(
        account=str(account),
        extension=str(extension),
        user=str(claims["sub"]),
        email=str(claims.get("email") or ""),
        admin=ADMIN in groups,
    )
