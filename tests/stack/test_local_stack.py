"""`make run` itself: what it keeps, what it survives, what it says."""

import json
import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from local.processes import started_by
from tests.stack.office import Office, eventually
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack


def rules(stack: RunningStack, kind: str) -> list[dict[str, str]]:
    """ClickSend's automation rules, as a customer of ClickSend lists them."""
    url = f"{stack.file.simulator_url}/v3/automations/sms/{kind}"
    answer = httpx.get(url, auth=("demo", "DEMO-API-KEY-NOT-A-SECRET"), trust_env=False, timeout=10).json()
    listed: list[dict[str, str]] = answer["data"]["data"]
    return listed


def test_stack_json_is_what_other_programs_may_rely_on(stack: RunningStack) -> None:
    path = stack.state_dir / "stack.json"
    written = json.loads(path.read_text(encoding="utf-8"))

    assert list(written) == [
        "api_url",
        "app_url",
        "websocket_url",
        "simulator_url",
        "aws",
        "stack_name",
        "outputs",
        "demo",
    ]
    assert written["outputs"]["ApiUrl"] == written["api_url"]
    assert written["outputs"]["AppUrl"] == written["app_url"] == written["api_url"] + "/app/"
    assert written["outputs"]["WebSocketUrl"] == written["websocket_url"]
    assert written["websocket_url"] == written["api_url"].replace("http://", "ws://") + "/realtime"
    assert written["outputs"]["WebhookUrl"].startswith(written["api_url"] + "/webhook/")
    assert (written["demo"]["number"], written["demo"]["extensions"]) == ("+61411111111", ["101", "102"])
    assert path.stat().st_mode & 0o077 == 0


def test_texts_survive_a_stop_and_a_new_start(stack: RunningStack, office: Office) -> None:
    peer = "+12025550171"
    assert office.post(office.values("STOP-1", peer, "before the stop")) == 200

    stack.restart()
    again = Office(stack.file, stack.state_dir)

    assert again.texts(peer) == ["before the stop"]
    assert again.file == office.file
    ruled = [rule["dedicated_number"] for rule in rules(stack, "inbound")]
    assert len(ruled) == len(set(ruled))  # one for each number, the demo's and what other tests have added
    assert again.file.demo.number in ruled
    assert len(rules(stack, "receipts")) == 1
    with again.listening() as listener:
        assert again.post(again.values("STOP-2", peer, "after the stop")) == 200
        eventually(lambda: "after the stop" in listener.texts(), within=20, what="the event after a restart")


def test_kill_9_of_everything_costs_at_most_the_last_five_seconds(stack: RunningStack, office: Office) -> None:
    peer = "+12025550172"
    assert office.post(office.values("KILL-1", peer, "before the kill")) == 200
    time.sleep(5)

    stack.kill()
    assert eventually(lambda: not list(started_by(stack.state_dir)), within=10, what="the end of every process")
    stack.start()
    again = Office(stack.file, stack.state_dir)

    assert again.texts(peer) == ["before the kill"]
    with again.listening() as listener:
        assert again.post(again.values("KILL-2", peer, "after the kill")) == 200
        eventually(lambda: "after the kill" in listener.texts(), within=20, what="the event after a kill")


def test_nothing_is_left_when_only_make_run_is_killed(stack: RunningStack) -> None:
    holder = int((stack.state_dir / "lock").read_text(encoding="utf-8").split()[0])

    os.kill(holder, signal.SIGKILL)

    eventually(lambda: not list(started_by(stack.state_dir)), within=30, what="the end of every process")
    stack.stop()
    stack.start()


def test_a_second_make_run_says_that_one_is_running(stack: RunningStack, tmp_path: Path) -> None:
    output = tmp_path / "second.log"
    second = stack.launch(output)
    assert second.stdin
    with second.stdin:
        code = second.wait(30)

    said = output.read_text(encoding="utf-8")
    assert code == 1
    assert "already running" in said
    assert stack.file.api_url in said
    assert "Traceback" not in said


def test_functions_come_back_after_their_workers_are_killed(stack: RunningStack, office: Office) -> None:
    peer = "+12025550173"
    assert office.post(office.values("WORKER-1", peer, "one")) == 200
    assert stack.kill_workers("InboundWebhook") >= 1

    values = office.values("WORKER-2", peer, "two")
    eventually(lambda: office.post(values) == 200, within=10, what="an answer from a new worker")

    assert office.texts(peer) == ["one", "two"]


def test_the_functions_log_lines_are_on_the_screen(stack: RunningStack, office: Office) -> None:
    assert office.post(office.values("SCREEN-1", "+12025550174", "secret words")) == 200

    eventually(lambda: "inbound_webhook" in stack.output.split("\nReady\n")[-1], within=10, what="the line")
    assert "secret words" not in stack.output
    assert "START RequestId" not in stack.output


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_no_aws_of_the_user_reaches_the_functions(stack: RunningStack, office: Office) -> None:
    assert office.post(office.values("ENV-1", "+12025550175", "hello")) == 200
    [worker, *_] = stack.workers("InboundWebhook")

    variables = Path(f"/proc/{worker}/environ").read_text(encoding="utf-8").split("\0")

    assert "AWS_CONFIG_FILE=/dev/null" in variables
    assert not [variable for variable in variables if variable.startswith("AWS_PROFILE")]
    assert [variable for variable in variables if variable.startswith("AWS_ACCESS_KEY_ID=ASIA")]
