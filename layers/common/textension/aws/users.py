"""Who may sign in: the user pool, as the operators' command line needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import BadInput, Conflict, NotFound, TextensionError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef

ADMIN_GROUP: Final = "admin"
ACCOUNT: Final = "custom:account"
EXTENSION: Final = "custom:extension"
INVITED: Final = "FORCE_CHANGE_PASSWORD"
"""The status of a user who has not signed in yet."""
_PAGE: Final = 60
"""The most that Cognito lists at once."""


@dataclass(frozen=True, slots=True)
class User:
    """One user; `sub` is Cognito's id, which stays when the address changes, and `status` is Cognito's word."""

    email: str
    sub: str
    account: str
    extension: str
    admin: bool
    status: str
    enabled: bool


class Users:
    """The users of one pool. Every method raises Unavailable when Cognito cannot be asked or does not allow it."""

    def __init__(self, pool_id: str) -> None:
        self._pool_id = pool_id

    def invite(self, email: str, account: str, extension: str, *, admin: bool) -> User:
        """Make a user; Cognito mails a password for the first time. Raises Conflict when the address has a user."""
        attributes = {"email": email, "email_verified": "true", ACCOUNT: account, EXTENSION: extension}
        with _errors(email):
            made = clients.cognito().admin_create_user(
                UserPoolId=self._pool_id,
                Username=email,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                DesiredDeliveryMediums=["EMAIL"],
            )["User"]
        user = _user(made, made.get("Attributes", ()), admin=False)
        return self.set_admin(user, admin=True) if admin else user

    def get(self, account: str, email: str) -> User:
        """The account's user with that address. Raises NotFound for nobody's and for another account's."""
        with _errors(email):
            found = clients.cognito().admin_get_user(UserPoolId=self._pool_id, Username=email)
            groups = clients.cognito().admin_list_groups_for_user(UserPoolId=self._pool_id, Username=email)["Groups"]
        admin = ADMIN_GROUP in {group["GroupName"] for group in groups}
        user = _user(found, found.get("UserAttributes", ()), admin=admin)
        if user.account != account:
            raise _not_found(email)
        return user

    def of_account(self, account: str) -> list[User]:
        """All users of an account, by extension. Cognito cannot search for our attributes: it reads the whole pool."""
        with _errors(""):
            admins = {one["Username"] for one in self._pages("list_users_in_group", GroupName=ADMIN_GROUP)}
            found = [
                _user(one, one.get("Attributes", ()), admin=one["Username"] in admins)
                for one in self._pages("list_users")
            ]
        return sorted((one for one in found if one.account == account), key=lambda one: (one.extension, one.email))

    def disable(self, user: User) -> User:
        """Let a user in no more: no sign-in, no refresh. ID tokens that are out live for 15 minutes at most."""
        with _errors(user.email):
            clients.cognito().admin_disable_user(UserPoolId=self._pool_id, Username=user.email)
            # Or a later enable would bring the refresh tokens back.
            clients.cognito().admin_user_global_sign_out(UserPoolId=self._pool_id, Username=user.email)
        return replace(user, enabled=False)

    def enable(self, user: User) -> User:
        """Let a user sign in again."""
        with _errors(user.email):
            clients.cognito().admin_enable_user(UserPoolId=self._pool_id, Username=user.email)
        return replace(user, enabled=True)

    def set_extension(self, user: User, extension: str) -> User:
        """Give a user another extension, which the next ID token names."""
        with _errors(user.email):
            clients.cognito().admin_update_user_attributes(
                UserPoolId=self._pool_id,
                Username=user.email,
                UserAttributes=[{"Name": EXTENSION, "Value": extension}],
            )
        return replace(user, extension=extension)

    def set_admin(self, user: User, *, admin: bool) -> User:
        """Let a user administer the account, or no more; the next ID token says so."""
        membership: dict[str, str] = {
            "UserPoolId": self._pool_id,
            "Username": user.email,
            "GroupName": ADMIN_GROUP,
        }
        with _errors(user.email):
            if admin:
                clients.cognito().admin_add_user_to_group(**membership)
            else:
                clients.cognito().admin_remove_user_from_group(**membership)
        return replace(user, admin=admin)

    def reset(self, user: User) -> Literal["code", "invitation"]:
        """Let a user choose a new password: Cognito mails a code, or a new invitation to who has never signed in.

        Raises Conflict in a state that allows neither.
        """
        with _errors(user.email):
            if user.status == INVITED:
                clients.cognito().admin_create_user(
                    UserPoolId=self._pool_id,
                    Username=user.email,
                    MessageAction="RESEND",
                    DesiredDeliveryMediums=["EMAIL"],
                )
                return "invitation"
            clients.cognito().admin_reset_user_password(UserPoolId=self._pool_id, Username=user.email)
            return "code"

    def _pages(self, operation: Literal["list_users", "list_users_in_group"], **what: str) -> Iterator[Any]:
        paginator = clients.cognito().get_paginator(operation)
        for page in paginator.paginate(UserPoolId=self._pool_id, PaginationConfig={"PageSize": _PAGE}, **what):
            yield from page["Users"]


def _user(found: Mapping[str, Any], attributes: Any, *, admin: bool) -> User:
    values = _values(attributes)
    return User(
        email=values.get("email", ""),
        sub=values.get("sub", ""),
        account=values.get(ACCOUNT, ""),
        extension=values.get(EXTENSION, ""),
        admin=admin,
        status=found["UserStatus"],
        enabled=found["Enabled"],
    )


def _values(attributes: list[AttributeTypeTypeDef]) -> dict[str, str]:
    return {one["Name"]: one.get("Value", "") for one in attributes}


def _not_found(email: str) -> NotFound:
    return NotFound(f"{email} is not a user of this account: see textension users list")


@contextmanager
def _errors(email: str) -> Iterator[None]:
    """What Cognito answers about a user, as ours."""
    try:
        yield
    except ClientError as error:
        raise _translated(error, email) from error
    except BotoCoreError as error:
        raise Unavailable("Cognito did not answer") from error


def _translated(error: ClientError, email: str) -> TextensionError:
    said = error.response["Error"].get("Message", "")
    match error.response["Error"]["Code"]:
        case "UserNotFoundException":
            return _not_found(email)
        case "UsernameExistsException" | "AliasExistsException":
            return Conflict(f"{email} has a user already, perhaps of another account: see textension users list")
        case "UnsupportedUserStateException" | "NotAuthorizedException":
            return Conflict(f"Cognito does not do that with {email} now: {said}")
        case "InvalidParameterException":
            return BadInput(f"Cognito does not take that: {said}")
    return Unavailable("Cognito did not do that")
