"""The AWS emulator (ministack) in this process, saved while it runs: by itself it saves only when it is stopped.

Every two seconds, when a request may have changed something, the process forks and the child writes what it sees: the
emulator never waits for the disk, and a snapshot never holds half of a request. Each snapshot is a folder of its own;
the file CURRENT names the last whole one. Archives (layers, megabytes) lie beside them, each written once. It adds what
ministack forgets: the stream records that no function has had.

Runs in the emulator's environment (`.venv-emulator`), configured by ministack's own variables.
"""

import asyncio
import copy
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack
from ministack.core import persistence
from ministack.services import cloudwatch_logs, dynamodb, lambda_svc

from local import emulator_fixes

CHECK_SECONDS = 2.0
SAVE_TIMEOUT_SECONDS = 30.0
KEEP_LOGS_SECONDS = 900.0
STREAMS = "streams"
ARCHIVE_BYTES = 65536
ARCHIVE = "__archive__"
READS = ("Get", "BatchGet", "TransactGet", "Query", "Scan", "Describe", "List", "Filter")
ROOT = Path(persistence.STATE_DIR)
log = logging.getLogger("textension.emulator")

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def current_snapshot() -> Path | None:
    """The folder of the last whole snapshot."""
    pointer = ROOT / "CURRENT"
    return ROOT / pointer.read_text(encoding="ascii").strip() if pointer.exists() else None


def undelivered_streams() -> dict[str, Any]:
    """The stream records that some function has not had yet, and the positions that they are counted from."""
    first_wanted: dict[tuple[str, str, str], int] = {}
    for (account, region, mapping_id), position in lambda_svc._dynamodb_stream_positions._data.items():
        mapping = lambda_svc._esms._data.get((account, region, mapping_id))
        if mapping is not None:
            table = mapping["EventSourceArn"].split("/stream/")[0].rsplit("/", 1)[-1]
            key = (account, region, table)
            first_wanted[key] = min(position, first_wanted.get(key, position))
    records, trimmed = type(dynamodb._stream_records)(), type(dynamodb._stream_trimmed)()
    for key, kept in dynamodb._stream_records._data.items():
        start = dynamodb._stream_trimmed._data.get(key, 0)
        first = max(start, first_wanted.get(key, start))
        records._data[key], trimmed._data[key] = kept[first - start :], first
    return {"records": records, "trimmed": trimmed, "positions": lambda_svc._dynamodb_stream_positions}


def restore_streams() -> None:
    """Put back what `undelivered_streams` kept; positions come before records, because the poller already runs."""
    kept = persistence.load_state(STREAMS)
    lambda_svc._dynamodb_stream_positions._data.clear()
    if kept:
        dynamodb._stream_trimmed._data.update(kept["trimmed"]._data)
        lambda_svc._dynamodb_stream_positions._data.update(kept["positions"]._data)
        dynamodb._stream_records._data.update(kept["records"]._data)


_read_object = persistence._json_object_hook


def as_json(value: object) -> object:
    """What JSON has no word for, as ministack writes it; an archive is named, and has a file of its own."""
    if isinstance(value, bytes) and len(value) >= ARCHIVE_BYTES:
        return {ARCHIVE: lambda_svc._write_code_blob(value)}
    return persistence._json_default(value)


def from_json(value: dict[str, Any]) -> Any:
    """The inverse of `as_json`, for each object of a file."""
    return lambda_svc._read_code_blob(value[ARCHIVE]) if ARCHIVE in value else _read_object(value)


def without_events(state: dict[str, Any]) -> dict[str, Any]:
    """Log groups without their lines: they are on the screen and would make every snapshot larger."""
    groups = copy.copy(state["log_groups"])
    groups._data = {key: {**group, "streams": {}} for key, group in groups._data.items()}
    return {**state, "log_groups": groups}


def write_snapshot() -> None:
    """Write everything into a new folder, point CURRENT at it, and remove older folders."""
    previous = current_snapshot()
    number = int(previous.name.split("-")[1]) + 1 if previous else 1
    target = ROOT / f"snapshot-{number:08d}"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    services = ministack._build_persistence_save_dict() | {STREAMS: undelivered_streams}
    for name, get_state in services.items():
        state = get_state()
        if state is not None:
            _write_service(target, previous, name, without_events(state) if name == "cloudwatch_logs" else state)
    pointer = ROOT / "CURRENT.new"
    pointer.write_text(target.name, encoding="ascii")
    pointer.replace(ROOT / "CURRENT")
    for folder in ROOT.glob("snapshot-*"):
        if folder != target:
            shutil.rmtree(folder, ignore_errors=True)
    _forget_archives((target / "lambda.json").read_text(encoding="ascii"))


def _forget_archives(state: str) -> None:
    """Remove the archives that no function and no layer has any more."""
    for archive in Path(lambda_svc.CODE_BLOB_DIR).glob("*.zip"):
        if archive.stem not in state:
            archive.unlink()


def _write_service(target: Path, previous: Path | None, name: str, state: dict[str, Any]) -> None:
    """One service's file in ministack's own format; a hard link to the previous one where nothing changed."""
    wrapped = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
    content = json.dumps(wrapped, default=as_json if name == "lambda" else persistence._json_default).encode()
    old = previous / f"{name}.json" if previous else None
    if old is not None and old.exists() and old.stat().st_size == len(content) and old.read_bytes() == content:
        os.link(old, target / f"{name}.json")
    else:
        (target / f"{name}.json").write_bytes(content)


def save_in_child() -> int:
    """Fork a process that writes a snapshot of this moment; returns its id.

    The child keeps no file or socket of ours, or a port would stay taken and functions would outlive a `kill -9`.
    Nothing else runs in it, so nothing needs to be copied before it is written.
    """
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.closerange(3, 65536)
        # The table's service has a copy of its own (`emulator_speed`).
        copy.deepcopy = dynamodb.copy.deepcopy = _as_it_is  # type: ignore[assignment]
        write_snapshot()
        status = 0
    except Exception:
        log.exception("the snapshot failed")
    finally:
        os._exit(status)


def _as_it_is[T](value: T, _memo: dict[int, Any] | None = None, _nil: Any = None) -> T:
    return value


class Saver:
    """Decides when to save: soon after anything that may have changed something, never while nothing happens."""

    def __init__(self) -> None:
        self._rounds = 0
        self._child = 0
        self._no_child = threading.Event()
        self._no_child.set()

    def watch(self, application: Application) -> Application:
        """Wrap the emulator so that every request that is not a plain reading is noticed."""

        async def noticing(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await application(scope, receive, send)
            finally:
                if scope["type"] == "http" and not _only_reads(scope):
                    # Two rounds: what a request sets off (a queue, a stream's position) may come a little later.
                    self._rounds = 2

        return noticing

    async def run(self) -> None:
        """Save for ever; a snapshot that fails or hangs is reported and tried again."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                forget_old_logs()
                if self._rounds:
                    self._rounds -= 1
                    await self._save()
            except Exception:
                log.exception("the snapshot failed")

    def save_last(self) -> None:
        """Save in this process, when nothing is served any more; a snapshot that is being written is given up."""
        if not self._no_child.is_set():
            os.kill(self._child, signal.SIGKILL)
            self._no_child.wait(SAVE_TIMEOUT_SECONDS)
        write_snapshot()

    async def _save(self) -> None:
        began = time.monotonic()
        self._no_child.clear()
        self._child = save_in_child()
        waiting = asyncio.get_running_loop().run_in_executor(None, self._wait_for_child)
        done, _ = await asyncio.wait({waiting}, timeout=SAVE_TIMEOUT_SECONDS)
        if not done:
            os.kill(self._child, signal.SIGKILL)
        if await waiting:
            self._rounds = 2
        log.debug("saved in %.2f s", time.monotonic() - began)

    def _wait_for_child(self) -> int:
        _, status = os.waitpid(self._child, 0)
        self._no_child.set()
        return status


def _only_reads(scope: Scope) -> bool:
    if scope["method"] in {"GET", "HEAD", "OPTIONS"} or scope["path"].startswith("/_aws/execute-api/"):
        return True
    target = dict(scope["headers"]).get(b"x-amz-target", b"").decode("latin-1")
    return bool(target.rsplit(".", 1)[-1].startswith(READS))


def forget_old_logs() -> None:
    """Every invocation has a log stream of its own; without this, following the logs would slow down over a day."""
    cutoff = (time.time() - KEEP_LOGS_SECONDS) * 1000
    for group in list(cloudwatch_logs._log_groups._data.values()):
        streams = group["streams"]
        for name, stream in list(streams.items()):
            if stream["creationTime"] < cutoff:
                streams.pop(name, None)


async def main() -> None:
    """Serve until SIGTERM or SIGINT, then save once more."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]  # noqa: TID251
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    saver = Saver()
    ministack.save_all = lambda _services: saver.save_last()
    saving = asyncio.create_task(saver.run())
    await serve(saver.watch(ministack.app), config, shutdown_trigger=stop.wait)
    saving.cancel()


def prepare() -> None:
    """Point ministack at the last snapshot, and make its own hooks use ours."""
    warnings.filterwarnings("ignore", message=".*multi-threaded, use of fork.*", category=DeprecationWarning)
    snapshot = current_snapshot()
    persistence.STATE_DIR = str(snapshot or ROOT / "none")
    lambda_svc._prune_orphan_code_blobs = lambda _referenced: None
    persistence._json_object_hook = from_json
    load = ministack._load_persisted_state

    def load_all() -> None:
        load()
        restore_streams()

    ministack._load_persisted_state = load_all


if __name__ == "__main__":
    prepare()
    emulator_fixes.apply()
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
