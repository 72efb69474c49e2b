"""Credentials: checked before they are stored, rotated without ever being lost."""

import json
from typing import Any

import pytest
from textension.aws import secret_changes
from textension.errors import Unavailable
from textension_cli import credentials

from tests.cli.conftest import Cli, ClickSend
from tests.conftest import Backend

OTHER = {"account": "other", "CLICKSEND_USERNAME": "them", "CLICKSEND_API_KEY": "theirs"}


def set_key(local: Cli, key: str, *more: str) -> Any:
    return local("credentials", "set", "--username", "demo", "--stdin", "--yes", *more, typed=f"{key}\n")


def test_credentials_are_stored_once_clicksend_lets_them_in(local: Cli, clicksend: ClickSend) -> None:
    key = clicksend.simulator.credential.api_key

    ran = set_key(local, key, "--json")

    assert (ran.json["stored"], ran.json["subaccount_id"]) == (True, "100002")
    assert clicksend.secret("CredentialsSecret") == {
        "account": "main",
        "CLICKSEND_BASE_URL": clicksend.simulator.url,
        "CLICKSEND_USERNAME": "demo",
        "CLICKSEND_API_KEY": key,
    }
    assert key not in ran.out + ran.err


def test_refused_credentials_are_not_stored(local: Cli, clicksend: ClickSend) -> None:
    before = clicksend.secret("CredentialsSecret")

    ran = set_key(local, "wrong")

    assert ran.code == 1
    assert "refuses these credentials" in ran.error
    assert clicksend.secret("CredentialsSecret") == before


def test_other_accounts_keep_theirs(local: Cli, clicksend: ClickSend, aws: Backend) -> None:
    aws.put_secret("CredentialsSecret", [OTHER, clicksend.secret("CredentialsSecret")])
    set_key(local, clicksend.simulator.credential.api_key)
    first, second = clicksend.secret("CredentialsSecret")
    assert first == OTHER
    assert (second["account"], second["CLICKSEND_USERNAME"]) == ("main", "demo")


def test_an_account_without_an_entry_gets_one_at_the_local_clicksend(local: Cli, clicksend: ClickSend) -> None:
    set_key(local, clicksend.simulator.credential.api_key, "--account", "second")
    first, second = clicksend.secret("CredentialsSecret")
    assert first["account"] == "main"
    assert (second["account"], second["CLICKSEND_BASE_URL"]) == ("second", clicksend.simulator.url)


def test_a_prompt_takes_the_key_and_does_not_show_it(local: Cli, clicksend: ClickSend) -> None:
    key = clicksend.simulator.credential.api_key
    ran = local("credentials", "set", typed=f"demo\n{key}\n")
    assert ran.code == 0
    assert key not in ran.out + ran.err


def test_nobody_to_answer_is_said(local: Cli, clicksend: ClickSend) -> None:
    assert local("credentials", "set", typed="").code == 2
    assert local("credentials", "set", "--username", "demo", "--stdin", typed="k\n").code == 2


def test_plain_http_is_for_the_local_stack_only(cli: Cli, clicksend: ClickSend) -> None:
    ran = cli("credentials", "set", "--username", "demo", "--stdin", "--yes", typed="k\n")
    assert ran.code == 1
    assert "https" in ran.error


def test_check_shows_whose_account_it_is_and_no_key(local: Cli, signed_in: ClickSend) -> None:
    shown = local("credentials", "check", "--json")
    assert (shown.json["username"], shown.json["balance"]) == ("demo", "1000.000000")
    people = local("credentials", "check")
    assert "1000.00 AUD" in people.out
    assert signed_in.simulator.credential.api_key not in shown.out + people.out


def test_without_credentials_the_way_to_them_is_said(local: Cli, clicksend: ClickSend) -> None:
    assert "textension credentials set" in local("credentials", "check").error


def test_a_rotated_key_is_stored_and_works(local: Cli, signed_in: ClickSend) -> None:
    old = signed_in.simulator.credential.api_key

    ran = local("credentials", "rotate", "--yes")

    new = signed_in.secret("CredentialsSecret")["CLICKSEND_API_KEY"]
    assert ran.code == 0
    assert new != old
    assert new not in ran.out + ran.err
    assert signed_in.ask("GET", "/v3/account", key=old)["http_code"] == 401
    assert local("credentials", "check").code == 0


def test_a_no_changes_nothing(local: Cli, signed_in: ClickSend) -> None:
    assert local("credentials", "rotate", typed="n\n").code == 1
    assert local("credentials", "check").code == 0


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Secrets Manager that takes the first write, and then none that it is not told to."""
    monkeypatch.setattr(credentials, "PAUSE", 0.0)
    real, calls = secret_changes.store_credentials, list[str]()

    def store(arn: str, wanted: Any) -> None:
        calls.append(wanted.api_key)
        if 1 < len(calls) <= failures[0]:
            raise Unavailable("Secrets Manager did not change the secret")
        real(arn, wanted)

    failures = [99]
    monkeypatch.setattr(secret_changes, "store_credentials", store)
    return calls


@pytest.mark.parametrize("show", [False, True])
def test_a_key_that_cannot_be_stored_is_shown_only_when_asked(
    local: Cli, signed_in: ClickSend, failing: list[str], show: bool
) -> None:
    ran = local("credentials", "rotate", "--yes", *(["--show-key-on-failure"] if show else []))

    new = failing[-1]
    assert ran.code == 1
    assert len(failing) == 1 + credentials.TRIES
    assert (new in ran.out) is show
    assert new not in ran.err
    assert "textension credentials set --username demo" in ran.err
    assert signed_in.ask("GET", "/v3/account", key=new)["http_code"] == 200


def test_a_secret_that_cannot_be_written_is_known_before_the_key_changes(
    local: Cli, signed_in: ClickSend, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Unavailable("Secrets Manager did not change the secret")

    monkeypatch.setattr(secret_changes, "store_credentials", refuse)
    assert local("credentials", "rotate", "--yes").code == 1
    monkeypatch.undo()
    assert signed_in.ask("GET", "/v3/account")["http_code"] == 200


def test_an_answer_that_never_came_is_called_unknown(local: Cli, signed_in: ClickSend) -> None:
    path = "/v3/subaccounts/100002/regen-api-key"
    signed_in.control("POST", "/faults", mode="reset", path=path, processed=True)
    ran = local("credentials", "rotate", "--yes")
    assert ran.code == 1
    assert "did not say whether the key has changed" in ran.error
    assert "textension credentials check" in ran.error


def test_subaccounts_are_listed_without_keys(local: Cli, signed_in: ClickSend) -> None:
    ran = local("subaccounts", "list", "--json")
    [one] = ran.json["subaccounts"]
    assert (one["subaccount_id"], one["signed_in"], one["allowed"]) == ("100002", True, True)
    assert "api_key" not in json.dumps(ran.json)
    assert signed_in.simulator.credential.api_key not in ran.out


def test_allow_only_takes_the_others_away(local: Cli, aws: Backend) -> None:
    assert local("subaccounts", "allow", "7", "--json").json["subaccount_ids"] == ["100002", "7"]
    assert local("subaccounts", "allow", "7", "--only", "--json").json["subaccount_ids"] == ["7"]
