"""One AWS and one ClickSend for all small real runs: each takes a table of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bench import flows
from bench.aws import Aws, aws
from bench.simulator import Simulator, simulator
from local.build import ensure_built


@dataclass(frozen=True, slots=True)
class Around:
    """What is around the functions."""

    aws: Aws
    clicksend: Simulator


@pytest.fixture(scope="package")
def servers() -> Iterator[Around]:
    """Started once."""
    ensure_built()
    with aws() as backend, simulator() as clicksend:
        yield Around(backend, clicksend)


@pytest.fixture
def around(servers: Around) -> Around:
    """The same, with its secrets as a stack has them."""
    flows.secrets_for(servers.aws, servers.clicksend)
    return servers
