"""The state file: what a restart finds again."""

import json
from pathlib import Path

import pytest

from local.simulator import SimulatorFailedError, running

from .client import HANDSET, NUMBER, ClickSend, eventually, message
from .receiver import Receiver


def test_a_restart_keeps_rules_texts_and_settings(tmp_path: Path, receiver: Receiver) -> None:
    state_file = tmp_path / "deep" / "state.json"
    with running(state_file=state_file, receipt_delay_seconds=0) as started:
        clicksend = ClickSend(started)
        rule = clicksend.push_inbound_to(receiver.url)
        clicksend.push_receipts_to(receiver.url)
        sent = clicksend.sent_ok(message(custom_string="c1"), message("nonsense"))
        receiver.wait(1)
        clicksend.text("Hello", wait=True)
        clicksend.settings(throttle_seconds=1.5)
        clicksend.http.put("/simulator/numbers", json={"numbers": [NUMBER]})
        before = clicksend.get("/v3/sms/history")
        clicksend.close()

    with running(state_file=state_file, receipt_delay_seconds=0.25) as started:
        clicksend = ClickSend(started)
        assert clicksend.sent()["messages"] == sent
        assert clicksend.get("/v3/sms/history") == before
        settings = clicksend.get("/simulator/settings")
        assert (settings["throttle_seconds"], settings["receipt_delay_seconds"]) == (1.5, 0.25)
        assert [row["dedicated_number"] for row in clicksend.rows("/v3/numbers")] == [NUMBER]
        assert clicksend.push_inbound_to(receiver.url) > rule
        clicksend.text("A reply to what was sent before", webhook_type="json", wait=True)
        assert receiver.received[-1].json["custom_string"] == "c1"
        states = clicksend.get("/simulator/conversation", handset=HANDSET, number=NUMBER)["entries"]
        assert [entry["state"] for entry in states] == ["delivered", "earlier", "taken"]
        clicksend.close()


def test_changes_are_saved_while_it_runs(tmp_path: Path) -> None:
    state_file = tmp_path / "state.json"
    with running(state_file=state_file) as started:
        clicksend = ClickSend(started)
        clicksend.push_inbound_to("http://127.0.0.1:1/hook")

        eventually(lambda: state_file.exists() and len(json.loads(state_file.read_bytes())["inbound_rules"]) == 1)
        clicksend.close()

    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_api_keys_are_not_in_the_state_file(tmp_path: Path) -> None:
    with running(state_file=tmp_path / "state.json") as started:
        key = started.credential.api_key

    assert key not in (tmp_path / "state.json").read_text()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_state_file_that_is_not_ours_is_not_overwritten(tmp_path: Path) -> None:
    state_file = tmp_path / "state.json"
    state_file.write_text('{"settings": 1}')

    with pytest.raises(SimulatorFailedError), running(state_file=state_file):
        pass

    assert state_file.read_text() == '{"settings": 1}'


def test_two_simulators_run_side_by_side() -> None:
    with running() as one, running() as two:
        first, second = ClickSend(one), ClickSend(two)
        first.sent_ok(message())

        assert (first.sent()["requests"], second.sent()["requests"]) == (1, 0)
        first.close()
        second.close()
