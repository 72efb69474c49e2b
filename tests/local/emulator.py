"""Programs that run where the emulator does, in its own environment."""

import json
import subprocess
from typing import Any, Final

from local.config import PROJECT, child_environment

PYTHON: Final = PROJECT / ".venv-emulator" / "bin" / "python"


def printed(program: str, **environment: str) -> list[Any]:
    """What a program prints there, as JSON by the line."""
    done = subprocess.run(
        [PYTHON, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=PROJECT,
        env=child_environment(LOG_LEVEL="ERROR", **environment),
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
