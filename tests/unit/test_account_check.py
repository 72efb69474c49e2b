"""What ClickSend says of an account: looked at now and then, sooner when asked for, and written down for the API."""

import json
import socket
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import boto3
import httpx
import pytest
from textension import assemble
from textension.account_check import EVERY, MOST, PATIENCE, UNUSABLE, AccountCheck, Look, Standing, is_due
from textension.aws import clients
from textension.aws.clicksend_accounts import ClickSendAccount, ClickSendAccounts
from textension.aws.secrets import CredentialsSecret
from textension.clicksend import client as clicksend_client
from textension.clicksend import listing
from textension.clicksend.answers import Answer
from textension.clicksend.client import ClickSend
from textension.clicksend.credentials import Credentials
from textension.clock import MINUTE, SECOND
from textension.errors import ConfigurationError, NoAnswer, Unavailable

from local.simulator import Credential, Running, running
from tests.conftest import NUMBER, Backend, Context, load_function
from tests.unit.test_inbound import post, push

OTHER = Credential(username="other", api_key="ANOTHER-KEY", subaccount_id=7, user_id=8)
LISTED = frozenset({NUMBER, "+61433333333", "+61444444444", "+14055555555"})
NOW = 1_700_000_000_000
PATH = "/v3/numbers"
ACCOUNT_PATH = "/v3/account"
type Run = Callable[..., list[Look]]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with running(credentials=(Credential(), OTHER)) as one:
        yield one


@pytest.fixture
def clicksend(simulator: Running, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """The simulator's control, and credentials that fit it."""
    monkeypatch.setattr(clicksend_client, "READ_TIMEOUT", 0.5)
    with httpx.Client(base_url=simulator.url) as control:
        control.post("/simulator/reset", json={"all": True})
        aws.put_secret("CredentialsSecret", credentials(simulator))
        yield control


def credentials(simulator: Running, account: str = "main", **changes: str) -> dict[str, str]:
    return {
        "account": account,
        "CLICKSEND_USERNAME": simulator.credential.username,
        "CLICKSEND_API_KEY": simulator.credential.api_key,
        "CLICKSEND_BASE_URL": simulator.url,
        **changes,
    }


@pytest.fixture
def accounts(aws: Backend) -> ClickSendAccounts:
    return ClickSendAccounts(aws.table)


@pytest.fixture
def look(aws: Backend, accounts: ClickSendAccounts) -> Run:
    """Looks at what is due at a time."""
    secret = CredentialsSecret(aws.secrets["CredentialsSecret"])

    def run(at: int = NOW, *, remaining: int = 30_000) -> list[Look]:
        check = AccountCheck(accounts=accounts, secret=secret, allow_http=True, clock=lambda: at)
        return check.run(remaining=lambda: remaining)

    return run


def fault(clicksend: httpx.Client, mode: str, **options: Any) -> None:
    order = {"mode": mode, "path": PATH, **options}
    assert clicksend.post("/simulator/faults", json=order).status_code == 200


def stands(clicksend: httpx.Client, **settings: object) -> None:
    """From now on the account stands like this."""
    assert clicksend.put("/simulator/settings", json=settings).status_code == 200


def seen(account: str = "main", balance: str = "1000", state: Any = "active") -> Look:
    """A look that found out everything."""
    return Look(account, standing=Standing(Decimal(balance), state, usable=state in {"active", "on_trial"}))


def has(clicksend: httpx.Client, *numbers: str) -> None:
    """From now on the account has these numbers."""
    assert clicksend.put("/simulator/numbers", json={"numbers": numbers}).status_code == 200


def known(accounts: ClickSendAccounts, account: str = "main") -> ClickSendAccount:
    found = accounts.get(account)
    assert found is not None
    return found


# ---------------------------------------------------------------- what ClickSend is asked


def client(simulator: Running, **changes: str) -> ClickSend:
    entry = credentials(simulator, **changes)
    return ClickSend(
        Credentials("main", entry["CLICKSEND_USERNAME"], entry["CLICKSEND_API_KEY"], entry["CLICKSEND_BASE_URL"]),
        allow_http=True,
    )


def test_the_accounts_numbers_are_read(clicksend: httpx.Client, simulator: Running) -> None:
    assert client(simulator).numbers() == LISTED


def test_all_pages_are_read(clicksend: httpx.Client, simulator: Running) -> None:
    numbers = [f"+1202555{number:04d}" for number in range(100, 350)]
    has(clicksend, *numbers)

    assert client(simulator).numbers() == set(numbers)


def test_no_page_is_asked_for_without_time(clicksend: httpx.Client, simulator: Running) -> None:
    has(clicksend, *(f"+1202555{number:04d}" for number in range(100, 350)))
    left = iter([20_000, 18_000, 17_999])

    with pytest.raises(NoAnswer, match="OUT_OF_TIME"):
        client(simulator).numbers(remaining=lambda: next(left))


def test_an_account_without_numbers_has_none(clicksend: httpx.Client, simulator: Running) -> None:
    has(clicksend)

    assert client(simulator).numbers() == frozenset()


def test_only_numbers_in_e164_count(clicksend: httpx.Client, simulator: Running) -> None:
    has(clicksend, "12345", "BUSINESS", NUMBER)

    assert client(simulator).numbers() == {NUMBER}


@pytest.mark.parametrize("mode", ["401", "403"])
def test_refused_credentials_are_the_operators_matter(clicksend: httpx.Client, simulator: Running, mode: str) -> None:
    fault(clicksend, mode)

    with pytest.raises(ConfigurationError, match="CLICKSEND_API_KEY"):
        client(simulator).numbers()


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("400", "HTTP_400"),
        ("500", "HTTP_500"),
        ("redirect", "HTTP_302"),
        ("not_json", "UNREADABLE_ANSWER"),
        ("huge", "UNREADABLE_ANSWER"),
        ("reset", "CONNECTION_LOST"),
        ("hang", "ANSWER_TIMED_OUT"),
    ],
)
def test_no_usable_answer_has_a_reason(clicksend: httpx.Client, simulator: Running, mode: str, reason: str) -> None:
    fault(clicksend, mode)
    one = client(simulator)

    with pytest.raises(NoAnswer) as lost:
        one.numbers()

    assert (lost.value.reason, lost.value.retry_after) == (reason, None)
    assert one.numbers() == LISTED


def test_what_clicksend_asks_to_wait_is_kept(clicksend: httpx.Client, simulator: Running) -> None:
    fault(clicksend, "429", retry_after=39)

    with pytest.raises(NoAnswer) as lost:
        client(simulator).numbers()

    assert (lost.value.reason, lost.value.retry_after) == ("TOO_MANY_REQUESTS", 39 * SECOND)


def row(number: object = NUMBER, **changes: object) -> dict[str, object]:
    return {"dedicated_number": number, "country": "AU", "type": "sms", **changes}


def page(*rows: object, last: object = 1) -> dict[str, object]:
    return {"total": len(rows), "last_page": last, "data": list(rows)}


def answer(data: object, *, status: int = 200, code: object = 200) -> Answer:
    return Answer(status, {}, json.dumps({"http_code": code, "response_code": "SUCCESS", "data": data}).encode())


@pytest.mark.parametrize(
    ("data", "numbers"),
    [
        (page(row()), {NUMBER}),
        (page(row(), last="1"), {NUMBER}),
        (page(row(type="SMS"), row("+61433333333", type="mms")), {NUMBER}),
        (page(row(type=None)), {NUMBER}),
        (page({"dedicated_number": NUMBER}), {NUMBER}),
        (page(row(f" {NUMBER} "), row("+61411111111")), {NUMBER}),
        (page(row("12345", number_type="shortcode"), row("61411111111")), set()),
        (page(row(None), row(), "a row?"), {NUMBER}),
        (page(last=0), set()),
        ({"total": 0, "last_page": 0}, set()),
        ({"total": 0, "data": None}, set()),
        ([], set()),
        (None, set()),
    ],
)
def test_a_list_is_read_tolerantly(data: object, numbers: set[str]) -> None:
    assert listing.read(answer(data), now=NOW).numbers == numbers


@pytest.mark.parametrize(
    "data",
    ["", 0, [row()], page(row(), last=None), page(row(), last="many"), page("row"), page(row(None)), {"data": 1}],
)
def test_half_a_list_is_no_list(data: object) -> None:
    with pytest.raises(NoAnswer, match="UNREADABLE_ANSWER"):
        listing.read(answer(data), now=NOW)


@pytest.mark.parametrize("code", [None, 0, "OK", True, [200]])
def test_an_answer_outside_the_envelope_is_no_list(code: object) -> None:
    with pytest.raises(NoAnswer, match="UNREADABLE_ANSWER"):
        listing.read(answer(None, code=code), now=NOW)


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(ConfigurationError):
        listing.read(answer(None, code=401), now=NOW)
    with pytest.raises(NoAnswer, match="HTTP_500"):
        listing.read(answer(None, code="500"), now=NOW)


# ---------------------------------------------------------------- what is written down


def test_the_first_look_writes_the_numbers_down(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    assert accounts.get("main") is None

    assert look() == [seen("main")]

    found = known(accounts)
    assert found == ClickSendAccount(account="main", numbers=LISTED, checked_at=NOW, tried_at=NOW, version=1)
    assert found.lists(NUMBER)
    assert not found.lists("+12025550101")


def test_the_next_look_is_ten_minutes_later(accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run) -> None:
    look()
    has(clicksend, NUMBER)

    assert look(NOW + EVERY - 1) == []
    assert known(accounts).numbers == LISTED
    assert look(NOW + EVERY) == [seen("main")]
    assert known(accounts).numbers == {NUMBER}
    assert known(accounts).checked_at == NOW + EVERY


def test_a_wanted_look_is_the_next_one(accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run) -> None:
    look()
    has(clicksend, NUMBER, "+12025550101")
    accounts.want("main", NOW + SECOND)

    assert look(NOW + PATIENCE - 1) == []
    assert look(NOW + PATIENCE) == [seen("main")]
    assert known(accounts).lists("+12025550101")
    assert look(NOW + 2 * PATIENCE) == []


def test_what_is_wanted_during_a_look_is_looked_at_again(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    accounts.want("main", NOW + SECOND)

    assert look(NOW) == [seen("main")]
    assert look(NOW + PATIENCE) == [seen("main")]


def test_a_number_that_is_gone_at_clicksend_is_gone_here(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    look()
    has(clicksend)

    look(NOW + EVERY)

    assert known(accounts).numbers == frozenset()


def test_trouble_is_written_down_and_keeps_the_numbers(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    look()
    fault(clicksend, "500")

    assert look(NOW + EVERY) == [Look("main", "HTTP_500")]

    found = known(accounts)
    assert (found.numbers, found.checked_at, found.tried_at) == (LISTED, NOW, NOW + EVERY)
    assert found.trouble == "HTTP_500"
    assert look(NOW + 2 * EVERY) == [seen("main")]
    assert known(accounts).trouble == ""


def test_clicksend_is_left_alone_as_long_as_it_asks_to_be(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    fault(clicksend, "429", retry_after=600 + 39)
    assert look() == [Look("main", "TOO_MANY_REQUESTS")]
    accounts.want("main", NOW + SECOND)

    assert look(NOW + EVERY) == []
    assert look(NOW + EVERY + 39 * SECOND) == [seen("main")]
    assert known(accounts).wait_until is None


def test_refused_credentials_are_trouble_and_corrected_ones_are_used_at_once(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_API_KEY="WRONG"))
    assert look() == [Look("main", "CREDENTIALS_REFUSED")]
    aws.put_secret("CredentialsSecret", credentials(simulator))
    accounts.want("main", NOW + SECOND)

    assert look(NOW + PATIENCE) == [seen("main")]


@pytest.mark.parametrize("missing", ["CLICKSEND_USERNAME", "CLICKSEND_API_KEY"])
def test_without_credentials_it_is_said_once_and_looked_at_as_soon_as_there_are_some(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, simulator: Running, missing: str
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, **{missing: ""}))
    assert look() == [Look("main", UNUSABLE)]
    assert look(NOW + EVERY) == []
    assert (known(accounts).trouble, known(accounts).version) == (UNUSABLE, 1)

    aws.put_secret("CredentialsSecret", credentials(simulator))

    assert look(NOW + MINUTE) == [seen("main")]
    assert known(accounts).numbers == LISTED


def test_an_address_that_cannot_be_right_is_trouble(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_BASE_URL="https://rest.clicksend.com/v3"))

    assert look() == [Look("main", "ADDRESS_UNUSABLE")]
    assert look(NOW + MINUTE) == []


def test_one_accounts_trouble_keeps_no_other_waiting(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, simulator: Running
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    aws.put_secret(
        "CredentialsSecret",
        [
            credentials(simulator, "fresh", CLICKSEND_API_KEY=""),
            credentials(simulator, "lost", CLICKSEND_BASE_URL=nobody),
            credentials(simulator, "other", CLICKSEND_USERNAME=OTHER.username, CLICKSEND_API_KEY=OTHER.api_key),
            credentials(simulator, "other", CLICKSEND_API_KEY="a second entry does not count"),
        ],
    )

    assert look() == [Look("fresh", UNUSABLE), Look("lost", "CONNECTION_REFUSED"), seen("other")]
    assert known(accounts, "other").numbers == LISTED


def test_who_waited_longest_is_first(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", [credentials(simulator, name) for name in ("one", "two", "three")])
    accounts.record("one", [], at=NOW - EVERY)
    accounts.record("two", [], at=NOW - 2 * EVERY)

    assert look() == [seen("three"), seen("two"), seen("one")]


def test_many_accounts_are_asked_for_in_several_runs_and_those_without_credentials_are_in_nobodys_way(
    aws: Backend, clicksend: httpx.Client, look: Run, simulator: Running
) -> None:
    names = [f"account-{number:02d}" for number in range(MOST + 2)]
    empty = [credentials(simulator, f"empty-{number:02d}", CLICKSEND_API_KEY="") for number in range(MOST)]
    aws.put_secret("CredentialsSecret", [*empty, *(credentials(simulator, name) for name in names)])

    first = look()
    assert [one.account for one in first if not one.trouble] == names[:MOST]
    assert [one.trouble for one in first if one.trouble] == [UNUSABLE] * MOST
    assert [one.account for one in look(NOW + MINUTE)] == names[MOST:]
    assert look(NOW + 2 * MINUTE) == []


def test_without_time_nobody_is_asked(accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run) -> None:
    assert look(remaining=20_999) == []
    assert accounts.get("main") is None
    assert look(remaining=21_000) == [seen("main")]


def test_a_table_that_does_not_take_it_is_one_accounts_trouble(
    aws: Backend, accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for verb in ("get", "update"):
        with monkeypatch.context() as patch:
            patch.setattr(aws.table, verb, out_of_reach)
            assert look() == [Look("main", "TABLE_UNAVAILABLE")]

    assert accounts.get("main") is None


def out_of_reach(*_: object) -> None:
    raise Unavailable("DynamoDB did not answer")


def test_a_slow_look_is_not_written_over_a_later_one(accounts: ClickSendAccounts) -> None:
    accounts.record("main", [NUMBER], at=NOW)

    accounts.record("main", [], at=NOW - SECOND)
    accounts.record_trouble("main", "HTTP_500", at=NOW - SECOND)

    assert known(accounts) == ClickSendAccount(
        account="main", numbers=frozenset({NUMBER}), checked_at=NOW, tried_at=NOW, version=1
    )


def test_asking_and_looking_do_not_disturb_each_other(accounts: ClickSendAccounts) -> None:
    accounts.want("main", NOW)
    assert known(accounts) == ClickSendAccount(account="main", wanted_at=NOW, version=1)
    accounts.record("main", [NUMBER], at=NOW + 1)
    accounts.want("main", NOW + 2)
    accounts.want("main", NOW + 1)

    found = known(accounts)
    assert (found.lists(NUMBER), found.tried_at, found.wanted_at) == (True, NOW + 1, NOW + 2)


@pytest.mark.parametrize(
    ("account", "due"),
    [
        ({}, True),
        ({"wanted_at": NOW}, True),
        ({"tried_at": NOW - EVERY + 1}, False),
        ({"tried_at": NOW - EVERY}, True),
        ({"tried_at": NOW - PATIENCE, "wanted_at": NOW - PATIENCE}, False),
        ({"tried_at": NOW - PATIENCE, "wanted_at": NOW - PATIENCE + 1}, True),
        ({"tried_at": NOW - PATIENCE + 1, "wanted_at": NOW}, False),
        ({"tried_at": NOW - EVERY, "wait_until": NOW + 1}, False),
        ({"tried_at": NOW - EVERY, "wait_until": NOW}, True),
        ({"tried_at": NOW - EVERY + 1, "trouble": "HTTP_500"}, False),
        ({"tried_at": NOW, "trouble": UNUSABLE}, True),
    ],
)
def test_when_a_look_is_due(account: dict[str, Any], due: bool) -> None:
    assert is_due(ClickSendAccount(account="main", **account), NOW) is due


# ---------------------------------------------------------------- how the account stands


@pytest.mark.parametrize(
    ("settings", "look_found"),
    [
        ({"balance": "3.5"}, seen(balance="3.5")),
        ({"balance": "-0.25"}, seen(balance="-0.25")),
        ({"on_trial": True}, seen(state="on_trial")),
        ({"active": False}, seen(state="not_active")),
        ({"banned": True, "active": False, "on_trial": True}, seen(state="banned")),
    ],
)
def test_a_look_tells_how_the_account_stands(
    clicksend: httpx.Client, look: Run, settings: dict[str, object], look_found: Look
) -> None:
    stands(clicksend, **settings)

    assert look() == [look_found]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("500", "HTTP_500"),
        ("401", "CREDENTIALS_REFUSED"),
        ("403", "ACCOUNT_NOT_SHOWN"),
        ("not_json", "UNREADABLE_ANSWER"),
    ],
)
def test_an_account_that_is_not_shown_is_trouble_that_keeps_the_numbers(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run, mode: str, reason: str
) -> None:
    fault(clicksend, mode, path=ACCOUNT_PATH)

    assert look() == [Look("main", reason)]
    assert (known(accounts).numbers, known(accounts).trouble) == (LISTED, "")
    assert look(NOW + EVERY) == [seen()]


def test_clicksend_is_left_alone_when_it_asks_so_for_the_account(
    accounts: ClickSendAccounts, clicksend: httpx.Client, look: Run
) -> None:
    fault(clicksend, "429", path=ACCOUNT_PATH, retry_after=600 + 39)

    assert look() == [Look("main", "TOO_MANY_REQUESTS")]
    assert look(NOW + EVERY) == []
    assert look(NOW + EVERY + 39 * SECOND) == [seen()]


def test_the_account_is_not_asked_for_without_time(
    accounts: ClickSendAccounts, aws: Backend, clicksend: httpx.Client
) -> None:
    left = iter([21_000, 21_000, 20_999])
    secret = CredentialsSecret(aws.secrets["CredentialsSecret"])
    check = AccountCheck(accounts=accounts, secret=secret, allow_http=True, clock=lambda: NOW)

    assert check.run(remaining=lambda: next(left)) == [Look("main", "OUT_OF_TIME")]
    assert known(accounts).numbers == LISTED


# ---------------------------------------------------------------- the function


def sweep(remaining: int = 30_000) -> dict[str, int]:
    done: dict[str, int] = load_function("sweeper").handler({}, Context(remaining))
    return done


def metric(printed: str, name: str) -> float:
    """The sum of a metric in what a function printed."""
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return sum(float(value) for line in lines for value in line.get(name, []))


def test_the_sweeper_looks_and_counts(
    accounts: ClickSendAccounts, clicksend: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep() == {}
    assert sweep() == {}

    printed = capsys.readouterr().out
    assert known(accounts).numbers == LISTED
    assert (metric(printed, "ClickSendChecked"), metric(printed, "ClickSendCheckFailed")) == (1, 0)


def test_trouble_at_clicksend_is_counted_and_logged_without_secrets(
    clicksend: httpx.Client, simulator: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    fault(clicksend, "403")

    sweep()

    printed = capsys.readouterr().out
    assert metric(printed, "ClickSendCheckFailed") == 1
    assert "CREDENTIALS_REFUSED" in printed
    assert simulator.credential.api_key not in printed
    assert NUMBER not in printed


def test_a_fresh_stack_has_no_credentials_and_no_failure(
    aws: Backend, accounts: ClickSendAccounts, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep()

    printed = capsys.readouterr().out
    assert known(accounts).trouble == UNUSABLE
    assert (metric(printed, "ClickSendChecked"), metric(printed, "ClickSendCheckFailed")) == (0, 0)


@pytest.mark.parametrize(
    ("settings", "balance", "unusable", "reason"),
    [
        ({"balance": "12.345678"}, 12.345678, 0, ""),
        ({"balance": "-1"}, -1, 0, ""),
        ({"banned": True}, 1000, 1, "BANNED"),
        ({"active": False}, 1000, 1, "NOT_ACTIVE"),
        ({"on_trial": True}, 1000, 0, "ON_TRIAL"),
    ],
)
def test_the_sweeper_publishes_balance_and_state(
    clicksend: httpx.Client,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, object],
    balance: float,
    unusable: int,
    reason: str,
) -> None:
    stands(clicksend, **settings)

    sweep()

    printed = capsys.readouterr().out
    assert metric(printed, "ClickSendBalance") == balance
    assert ('"ClickSendAccountUnusable"' in printed, metric(printed, "ClickSendAccountUnusable")) == (True, unusable)
    assert (reason in printed) if reason else ("not in order" not in printed)


def test_the_lowest_of_several_balances_is_among_those_published(
    aws: Backend, clicksend: httpx.Client, simulator: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.put_secret("CredentialsSecret", [credentials(simulator, name) for name in ("one", "two")])

    sweep()

    [line] = [one for one in map(json.loads, capsys.readouterr().out.splitlines()) if "ClickSendBalance" in one]
    assert (line["ClickSendBalance"], line["ClickSendAccountUnusable"]) == ([1000, 1000], [0, 0])
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


@pytest.mark.parametrize("mode", ["", "401", "403", "500", "not_json", "redirect"])
def test_nothing_of_clicksends_account_is_logged_or_kept_but_balance_and_state(
    aws: Backend, clicksend: httpx.Client, capsys: pytest.CaptureFixture[str], simulator: Running, mode: str
) -> None:
    shown = httpx.get(
        f"{simulator.url}{ACCOUNT_PATH}", auth=(simulator.credential.username, simulator.credential.api_key)
    )
    body = shown.json()["data"]
    canaries = [body["_subaccount"]["api_key"], body["user_email"], body["account_name"], body["user_first_name"]]
    assert canaries[0] == simulator.credential.api_key
    if mode:
        fault(clicksend, mode, path=ACCOUNT_PATH)

    sweep()

    captured = capsys.readouterr()
    told = captured.out + captured.err + repr(aws.items()) + repr(assemble.account_check())
    assert ("ClickSendBalance" in told) is not bool(mode)
    assert [one for one in canaries if one in told] == []


@pytest.mark.parametrize("broken", ["secret", "environment"])
def test_a_look_that_fails_does_not_harm_the_sweep(
    aws: Backend, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    post(aws, push())
    overdue(aws)
    if broken == "secret":
        boto3.client("secretsmanager").put_secret_value(
            SecretId=aws.secrets["CredentialsSecret"], SecretString="not JSON"
        )
    else:
        monkeypatch.delenv("CREDENTIALS_SECRET_ARN")

    assert sweep() == {"announced": 1}

    printed = capsys.readouterr().out
    assert (metric(printed, "Swept"), metric(printed, "ClickSendCheckFailed")) == (1, 1)
    assert len(aws.events()) == 1


def overdue(aws: Backend) -> None:
    """Whatever waits is due now."""
    for item in aws.items():
        if "due_at" in item:
            boto3.client("dynamodb").update_item(
                TableName=aws.table_name,
                Key={"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}},
                UpdateExpression="SET due_at = :due, changed_at = :due",
                ExpressionAttributeValues={":due": {"N": "1"}},
            )


def test_a_look_is_one_read_a_minute_and_one_write_when_it_is_due(
    clicksend: httpx.Client, figure: Callable[[str], None]
) -> None:
    assemble.relay(), assemble.account_check().secret.accounts()
    calls: list[str] = []
    for one in (clients.dynamodb(), clients.secretsmanager()):
        one.meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    looks = assemble.account_check().run(remaining=lambda: 30_000)
    due, calls[:] = list(calls), []
    idle = assemble.account_check().run(remaining=lambda: 30_000)

    assert (looks, due) == ([seen("main")], ["GetItem", "GetSecretValue", "UpdateItem"])
    assert (idle, calls) == ([], ["GetItem"])
    figure(f"requests of a look at ClickSend: {due} and 2 HTTP requests; {calls} where none is due")
