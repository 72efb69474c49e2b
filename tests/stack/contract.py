"""Schemathesis over the served description: what fits it and what does not is asked, and every answer is held to it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SEED: Final = 20261122
"""The same requests in every run; another number tries others."""
ROOT: Final = Path(__file__).resolve().parents[2]
SETTINGS: Final = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True, slots=True)
class Tried:
    """What a run found."""

    cases: int
    operations: int
    failures: list[Any]
    said: str


def tried(
    api_url: str, token: str, folder: Path, *, examples: int, options: Sequence[str] = (), seed: int = SEED
) -> Tried:
    """Try the API at that address, with that ID token; fixed seed, `examples` for each operation and phase."""
    report = folder / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(SETTINGS)),
            *("run", f"{api_url}/openapi.json", "--url", api_url, "--header", f"Authorization: Bearer {token}"),
            *("--seed", str(seed), "--max-examples", str(examples), "--continue-on-failure"),
            *("--no-color", "--report", "json", "--report-json-path", str(report), "--suppress-health-check", "all"),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )
    assert report.exists(), f"{done.stdout}\n{done.stderr}"
    found = json.loads(report.read_text())
    assert found["complete"], done.stdout
    problems = found["failures"] + found["errors"]
    return Tried(found["test_cases"]["generated"], found["operations"]["tested"], problems, done.stdout)
