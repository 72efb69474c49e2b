"""Amazon's DynamoDB Local, fetched by npm where it is missing; for measuring only, its licence is Amazon's.

It listens on every interface and knows no other way, so it lives as short as possible, and holds made-up data only.
"""

import base64
import contextlib
import functools
import hashlib
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from local.config import HOST, PROJECT

PACKAGE: Final = "amplify-dynamodb-simulator@2.9.30"
SHA512: Final = "xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ=="
FOLDER: Final = PROJECT / ".build" / "dynamodb-local"
HOME: Final = FOLDER / "package" / "emulator"
OLDEST_JAVA: Final = 17
COMMAND: Final = ("java", "-Xmx2g", "-Djava.library.path=./DynamoDBLocal_lib", "-jar", "DynamoDBLocal.jar")
START_SECONDS: Final = 90.0


@functools.cache
def available() -> bool:
    """Whether it is here, or could be fetched just now. Without Java or npm it is not."""
    return _java() >= OLDEST_JAVA and ((HOME / "DynamoDBLocal.jar").exists() or _fetched())


def _java() -> int:
    if shutil.which("java") is None:
        return 0
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    version = said.partition('"')[2].partition(".")[0].partition('"')[0]
    return int(version) if version.isdecimal() else 0


def _fetched() -> bool:
    if shutil.which("npm") is None:
        return False
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["npm", "pack", "--silent", PACKAGE], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        return False
    archive = FOLDER / done.stdout.split()[-1]
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest == SHA512:
        with tarfile.open(archive) as packed:
            packed.extractall(FOLDER, filter="data")
    archive.unlink()
    return digest == SHA512


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Its address, until the block ends; everything is in memory."""
    port = free_port()
    process = _started(port, "-inMemory")
    try:
        _wait(port, process)
        yield f"http://{HOST}:{port}"
    finally:
        process.terminate()
        process.wait(20)


class OnDisk:
    """One that keeps everything in a folder, and may be killed and started again on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = _started(self._port, "-dbPath", str(self._folder))
        _wait(self._port, self._process)

    def kill(self) -> None:
        """`kill -9`, wherever it is; nothing where it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(20)


def _started(port: int, *where: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *where, "-sharedDb", "-port", str(port)],
        cwd=HOME,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"DynamoDB Local ended with {process.returncode}: remove {FOLDER.name} and try again")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"DynamoDB Local did not answer within {START_SECONDS:.0f} s")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
