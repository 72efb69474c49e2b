"""Numbers: added, changed, listed, removed, and never taken from another account."""

from datetime import UTC, datetime

import pytest
from textension.message import NumberSettings

from tests.cli.conftest import Cli, without_times
from tests.conftest import NUMBER, Backend, forget

NEW = "+61433333333"


def test_a_number_is_added_in_its_one_form(cli: Cli, aws: Backend) -> None:
    ran = cli("numbers", "add", "0433 333 333", "--extension", "101", "--extension", "desk.2", "--label", "Support")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"Added {NEW} to account main."
    settings = NumberSettings(number=NEW, account="main", extensions=("101", "desk.2"), label="Support")
    assert without_times(aws.numbers.get(NEW)) == [settings]


def test_adding_again_changes_only_what_is_given_and_shows_it(cli: Cli, aws: Backend) -> None:
    ran = cli("numbers", "add", NUMBER, "--extension", "101", "--email", "sales@example.com", "--disabled")
    assert ran.out.splitlines() == [
        f"Changed {NUMBER}.",
        "  extensions    101, 102 → 101",
        "  emails        none → sales@example.com",
        "  enabled       enabled → disabled",
    ]
    assert without_times(*aws.numbers.of_account("main")) == [
        NumberSettings(
            number=NUMBER,
            account="main",
            extensions=("101",),
            emails=("sales@example.com",),
            label="Sales",
            enabled=False,
            version=2,
        )
    ]


def test_what_is_so_already_is_not_written(cli: Cli, aws: Backend) -> None:
    ran = cli("numbers", "add", NUMBER, "--extension", "101", "--extension", "102", "--extension", "101")
    assert (ran.code, ran.out) == (0, f"{NUMBER} is like that already: nothing has changed.\n")
    forget()
    assert aws.numbers.of_account("main")[0].version == 1


def test_an_empty_value_takes_away(cli: Cli, aws: Backend) -> None:
    cli("numbers", "add", NUMBER, "--email", "sales@example.com")
    ran = cli("numbers", "add", NUMBER, "--email", "", "--label", "", "--json")
    assert ran.json["changes"] == {
        "emails": {"from": ["sales@example.com"], "to": []},
        "label": {"from": "Sales", "to": ""},
    }
    assert ran.json["created"] is False


def test_many_extensions_can_all_change_at_once(cli: Cli, aws: Backend) -> None:
    for start in (0, 100):
        options = [word for number in range(start, start + 48) for word in ("--extension", str(number))]
        assert cli("numbers", "add", NEW, *options).code == 0
    assert len([item for item in aws.items() if item["sk"] == f"NUMBER#{NEW}"]) == 49


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((NEW,), "is new: give at least one --extension"),
        ((NEW, "--extension", "a b"), "--extension a b: an extension has"),
        ((NEW, "--extension", "x" * 33), "an extension has up to 32"),
        ((NEW, "--extension", "10#1"), "--extension 10#1"),
        ((NEW, "--extension", ""), "1 to 48 extensions: 0 were given"),
        ((NEW, "--extension", "1", "--email", "nobody"), "--email nobody"),
        ((NEW, "--extension", "1", "--email", "a@b"), "--email a@b"),
        ((NEW, "--extension", "1", "--email", "Bob <bob@example.com>"), "--email Bob"),
        ((NEW, "--extension", "1", "--label", "x" * 81), "--label: at most 80"),
        (("12", "--extension", "1"), "12: not a phone number of AU"),
        (("MyBank", "--extension", "1"), "MyBank: not a phone number"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_written(
    cli: Cli, aws: Backend, options: tuple[str, ...], words: str
) -> None:
    before = aws.items()
    ran = cli("numbers", "add", *options)
    assert ran.code == 2
    assert words in ran.error
    assert aws.items() == before


def test_another_accounts_number_is_a_conflict(cli: Cli, aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NEW, account="other", extensions=("1",)))
    ran = cli("numbers", "add", NEW, "--extension", "101")
    assert (ran.code, ran.error) == (1, f"{NEW} belongs to another account")
    assert cli("numbers", "show", NEW).code == cli("numbers", "remove", NEW, "--yes").code == 1
    assert cli("numbers", "show", NEW, "--account", "other").code == 0


def test_the_list_is_complete_and_in_order(cli: Cli) -> None:
    cli("numbers", "add", NEW, "--extension", "101", "--disabled")
    ran = cli("numbers", "list")
    assert [line.split() for line in ran.out.splitlines()] == [
        ["Number", "State", "Label", "Extensions", "E-mail"],
        [NUMBER, "enabled", "Sales", "101,", "102"],
        [NEW, "disabled", "101"],
    ]
    assert [one["number"] for one in cli("numbers", "list", "--json").json] == [NUMBER, NEW]


def test_an_empty_account_is_told_how_to_begin(cli: Cli) -> None:
    ran = cli("numbers", "list", "--account", "other")
    assert "textension numbers add" in ran.out
    assert cli("numbers", "list", "--account", "other", "--json").json == []


def test_one_number_is_shown(cli: Cli) -> None:
    assert "Label       Sales" in cli("numbers", "show", NUMBER).out
    shown = cli("numbers", "show", "0411 111 111", "--json").json
    assert datetime.fromisoformat(shown.pop("added_at")) <= datetime.now(UTC)
    assert shown == {
        "number": NUMBER,
        "account": "main",
        "extensions": ["101", "102"],
        "emails": [],
        "label": "Sales",
        "enabled": True,
        "version": 1,
    }


def test_a_number_is_removed_only_after_a_yes(cli: Cli, aws: Backend) -> None:
    refused = cli("numbers", "remove", NUMBER, typed="n\n")
    assert refused.code == 1
    assert "from account main of textension?" in refused.err
    assert cli("numbers", "show", NUMBER).code == 0

    assert cli("numbers", "remove", NUMBER, typed="y\n").code == 0
    assert aws.numbers.get(NUMBER, fresh=True) is None
    assert [item["sk"] for item in aws.items()] == [f"FORMERNUMBER#{NUMBER}"]


def test_a_removal_can_do_without_the_question(cli: Cli) -> None:
    assert cli("numbers", "remove", NUMBER, "--yes", "--json").json["removed"]["number"] == NUMBER
    again = cli("numbers", "remove", NUMBER, "--yes")
    assert (again.code, again.error) == (
        1,
        f"{NUMBER} is not a number of account main: see textension numbers list",
    )
