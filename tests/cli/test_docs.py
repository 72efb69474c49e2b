"""What the docs tell people to type: every command and option is there, and what can run, runs."""

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
import typer
from botocore import xform_name
from textension_cli.app import app
from typer.testing import CliRunner

from tests import documents, template_yaml
from tests.cli.conftest import Cli
from tests.template_yaml import ROOT


def of(program: str) -> list[list[str]]:
    """The docs' commands of a program, without its name."""
    found = [command[1:] for command in documents.commands() if command[0] == program]
    assert found
    return found


def test_every_command_of_the_docs_is_of_a_program_that_is_checked_here() -> None:
    assert {command[0] for command in documents.commands()} == {"textension", "aws", "sam", "make", "git"}


def inline() -> Iterator[list[str]]:
    """Commands of ours within sentences and tables."""
    for page in documents.PAGES:
        for found in re.findall(r"`textension ([a-z][^`]*)`", page.read_text(encoding="utf-8")):
            yield found.split()


@pytest.mark.parametrize("arguments", [*of("textension"), *inline()], ids=" ".join)
def test_a_command_of_ours_is_there_with_its_options(arguments: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    words = list(arguments)
    while words and hasattr(command, "commands"):
        name = words.pop(0)
        assert name in command.commands, f"{name} is no command: {sorted(command.commands)}"
        command = command.commands[name]
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}

    assert {word for word in words if word.startswith("-") and word != "-"} <= known


@pytest.mark.parametrize("arguments", of("aws"), ids=" ".join)
def test_a_command_of_aws_is_there_with_its_options(arguments: list[str]) -> None:
    service, operation, *words = arguments
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name).replace("_", "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    known = {f"--{xform_name(name).replace('_', '-')}" for name in (shape.members if shape else ())}

    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("arguments", of("sam"), ids=" ".join)
def test_a_deployment_names_parameters_and_a_configuration_that_there_are(arguments: list[str]) -> None:
    import tomllib

    environments = tomllib.loads((ROOT / "samconfig.toml").read_text()).keys()
    if "--config-env" in arguments:
        assert arguments[arguments.index("--config-env") + 1] in environments
    if "--parameter-overrides" in arguments:
        given = arguments[arguments.index("--parameter-overrides") + 1 :]
        assert {pair.partition("=")[0] for pair in given} <= template_yaml.load()["Parameters"].keys()


def test_the_set_up_is_by_commands_of_ours_alone_once_it_is_deployed() -> None:
    section = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("\n## Set up\n")[2]
    section = section.partition("\n## ")[0]
    told = [words for block in documents.blocks("sh") if block.text in section for words in block.commands]
    order = [" ".join(words[1:3]) for words in told if words[0] == "textension"]

    assert {words[0] for words in told} == {"make", "sam", "textension"}
    steps = ["credentials set", "subaccounts allow", "numbers add", "users invite", "webhook install", "webhook test"]
    assert [one for one in order if one in steps] == steps
    assert order.index("doctor --stack") > order.index("webhook test")


def test_parameters_outputs_and_targets_of_the_docs_are_there() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in documents.PAGES)
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    known = template_yaml.load()["Parameters"].keys()
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    table = re.findall(r"^\| (`.+?`) \|", operations, re.MULTILINE)
    assert {name for cell in table for name in re.findall(r"`(\w+)`", cell)} <= known
    assert {command[1] for command in documents.commands() if command[0] == "make"} <= set(targets)
    outputs = set(re.findall(r"(?:output|secret) `(\w+)`|`(\w+(?:Arn|Target))`", text))
    named = {name for pair in outputs for name in pair if name} - known
    assert named <= template_yaml.load()["Outputs"].keys()


def test_links_lead_somewhere() -> None:
    for page in [*documents.PAGES, ROOT / "README.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            if (page.name, target) != ("architecture.md", "api.md"):  # comes with the API's tests
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_keys_policy_is_json_that_lets_every_service_in() -> None:
    [block] = documents.blocks("json")
    through, services = json.loads(block.text)

    assert set(services["Principal"]["Service"]) == {
        "sns.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "ses.amazonaws.com",
    }
    via = {one.partition(".")[0] for one in through["Condition"]["StringEquals"]["kms:ViaService"]}
    assert via == {"dynamodb", "sqs", "sns", "secretsmanager"}
    for statement in (through, services):
        assert statement["Condition"]["StringEquals"]


def test_commands_that_can_run_without_aws_do(local: Cli) -> None:
    running = [command for block in documents.blocks("sh") if block.runs for command in block.commands]
    assert len(running) >= 5

    for command in running:
        if command[1] != "dlq":  # its queues are those of the running stack: tests/stack/test_operators.py
            assert local(*command[1:]).code == 0, command


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_groups_commands_and_options(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(line: str) -> str:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
        more = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        environment = {"_TEXTENSION_COMPLETE": f"complete_{shell}", **words, **more}
        return CliRunner().invoke(app, [], prog_name="textension", env=environment).stdout

    assert "messages" in completed("textension mess")
    assert "follow" in completed("textension messages fo")
    assert "--number" in completed("textension messages follow --nu")


def test_the_completions_script_can_be_shown() -> None:
    result = CliRunner().invoke(app, [], prog_name="textension", env={"_TEXTENSION_COMPLETE": "source_bash"})
    assert "_TEXTENSION_COMPLETE=complete_bash" in result.stdout
