"""`sam local`: the built functions in containers that look like Lambda's, their AWS being the local stack's."""

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from local import config, sam_local
from local.stackfile import StackFile
from tests.template_yaml import ROOT

START_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Sam:
    """`sam local` with the stack's names; `folder` is for its files, `aws_url` is how containers reach AWS."""

    file: StackFile
    folder: Path
    aws_url: str

    @property
    def options(self) -> list[str]:
        """What every `sam local` command is given. Of these variables it passes on those that the template declares."""
        return sam_local.options(self.file, self.aws_url, self.folder)

    def invoke(self, function: str, event: Path) -> Any:
        """`sam local invoke`: one container for one event; what the function answered."""
        done = subprocess.run(
            [sam_local.SAM, "local", "invoke", function, "--event", str(event), *self.options],
            cwd=ROOT,
            env=config.child_environment(),
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    @contextlib.contextmanager
    def started(self) -> Iterator["Lambda"]:
        """`sam local start-lambda`: one container for each function, which stays for the next event."""
        port = _free_port()
        log = self.folder / "start-lambda.log"
        command = [
            sam_local.SAM,
            "local",
            "start-lambda",
            "--port",
            str(port),
            "--warm-containers",
            "LAZY",
            *self.options,
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=config.child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for(port, process, log)
            yield Lambda(f"http://127.0.0.1:{port}", log)
        finally:
            process.send_signal(signal.SIGINT)  # it removes its containers
            process.wait(60)


@dataclass(frozen=True, slots=True)
class Lambda:
    """Lambda's API, as `sam local start-lambda` has it."""

    url: str
    log: Path

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """What the function answers."""
        client = boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name=config.REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(read_timeout=120, retries={"total_max_attempts": 1}),
        )
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event))
        text = answer["Payload"].read()
        assert not answer.get("FunctionError"), f"{text!r}\n{self.log.read_text(encoding='utf-8')[-3000:]}"
        return json.loads(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((config.HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(port):
        ended = process.poll() is not None or time.monotonic() > deadline
        assert not ended, f"sam local start-lambda did not start:\n{log.read_text(encoding='utf-8')}"
        time.sleep(0.1)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((config.HOST, port)) == 0
