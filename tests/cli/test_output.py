"""What people see: plain in pipes, whole at 80 columns, helpful when asked."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from textension.clicksend.pushes import RawPush
from textension_cli import output
from textension_cli.app import app
from textension_cli.output import printable
from typer.main import get_command

from tests.cli.conftest import Cli, run
from tests.cli.test_messages import receive
from tests.conftest import Backend
from tests.template_yaml import ROOT

HARMLESS = "Grüße 👋🏽 你好 👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HARMLESS, HARMLESS),
        ("a\tb", "a    b"),
        ("a\r\nb\nc", "a\nb\nc"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x07\x7f\r", "\\x00\\x07\\x7f\\r"),
        ("\u202e\u2066\u200f\u200b\ufeff", "\\u202e\\u2066\\u200f\\u200b\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ue000\ud800", "\\ue000\\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Make the output a terminal of that width, without colours."""
    for name, value in {"TTY_COMPATIBLE": "1", "COLUMNS": str(columns), "LINES": "50", "TERM": "dumb"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_every_list_fits_its_terminal(cli: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    receive(aws, 1, text="Hello, are you open today? " * 9)
    receive(aws, 2, text="", peer="A very long alphanumeric name")
    cli("numbers", "add", "+61433333333", *(word for one in range(20) for word in ("--extension", str(100 + one))))
    cli("numbers", "add", "+61433333333", "--email", "someone.with.a.long.name@example.com", "--label", "Support desk")
    aws.quarantine.keep("main", RawPush("receipt", b"x" * 60_000), "same_id_other_content", now=1)
    first = cli("messages", "list", "--json").json[1]["id"]

    terminal(monkeypatch, columns)
    for command in (("messages", "list"), ("messages", "show", first), ("numbers", "list"), ("quarantine", "list")):
        lines = cli(*command).out.splitlines()
        assert max(map(len, lines)) <= columns
        assert all(line == line.rstrip() for line in lines)
        assert any(first in line for line in lines) or command[0] != "messages"


def test_a_pipe_gets_no_colours_and_whole_lines(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="Hello, are you open today? " * 5)
    out = cli("messages", "list").out
    assert "\x1b" not in out
    assert ("Hello, are you open today? " * 5).rstrip() in out


def test_a_terminal_gets_colours(cli: Cli, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    receive(aws, 1)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32mreceived" in cli("messages", "list").out


def test_one_is_not_many() -> None:
    assert [output.count(number, "post") for number in (0, 1, 2000)] == ["0 posts", "1 post", "2,000 posts"]


def commands() -> Iterator[tuple[str, str]]:
    """Every command, with the end of its help."""
    root = get_command(app)
    for name, command in root.commands.items():  # type: ignore[attr-defined]
        subcommands = getattr(command, "commands", None)
        if subcommands is None:
            yield name, command.epilog or ""
        else:
            yield from ((f"{name} {one}", each.epilog or "") for one, each in subcommands.items())


@pytest.mark.parametrize(("name", "epilog"), [*commands()])
def test_every_command_has_examples_that_exist(name: str, epilog: str) -> None:
    examples = [line.strip() for line in epilog.splitlines() if "textension " in line]
    assert examples
    for example in examples:
        assert example.startswith(f"textension {name}")
        words = shlex.split(example.partition(" < ")[0])[1:]
        assert run(*words, "--help").code == 0
        assert "No such option" not in run(*words, "--account", "A").err  # stops after its options were read


@pytest.mark.parametrize(("name", "_epilog"), [*commands()])
def test_every_command_takes_the_shared_options(name: str, _epilog: str) -> None:
    text = run(*name.split(), "--help").out
    for option in ("--stack", "--region", "--profile", "--account", "--json"):
        assert option in text


@pytest.mark.parametrize("arguments", [("send",), ("numbers", "add"), ("absent",), ("numbers", "list", "--absent")])
def test_usage_errors_are_2_without_a_traceback(arguments: tuple[str, ...]) -> None:
    ran = run(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1].startswith("Error: ")


def test_it_runs_as_a_module_and_starts_without_aws() -> None:
    code = """
import sys
from textension_cli.app import app
app(["--help"], standalone_mode=False)
assert "boto3" not in sys.modules
"""
    paths = os.pathsep.join(str(ROOT / path) for path in ("cli", "layers/common"))
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    ran = subprocess.run(
        [sys.executable, "-m", "textension_cli", "--help"], env=environment, check=True, capture_output=True, text=True
    )
    assert "quarantine" in ran.stdout


def test_an_unexpected_error_shows_no_values_of_variables() -> None:
    assert isinstance(app, typer.Typer)
    assert app.pretty_exceptions_enable is False
