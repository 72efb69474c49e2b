"""One private local stack for all of these tests."""

from collections.abc import Iterator

import pytest

from tests.stack.mobile import Mobile, sign_in
from tests.stack.office import Office
from tests.stack.running import RunningStack


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """The stack, started once. A test that stops or kills it starts it again."""
    with RunningStack.started(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def office(stack: RunningStack) -> Iterator[Office]:
    """The stack, used from outside."""
    with Office.of(stack) as one:
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
