"""`stack.json`: what other programs (tests, `textension`) need to know to use the running local stack."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How to reach the AWS emulator as its root user."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class DemoUser:
    """Somebody who may sign in, with the password to do so."""

    email: str
    password: str
    extension: str
    admin: bool


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo data that a fresh stack starts with."""

    account: str
    number: str
    extensions: list[str]
    webhook_token: str
    subaccount_id: str
    clicksend_username: str
    users: list[DemoUser] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StackFile:
    """The whole file."""

    api_url: str
    app_url: str
    websocket_url: str
    simulator_url: str
    aws: AwsAccess
    stack_name: str
    outputs: Mapping[str, str]
    demo: Demo

    def write(self, path: Path) -> None:
        """Put the file in place as a whole, readable by this user only: it holds the webhook token and passwords."""
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        new.replace(path)

    @classmethod
    def read(cls, path: Path) -> "StackFile":
        """The file as it stands; raises FileNotFoundError where no stack is ready."""
        raw = json.loads(path.read_text(encoding="utf-8"))
        users = [DemoUser(**user) for user in raw["demo"]["users"]]
        demo = Demo(**raw["demo"] | {"users": users})
        return cls(**raw | {"aws": AwsAccess(**raw["aws"]), "demo": demo})
