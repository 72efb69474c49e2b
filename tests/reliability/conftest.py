"""One ground for all tests of the bench: the emulator, the simulator, the functions."""

from collections.abc import Iterator

import pytest

from bench.reliability import engines
from bench.reliability.site import Site, opened


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Of one module only: its time and its environment are not those of other tests."""
    with opened(engines.emulator()) as found:
        yield found
