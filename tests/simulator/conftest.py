"""One simulator for all tests of this folder, reset before each; a webhook for those that need one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.simulator import Running, running

from .client import ClickSend
from .receiver import Receiver, receiving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests talk over real sockets of loopback."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def simulator() -> Iterator[Running]:
    with running(receipt_delay_seconds=0.01, time_scale=0.002) as started:
        yield started


@pytest.fixture(scope="session")
def user(simulator: Running) -> Iterator[ClickSend]:
    client = ClickSend(simulator)
    yield client
    client.close()


@pytest.fixture
def clicksend(user: ClickSend) -> Iterator[ClickSend]:
    yield user
    user.http.post("/simulator/reset", json={"all": True})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started
