"""One private local stack for the whole session."""

from collections.abc import Iterator

import pytest

from tests.stack.mobile import Mobile, sign_in
from tests.stack.office import Office
from tests.stack.running import RunningStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack, started once. A test that stops or kills it starts it again."""
    running = RunningStack(tmp_path_factory.mktemp("stack"))
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def office(stack: RunningStack) -> Iterator[Office]:
    """The stack, used from outside."""
    one = Office(stack.file, stack.state_dir)
    with one.http:
        yield one


def _mobile(office: Office, position: int) -> Mobile:
    return Mobile(office.file, sign_in(office.http, office.file, office.file.demo.users[position]), office.http)


@pytest.fixture
def ana(office: Office) -> Mobile:
    """The app of 101, who administers."""
    return _mobile(office, 0)


@pytest.fixture
def ben(office: Office) -> Mobile:
    """The app of 102."""
    return _mobile(office, 1)
