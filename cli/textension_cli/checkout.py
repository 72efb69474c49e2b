"""What the checkout that these commands run from would deploy: template.yaml's parameters, samconfig.toml's values."""

import re
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_SECTION: Final = re.compile(r"^Parameters:\n(.*?)^(?=\S)", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"^  (\w+):$", re.MULTILINE)


def parameters(root: Path = ROOT) -> frozenset[str]:
    """The names of the template's parameters; none where there is no template."""
    path = root / "template.yaml"
    section = _SECTION.search(path.read_text(encoding="utf-8")) if path.exists() else None
    return frozenset(_NAME.findall(section[1]) if section else ())


def wanted(stack: str, root: Path = ROOT) -> tuple[str, Mapping[str, str]]:
    """samconfig.toml's environment for the stack of that name, and the values that it gives parameters.

    Both are empty where it names no such stack, or cannot be read.
    """
    try:
        read = tomllib.loads((root / "samconfig.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return "", {}
    for environment, commands in read.items():
        if not isinstance(commands, dict):
            continue  # the file's version
        common = commands.get("global", {}).get("parameters", {})
        deploy = common | commands.get("deploy", {}).get("parameters", {})
        if deploy.get("stack_name") == stack and "parameter_overrides" in deploy:
            return environment, _pairs(deploy["parameter_overrides"])
    return "", {}


def _pairs(overrides: str | list[str]) -> Mapping[str, str]:
    """SAM takes them as one line or as a list of pairs."""
    words = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}
