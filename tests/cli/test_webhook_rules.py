"""ClickSend's rules: made, repaired, rotated, removed; other tools' rules are left alone."""

from typing import Any

import pytest
from textension.clock import DAY, iso, now_ms
from textension_cli import webhook_proof, webhook_rotation

from tests.cli.conftest import Cli, ClickSend
from tests.conftest import NUMBER, Backend

BASE = "http://127.0.0.1:8080/webhook/clicksend"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy of the webhook to wait for."""
    monkeypatch.setattr(webhook_rotation, "SETTLE", 0)


@pytest.fixture
def installed(local: Cli, signed_in: ClickSend) -> ClickSend:
    """With both rules."""
    assert local("webhook", "install", "--yes").code == 0
    return signed_in


def rule(**changes: Any) -> dict[str, Any]:
    whole = {
        "dedicated_number": NUMBER,
        "rule_name": "by-hand",
        "message_search_type": 0,
        "message_search_term": "",
        "action": "URL",
        "action_address": "http://127.0.0.1:9/other-tool",
        "enabled": 1,
        "webhook_type": "post",
    }
    return whole | changes


def put(there: ClickSend, **changes: Any) -> None:
    """Change our inbound rule at ClickSend."""
    [mine] = [one for one in there.rules() if one["rule_name"].startswith("textension-local_main_")]
    there.ask("PUT", f"/v3/automations/sms/inbound/{mine['inbound_rule_id']}", mine | changes)


def problems(local: Cli) -> list[tuple[str, str]]:
    ran = local("webhook", "check", "--json")
    found = [(one["do"], one["problem"]) for one in ran.json["deviations"]]
    assert ran.code == (1 if found else 0)
    return found


def test_one_rule_for_each_number_and_one_for_receipts(local: Cli, installed: ClickSend, aws: Backend) -> None:
    [text], [receipts] = installed.rules(), installed.rules("receipts")
    assert (text["dedicated_number"], text["action_address"]) == (NUMBER, f"{BASE}/sms/{aws.token}")
    assert (text["webhook_type"], text["enabled"], text["message_search_type"]) == ("post", 1, 0)
    assert (receipts["action_address"], receipts["match_type"]) == (f"{BASE}/receipt/{aws.token}", 0)
    assert problems(local) == []


def test_installing_again_changes_nothing(local: Cli, installed: ClickSend) -> None:
    before = installed.rules()
    assert local("webhook", "install", "--json").json["changed"] == []
    assert installed.rules() == before


def test_it_asks_first(local: Cli, signed_in: ClickSend) -> None:
    assert local("webhook", "install", typed="n\n").code == 1
    assert signed_in.rules() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"action_address": "http://127.0.0.1:9/elsewhere"}, "elsewhere"),
        ({"action_address": f"{BASE}/sms/retired"}, "dead_token"),
        ({"action": "EMAIL_USER"}, "elsewhere"),
        ({"enabled": 0}, "disabled"),
        ({"message_search_type": 1, "message_search_term": "hi"}, "altered"),
        ({"webhook_type": "get"}, "altered"),
    ],
)
def test_a_changed_rule_is_named_and_repaired(
    local: Cli, installed: ClickSend, changes: dict[str, Any], problem: str
) -> None:
    put(installed, **changes)

    assert problems(local) == [("repair", problem)]
    assert local("webhook", "install", "--yes").code == 0

    assert problems(local) == []
    assert len(installed.rules()) == 1


def test_strays_duplicates_and_rules_for_every_number_go(local: Cli, installed: ClickSend, aws: Backend) -> None:
    ours = f"{BASE}/sms/{aws.token}"
    for one in (
        rule(action_address=ours),
        rule(action_address=ours, dedicated_number="*"),
        rule(action_address=ours, dedicated_number="+61444444444"),
    ):
        installed.ask("POST", "/v3/automations/sms/inbound", one)

    assert {problem for _, problem in problems(local)} == {"duplicate", "every_number", "stray"}
    local("webhook", "install", "--yes")

    assert len(installed.rules()) == 1


def test_a_rule_made_by_hand_is_taken_over(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    signed_in.ask("POST", "/v3/automations/sms/inbound", rule(action_address=f"{BASE}/sms/{aws.token}"))
    local("webhook", "install", "--yes")
    assert [one["rule_name"] for one in signed_in.rules()] == ["by-hand"]


def test_rules_of_other_tools_and_other_accounts_stay(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    mine = signed_in.secret("WebhookSecret")
    aws.put_secret("WebhookSecret", [mine, {"account": "other", "WEBHOOK_TOKEN": "theirs"}])
    signed_in.ask("POST", "/v3/automations/sms/inbound", rule(dedicated_number="*"))
    signed_in.ask("POST", "/v3/automations/sms/inbound", rule(action_address=f"{BASE}/sms/theirs"))

    local("webhook", "install", "--yes")
    local("webhook", "remove", "--yes")

    assert [one["rule_name"] for one in signed_in.rules()] == ["by-hand", "by-hand"]
    assert signed_in.rules("receipts") == []


def test_no_output_of_a_check_holds_the_token(local: Cli, installed: ClickSend, aws: Backend) -> None:
    put(installed, enabled=0)
    shown = local("webhook", "check").out + local("webhook", "check", "--json").out
    assert aws.token not in shown


def test_an_account_without_a_token_is_given_one(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    aws.put_secret("WebhookSecret", {"account": "other", "WEBHOOK_TOKEN": "theirs"})
    assert local("webhook", "install", "--yes").code == 0
    theirs, ours = signed_in.secret("WebhookSecret")
    assert theirs["WEBHOOK_TOKEN"] == "theirs"
    assert len(ours["WEBHOOK_TOKEN"]) >= 43


# ------------------------------------------------------------ rotation


def test_a_rotation_moves_the_rules_and_leaves_the_old_token_open(
    local: Cli, installed: ClickSend, aws: Backend
) -> None:
    assert local("webhook", "rotate", "--yes").code == 0

    secret = installed.secret("WebhookSecret")
    assert secret["WEBHOOK_TOKEN_PREVIOUS"] == aws.token
    assert secret["WEBHOOK_TOKEN"] not in {aws.token, ""}
    assert installed.rules()[0]["action_address"] == f"{BASE}/sms/{secret['WEBHOOK_TOKEN']}"
    assert "not finished" in local("webhook", "rotate", "--yes").error

    finished = local("webhook", "rotate", "--finish", "--yes", "--json")
    assert finished.json == {"finished": True, "retries_may_come_hours": 24}
    assert "WEBHOOK_TOKEN_PREVIOUS" not in installed.secret("WebhookSecret")
    assert local("webhook", "rotate", "--finish", "--yes").code == 1


def test_a_rotation_is_not_finished_while_a_rule_carries_the_old_token(
    local: Cli, installed: ClickSend, aws: Backend
) -> None:
    local("webhook", "rotate", "--yes")
    put(installed, action_address=f"{BASE}/sms/{aws.token}")

    ran = local("webhook", "rotate", "--finish", "--yes")

    assert ran.code == 1
    assert "still carry the previous token" in ran.error
    assert installed.secret("WebhookSecret")["WEBHOOK_TOKEN_PREVIOUS"] == aws.token
    assert problems(local) == [("repair", "old_token")]


def test_a_day_later_nothing_is_repeated_any_more(local: Cli, installed: ClickSend, aws: Backend) -> None:
    local("webhook", "rotate", "--yes")
    secret = installed.secret("WebhookSecret")
    aws.put_secret("WebhookSecret", secret | {"WEBHOOK_TOKEN_ROTATED": iso(now_ms() - DAY)})
    assert local("webhook", "rotate", "--finish", "--yes", "--json").json["retries_may_come_hours"] == 0


def test_a_rotation_begins_only_where_the_rules_are_in_order(local: Cli, signed_in: ClickSend, aws: Backend) -> None:
    assert "textension webhook install" in local("webhook", "rotate", "--yes").error
    assert "WEBHOOK_TOKEN_PREVIOUS" not in signed_in.secret("WebhookSecret")


def test_a_push_that_never_arrives_is_lost(local: Cli, installed: ClickSend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_proof, "POLL", 0.05)
    ran = local("webhook", "test", "--wait", "1", "--json")
    assert ran.code == 1
    assert [one["outcome"] for one in ran.json] == ["lost", "lost"]
