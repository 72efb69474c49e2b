"""Fresh interpreters over the built artifacts, with nothing else on their path but what Lambda's runtime brings."""

import compileall
import functools
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.build import BUILT
from tests.build.conftest import BASE, LAYER, PUSH_LAYER, RUNTIME

BENCH: Final = Path(__file__).resolve().parent
ALTERNATIVES: Final = BENCH / "alternatives"
WORKLOADS: Final = BENCH / "workloads"
CHILD: Final = BENCH / "child.py"
PACKAGES: Final = (
    "annotated_types",
    "aws_lambda_powertools",
    "certifi",
    "charset_normalizer",
    "idna",
    "pydantic",
    "pydantic_core",
    "requests",
    "typing_extensions.py",
    "typing_inspection",
)
FUNCTIONS: Final = {
    "inbound_webhook": "InboundWebhook",
    "stream_relay": "StreamRelay",
    "outbound_sender": "OutboundSender",
    "app_api": "AppApi",
    "realtime": "Realtime",
    "sweeper": "Sweeper",
    "email_notifier": "EmailNotifier",
    "push_notifier": "PushNotifier",
    "web_app": "WebApp",
}


class BenchError(Exception):
    """What keeps a part from being measured, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage took: seconds, MiB at its end, modules loaded by then."""

    wall: float
    cpu: float
    memory: float
    modules: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What an interpreter measured, and what its code left in `out`."""

    stages: dict[str, Stage]
    out: Any

    def wall(self, *names: str) -> float:
        """Seconds of these stages together, of all where none is named."""
        return sum(self.stages[name].wall for name in names or self.stages)

    def cpu(self, *names: str) -> float:
        """CPU seconds of these stages together, of all where none is named."""
        return sum(self.stages[name].cpu for name in names or self.stages)

    @property
    def last(self) -> Stage:
        """The last stage."""
        return list(self.stages.values())[-1]


@functools.cache
def runtime() -> Path:
    """A folder with the packages of Lambda's own Python, and no others."""
    folder = Path(tempfile.mkdtemp(prefix="textension-runtime-"))
    site = next(Path(entry) for entry in sys.path if (Path(entry) / "boto3").is_dir())
    for name in RUNTIME:
        (folder / name).symlink_to(site / name)
    return folder


@functools.cache
def alternatives() -> Path:
    """A folder with whole packages as pip installs them: what a function of the documentation would have beside it.

    They are compiled, as our layer is, so that nothing is won by that.
    """
    folder = Path(tempfile.mkdtemp(prefix="textension-alternatives-"))
    site = next(Path(entry) for entry in sys.path if (Path(entry) / "boto3").is_dir())
    for name in PACKAGES:
        (folder / name).symlink_to(site / name)
        compileall.compile_dir(site / name, quiet=2, workers=1)
    return folder


def path_of(function: str) -> list[Path]:
    """What is on a function's path on Lambda, before the runtime's own packages."""
    layers = [LAYER, PUSH_LAYER] if function == "push_notifier" else [LAYER]
    return [BUILT / FUNCTIONS[function], *layers]


def run(
    before: Sequence[Path],
    *stages: tuple[str, str],
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, Any] | None = None,
    python: Path = Path(sys.executable),
    site: bool = False,
    timeout: float = 300,
) -> Ran:
    """Do the stages in a fresh interpreter. `site` lets it have its own environment's packages, and no runtime's.

    Raises BenchError with all that it said where it fails.
    """
    after = [] if site else [str(runtime())]
    order = {"before": [str(one) for one in before], "after": after, "stages": stages, "given": dict(given or {})}
    done = subprocess.run(
        [python, "-I", *([] if site else ["-S"]), "-B", CHILD],
        input=json.dumps(order),
        env={**BASE, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"an interpreter failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Ran({name: Stage(**one) for name, one in said["stages"].items()}, said["out"])
