"""Where the simulator's environment is read: nothing else in it looks at the process's variables.

| variable | default | meaning |
|---|---|---|
| `TEXTENSION_SIMULATOR_PORT` | 8081 | port on 127.0.0.1; the simulator never listens on any other address |
| `SIMULATOR_CREDENTIALS` | one demo account | `username:api_key[:subaccount_id[:user_id]]`, several with commas |
| `SIMULATOR_STATE_FILE` | none | JSON file that keeps rules, texts and settings over a restart |
| `SIMULATOR_TIME_SCALE` | 1.0 | factor on the waits between the attempts of a push; 0.1 makes 10 s one second |
"""

import os
from dataclasses import dataclass
from pathlib import Path

from .models import Credential

HOST = "127.0.0.1"
DEFAULT_PORT = 8081


@dataclass(frozen=True, slots=True)
class Config:
    """What a start of the simulator needs to know before it can answer."""

    port: int = DEFAULT_PORT
    credentials: tuple[Credential, ...] = (Credential(),)
    state_file: Path | None = None
    time_scale: float | None = None


def parse_credentials(text: str) -> tuple[Credential, ...]:
    """Read `username:api_key[:subaccount_id[:user_id]]`, separated by commas; raises ValueError for anything else."""
    credentials = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        fields = entry.split(":")
        if len(fields) not in {2, 3, 4}:
            raise ValueError("SIMULATOR_CREDENTIALS: each entry is username:api_key[:subaccount_id[:user_id]]")
        names = ("username", "api_key", "subaccount_id", "user_id")
        credentials.append(Credential.model_validate(dict(zip(names, fields, strict=False))))
    return tuple(credentials) or (Credential(),)


def from_environment() -> Config:
    """The configuration of this process; raises ValueError with the variable's name where one cannot be read."""
    environment = os.environ  # noqa: TID251  the one place where the simulator reads the environment
    state_file = environment.get("SIMULATOR_STATE_FILE")
    time_scale = environment.get("SIMULATOR_TIME_SCALE")
    return Config(
        port=int(environment.get("TEXTENSION_SIMULATOR_PORT") or DEFAULT_PORT),
        credentials=parse_credentials(environment.get("SIMULATOR_CREDENTIALS", "")),
        state_file=Path(state_file) if state_file else None,
        time_scale=float(time_scale) if time_scale else None,
    )
