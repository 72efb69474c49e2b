"""Opt-outs: who is in the list, and who leaves it on their own word only."""

from tests.cli.conftest import Cli
from tests.cli.test_messages import receive
from tests.conftest import NUMBER, PEER, Backend

SEND = ("send", "--from", NUMBER, "--to", PEER, "--yes", "Hello")


def test_nobody_at_first(cli: Cli) -> None:
    assert cli("opt-outs", "list").out == "Nobody has opted out.\n"
    assert cli("opt-outs", "list", "--json").json == []


def test_who_texts_stop_is_listed_since_then(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="Stop.")

    assert cli("opt-outs", "list", "--json").json == [
        {"number": NUMBER, "peer": PEER, "since": "2023-11-14T22:13:21.000Z"}
    ]
    assert cli("opt-outs", "list").out.splitlines()[1].split()[:2] == [NUMBER, PEER]
    assert cli("opt-outs", "list", "--number", "+61433333333", "--json").json == []


def test_a_lifted_one_may_be_texted_and_is_not_listed(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="STOP")
    assert cli(*SEND).code == 1

    ran = cli("opt-outs", "lift", NUMBER, "0422 222 222", "--yes")

    assert ran.out == f"{PEER} may be texted from {NUMBER} again.\n"
    assert cli("opt-outs", "list", "--json").json == []
    assert cli(*SEND).code == 0


def test_without_a_yes_it_stays(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="STOP")

    assert cli("opt-outs", "lift", NUMBER, PEER, typed="n\n").code == 1
    assert len(cli("opt-outs", "list", "--json").json) == 1


def test_where_there_is_none_it_says_so(cli: Cli, aws: Backend) -> None:
    ran = cli("opt-outs", "lift", NUMBER, PEER, "--yes")
    assert (ran.code, ran.error) == (1, "this peer has not opted out of this number")


def test_another_accounts_are_not_seen(cli: Cli, aws: Backend) -> None:
    receive(aws, 1, text="STOP")

    assert cli("opt-outs", "list", "--account", "other", "--json").json == []
    assert cli("opt-outs", "lift", NUMBER, PEER, "--yes", "--account", "other").code == 1
