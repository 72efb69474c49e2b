"""What a run keeps and looks after: stack.json, ports, the lock, stamps, the environment of its children."""

import json
import os
import re
import socket
import threading
from pathlib import Path

import pytest

from local import build, config, demo_users, deploy, lock, ports, stack
from local.errors import LocalError
from local.stackfile import AwsAccess, Demo, DemoUser, StackFile
from tests import template_yaml

FILE = StackFile(
    api_url="http://127.0.0.1:8080",
    app_url="http://127.0.0.1:8080/app/",
    websocket_url="ws://127.0.0.1:8080/realtime",
    simulator_url="http://127.0.0.1:8081",
    aws=AwsAccess("http://127.0.0.1:4566", "ap-southeast-2", "test", "test"),
    stack_name="textension-local",
    outputs={"TableName": "t"},
    demo=Demo(
        "main",
        "+61411111111",
        ["101"],
        "token",
        "100002",
        "demo",
        [DemoUser(email="101@example.com", password="secret", extension="101", admin=True)],
    ),
)


def test_the_stack_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    FILE.write(tmp_path / "stack.json")

    assert StackFile.read(tmp_path / "stack.json") == FILE
    assert json.loads((tmp_path / "stack.json").read_text())["demo"]["users"] == [
        {"email": "101@example.com", "password": "secret", "extension": "101", "admin": True}
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["stack.json"]


def test_the_stack_file_is_for_its_user_only(tmp_path: Path) -> None:
    FILE.write(tmp_path / "stack.json")

    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_a_taken_port_is_one_line_that_names_the_variable(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=rf"^Port {port} is taken: .*TEXTENSION_SIMULATOR_PORT=<port>\.$"):
            ports.choose({"simulator": port}, tmp_path / "ports.json")


def test_any_port_is_the_same_port_after_a_restart(tmp_path: Path) -> None:
    wanted = {"front": 0, "simulator": 0, "aws": 0}
    first = ports.choose(wanted, tmp_path / "ports.json")

    assert len(set(first.values())) == 3
    assert ports.choose(wanted, tmp_path / "ports.json") == first


def test_a_remembered_port_that_is_taken_is_given_up(tmp_path: Path) -> None:
    first = ports.choose({"front": 0}, tmp_path / "ports.json")

    with socket.create_server(("127.0.0.1", first["front"])):
        assert ports.choose({"front": 0}, tmp_path / "ports.json") != first


def test_passwords_are_made_once_and_kept_for_their_user_only(tmp_path: Path) -> None:
    first = demo_users.kept(tmp_path / "users.json")

    assert demo_users.kept(tmp_path / "users.json") == first
    assert [(user.email, user.admin) for user in first] == [("101@example.com", True), ("102@example.com", False)]
    assert len({user.password for user in first}) == 2
    assert (tmp_path / "users.json").stat().st_mode & 0o777 == 0o600
    assert demo_users.kept(tmp_path / "other.json") != first


def test_passwords_are_what_the_pool_asks_for(tmp_path: Path) -> None:
    policy = template_yaml.load()["Resources"]["UserPool"]["Properties"]["Policies"]["PasswordPolicy"]

    for user in demo_users.kept(tmp_path / "users.json"):
        assert len(user.password) >= policy["MinimumLength"]
        for pattern in ("[a-z]", "[A-Z]", "[0-9]"):
            assert re.search(pattern, user.password)


@pytest.mark.parametrize("text", ["eighty", "-1", "65536", "80.0"])
def test_a_port_that_is_none_names_its_variable(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTENSION_PORT", text)

    with pytest.raises(LocalError, match=f"^TEXTENSION_PORT={text} is not a port"):
        config.from_environment()


def test_one_run_per_state_folder(tmp_path: Path) -> None:
    with lock.held(tmp_path) as note_address:
        note_address("http://127.0.0.1:8080")

        message = rf"already running \(process {os.getpid()}, http://127.0.0.1:8080\).*make stop"
        with pytest.raises(LocalError, match=message), lock.held(tmp_path):
            pass
        assert lock.holder(tmp_path) == (os.getpid(), "http://127.0.0.1:8080")

    assert lock.holder(tmp_path) is None
    assert not lock.stop_holder(tmp_path)


def test_nothing_of_the_users_aws_reaches_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("HOME", "/home/someone")

    environment = config.child_environment(EXTRA="1")

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "PYTHONPATH"} & set(environment)
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["PATH"].startswith(str(config.PROJECT / ".venv" / "bin"))
    assert (environment["HOME"], environment["EXTRA"]) == ("/home/someone", "1")


def test_the_stamp_follows_names_and_contents_only(tmp_path: Path) -> None:
    source = tmp_path / "functions" / "a" / "app.py"
    source.parent.mkdir(parents=True)
    source.write_text("one")
    first = build.digest([tmp_path / "functions"], tmp_path)

    os.utime(source, (1, 1))
    cache = source.parent / "__pycache__" / "app.cpython-313.pyc"
    cache.parent.mkdir()
    cache.write_bytes(b"x")
    assert build.digest([tmp_path / "functions"], tmp_path) == first

    source.write_text("two")
    assert build.digest([tmp_path / "functions"], tmp_path) != first
    source.write_text("one")
    source.rename(source.with_name("other.py"))
    assert build.digest([tmp_path / "functions"], tmp_path) != first
    assert build.digest([], tmp_path, "a") != build.digest([], tmp_path, "b")


def test_a_reset_keeps_nothing_but_the_lock(tmp_path: Path) -> None:
    with lock.held(tmp_path):
        (tmp_path / "aws" / "snapshot-00000001").mkdir(parents=True)
        (tmp_path / "deployed.sha256").write_text("x")

        stack.empty(tmp_path)

        assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_two_builds_do_not_run_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[str] = []

    def sam(*_arguments: str) -> None:
        running.append("begin")
        (tmp_path / "build").mkdir(exist_ok=True)
        (tmp_path / "build" / "template.yaml").touch()
        running.append("end")

    monkeypatch.setattr(build, "SAM_FOLDER", tmp_path)
    monkeypatch.setattr(build, "BUILT", tmp_path / "build")
    monkeypatch.setattr(build, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(build, "run_sam", sam)
    threads = [threading.Thread(target=build.ensure_built) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert running == ["begin", "end"]


def test_what_the_web_app_is_made_of_counts_and_what_is_made_of_it_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, built = tmp_path / "web", tmp_path / "build" / "WebApp"
    monkeypatch.setattr(build, "WEB", web)
    for folder in (web / "src", web / "node_modules" / "preact", web / "dist", built / "dist"):
        folder.mkdir(parents=True)
    first = build.digest([web], tmp_path), build.digest([built], tmp_path)

    for made in (web / "dist" / "index.html", web / "node_modules" / "preact" / "index.js"):
        made.write_text("made")
    assert build.digest([web], tmp_path) == first[0]

    (web / "src" / "main.ts").write_text("source")
    (built / "dist" / "index.html").write_text("made")
    assert build.digest([web], tmp_path) != first[0]
    assert build.digest([built], tmp_path) != first[1]


def test_a_stack_is_deployed_again_when_its_address_in_front_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed: list[str] = []
    monkeypatch.setattr(build, "SAM_FOLDER", tmp_path)
    monkeypatch.setattr(build, "BUILT", tmp_path / "build")
    monkeypatch.setattr(build, "run_sam", lambda *arguments, **_: deployed.append(" ".join(arguments)))
    monkeypatch.setattr(deploy, "_stack_stands", lambda _aws: True)
    monkeypatch.setattr(config, "use_emulator", lambda _url: None)
    (tmp_path / "build").mkdir()
    aws = deploy.Aws(4566)

    urls = ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:9090")
    assert [deploy.ensure_deployed(aws, tmp_path, url, "ws://127.0.0.1:8080/realtime") for url in urls] == [
        True,
        False,
        True,
    ]
    assert ["PublicUrl=http://127.0.0.1:9090" in arguments for arguments in deployed] == [False, True]
    assert all("EmailFrom=textension@example.com" in arguments for arguments in deployed)
