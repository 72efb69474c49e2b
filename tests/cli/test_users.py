"""Users: invited, listed, disabled with all that is open, and never those of another account."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from textension.aws.connections import Connection, Connections, Holder
from textension.aws.users import User, Users
from textension.errors import Refused

from tests import template_yaml
from tests.cli.conftest import STACK, Cli, Emulator, outputs
from tests.conftest import REGION, Backend
from tests.gateway import Clients, clients_of

ANA = "ana@example.com"
BEN = "ben@example.com"


@dataclass(frozen=True, slots=True)
class Pool:
    """A user pool shaped by the template, and what is connected."""

    users: Users
    connections: Connections
    gateway: Clients
    id: str

    def invite(self, email: str, extension: str = "101", account: str = "main") -> User:
        """A user who is there already."""
        return self.users.invite(email, account, extension, admin=False)

    def connect(self, user: User, connection_id: str, extension: str = "101") -> None:
        """A WebSocket of that user."""
        holder = Holder(user.account, extension, user.sub)
        self.connections.open(Connection(connection_id, holder, 1_764_000_000_000))

    def connected(self, extension: str = "101") -> set[str]:
        """The WebSockets of an extension that the table knows."""
        return {one.id for one in self.connections.of_extension("main", extension)}

    def raw(self, email: str) -> dict[str, Any]:
        """Cognito's own answer."""
        return dict(boto3.client("cognito-idp").admin_get_user(UserPoolId=self.id, Username=email))

    def confirm(self, email: str) -> None:
        """The user has signed in and chosen a password."""
        boto3.client("cognito-idp").admin_set_user_password(
            UserPoolId=self.id, Username=email, Password="Long-enough-4-all", Permanent=True
        )


@pytest.fixture
def pool(cli: Cli, aws: Backend, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool, and API Gateway's end of the WebSockets, in the stack that `cli` speaks to."""
    cognito = boto3.client("cognito-idp")
    pool_id = cognito.create_user_pool(**template_yaml.user_pool_properties("textension"))["UserPool"]["Id"]
    cognito.create_group(UserPoolId=pool_id, GroupName="admin")
    socket_url = f"wss://abcdef1234.execute-api.{REGION}.amazonaws.com/live"
    emulator.deploy(STACK, {**outputs(aws), "UserPoolId": pool_id, "WebSocketUrl": socket_url})
    own = f"https://cognito-idp.{REGION}.amazonaws.com"
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", own)
    with clients_of(monkeypatch) as gateway:
        yield Pool(Users(pool_id), Connections(aws.table), gateway, pool_id)


def attributes(user: dict[str, Any]) -> dict[str, str]:
    """A user's attributes by name."""
    return {one["Name"]: one["Value"] for one in user["UserAttributes"]}


# ---------------------------------------------------------------- inviting


def test_an_invited_user_has_account_extension_and_a_proven_address(cli: Cli, pool: Pool) -> None:
    ran = cli("users", "invite", ANA, "--extension", "101", "--yes")

    assert (ran.code, ran.out) == (0, f"Invited {ANA}: a first password is on its way.\n")
    made = pool.raw(ANA)
    sub = attributes(made).pop("sub")
    assert attributes(made) == {
        "sub": sub,
        "email": ANA,
        "email_verified": "true",
        "custom:account": "main",
        "custom:extension": "101",
    }
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert pool.users.get("main", ANA) == User(ANA, sub, "main", "101", False, made["UserStatus"], True)


def test_an_admin_is_invited_as_one(cli: Cli, pool: Pool) -> None:
    ran = cli("users", "invite", ANA, "--extension", "101", "--admin", "--yes", "--json")

    assert (ran.json["invited"], ran.json["user"]["admin"]) == (True, True)
    assert pool.users.get("main", ANA).admin


def test_nobody_is_invited_without_a_yes(cli: Cli, pool: Pool) -> None:
    refused = cli("users", "invite", ANA, "--extension", "101", "--admin", typed="n\n")

    assert refused.code == 1
    assert f"{ANA} see the texts of extension 101 of account main and administer the account" in refused.err
    assert pool.users.of_account("main") == []


def test_an_address_has_one_user(cli: Cli, pool: Pool) -> None:
    pool.invite(ANA, account="other")

    ran = cli("users", "invite", ANA, "--extension", "101", "--yes")

    assert (ran.code, ran.error) == (
        1,
        f"{ANA} has a user already, perhaps of another account: see textension users list",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("invite", "nobody", "--extension", "101"), "nobody: not an address"),
        (("invite", ANA, "--extension", "10#1"), "--extension 10#1"),
        (("set-extension", ANA, "1 01"), "--extension 1 01"),
        (("disable", "Ana <ana@example.com>"), "not an address"),
    ],
)
def test_what_cannot_be_used_is_named(cli: Cli, pool: Pool, arguments: tuple[str, ...], words: str) -> None:
    ran = cli("users", *arguments, "--yes")

    assert ran.code == 2
    assert words in ran.error


# ---------------------------------------------------------------- listing


def test_the_list_has_the_accounts_users_only_and_says_how_they_are(cli: Cli, pool: Pool) -> None:
    pool.users.disable(pool.invite(BEN, "102"))
    pool.users.set_admin(pool.invite(ANA), admin=True)
    pool.invite("cleo@example.com", "103")
    pool.confirm("cleo@example.com")
    pool.invite("dan@example.com", account="other")

    ran = cli("users", "list")

    assert [line.split() for line in ran.out.splitlines()] == [
        ["E-mail", "Extension", "Rights", "State"],
        [ANA, "101", "admin", "invited"],
        [BEN, "102", "disabled"],
        ["cleo@example.com", "103", "active"],
    ]
    assert [one["email"] for one in cli("users", "list", "--account", "other", "--json").json] == ["dan@example.com"]


def test_a_pool_of_several_pages_is_listed_whole(cli: Cli, pool: Pool) -> None:
    for number in range(65):
        pool.users.set_admin(pool.invite(f"user{number}@example.com", f"{number:03}"), admin=True)

    listed = cli("users", "list", "--json").json

    assert [one["extension"] for one in listed] == [f"{number:03}" for number in range(65)]
    assert all(one["admin"] for one in listed)


def test_an_empty_account_is_told_how_to_begin(cli: Cli, pool: Pool) -> None:
    assert "textension users invite" in cli("users", "list").out
    assert cli("users", "list", "--json").json == []


# ---------------------------------------------------------------- changing


def test_who_is_disabled_cannot_come_back_and_loses_what_is_open(cli: Cli, pool: Pool) -> None:
    ana, ben = pool.invite(ANA), pool.invite(BEN)
    pool.connect(ana, "anas=")
    pool.connect(ana, "anas-phone=")
    pool.connect(ben, "bens=")

    ran = cli("users", "disable", ANA, "--yes", "--json")

    assert (ran.json["closed_connections"], ran.json["user"]["enabled"]) == (2, False)
    assert not pool.raw(ANA)["Enabled"]
    assert sorted(pool.gateway.ended) == ["anas-phone=", "anas="]
    with pytest.raises(Refused, match="barred"):
        pool.connect(ana, "anas-next=")
    assert pool.connected() == {"bens="}

    assert cli("users", "enable", ANA, "--yes").code == 0
    pool.connect(ana, "anas-next=")
    assert pool.connected() == {"bens=", "anas-next="}


def test_a_disabled_users_refresh_token_is_dead_even_after_enable(cli: Cli, pool: Pool) -> None:
    pool.invite(ANA)
    pool.confirm(ANA)
    cognito = boto3.client("cognito-idp")
    client_id = cognito.create_user_pool_client(UserPoolId=pool.id, ClientName="apps")["UserPoolClient"]["ClientId"]
    password = {"USERNAME": ANA, "PASSWORD": "Long-enough-4-all"}
    signed_in = cognito.initiate_auth(ClientId=client_id, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=password)
    refresh = {"REFRESH_TOKEN": signed_in["AuthenticationResult"]["RefreshToken"]}
    cognito.initiate_auth(ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=refresh)

    assert cli("users", "disable", ANA, "--yes").code == 0
    assert cli("users", "enable", ANA, "--yes").code == 0

    assert pool.raw(ANA)["Enabled"]
    with pytest.raises(cognito.exceptions.NotAuthorizedException):
        cognito.initiate_auth(ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=refresh)


def test_another_extension_ends_what_showed_the_old_one(cli: Cli, pool: Pool) -> None:
    ana = pool.invite(ANA)
    pool.connect(ana, "old=")
    pool.connect(ana, "elsewhere=", "102")

    ran = cli("users", "set-extension", ANA, "102", typed="y\n")

    assert ran.code == 0
    assert f"{ANA} has extension 102 now, and 1 connection ended." in ran.out
    assert "extension 102 instead of 101" in ran.err
    assert attributes(pool.raw(ANA))["custom:extension"] == "102"
    with pytest.raises(Refused, match="barred"):
        pool.connect(ana, "old=")
    assert (pool.connected("101"), pool.connected("102")) == (set(), {"elsewhere="})

    assert cli("users", "set-extension", ANA, "101", "--yes").code == 0
    pool.connect(ana, "back=")
    assert (pool.connected("101"), pool.connected("102")) == ({"back="}, set())


def test_another_extension_lets_nobody_in_who_is_disabled(cli: Cli, pool: Pool) -> None:
    ana = pool.invite(ANA)
    assert cli("users", "disable", ANA, "--yes").code == 0

    for extension in ("102", "101"):
        assert cli("users", "set-extension", ANA, extension, "--yes").code == 0

    for extension in ("102", "101"):
        with pytest.raises(Refused, match="barred"):
            pool.connect(ana, "again=", extension)


def test_the_extension_that_is_there_already_changes_nothing(cli: Cli, pool: Pool) -> None:
    pool.connect(pool.invite(ANA), "stays=")

    ran = cli("users", "set-extension", ANA, "101")

    assert (ran.code, ran.out) == (0, f"{ANA} has extension 101 already: nothing has changed.\n")
    assert pool.connected() == {"stays="}


def test_a_connection_that_has_ended_by_itself_is_no_trouble(cli: Cli, pool: Pool) -> None:
    pool.connect(pool.invite(ANA), "gone=")
    pool.gateway.answers["gone="] = 410

    assert cli("users", "disable", ANA, "--yes").code == 0
    assert pool.connected() == set()


def test_a_connection_that_cannot_be_ended_is_an_error_and_changes_no_extension(cli: Cli, pool: Pool) -> None:
    pool.connect(pool.invite(ANA), "stuck=")
    pool.gateway.answers["stuck="] = 403

    ran = cli("users", "set-extension", ANA, "102", "--yes")

    assert (ran.code, "DeleteConnection" in ran.error) == (1, True)
    assert attributes(pool.raw(ANA))["custom:extension"] == "101"
    assert pool.connected() == {"stuck="}


def test_a_forgotten_password_is_reset_by_a_code(cli: Cli, pool: Pool) -> None:
    pool.invite(ANA)
    pool.confirm(ANA)

    ran = cli("users", "reset", ANA, "--yes", "--json")

    assert ran.json["mailed"] == "code"
    assert pool.raw(ANA)["UserStatus"] == "RESET_REQUIRED"


def test_who_never_signed_in_is_invited_again(cli: Cli, pool: Pool) -> None:
    pool.invite(ANA)

    ran = cli("users", "reset", ANA, "--yes")

    assert (ran.code, ran.out) == (0, f"{ANA} is invited again: a first password is on its way.\n")
    assert pool.raw(ANA)["UserStatus"] == "FORCE_CHANGE_PASSWORD"


def test_the_right_to_administer_is_given_and_taken(cli: Cli, pool: Pool) -> None:
    pool.invite(ANA)

    assert cli("users", "set-admin", ANA, "--yes", "--json").json["user"]["admin"] is True
    assert pool.users.get("main", ANA).admin

    assert "no admin any more" in cli("users", "set-admin", ANA, "--off", "--yes").out
    assert not pool.users.get("main", ANA).admin


# ---------------------------------------------------------------- whose


@pytest.mark.parametrize(
    "arguments",
    [("disable", ANA), ("enable", ANA), ("reset", ANA), ("set-extension", ANA, "102"), ("set-admin", ANA)],
    ids=lambda arguments: arguments[0],
)
def test_another_accounts_user_is_as_unknown_as_nobody(cli: Cli, pool: Pool, arguments: tuple[str, ...]) -> None:
    pool.invite(ANA, account="other")
    before = pool.raw(ANA)

    foreign = cli("users", *arguments, "--yes")
    nobody = cli("users", arguments[0], BEN, *arguments[2:], "--yes")

    words = "is not a user of this account: see textension users list"
    assert (foreign.code, foreign.error) == (1, f"{ANA} {words}")
    assert (nobody.code, nobody.error) == (1, f"{BEN} {words}")
    assert attributes(pool.raw(ANA)) == attributes(before)
    assert pool.raw(ANA)["Enabled"]


def test_a_stack_without_users_says_what_to_do(cli: Cli, aws: Backend, emulator: Emulator) -> None:
    emulator.deploy(STACK, {name: value for name, value in outputs(aws).items() if name != "UserPoolId"})

    ran = cli("users", "list")

    assert (ran.code, ran.error) == (
        1,
        f"{STACK} has no output UserPoolId: deploy this version of the template first",
    )
