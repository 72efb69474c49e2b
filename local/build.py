"""`sam build`, skipped when nothing that goes into it has changed: even a cached one takes ten seconds.

SAM's cache looks at a function's own folder only; a hash of web/ in that of `web_app` makes it notice the web app.
"""

import contextlib
import fcntl
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from .config import PROJECT, child_environment
from .errors import LocalError

SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers", "web")
WEB = PROJECT / "web"
WEB_STAMP = PROJECT / "functions" / "web_app" / ".web.sha256"
SAM_FOLDER = PROJECT / ".aws-sam"
BUILT = SAM_FOLDER / "build"
STAMP = SAM_FOLDER / "textension.sha256"
IGNORED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
MADE_IN_WEB = frozenset({"node_modules", "dist", "coverage", "test-results", "playwright-report"})


def digest(paths: Iterable[Path], base: Path, *facts: str) -> str:
    """One hash of names and contents of all files below `paths`, and of `facts`."""
    total = hashlib.sha256("\n".join(facts).encode())
    for path in sorted(file for start in paths for file in _files(start)):
        total.update(f"\0{path.relative_to(base)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
        return
    ignored = IGNORED | MADE_IN_WEB if start == WEB else IGNORED
    for folder, names, files in start.walk():
        names[:] = [name for name in names if name not in ignored]
        yield from (folder / name for name in files if not name.endswith(".pyc"))


def ensure_built() -> bool:
    """Build unless `.aws-sam/build` holds the sources as they are; returns whether it built. One process at a time."""
    with locked(fcntl.LOCK_EX):
        _stamp_web()
        wanted = digest((PROJECT / source for source in SOURCES), PROJECT)
        done = STAMP.read_text(encoding="ascii") if STAMP.exists() else ""
        if done == wanted and (BUILT / "template.yaml").exists():
            return False
        STAMP.unlink(missing_ok=True)
        run_sam("build", "--config-env", "local")
        STAMP.write_text(wanted, encoding="ascii")
        return True


def _stamp_web() -> None:
    present = digest([WEB], PROJECT)
    if not WEB_STAMP.exists() or WEB_STAMP.read_text(encoding="ascii") != present:
        WEB_STAMP.write_text(present, encoding="ascii")


def run_sam(*arguments: str, **environment: str) -> None:
    """Run sam with a clean environment; raises LocalError with all that it said where it fails."""
    command = [str(PROJECT / ".venv" / "bin" / "sam"), *arguments]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        env=child_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise LocalError(f"sam {arguments[0]} failed:\n{done.stdout}")


@contextlib.contextmanager
def locked(kind: int = fcntl.LOCK_SH) -> Iterator[None]:
    """Keep other processes from building meanwhile, so that what is read of the build is of one piece."""
    SAM_FOLDER.mkdir(exist_ok=True)
    with (SAM_FOLDER / "textension.lock").open("w", encoding="ascii") as file:
        fcntl.flock(file.fileno(), kind)
        yield
