"""The commands in `docs/`, so that tests can hold them to what there is."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.template_yaml import ROOT

_FENCE = re.compile(r"^( *)```(\w+)( run)?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PAGES = sorted((ROOT / "docs").glob("*.md"))


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `runs` says that its commands run against a local stack as they stand."""

    page: Path
    kind: str
    runs: bool
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Its lines as words."""
        return [shlex.split(line) for line in self.text.splitlines() if line.strip()]


def blocks(kind: str) -> list[Block]:
    """All blocks of a kind, over all pages."""
    return [
        Block(page, match[2], bool(match[3]), match[4])
        for page in PAGES
        for match in _FENCE.finditer(page.read_text(encoding="utf-8"))
        if match[2] == kind
    ]


def commands() -> list[list[str]]:
    """All commands in `sh` blocks."""
    return [command for block in blocks("sh") for command in block.commands]
