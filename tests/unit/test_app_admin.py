"""The app API for admins: numbers, the message log, quarantine, opt-outs, health, erasing a person."""

import json
import time
from typing import Any

import boto3
import pytest
from textension.aws.clicksend_accounts import ClickSendAccounts
from textension.aws.table import Table
from textension.clock import HOUR, now_ms
from textension.message import NumberSettings

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, MESSAGES, STRANGER, receive
from tests.unit.test_inbound import outbound
from tests.unit.test_relay import record, relay

NEW = "+61433333333"
ONE = "/admin/numbers/{number}"


def listed(aws: Backend, *numbers: str) -> None:
    """ClickSend lists these for the account."""
    ClickSendAccounts(aws.table).record("main", list(numbers), at=now_ms())


# ---------------------------------------------------------------- numbers


def test_a_number_that_clicksend_lists_can_be_added(aws: Backend) -> None:
    body = {"extensions": ["101", "101", "103"], "emails": ["sales@example.com"], "label": " Service "}
    assert ANA("PUT", ONE, NEW, body=body).code == "number_not_listed"
    wanted = ClickSendAccounts(aws.table).get("main")
    assert wanted is not None
    assert not wanted.lists(NEW)
    listed(aws, NEW)

    added = ANA("PUT", ONE, "0433 333 333", body=body)

    assert added.body == {
        "number": NEW,
        "label": "Service",
        "enabled": True,
        "extensions": ["101", "103"],
        "emails": ["sales@example.com"],
    }
    assert ANA("GET", ONE, NEW).body == added.body
    assert [one["number"] for one in ANA("GET", "/numbers").body["items"]] == [NUMBER, NEW]


def test_another_accounts_number_cannot_be_taken(aws: Backend) -> None:
    ClickSendAccounts(aws.table).record("other", [NUMBER], at=now_ms())
    before = aws.numbers.get(NUMBER, fresh=True)

    assert STRANGER("PUT", ONE, NUMBER, body={"extensions": ["101"]}).code == "conflict"
    assert STRANGER("GET", ONE, NUMBER).code == "not_found"
    assert STRANGER("DELETE", ONE, NUMBER).code == "not_found"
    assert aws.numbers.get(NUMBER, fresh=True) == before


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": []},
        {"extensions": ["10 1"]},
        {"extensions": ["1" * 33]},
        {"extensions": [f"{number}" for number in range(46)]},
        {"extensions": ["101"], "emails": ["nobody"]},
        {"extensions": ["101"], "emails": ["a@example.com\n"]},
        {"extensions": ["101"], "label": "x" * 81},
        {"extensions": ["101"], "enabled": 1},
        {"extensions": ["101"], "enabled": "false"},
        {"extensions": ["101"], "account": "other"},
    ],
)
def test_settings_that_do_not_fit_change_nothing(aws: Backend, body: dict[str, Any]) -> None:
    assert ANA("PUT", ONE, NUMBER, body=body).code == "invalid"
    assert (aws.numbers.get(NUMBER, fresh=True) or pytest.fail("gone")).version == 1


def test_numbers_are_found_by_what_stands_in_them_page_by_page(aws: Backend) -> None:
    for index in range(5):
        number = f"+1202555010{index}"
        label = "Sales" if index % 2 else "Service"
        aws.numbers.put(NumberSettings(number=number, account="main", extensions=(f"20{index}",), label=label))
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2, "q": "SALES"}
    while True:
        page = ANA("GET", "/admin/numbers", query=query).body
        seen += [one["number"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert seen == ["+12025550101", "+12025550103", NUMBER]
    assert [one["number"] for one in ANA("GET", "/admin/numbers", query={"q": "204"}).body["items"]] == ["+12025550104"]


def test_several_numbers_are_changed_and_removed_each_for_itself(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NEW, account="main", extensions=("101",), label="New"))
    changes = {"enabled": False, "emails": ["a@example.com"]}

    changed = ANA("PUT", "/admin/numbers", body={"numbers": [NUMBER, "+61444444444", NEW], "changes": changes})

    assert [(one["number"], one["done"], one["code"]) for one in changed.body["items"]] == [
        (NUMBER, True, None),
        ("+61444444444", False, "not_found"),
        (NEW, True, None),
    ]
    after = aws.numbers.get(NUMBER, fresh=True)
    assert after is not None
    assert (after.enabled, after.emails, after.label) == (False, ("a@example.com",), "Sales")
    removed = ANA("DELETE", "/admin/numbers", query={"number": [NEW, NEW, "+61444444444"]})
    assert [(one["number"], one["done"]) for one in removed.body["items"]] == [(NEW, True), ("+61444444444", False)]
    assert aws.numbers.get(NEW, fresh=True) is None
    assert ANA("DELETE", ONE, NEW).code == "not_found"


# ---------------------------------------------------------------- the message log


def test_the_log_of_several_numbers_is_one_in_order_of_time_page_by_page(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NEW, account="main", extensions=("201",)))
    for index in range(9):
        number = NEW if index % 3 == 0 else NUMBER
        receive(aws, f"L-{index}", f"text {index}", timestamp=str(1700000000 + index), to=number)
    ANA("DELETE", ONE, NEW)  # its texts stay in the log
    days = {"first_day": "2023-11-14", "last_day": "2023-11-15"}
    found: list[str] = []
    query: dict[str, Any] = {"limit": 4, **days}
    while True:
        page = ANA("GET", "/admin/messages", query=query).body
        found += [one["text"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert found == [f"text {index}" for index in reversed(range(9))]
    assert (
        ANA("GET", "/admin/messages", query={"first_day": "2023-11-15", "last_day": "2023-11-16"}).body["items"] == []
    )
    assert STRANGER("GET", "/admin/messages", query=days).body["items"] == []
    assert ANA("GET", "/admin/messages").code == "range_missing"
    assert ANA("GET", "/admin/messages", query={"number": "+61444444444"}).code == "not_found"


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        ("0723-01-26", "9999-12-31", 1),
        ("1970-01-01", "0723-01-26", 0),
        ("2300-01-01", "9999-12-31", 0),
        ("2023-11-15", "2023-11-14", 0),
        ("2024-11-15", "2023-11-14", 0),
    ],
)
def test_days_out_of_all_reason_and_backwards_are_no_error(aws: Backend, first: str, last: str, count: int) -> None:
    receive(aws, "L-1", timestamp="1700000000")

    page = ANA("GET", "/admin/messages", query={"number": NUMBER, "first_day": first, "last_day": last})

    assert (page.status, len(page.body["items"])) == (200, count)


def test_days_the_wrong_way_round_ask_the_table_nothing(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("DynamoDB refuses such bounds, which moto does not")

    monkeypatch.setattr(Table, "log", refuse)
    days = {"first_day": "2024-11-15", "last_day": "2023-11-14"}

    page = ANA("GET", "/admin/messages", query={"number": NUMBER, **days})

    assert (page.status, page.body["items"]) == (200, [])


def test_the_log_is_filtered_within_its_pages(aws: Backend) -> None:
    receive(aws, "F-1", "in")
    receive(aws, "F-2", "other", **{"from": "+12025550101"})
    BEN.send(NUMBER, PEER, "out", "1")

    def texts(**query: str) -> list[str]:
        page = ANA("GET", "/admin/messages", query={"number": NUMBER, **query}).body
        return sorted(one["text"] for one in page["items"])

    assert texts() == ["in", "other", "out"]
    assert texts(peer="0422 222 222") == ["in", "out"]
    assert texts(direction="outbound") == ["out"]
    assert texts(state="received", peer=PEER) == ["in"]
    assert texts(extension="102") == ["in", "other", "out"]
    assert texts(extension="999") == []


# ---------------------------------------------------------------- quarantine, opt-outs


def test_quarantined_posts_are_listed_as_they_came(aws: Backend) -> None:
    for index in range(3):
        receive(aws, f"Q-{index}", f"Grüße {index}", to="+61499999999")

    first = ANA("GET", "/admin/quarantine", query={"limit": 2}).body
    second = ANA("GET", "/admin/quarantine", query={"limit": 2, "cursor": first["next"]}).body

    found = [*first["items"], *second["items"]]
    assert second["next"] is None
    assert {one["reason"] for one in found} == {"number_unknown"}
    assert len({one["id"] for one in found}) == 3
    assert all("Gr%C3%BC" in one["body"] and one["whole"] for one in found)
    assert STRANGER("GET", "/admin/quarantine").body["items"] == []


def test_who_opted_out_is_listed_until_lifted(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NEW, account="main", extensions=("201",)))
    receive(aws, "O-1", "STOP", timestamp="1700000000")
    receive(aws, "O-2", "STOP", timestamp="1700000001", to=NEW)
    receive(aws, "O-3", "STOP", timestamp="1700000002", **{"from": "+12025550101"})
    receive(aws, "O-4", "START", timestamp="1700000003", **{"from": "+12025550101"})

    def found(**query: str) -> list[tuple[str, str]]:
        return [(one["number"], one["peer"]) for one in ANA("GET", "/admin/opt-outs", query=query).body["items"]]

    assert found() == [(NUMBER, PEER), (NEW, PEER)]
    assert found(number=NEW) == [(NEW, PEER)]
    assert STRANGER("DELETE", "/admin/opt-outs/{number}/{peer}", NUMBER, PEER).code == "not_found"
    assert ANA("DELETE", "/admin/opt-outs/{number}/{peer}", NUMBER, PEER).status == 204
    assert ANA("DELETE", "/admin/opt-outs/{number}/{peer}", NUMBER, PEER).code == "not_found"
    assert found() == [(NEW, PEER)]
    assert ANA.send(NUMBER, PEER, "x", "1").status == 202
    [notice] = [item for item in aws.items() if item["sk"].startswith("NOTICE#OPTOUT")]
    assert (notice["data"]["opted_out"], notice["data"]["by"]) == (False, "app:101")


def test_a_stop_after_the_lifting_counts_again_and_one_before_it_does_not(aws: Backend) -> None:
    now = int(time.time())
    receive(aws, "S-1", "STOP", timestamp=str(now - 100))
    ANA("DELETE", "/admin/opt-outs/{number}/{peer}", NUMBER, PEER)

    receive(aws, "S-2", "STOP", timestamp=str(now - 50))
    assert ANA.send(NUMBER, PEER, "x", "1").status == 202
    receive(aws, "S-3", "STOP", timestamp=str(now + 2))
    assert ANA.send(NUMBER, PEER, "x", "2").code == "recipient_opted_out"


# ---------------------------------------------------------------- health


def checks() -> dict[str, str]:
    """The status of each check."""
    return {check["name"]: check["status"] for check in ANA("GET", "/admin/health").body["checks"]}


def test_health_names_what_is_wrong(aws: Backend) -> None:
    assert checks()["clicksend"] == "warn"
    listed(aws, NUMBER)
    assert set(checks().values()) == {"ok"}
    healthy = ANA("GET", "/admin/health").body
    assert healthy["status"] == "ok"
    assert "1 number, none disabled." in [check["summary"] for check in healthy["checks"]]

    outbound(aws, now=now_ms() - HOUR)  # and nobody rang for it
    receive(aws, "H-1", to="+61499999999")
    aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("101",), enabled=False))
    url = boto3.client("sqs").get_queue_url(QueueName="failure_queue")["QueueUrl"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    ClickSendAccounts(aws.table).record_trouble("main", "forbidden", at=now_ms())

    assert checks() == {
        "clicksend": "wrong",
        "oldest_due": "wrong",
        "queue_outbound": "ok",
        "queue_realtime": "ok",
        "queue_push": "ok",
        "queue_email": "ok",
        "queue_failures": "wrong",
        "quarantine": "warn",
        "numbers": "warn",
        "email": "ok",
    }
    summaries = {check["name"]: check["summary"] for check in ANA("GET", "/admin/health").body["checks"]}
    assert summaries["quarantine"].startswith("1 post in quarantine (number_unknown): ")


# ---------------------------------------------------------------- erasing


def test_of_an_erased_person_ids_and_an_opt_out_stay(aws: Backend) -> None:
    receive(aws, "E-1", "canary hello", timestamp="1700000000")
    sent = ANA.send(NUMBER, PEER, "canary reply", "1").body["id"]
    ANA("PUT", "/contacts/{peer}", PEER, body={"name": "canary"})
    receive(aws, "E-2", "canary lost", to="+61499999999")
    receive(aws, "E-3", "hello", **{"from": "+12025550101"})
    message = aws.messages.by_id(sent)
    assert message is not None
    relay(record(message))
    receive(aws, "E-4", "STOP", timestamp=str(int(time.time())))

    erased = ANA("DELETE", "/admin/peers/{peer}", "0422 222 222").body

    assert {name: erased[name] for name in ("complete", "conversations", "messages", "changes", "quarantined")} == {
        "complete": True,
        "conversations": 1,
        "messages": 3,
        "changes": 1,
        "quarantined": 1,
    }
    left = [item for item in aws.items() if "canary" in str(item)]
    assert left == []
    assert [item["sk"] for item in aws.items() if PEER in json.dumps(item, default=str)] == [
        "SUMMARY",
        f"{NUMBER}#{PEER}",
    ]
    assert ANA.send(NUMBER, PEER, "x", "2").code == "recipient_opted_out"
    assert ANA("GET", "/messages/{message_id}", sent).code == "not_found"
    receive(aws, "E-1", "canary hello", timestamp="1700000000")
    assert ANA("GET", MESSAGES, NUMBER, PEER).body["items"] == []
    assert len(ANA("GET", MESSAGES, NUMBER, "+12025550101").body["items"]) == 1


def test_erasing_goes_on_where_its_time_ran_out(aws: Backend) -> None:
    for index in range(3):
        receive(aws, f"E-{index}", f"text {index}", timestamp=str(1700000000 + index))

    first = ANA("DELETE", "/admin/peers/{peer}", PEER, remaining=4_000).body
    assert (first["complete"], first["messages"]) == (False, 0)
    assert len(ANA("GET", MESSAGES, NUMBER, PEER).body["items"]) == 3

    assert ANA("DELETE", "/admin/peers/{peer}", PEER).body["complete"] is True
    assert ANA("GET", MESSAGES, NUMBER, PEER).body["items"] == []


def test_a_former_numbers_texts_are_erased_too(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NEW, account="main", extensions=("201",)))
    receive(aws, "E-1", "canary", to=NEW)
    ANA("DELETE", ONE, NEW)

    assert ANA("DELETE", "/admin/peers/{peer}", PEER).body["messages"] == 1
    assert not [item for item in aws.items() if "canary" in str(item)]
