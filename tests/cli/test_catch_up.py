"""`textension catch-up`: out of ClickSend's history, on demand."""

import pytest
from textension.aws.catch_ups import CatchUps
from textension.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from textension.errors import BadInput
from textension.message import NumberSettings
from textension_cli.catch_up import when

from tests.cli.conftest import Cli, ClickSend
from tests.conftest import PEER
from tests.unit.test_inbound import reasons

NUMBER = "+61433333333"
NOW = 1_764_000_000_000


def texted(clicksend: ClickSend, text: str, *, ago: int) -> None:
    at = (now_ms() - ago) // SECOND
    clicksend.control("POST", "/inbound", **{"from": PEER, "to": NUMBER, "body": text, "timestamp": at})


@pytest.fixture(autouse=True)
def _number(signed_in: ClickSend) -> None:
    settings = NumberSettings(number=NUMBER, account="main", extensions=("101",), added_at=now_ms() - DAY)
    signed_in.aws.numbers.put(settings)


def test_what_is_missing_comes_in_and_a_dry_run_only_counts_it(local: Cli, signed_in: ClickSend) -> None:
    texted(signed_in, "an hour ago", ago=HOUR)
    texted(signed_in, "before its number", ago=2 * DAY)
    CatchUps(signed_in.aws.table).begin("main", now=now_ms())

    assert local("catch-up", "--since", "3d", "--dry-run", "--json").json["counts"] == {"new": 2}
    ran = local("catch-up", "--since", "3d")

    assert ran.code == 0
    assert "1 text taken in" in ran.out
    assert "1 text older than their number" in ran.out
    again = local("catch-up", "--since", "2h", "--json").json
    assert (again["counts"], again["complete"], again["dry_run"]) == ({"seen": 1}, True, False)
    assert reasons(signed_in.aws) == []


def test_without_a_time_it_goes_on_from_the_mark(local: Cli, signed_in: ClickSend) -> None:
    CatchUps(signed_in.aws.table).begin("main", now=now_ms() - HOUR)
    texted(signed_in, "missed", ago=20 * MINUTE)

    assert local("catch-up", "--json").json["counts"] == {"stored": 1}
    assert local("catch-up").out.startswith("1 text there already\nCaught up to ")


def test_a_first_one_has_nothing_to_catch_up(local: Cli, signed_in: ClickSend) -> None:
    assert local("catch-up").out.startswith("Nothing is missing.\n")
    found = CatchUps(signed_in.aws.table).get("main")
    assert found is not None
    assert found.mark > now_ms() - MINUTE


def test_without_an_answer_it_fails_and_says_why(local: Cli, signed_in: ClickSend) -> None:
    signed_in.control("POST", "/faults", mode="429", path="/v3/sms/history", times=1)

    ran = local("catch-up")

    assert (ran.code, ran.error) == (1, "ClickSend did not answer: TOO_MANY_REQUESTS")


def test_without_credentials_it_says_what_to_do(local: Cli, clicksend: ClickSend) -> None:
    clicksend.aws.put_secret("CredentialsSecret", {"account": "main"})
    ran = local("catch-up")
    assert (ran.code, ran.error) == (1, "account main has no credentials yet: textension credentials set")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", NOW - 90 * MINUTE),
        ("2h", NOW - 2 * HOUR),
        (" 3D ", NOW - 3 * DAY),
        ("2025-11-24T15:00:00+00:00", NOW - 1 * HOUR),
    ],
)
def test_when_is_a_time_or_so_long_ago(text: str, at: int) -> None:
    assert when(text, now=NOW) == at


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("soon", "give 90m, 2h or 3d"),
        ("0h", "give 90m"),
        ("2099-01-01T00:00Z", "still to come"),
        ("200d", "four months"),
    ],
)
def test_another_time_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        when(text, now=NOW)
