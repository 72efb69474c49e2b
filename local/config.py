"""Where the environment of `make run` is read, and what its children get to see of it.

| variable | default | meaning |
|---|---|---|
| `TEXTENSION_PORT` | 8080 | the address in front; 0 takes any free port |
| `TEXTENSION_SIMULATOR_PORT` | 8081 | the ClickSend simulator |
| `TEXTENSION_AWS_PORT` | 4566 | the AWS emulator |
| `TEXTENSION_STATE_DIR` | `.local` | everything that a run keeps: tables, logs, `stack.json` |
| `NO_COLOR` | unset | plain log lines, as when the output is not a terminal |
"""

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import LocalError

PROJECT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
REGION = "ap-southeast-2"
STACK_NAME = "textension-local"
EMAIL_FROM = "textension@example.com"
ACCESS_KEY_ID = SECRET_ACCESS_KEY = "test"  # noqa: S105  the emulator's own name for its root user
PORT_VARIABLES = {"front": "TEXTENSION_PORT", "simulator": "TEXTENSION_SIMULATOR_PORT", "aws": "TEXTENSION_AWS_PORT"}
DEFAULT_PORTS = {"front": 8080, "simulator": 8081, "aws": 4566}


@dataclass(frozen=True, slots=True)
class Config:
    """One run: where it keeps its state, and on which ports it answers (0 means any)."""

    state_dir: Path
    ports: Mapping[str, int]
    color: bool

    @property
    def logs(self) -> Path:
        """The folder of the children's own logs."""
        return self.state_dir / "logs"

    @property
    def stack_file(self) -> Path:
        """`stack.json`, there only while the stack is ready."""
        return self.state_dir / "stack.json"


def from_environment() -> Config:
    """The configuration of this process; raises LocalError with the name of a variable that cannot be read."""
    environment = os.environ  # noqa: TID251  the one place where the local stack reads the environment
    return Config(
        state_dir=(PROJECT / environment.get("TEXTENSION_STATE_DIR", ".local")).resolve(),
        ports={name: _port(environment, variable, DEFAULT_PORTS[name]) for name, variable in PORT_VARIABLES.items()},
        color=sys.stdout.isatty() and not environment.get("NO_COLOR"),
    )


def child_environment(**extra: str) -> dict[str, str]:
    """This process's variables without anything of the user's AWS, and with our interpreter first on the PATH."""
    environment = os.environ  # noqa: TID251  the one place where the local stack reads the environment
    kept = {name: value for name, value in environment.items() if not name.startswith(("AWS_", "SAM_", "PYTHON"))}
    own = {
        "PATH": f"{PROJECT / '.venv' / 'bin'}{os.pathsep}{environment.get('PATH', os.defpath)}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "SAM_CLI_TELEMETRY": "0",
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return kept | own | extra


def use_emulator(endpoint_url: str) -> None:
    """Make the emulator the only AWS that this process knows; what we import of the package then speaks to it."""
    environment = os.environ  # noqa: TID251  the one place where the local stack touches the environment
    wanted = child_environment(AWS_ENDPOINT_URL=endpoint_url)
    environment.clear()
    environment.update(wanted)


def architecture() -> str:
    """This machine's processor by Lambda's name for it."""
    return "arm64" if platform.machine().lower() in {"arm64", "aarch64"} else "x86_64"


def _port(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable, "").strip() or str(default)
    if not text.isdecimal() or int(text) > 65535:
        raise LocalError(f"{variable}={text} is not a port: give a number from 0 (any free one) to 65535.")
    return int(text)
