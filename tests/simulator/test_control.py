"""`/simulator/…`: what tests and people steer, and the page."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from local.simulator import Credential
from local.simulator.config import Config, from_environment

from .client import HANDSET, NUMBER, ClickSend, eventually, message
from .receiver import Receiver


def test_sent_counts_requests_and_lists_what_was_taken_in(clicksend: ClickSend) -> None:
    clicksend.fault("500")
    clicksend.fault("500", processed=True)
    clicksend.send(message(body="refused"))
    clicksend.send(message(body="processed behind a 500"))
    httpx.post(f"{clicksend.url}/v3/sms/send", json={"messages": [message(body="not authenticated")]})
    clicksend.http.post("/v3/sms/send", content=b"{")
    answered = clicksend.sent_ok(message(body="accepted", custom_string="c1"), message("nonsense", "rejected"))

    sent = clicksend.sent()

    assert list(sent) == ["requests", "messages"]
    assert sent["requests"] == 5
    assert [entry["body"] for entry in sent["messages"]] == ["processed behind a 500", "accepted", "rejected"]
    assert sent["messages"][1:] == answered


def test_sent_can_be_narrowed_down(clicksend: ClickSend) -> None:
    clicksend.sent_ok(message(custom_string="c1"), message(custom_string="c2"), message("+61444444444"))

    assert len(clicksend.sent(to=HANDSET)["messages"]) == 2
    assert len(clicksend.sent(custom_string="c2")["messages"]) == 1
    assert clicksend.sent(to="+15550100") == {"requests": 1, "messages": []}


def test_requests_show_what_arrived_but_no_api_key(clicksend: ClickSend) -> None:
    clicksend.fault("500")
    clicksend.send(message())
    clicksend.send(message())

    shown = clicksend.http.get("/simulator/requests")

    refused, taken = shown.json()["requests"]
    assert (refused["http_status"], refused["processed"], refused["fault"]) == (500, False, "500")
    assert (taken["http_status"], taken["processed"], taken["fault"]) == (200, True, None)
    assert (taken["username"], taken["messages"]) == ("demo", [message()])
    assert taken["user_agent"].startswith("python-httpx/")
    assert abs(taken["at"] - time.time()) < 5
    assert Credential().api_key not in shown.text


def test_settings_change_one_by_one(clicksend: ClickSend) -> None:
    before = clicksend.get("/simulator/settings")

    after = clicksend.settings(throttle_seconds=5)

    assert after == before | {"throttle_seconds": 5.0}


@pytest.mark.parametrize(
    "settings", [{"misspelt": 1}, {"time_scale": -1}, {"inbound_profile": 11}, {"receipt_plan": "nonsense"}]
)
def test_settings_that_cannot_be_are_refused(clicksend: ClickSend, settings: dict[str, object]) -> None:
    before = clicksend.get("/simulator/settings")

    assert clicksend.http.put("/simulator/settings", json=settings).status_code == 400
    assert clicksend.get("/simulator/settings") == before


def test_a_reset_keeps_rules_and_settings_unless_all_is_to_go(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.push_inbound_to(receiver.url)
    clicksend.settings(throttle_seconds=5)
    clicksend.fault("500")
    clicksend.send(message())
    clicksend.text(wait=True)

    clicksend.http.post("/simulator/reset")

    assert clicksend.sent() == {"requests": 0, "messages": []}
    assert clicksend.pushes() == clicksend.get("/simulator/faults")["faults"] == clicksend.rows("/v3/sms/history") == []
    assert len(clicksend.rows("/v3/automations/sms/inbound")) == 1
    assert clicksend.get("/simulator/settings")["throttle_seconds"] == 5

    clicksend.http.post("/simulator/reset", json={"all": True})

    assert clicksend.rows("/v3/automations/sms/inbound") == []
    assert clicksend.get("/simulator/settings")["throttle_seconds"] == 0


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_an_order_that_is_not_a_json_object_is_refused(clicksend: ClickSend, body: bytes) -> None:
    answer = clicksend.http.post("/simulator/reset", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 400


def test_a_foreign_page_cannot_post_an_order(clicksend: ClickSend) -> None:
    order = b'{"from": "+61422222222", "to": "+61411111111", "body": "forged"}'

    answer = clicksend.http.post("/simulator/inbound", content=order, headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400
    assert clicksend.get("/simulator/inbound") == {"messages": []}


def test_received_texts_are_listed(clicksend: ClickSend) -> None:
    clicksend.text("Hello", timestamp=1000)

    (text,) = clicksend.get("/simulator/inbound")["messages"]

    assert (text["from"], text["to"], text["body"], text["timestamp"]) == (HANDSET, NUMBER, "Hello", 1000)


def test_the_conversation_shows_what_became_of_each_text(clicksend: ClickSend, receiver: Receiver) -> None:
    clicksend.text("nobody listens")
    clicksend.push_inbound_to(receiver.url)
    clicksend.text("taken", wait=True)
    clicksend.settings(receipt_plan="none")
    clicksend.sent_ok(message(body="accepted"))
    clicksend.settings(receipt_plan="undelivered")
    clicksend.sent_ok(message(body="undelivered"))
    clicksend.settings(receipt_plan="delivered")
    clicksend.sent_ok(message(body="delivered"), message(body=""), message("+61444444444", "to another"))

    def states() -> list[tuple[str, str, str | None]]:
        entries = clicksend.get("/simulator/conversation", handset=HANDSET, number=NUMBER)["entries"]
        return [(entry["body"], entry["state"], entry["code"]) for entry in entries]

    expected = [
        ("nobody listens", "unheard", None),
        ("taken", "taken", "200"),
        ("accepted", "accepted", None),
        ("undelivered", "undelivered", "301"),
        ("delivered", "delivered", "201"),
        ("", "rejected", "EMPTY_MESSAGE"),
    ]
    eventually(lambda: states() == expected)


def test_the_page_offers_the_numbers_that_are_known(clicksend: ClickSend) -> None:
    clicksend.push_inbound_to("http://127.0.0.1:1/h", dedicated_number="+12025550100")
    clicksend.text(sender="+12025550199")

    known = clicksend.get("/simulator/numbers")

    assert known["numbers"] == [NUMBER, "+61433333333", "+61444444444", "+14055555555", "+12025550100"]
    assert known["handsets"][0] == "+12025550199"
    assert HANDSET in known["handsets"]


def test_the_accounts_numbers_are_changed_all_at_once(clicksend: ClickSend) -> None:
    known = clicksend.http.put("/simulator/numbers", json={"numbers": [NUMBER, "+12025550100"]}).json()

    assert known["numbers"] == [NUMBER, "+12025550100"]
    assert [row["dedicated_number"] for row in clicksend.rows("/v3/numbers")] == [NUMBER, "+12025550100"]


@pytest.mark.parametrize("order", [{}, {"numbers": NUMBER}, {"numbers": [1]}, {"numbers": [], "misspelt": 1}])
def test_numbers_that_cannot_be_are_refused(clicksend: ClickSend, order: dict[str, object]) -> None:
    assert clicksend.http.put("/simulator/numbers", json=order).status_code == 400
    assert len(clicksend.rows("/v3/numbers")) == 4


def test_the_page_is_one_file_with_a_strict_policy(clicksend: ClickSend) -> None:
    page = clicksend.http.get("/")

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"""(src|href)=["'](?!data:)|innerHTML|\sstyle=|\son\w+=|https?://""", page.text)


def test_the_program_starts_from_the_environment_and_ends_on_a_signal(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    state = tmp_path / "state.json"
    environment = dict(os.environ)
    environment |= {
        "TEXTENSION_SIMULATOR_PORT": str(port),
        "SIMULATOR_CREDENTIALS": "someone:a-key:7:8",
        "SIMULATOR_STATE_FILE": str(state),
        "SIMULATOR_TIME_SCALE": "0.1",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "local.simulator"], env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout
        assert f"http://127.0.0.1:{port}/" in program.stdout.readline()
        url = f"http://127.0.0.1:{port}"
        eventually(lambda: _answers(f"{url}/simulator/health"))
        account = httpx.get(f"{url}/v3/account", auth=("someone", "a-key")).json()["data"]
        assert (account["user_id"], account["_subaccount"]["subaccount_id"]) == (8, 7)
        assert httpx.get(f"{url}/simulator/settings").json()["time_scale"] == 0.1
        program.send_signal(signal.SIGINT)
        assert program.wait(10) == 0
    assert state.exists()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.ConnectError:
        return False


def test_a_port_that_is_taken_is_said_so(simulator: object, clicksend: ClickSend) -> None:
    port = clicksend.url.rpartition(":")[2]
    environment = dict(os.environ) | {"TEXTENSION_SIMULATOR_PORT": port}

    ended = subprocess.run(
        [sys.executable, "-m", "local.simulator"], env=environment, capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert "cannot start" in ended.stderr


def test_the_environment_is_read_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TEXTENSION_SIMULATOR_PORT", "SIMULATOR_CREDENTIALS", "SIMULATOR_STATE_FILE", "SIMULATOR_TIME_SCALE"):
        monkeypatch.delenv(name, raising=False)
    assert from_environment() == Config()

    monkeypatch.setenv("SIMULATOR_CREDENTIALS", "a:b, c:d:3:4")
    assert [(c.username, c.subaccount_id, c.user_id) for c in from_environment().credentials] == [
        ("a", 100002, 100001),
        ("c", 3, 4),
    ]

    monkeypatch.setenv("SIMULATOR_CREDENTIALS", "nonsense")
    with pytest.raises(ValueError, match="SIMULATOR_CREDENTIALS"):
        from_environment()
