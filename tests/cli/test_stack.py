"""Finding the stack: the local one, one on AWS, or one clear line about what is missing."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError, SSOTokenLoadError
from textension.accepting import Draft, accept
from textension.aws import stacks, trouble
from textension.clock import now_ms
from textension.errors import Unavailable
from textension_cli.stack import Choice, open_stack

from tests.cli.conftest import Cli, Emulator, outputs, run, write_stack_file
from tests.conftest import NUMBER, PEER, Backend, forget


def test_the_local_stack_is_found_from_a_folder_below(
    local: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert NUMBER in local("numbers", "list").out


def test_the_state_folder_may_be_elsewhere(local: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".local").rename(tmp_path / "elsewhere")
    assert local("numbers", "list").code == 1
    monkeypatch.setenv("TEXTENSION_STATE_DIR", str(tmp_path / "elsewhere"))
    assert NUMBER in local("numbers", "list").out


def test_nothing_of_the_users_own_aws_reaches_the_local_stack(local: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "ghost",
        "AWS_SESSION_TOKEN": "mine",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)

    assert NUMBER in local("numbers", "list").out
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_DYNAMODB"} & os.environ.keys()
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_without_any_stack_the_error_says_what_to_do(tmp_path: Path) -> None:
    ran = run("numbers", "list")
    assert ran.code == 1
    for word in (".local/stack.json", str(tmp_path), "make run", "--stack NAME"):
        assert word in ran.error


@pytest.mark.parametrize("content", ["", "{", "{}", '{"aws": null}', "[1]"])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(content)
    ran = run("numbers", "list")
    assert (ran.code, "stack.json cannot be read" in ran.error, "make run" in ran.error) == (1, True, True)


def test_a_local_stack_that_has_died_is_said_to_have(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        write_stack_file(tmp_path / ".local", f"http://127.0.0.1:{unused.getsockname()[1]}", {})
        ran = run("numbers", "list")
    assert (ran.code, ran.error) == (1, "the local stack does not answer: start it with make run")


def test_a_local_stack_that_was_emptied_is_said_to_have_been(aws: Backend, emulator: Emulator, tmp_path: Path) -> None:
    write_stack_file(tmp_path / ".local", emulator.url, outputs(aws))
    assert "start it again with make run" in run("numbers", "list").error


def test_a_stack_that_does_not_exist(emulator: Emulator) -> None:
    ran = run("numbers", "list", "--stack", "absent")
    assert (ran.code, ran.error) == (1, "there is no stack absent in this account and region")


def test_a_stack_of_something_else(emulator: Emulator) -> None:
    emulator.deploy("other", {"Bucket": "b"})
    assert (
        run("numbers", "list", "--stack", "other").error == "other is not a Textension stack: it has no output ApiUrl"
    )


def test_the_stacks_parameters_count(aws: Backend, emulator: Emulator) -> None:
    emulator.deploy("british", outputs(aws), DefaultCountry="GB", Account="shop")
    ran = run("numbers", "add", "020 7946 0018", "--extension", "1", "--stack", "british", "--json")
    assert (ran.json["number"]["number"], ran.json["number"]["account"]) == ("+442079460018", "shop")


def test_the_region_can_be_chosen(cli: Cli) -> None:
    assert cli("numbers", "list").code == 0
    forget()
    assert "there is no stack" in cli("numbers", "list", "--region", "eu-west-1").error


def test_a_profile_is_preferred_to_keys_in_the_environment(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile staging]\naws_access_key_id = staging\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    forget()

    assert cli("numbers", "list", "--profile", "staging").code == 0
    credentials = boto3.Session().get_credentials()
    assert credentials is not None
    assert credentials.access_key == "staging"


def test_a_profile_that_is_not_there(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    ran = run("numbers", "list", "--stack", "textension", "--profile", "ghost")
    assert (ran.code, ran.error) == (1, "AWS knows no such profile here: see aws configure list-profiles")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "no AWS credentials were found"),
        (("AWS_DEFAULT_REGION",), "no AWS region is set"),
    ],
)
def test_what_aws_lacks_is_said(missing: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    have = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1"}
    have |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    have |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    for name, value in have.items():
        if name not in missing:
            monkeypatch.setenv(name, value)
    ran = run("numbers", "list", "--stack", "textension")
    assert ran.code == 1
    assert ran.error.startswith(words)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredToken", "sign in again"),
        ("InvalidClientTokenId", "does not accept these credentials"),
        ("AccessDenied", "may not call DescribeStacks: ask for the permission"),
        ("AccessDeniedException", "may not call DescribeStacks"),
        ("Throttling", "AWS refused DescribeStacks (Throttling): try again"),
    ],
)
def test_what_aws_refuses_is_said_with_its_mend(code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_name: str) -> stacks.Description:
        raise Unavailable("no") from ClientError({"Error": {"Code": code, "Message": "m"}}, "DescribeStacks")

    monkeypatch.setattr(stacks, "describe", refuse)
    ran = run("numbers", "list", "--stack", "textension")
    assert ran.code == 1
    assert words in ran.error


def test_a_session_that_has_ended_is_known_by_its_type() -> None:
    error = Unavailable("no")
    error.__cause__ = SSOTokenLoadError(error_msg="gone")
    assert "aws sso login" in str(trouble.advice(error))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--region", "eu-west-1"), "--region and --profile go with --stack NAME"),
        (("--profile", "staging"), "--region and --profile go with --stack NAME"),
        (("--account", "a#b"), "--account a#b"),
    ],
)
def test_options_that_cannot_be_used_are_usage_errors(arguments: tuple[str, ...], words: str) -> None:
    ran = run("numbers", "list", *arguments)
    assert ran.code == 2
    assert words in ran.error


@pytest.mark.parametrize(("parameters", "ends"), [({}, False), ({"MessageRetentionDays": "30"}, True)])
def test_texts_sent_from_here_end_like_all_others(
    local: Cli, aws: Backend, parameters: dict[str, str], ends: bool
) -> None:
    stack = open_stack(Choice())
    stack = replace(stack, described=replace(stack.described, parameters=parameters))
    settings = stack.numbers.get(NUMBER)
    assert settings
    draft = Draft(origin="test", key="1", to=PEER, text="Shall we?")
    sent = accept(draft, settings, stack.messages, country="AU", now=now_ms())

    found = aws.messages.by_id(sent.id)
    assert found
    assert (found.expires_at is not None) is ends
