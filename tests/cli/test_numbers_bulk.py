"""Many numbers at once: from and to CSV, changed alike, beside ClickSend's."""

from pathlib import Path

import pytest
from textension.message import NumberSettings

from tests.cli.conftest import Cli, ClickSend
from tests.conftest import NUMBER, Backend

OTHER = "+61433333333"


def csv(tmp_path: Path, *lines: str) -> str:
    path = tmp_path / "numbers.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_what_is_exported_can_be_imported(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    settings = NumberSettings(
        number=OTHER, account="main", extensions=("7",), label='A "b", c', emails=("a@example.com",), enabled=False
    )
    aws.numbers.put(settings)
    written = cli("numbers", "export").out
    assert written.splitlines()[0] == "number,extensions,label,emails,enabled"

    file = csv(tmp_path, *written.splitlines())
    kept = cli("numbers", "import", file, "--dry-run", "--json").json
    assert [one["does"] for one in kept["numbers"]] == ["keep", "keep"]

    aws.numbers.remove("main", OTHER)
    assert cli("numbers", "import", file, "--yes").code == 0
    again = aws.numbers.get(OTHER, fresh=True)
    assert again is not None
    assert (again.extensions, again.label, again.emails, again.enabled) == (
        ("7",),
        'A "b", c',
        ("a@example.com",),
        False,
    )


def test_a_dry_run_changes_nothing_and_a_no_neither(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    file = csv(tmp_path, "number,extensions", f"{OTHER},101;102")
    assert "add" in cli("numbers", "import", file, "--dry-run").out
    assert cli("numbers", "import", file, typed="n\n").code == 1
    assert aws.numbers.get(OTHER) is None


def test_columns_that_are_not_there_stay(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    cli("numbers", "import", csv(tmp_path, "Number,Extensions", f"{NUMBER},9"), "--yes")
    found = aws.numbers.get(NUMBER, fresh=True)
    assert found is not None
    assert (found.extensions, found.label) == (("9",), "Sales")


def test_errors_come_by_line_and_stop_everything(cli: Cli, aws: Backend, tmp_path: Path) -> None:
    file = csv(
        tmp_path,
        "number,extensions,enabled",
        f"{OTHER},101,yes",
        "12,101,yes",
        "+61444444444,not an extension!,yes",
        "+14055555555,101,perhaps",
        "+14055555666,101",
    )
    ran = cli("numbers", "import", file, "--yes")
    assert ran.code == 2
    assert [part for part in ("line 3:", "line 4:", "line 5:", "line 6:") if part not in ran.error] == []
    assert aws.numbers.get(OTHER) is None


@pytest.mark.parametrize("header", ["nummer,extensions", "extensions", "number,colour"])
def test_an_unknown_header_is_refused(cli: Cli, tmp_path: Path, header: str) -> None:
    assert cli("numbers", "import", csv(tmp_path, header, "x,y"), "--yes").code == 2


def test_several_numbers_change_alike(cli: Cli, aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=OTHER, account="main", extensions=("7",)))
    assert cli("numbers", "change", "--all", "--email", "office@example.com", "--yes").code == 0
    assert {one.emails for one in aws.numbers.of_account("main")} == {("office@example.com",)}
    assert {one.extensions for one in aws.numbers.of_account("main")} == {("7",), ("101", "102")}


def test_a_change_of_nothing_is_refused(cli: Cli) -> None:
    assert cli("numbers", "change", NUMBER, "--yes").code == 2
    assert cli("numbers", "change", "--label", "x", "--yes").code == 2


def test_the_holes_between_ours_and_clicksends(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number="+12025550101", account="main", extensions=("7",)))
    signed_in.control("PUT", "/numbers", numbers=[NUMBER, OTHER])

    ran = local("numbers", "sync", "--json")

    assert ran.code == 1
    holes = {one["number"]: one["hole"] for one in ran.json}
    assert holes[NUMBER] == "textension webhook install"
    assert holes[OTHER].startswith("textension numbers add")
    assert "textension numbers remove +12025550101" in holes["+12025550101"]

    aws.numbers.remove("main", "+12025550101")
    signed_in.control("PUT", "/numbers", numbers=[NUMBER])
    local("webhook", "install", "--yes")
    assert local("numbers", "sync").code == 0
