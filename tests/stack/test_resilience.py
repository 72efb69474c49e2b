"""Whatever is killed or stopped: nothing lost, nothing doubled. Runs last, because it leaves nothing standing."""

import random
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stack.office import NUMBER, Office, eventually
from tests.stack.running import RunningStack

pytestmark = pytest.mark.stack
SAVED_WITHIN = 5.0


@pytest.fixture(scope="module")
def orphan(stack: RunningStack) -> str:
    """A text whose sender was killed while ClickSend answered; made first, for its lease takes 45 s to run out."""
    with Office.of(stack) as office:
        office.clicksend("POST", "/faults", mode="receipts", plan=[])
        office.clicksend("POST", "/faults", mode="slow", seconds=5)
        message_id = office.send("+61422222222", "killed while sending")
        eventually(lambda: office.arrivals("killed while sending"), within=20, what="ClickSend has it")

        assert stack.kill_workers("OutboundSender") > 0
        return message_id


@pytest.mark.usefixtures("orphan")
def test_inbound_workers_killed_again_and_again_lose_and_double_nothing(stack: RunningStack, office: Office) -> None:
    peer = "+12025550111"
    texts = [f"killed {number:02d}" for number in range(60)]
    killed, stop = [0], threading.Event()

    def killing() -> None:
        probe = Office(stack.file, stack.state_dir)
        with probe.http:
            while not stop.wait(random.uniform(0.2, 1)):
                killed[0] += stack.kill_workers("InboundWebhook") + stack.kill_workers("StreamRelay")
                # However slow the machine: the next kill waits until a new worker has answered.
                while not stop.is_set() and probe.post_at_once([probe.values("PROBE", peer, "probe")]) != [200]:
                    pass

    killer = threading.Thread(target=killing)
    with office.listening() as listener:
        killer.start()
        try:
            with ThreadPoolExecutor(4) as pool:
                pushes = [office.values(f"KILL-{text}", peer, text) for text in texts]
                assert {
                    code for codes in pool.map(lambda one: office.post_at_once([one]), pushes) for code in codes
                } == {200}
        finally:
            stop.set()
            killer.join()
        assert killed[0] > 0
        eventually(lambda: set(listener.texts()) >= set(texts), within=120, what="every text heard")
    assert [text for text in sorted(office.texts(peer)) if text != "probe"] == texts


def test_a_sender_killed_while_clicksend_answers_leaves_unknown_or_settled_and_never_sends_twice(
    office: Office, orphan: str
) -> None:
    def unknown() -> bool:
        office.sweep()
        return office.state(orphan) == "unknown"

    eventually(unknown, within=150, what="unknown after its lease")
    assert office.message(orphan)["reason"] == "WORKER_LOST"
    assert len(office.arrivals("killed while sending")) == 1


def test_everything_is_still_there_after_a_restart(stack: RunningStack, office: Office) -> None:
    peer = "+12025550112"
    office.post(office.values("BEFORE", peer, "before"))
    queued = office.send("+61433333333", "before the restart")
    eventually(lambda: office.state(queued) == "delivered", within=30, what="delivered")
    # What is renewed by itself is left out.
    before = {str(item) for item in office.everything() if item["sk"]["S"] not in {"SETTINGS", "CLICKSEND"}}
    rules = office.http.get(f"{office.file.simulator_url}/simulator/numbers").json()

    stack.restart()

    again = Office(stack.file, stack.state_dir)
    with again.http:
        assert before <= {str(item) for item in again.everything()}
        assert again.texts(peer) == ["before"]
        assert again.post(again.values("BEFORE", peer, "before")) == 200
        assert again.texts(peer) == ["before"]
        assert again.http.get(f"{again.file.simulator_url}/simulator/numbers").json() == rules
        answer = again.clicksend("POST", "/inbound", **{"from": peer, "to": NUMBER, "body": "after"}, wait=True)
        assert answer["pushes"] == 1
        sent = again.send("+61433333333", "after the restart")
        eventually(lambda: again.state(sent) == "delivered", within=30, what="delivered after the restart")
        assert len(again.arrivals("before the restart")) == 1


def test_killing_everything_costs_at_most_the_last_seconds(stack: RunningStack, office: Office) -> None:
    peer = "+12025550113"
    office = Office(stack.file, stack.state_dir, office.http)
    assert office.post(office.values("SAVED", peer, "saved")) == 200
    time.sleep(SAVED_WITHIN)

    stack.kill()
    stack.start()

    again = Office(stack.file, stack.state_dir, office.http)
    assert again.texts(peer) == ["saved"]
    with again.listening() as listener:
        assert again.post(again.values("NEXT", peer, "next")) == 200
        eventually(lambda: "next" in listener.texts(), within=20, what="the next text heard")


def test_a_second_start_says_that_one_is_running(stack: RunningStack, tmp_path: Path) -> None:
    output = tmp_path / "second.log"
    second = stack.launch(output)
    assert second.stdin is not None
    try:
        assert second.wait(30) != 0
    except subprocess.TimeoutExpired:
        second.kill()
        raise
    finally:
        second.stdin.close()
    said = output.read_text()
    assert "already running" in said
    assert stack.file.api_url in said
