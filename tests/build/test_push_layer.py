"""The layer of pushes: what its one function needs of cryptography, for both processors."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.build.conftest import PUSH_LAYER
from tests.build.test_layer import MEGABYTE, hashes
from tests.template_yaml import ROOT

MODULES = ("_cffi_backend", "cryptography/hazmat/bindings/_rust")


@pytest.mark.usefixtures("built")
def test_it_holds_one_package_for_both_processors_and_no_more() -> None:
    files = sorted(str(path.relative_to(PUSH_LAYER)) for path in PUSH_LAYER.rglob("*") if path.is_file())

    compiled = [file for file in files if file.endswith(".so")]
    assert compiled == [
        f"{module}.cpython-313-{processor}-linux-gnu.so" for module in MODULES for processor in ("aarch64", "x86_64")
    ]
    assert [file for file in files if not file.startswith(("cryptography/", "_cffi_backend."))] == []
    assert [file for file in files if file.endswith(".pyi") or ".dist-info" in file] == []


@pytest.mark.usefixtures("built")
def test_it_is_no_larger_than_it_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    size = sum(path.stat().st_size for path in PUSH_LAYER.rglob("*") if path.is_file())

    with capsys.disabled():
        print(f"\nThe layer of pushes: {size / MEGABYTE:.1f} MB")
    assert size < 32 * MEGABYTE


def test_two_builds_of_it_are_the_same_to_the_byte(built: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["make", "build-PushLayer", f"ARTIFACTS_DIR={tmp_path}", f"PYTHON={sys.executable}"],
        cwd=ROOT / "layers" / "push",
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    assert hashes(tmp_path) == hashes(built / "PushLayer")
