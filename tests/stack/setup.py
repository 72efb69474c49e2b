"""An empty local stack, set up with `textension` alone."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stack.office import NUMBER, ROOT

KEY = "DEMO-API-KEY-NOT-A-SECRET"
SUBACCOUNT = "100002"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer in JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Console:
    """`textension` on one running stack."""

    state_dir: Path

    def run(self, *arguments: str, typed: str = "", code: int | None = 0) -> Ran:
        """Run a command; fails when its exit code is another than `code` (None: any)."""
        done = subprocess.run(
            [sys.executable, "-m", "textension_cli", *arguments],
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.state_dir),
                "TEXTENSION_STATE_DIR": str(self.state_dir),
                "PYTHONPATH": f"{ROOT}/layers/common:{ROOT}/cli",
            },
        )
        ran = Ran(done.returncode, done.stdout, done.stderr)
        assert code in {None, ran.code}, f"{arguments}: {ran}"
        return ran

    def doctor(self, *more: str) -> list[dict[str, str]]:
        """What the doctor finds that is not ok; its exit code says whether something is wrong."""
        ran = self.run("doctor", "--json", *more, code=None)
        found: list[dict[str, str]] = ran.json
        assert ran.code == any(one["level"] == "wrong" for one in found), ran
        return [one for one in found if one["level"] != "ok"]

    def mend(self, command: str, *, typed: str = "", **placeholders: str) -> None:
        """Run a command that the doctor named, its placeholders filled in."""
        for part in command.split(" && "):
            words = [placeholders.get(word, word) for word in part.split()]
            assert words[0] == "textension", part
            asks = {"credentials", "webhook", "users"} & {words[1]} or {"change", "remove"} & {words[2]}
            yes = ["--yes"] if asks else []
            self.run(*words[1:], *yes, typed=typed)

    def set_up(self, *extensions: str) -> None:
        """From nothing to a number that works."""
        self.run("credentials", "set", "--username", "demo", "--stdin", "--yes", typed=f"{KEY}\n")
        self.run("subaccounts", "allow", SUBACCOUNT)
        self.run("numbers", "add", NUMBER, *(word for one in extensions for word in ("--extension", one)))
        for one in extensions:
            self.run("users", "invite", f"{one}@example.com", "--extension", one, "--yes")
        self.run("webhook", "install", "--yes")
