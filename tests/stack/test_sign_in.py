"""Signing in, and what a token opens: everything but the webhook needs an ID token that is ours, whole and fresh."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from local.stackfile import DemoUser
from tests.stack.office import Office
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack

ME = "/api/v1/me"


def cognito(office: Office, operation: str, **order: Any) -> httpx.Response:
    """Ask Cognito as an app does: without any AWS credentials."""
    headers = {
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    return office.http.post(office.file.aws.endpoint_url, headers=headers, content=json.dumps(order))


def sign_in(office: Office, email: str, password: str, client_id: str | None = None) -> httpx.Response:
    """What InitiateAuth answers."""
    return cognito(
        office,
        "InitiateAuth",
        AuthFlow="USER_PASSWORD_AUTH",
        ClientId=client_id or office.file.outputs["UserPoolClientId"],
        AuthParameters={"USERNAME": email, "PASSWORD": password},
    )


def refresh(office: Office, token: str) -> httpx.Response:
    """What InitiateAuth answers to a refresh token."""
    client_id = office.file.outputs["UserPoolClientId"]
    return cognito(
        office,
        "InitiateAuth",
        AuthFlow="REFRESH_TOKEN_AUTH",
        ClientId=client_id,
        AuthParameters={"REFRESH_TOKEN": token},
    )


def tokens(office: Office, user: DemoUser, client_id: str | None = None) -> dict[str, str]:
    """A user's tokens."""
    answer = sign_in(office, user.email, user.password, client_id)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()["AuthenticationResult"]
    return found


def get(office: Office, path: str, authorization: str | None = None) -> httpx.Response:
    """Ask the API."""
    headers = {} if authorization is None else {"Authorization": authorization}
    return office.http.get(f"{office.file.api_url}{path}", headers=headers)


def socket_address(office: Office, id_token: str) -> str:
    """Where the holder of an ID token connects, once."""
    headers = {"Authorization": f"Bearer {id_token}"}
    answer = office.http.post(f"{office.file.api_url}/api/v1/realtime-tickets", headers=headers)
    assert answer.status_code == 201, answer.text
    return f"{office.file.websocket_url}?ticket={answer.json()['ticket']}"


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def part(content: dict[str, Any]) -> str:
    """A part of a token of one's own."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def assert_unauthenticated(answer: httpx.Response) -> None:
    """The template's own 401."""
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (401, "unauthenticated")
    assert problem["request_id"]


@pytest.fixture
def admin(office: Office) -> DemoUser:
    """101, who administers."""
    return office.file.demo.users[0]


@pytest.fixture
def guest(office: Office) -> Iterator[DemoUser]:
    """A user of this test's own, made by command line, with a password."""
    user = DemoUser(email="guest@example.com", password="Long-enough-4-all", extension="103", admin=False)
    office.cli("users", "invite", user.email, "--extension", user.extension, "--yes")
    client, pool_id = office.aws("cognito-idp"), office.file.outputs["UserPoolId"]
    client.admin_set_user_password(UserPoolId=pool_id, Username=user.email, Password=user.password, Permanent=True)
    yield user
    client.admin_delete_user(UserPoolId=pool_id, Username=user.email)


# ---------------------------------------------------------------- the demo users


def test_stack_json_lists_who_may_sign_in(office: Office, stack: RunningStack) -> None:
    users = office.file.demo.users

    assert [(one.email, one.extension, one.admin) for one in users] == [
        ("101@example.com", "101", True),
        ("102@example.com", "102", False),
    ]
    assert all(one.password in stack.output for one in users)
    assert (stack.state_dir / "users.json").stat().st_mode & 0o077 == 0


def test_an_id_token_says_who_it_is(office: Office) -> None:
    admin, other = (claims(tokens(office, user)["IdToken"]) for user in office.file.demo.users)

    assert (admin["custom:account"], admin["custom:extension"], admin["cognito:groups"]) == ("main", "101", ["admin"])
    assert (other["custom:account"], other["custom:extension"]) == ("main", "102")
    assert "cognito:groups" not in other
    assert admin["exp"] - admin["iat"] == 15 * 60


def test_a_wrong_password_and_a_stranger_look_the_same(office: Office, admin: DemoUser) -> None:
    wrong = sign_in(office, admin.email, "Not-the-password-1")
    stranger = sign_in(office, "stranger@example.com", "Not-the-password-1")

    assert wrong.status_code == stranger.status_code == 400
    assert wrong.json() == stranger.json()


# ---------------------------------------------------------------- what a token opens


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_an_id_token_opens_the_api(office: Office, admin: DemoUser, prefix: str) -> None:
    assert get(office, ME, prefix + tokens(office, admin)["IdToken"]).status_code == 200


def test_without_a_token_nothing_opens(office: Office) -> None:
    for path in (ME, "/api/v1/numbers", "/api/v1/admin/health"):
        assert_unauthenticated(get(office, path))


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic dTpw", "e30.e30.e30"])
def test_what_is_no_token_opens_nothing(office: Office, authorization: str) -> None:
    assert_unauthenticated(get(office, ME, authorization))


@pytest.mark.parametrize("kind", ["AccessToken", "RefreshToken"])
def test_no_other_token_opens_the_api(office: Office, admin: DemoUser, kind: str) -> None:
    assert_unauthenticated(get(office, ME, f"Bearer {tokens(office, admin)[kind]}"))


def test_a_forged_token_opens_nothing(office: Office, admin: DemoUser) -> None:
    header, content, signature = tokens(office, admin)["IdToken"].split(".")
    unsigned = part({"alg": "none", "typ": "JWT"})
    changed = part({**claims(f"{header}.{content}.{signature}"), "custom:extension": "102"})

    for forged in (
        f"{unsigned}.{content}.",
        f"{unsigned}.{content}.{signature}",
        f"{header}.{changed}.{signature}",
        f"{header}.{content}.{signature[:-8]}AAAAAAAA",
        f"{header}.{content}",
    ):
        assert_unauthenticated(get(office, ME, f"Bearer {forged}"))


def test_an_expired_token_opens_nothing(office: Office, admin: DemoUser) -> None:
    client, pool_id = office.aws("cognito-idp"), office.file.outputs["UserPoolId"]
    short = client.create_user_pool_client(  # AWS's shortest life is five minutes
        UserPoolId=pool_id,
        ClientName="short",
        ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
        IdTokenValidity=3,
        TokenValidityUnits={"IdToken": "seconds"},
    )["UserPoolClient"]["ClientId"]
    token = tokens(office, admin, short)["IdToken"]
    fresh = get(office, ME, token)

    time.sleep(max(0.0, claims(token)["exp"] - time.time()) + 0.1)

    assert fresh.status_code == 200
    assert_unauthenticated(get(office, ME, token))
    client.delete_user_pool_client(UserPoolId=pool_id, ClientId=short)


def test_a_token_of_another_pool_opens_nothing(office: Office) -> None:
    client = office.aws("cognito-idp")
    pool_id = client.create_user_pool(PoolName="foreign")["UserPool"]["Id"]
    try:
        client_id = client.create_user_pool_client(
            UserPoolId=pool_id, ClientName="foreign", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
        )["UserPoolClient"]["ClientId"]
        intruder = DemoUser(email="101@example.com", password="Long-enough-4-all", extension="101", admin=True)
        client.admin_create_user(UserPoolId=pool_id, Username=intruder.email, MessageAction="SUPPRESS")
        client.admin_set_user_password(
            UserPoolId=pool_id, Username=intruder.email, Password=intruder.password, Permanent=True
        )

        assert_unauthenticated(get(office, ME, f"Bearer {tokens(office, intruder, client_id)['IdToken']}"))
    finally:
        client.delete_user_pool(UserPoolId=pool_id)


def test_an_unknown_address_or_method_is_a_problem_of_its_own(office: Office, admin: DemoUser) -> None:
    token = f"Bearer {tokens(office, admin)['IdToken']}"
    answers = [
        get(office, "/nowhere"),
        get(office, "/api/v1/nowhere", token),
        office.http.patch(f"{office.file.api_url}{ME}", headers={"Authorization": token}),
    ]

    for answer in answers:
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
        assert answer.json()["code"] == "not_found"


# ---------------------------------------------------------------- staying signed in, and no longer


def test_a_refresh_token_gives_new_tokens_until_it_is_revoked(office: Office, admin: DemoUser) -> None:
    token = tokens(office, admin)["RefreshToken"]
    fresh = refresh(office, token).json()["AuthenticationResult"]
    assert claims(fresh["IdToken"])["custom:extension"] == "101"

    revoked = cognito(office, "RevokeToken", Token=token, ClientId=office.file.outputs["UserPoolClientId"])

    assert revoked.status_code == 200
    refused = refresh(office, token)
    assert (refused.status_code, refused.json()["__type"]) == (400, "NotAuthorizedException")


def test_who_is_disabled_neither_signs_in_nor_refreshes_and_enable_brings_no_old_token_back(
    office: Office, guest: DemoUser
) -> None:
    signed_in = tokens(office, guest)
    token = signed_in["RefreshToken"]
    with connect(socket_address(office, signed_in["IdToken"]), proxy=None, open_timeout=20):
        pass  # while enabled it opens one

    office.cli("users", "disable", guest.email, "--yes")
    with pytest.raises(InvalidStatus):
        connect(socket_address(office, signed_in["IdToken"]), proxy=None, open_timeout=20)
    assert sign_in(office, guest.email, guest.password).status_code == 400
    assert refresh(office, token).status_code == 400

    office.cli("users", "enable", guest.email, "--yes")
    assert sign_in(office, guest.email, guest.password).status_code == 200
    assert refresh(office, token).status_code == 400


def test_the_next_token_names_another_extension(office: Office, guest: DemoUser) -> None:
    token = tokens(office, guest)["RefreshToken"]

    office.cli("users", "set-extension", guest.email, "104", "--yes")

    fresh = refresh(office, token).json()["AuthenticationResult"]
    assert claims(fresh["IdToken"])["custom:extension"] == "104"
