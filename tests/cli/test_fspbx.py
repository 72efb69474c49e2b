"""FS PBX's message settings: looked through whole, asked about, taken over once."""

from pathlib import Path

import pytest
from textension.message import NumberSettings

from tests.cli.conftest import Cli, without_times
from tests.conftest import NUMBER, Backend

HEADING = "destination,carrier,enabled,description,chatplan_detail_data,email\n"
FILE = (
    HEADING
    + '61433333333,clicksend,true,"Front desk",101,front@example.com\n'
    + "+61411111111,clicksend,false,Sales,102,\n"
    + "\n"
    + "+14055555555,telnyx,true,,103,\n"
)


def settings_file(folder: Path, content: str) -> str:
    """The file, as FS PBX's users export it."""
    path = folder / "settings.csv"
    path.write_text(content, encoding="utf-8-sig")
    return str(path)


def test_a_dry_run_shows_and_changes_nothing(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    before = aws.items()

    ran = cli("import-fspbx", settings_file(tmp_path, FILE), "--dry-run")

    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[1] == ["2", "new", "+61433333333", "101", "front@example.com", "enabled", "Front", "desk"]
    assert rows[2] == ["3", "changed", NUMBER, "102", "disabled", "Sales"]
    assert "Line 5 is passed over: carrier telnyx" in ran.err
    assert aws.items() == before


def test_after_a_yes_the_numbers_are_there(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    ran = cli("import-fspbx", settings_file(tmp_path, FILE), typed="y\n")

    assert ran.code == 0
    assert "Add 1 number and change 1 in textension?" in ran.err
    assert without_times(*aws.numbers.of_account("main")) == [
        NumberSettings(number=NUMBER, account="main", extensions=("102",), label="Sales", enabled=False, version=2),
        NumberSettings(
            number="+61433333333",
            account="main",
            extensions=("101",),
            emails=("front@example.com",),
            label="Front desk",
        ),
    ]


def test_a_second_time_nothing_changes(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    path = settings_file(tmp_path, FILE)
    cli("import-fspbx", path, "--yes")
    before = aws.items()

    answer = cli("import-fspbx", path, "--json").json

    assert (answer["imported"], len(answer["same"]), answer["new"], answer["changed"]) == (False, 2, [], [])
    assert aws.items() == before


def test_without_a_yes_nothing_changes(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    before = aws.items()

    assert cli("import-fspbx", settings_file(tmp_path, FILE), typed="n\n").code == 1
    assert aws.items() == before


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("12,,true,,101,", "not a phone number of AU"),
        ("+61433333333,,perhaps,,101,", "enabled perhaps: true or false"),
        ("+61433333333,,true,,,a@example.com", "has no extension"),
        ("+61433333333,,true,,10 1,", "--extension 10 1"),
        ("+61433333333,,true,,101,nobody", "nobody: not an address"),
        ("+61444444444,,true,,101,", "is on line 2 already"),
        ("+61455555555,,true,,101,", "belongs to another account"),
    ],
)
def test_one_wrong_line_is_named_and_keeps_the_file_out(
    cli: Cli, aws: Backend, tmp_path: Path, line: str, reason: str
) -> None:
    aws.numbers.put(NumberSettings(number="+61455555555", account="other", extensions=("1",)))
    before = aws.items()
    path = settings_file(tmp_path, f"{HEADING}+61444444444,,true,,101,\n{line}\n")

    ran = cli("import-fspbx", path, "--yes")
    answer = cli("import-fspbx", path, "--yes", "--json")

    assert ran.code == answer.code == 1
    assert "Line 3: " in ran.err
    assert reason in ran.err
    assert [one["line"] for one in answer.json["errors"]] == [3]
    assert aws.items() == before


def test_lines_without_an_extension_get_the_one_that_is_given(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    path = settings_file(tmp_path, "destination;email\n+61433333333;a@example.com\n")

    cli("import-fspbx", path, "--extension", "100", "--yes")

    assert aws.numbers.of_account("main")[1].extensions == ("100",)


def test_other_carriers_are_taken_where_asked_for(cli: Cli, tmp_path: Path) -> None:
    path = settings_file(tmp_path, FILE)

    assert len(cli("import-fspbx", path, "--dry-run", "--every-carrier", "--json").json["new"]) == 2


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n"])
def test_a_file_of_something_else_is_a_usage_error(cli: Cli, tmp_path: Path, content: str) -> None:
    ran = cli("import-fspbx", settings_file(tmp_path, content), "--yes")
    assert (ran.code, "destination" in ran.error) == (2, True)


def test_a_file_that_is_not_there(cli: Cli) -> None:
    assert cli("import-fspbx", "nowhere.csv", "--yes").code == 2


def test_standard_input_leaves_nobody_to_ask(cli: Cli, aws: Backend) -> None:
    assert cli("import-fspbx", "-", typed=FILE).code == 2
    assert cli("import-fspbx", "-", "--yes", typed=FILE).code == 0
    assert len(aws.numbers.of_account("main")) == 2
