"""The demo users of the local stack: made once, with passwords that stay the same as long as the state folder does."""

import json
import secrets
from dataclasses import replace
from pathlib import Path

from textension.aws.users import ACCOUNT as ACCOUNT_ATTRIBUTE
from textension.aws.users import EXTENSION, Users
from textension.errors import NotFound

from .deploy import Aws
from .stackfile import DemoUser

WANTED = (
    DemoUser(email="101@example.com", password="", extension="101", admin=True),
    DemoUser(email="102@example.com", password="", extension="102", admin=False),
)


def kept(memory: Path) -> list[DemoUser]:
    """The users with their passwords: those of the last run (kept in `memory`), else new ones."""
    known = json.loads(memory.read_text(encoding="utf-8")) if memory.exists() else {}
    users = [replace(user, password=known.get(user.email) or _password()) for user in WANTED]
    memory.touch(mode=0o600)
    memory.write_text(json.dumps({user.email: user.password for user in users}), encoding="utf-8")
    return users


def _password() -> str:
    """What the pool's policy asks for, and nothing that a shell or JSON would need quoted."""
    return f"Aa1-{secrets.token_urlsafe(12)}"


def ensure(aws: Aws, pool_id: str, account: str, users: list[DemoUser]) -> None:
    """Make those who are not there, without a mail; give everybody the password. What else was changed stays."""
    there = Users(pool_id)
    for user in users:
        try:
            there.get(account, user.email)
        except NotFound:
            _make(aws, pool_id, account, user)
        aws.cognito.admin_set_user_password(
            UserPoolId=pool_id, Username=user.email, Password=user.password, Permanent=True
        )


def _make(aws: Aws, pool_id: str, account: str, user: DemoUser) -> None:
    attributes = {
        "email": user.email,
        "email_verified": "true",
        ACCOUNT_ATTRIBUTE: account,
        EXTENSION: user.extension,
    }
    aws.cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=user.email,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        MessageAction="SUPPRESS",
    )
    there = Users(pool_id)
    there.set_admin(there.get(account, user.email), admin=user.admin)


def sign_in(aws_url: str, client_id: str, user: DemoUser) -> str:
    """A command that gets a user's tokens."""
    order = {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "ClientId": client_id,
        "AuthParameters": {"USERNAME": user.email, "PASSWORD": user.password},
    }
    return (
        f"curl -s {aws_url} -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth'"
        f" -H 'Content-Type: application/x-amz-json-1.1' -d '{json.dumps(order)}'"
    )
