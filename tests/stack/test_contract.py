"""What is served keeps to its own description on the whole stack, with a real token: some hundreds of requests.

Thousands are asked in one process: `tests/api/test_contract.py`.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.contract import SEED, tried
from tests.stack.mobile import Mobile
from tests.stack.office import Office

pytestmark = pytest.mark.stack

TAKE_THE_NUMBER_AWAY = ("adminRemoveNumber", "adminRemoveNumbers", "adminPutNumber", "adminChangeNumbers")
"""After these the other tests' number is not what it was."""


def test_the_stack_answers_as_described(
    office: Office, ana: Mobile, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    office.post(office.values("CONTRACT-1", "+61422222222", "hello"))
    apart = [option for name in TAKE_THE_NUMBER_AWAY for option in ("--exclude-operation-id", name)]

    ran = tried(f"{office.file.api_url}/api/v1", ana.token, tmp_path, examples=8, options=apart)

    assert ran.failures == [], ran.said
    assert ran.cases >= 300
    figure(f"contract on the stack, seed {SEED}: {ran.cases} cases, {ran.operations} operations, no breach")
