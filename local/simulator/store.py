"""The state file: a restart of the local stack finds its rules and its conversation again."""

import asyncio
from pathlib import Path

from .state import Snapshot, State

SECONDS_BETWEEN_SAVES = 1.0


def load(path: Path | None) -> Snapshot | None:
    """What the file holds, or None where there is none; raises ValidationError for a file that is not ours."""
    if path is None or not path.exists():
        return None
    return Snapshot.model_validate_json(path.read_bytes())


def save(path: Path, content: str) -> None:
    """Replace the file in one step, so that a crash leaves the old or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(content, encoding="utf-8")
    beside.replace(path)


async def keep_saved(state: State, path: Path) -> None:
    """Save when something has changed, at most once a second, until cancelled."""
    while True:
        await state.changed.wait()
        state.changed.clear()
        await asyncio.to_thread(save, path, state.snapshot().model_dump_json())
        await asyncio.sleep(SECONDS_BETWEEN_SAVES)
