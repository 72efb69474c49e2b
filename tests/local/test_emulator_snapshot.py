"""What the emulator saves: every archive once, in a file of its own, and only as long as something has it."""

from pathlib import Path

from tests.local.emulator import printed

LAYERS = """
import json
from local import emulator
emulator.prepare()
from ministack import app
from ministack.services import lambda_svc
app._load_persisted_state()
layers = lambda_svc._layers._data
print(json.dumps([layer["versions"][0]["_zip_data"][:1].decode() + str(len(layer["versions"][0]["_zip_data"]))
                  for layer in layers.values()]))
layers.clear()
for name, size in {sizes}.items():
    layers["000000000000", "ap-southeast-2", name] = {{"versions": [{{"_zip_data": name.encode() * size}}]}}
emulator.write_snapshot()
"""


def save(state: Path, **sizes: int) -> list[str]:
    """Save layers, named by the letter that they consist of, in place of those that a start finds; returns those."""
    (found,) = printed(LAYERS.format(sizes=sizes), STATE_DIR=str(state), PERSIST_STATE="1")
    assert isinstance(found, list)
    return found


def test_a_snapshot_names_archives_that_lie_beside_it(tmp_path: Path) -> None:
    assert save(tmp_path, a=3_000_000, b=1000) == []
    snapshot = tmp_path / (tmp_path / "CURRENT").read_text()
    archives = list((tmp_path / "lambda-blobs").iterdir())
    assert [archive.stat().st_size for archive in archives] == [3_000_000]
    assert (snapshot / "lambda.json").stat().st_size < 5000

    assert save(tmp_path, a=3_000_000, c=2_000_000) == ["a3000000", "b1000"]
    assert sorted(one.stat().st_size for one in (tmp_path / "lambda-blobs").iterdir()) == [2_000_000, 3_000_000]

    assert save(tmp_path, b=1000) == ["a3000000", "c2000000"]
    assert list((tmp_path / "lambda-blobs").iterdir()) == []
