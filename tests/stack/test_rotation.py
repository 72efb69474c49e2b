"""Key and token are rotated while texts run in both directions, five a second each: none is lost, none refused."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Self

import pytest
from textension.accepting import Draft, accept
from textension.aws import clients
from textension.aws.messages import Messages
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clock import now_ms

from tests.stack.office import NUMBER, Office, eventually
from tests.stack.running import RunningStack
from tests.stack.setup import Console

pytestmark = pytest.mark.stack

PEER = "+61422222222"
RATE = 5


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack of its own: the others' know one key and one token."""
    with RunningStack.started(tmp_path_factory.mktemp("rotation")) as running:
        yield running


@pytest.fixture
def office(private: RunningStack) -> Iterator[Office]:
    """That stack, used from outside."""
    with Office.of(private) as one:
        yield one


class Load:
    """Texts from a handset and from an extension, until it is stopped."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._customer), threading.Thread(target=self._extension)]
        self.inbound: list[str] = []
        self.outbound: list[str] = []
        self.failed: list[Exception] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _customer(self) -> None:
        def send(text: str) -> None:
            self._office.clicksend("POST", "/inbound", **{"from": PEER, "to": NUMBER, "body": text})

        self._run("rotation in", send, self.inbound)

    def _extension(self) -> None:
        table = Table(self._office.file.outputs["TableName"])
        settings, messages = Numbers(table).get(NUMBER), Messages(table)
        assert settings is not None

        def send(text: str) -> None:
            draft = Draft(origin="test", key=text, to="+61444444444", text=text)
            accept(draft, settings, messages, country="AU", now=now_ms())

        self._run("rotation out", send, self.outbound)

    def _run(self, words: str, send: Callable[[str], None], sent: list[str]) -> None:
        try:
            for number in itertools.count():
                if self._stop.wait(1 / RATE):
                    return
                send(f"{words} {number}")
                sent.append(f"{words} {number}")
        except Exception as error:  # noqa: BLE001 - told by the test
            self.failed.append(error)


def test_rotating_key_and_token_under_load_loses_and_refuses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "dynamodb", lambda: office.dynamodb)
    console = Console(office.state_dir)
    seen = len(office.clicksend("GET", "/pushes")["pushes"])

    with Load(office) as load:
        time.sleep(3)
        console.run("credentials", "rotate", "--yes")
        console.run("webhook", "rotate", "--yes")
        time.sleep(3)
        again = console.run("webhook", "rotate", "--yes", code=1)
        console.run("webhook", "rotate", "--finish", "--yes")
        time.sleep(3)

    assert load.failed == []
    assert "not finished" in again.err
    assert len(load.inbound) > 100
    assert len(load.outbound) > 100
    eventually(
        lambda: Counter(load.inbound) == Counter(t for t in office.texts(PEER) if t.startswith("rotation in")),
        within=60,
        what="every text of the customer, once",
    )

    def sent() -> Counter[str]:
        bodies = [message["body"] for message in office.clicksend("GET", "/sent")["messages"]]
        return Counter(body for body in bodies if body.startswith("rotation out"))

    eventually(lambda: Counter(load.outbound) == sent(), within=240, what="every text of the extension, once")
    pushes = office.clicksend("GET", "/pushes")["pushes"][seen:]
    refused = [push for push in pushes if 403 in push["statuses"]]
    assert refused == []
    assert console.doctor() == []
