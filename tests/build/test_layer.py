"""The built artifacts are all that the functions need on Lambda, and hardly more.

The local emulator's functions see the packages of its own environment, where a forgotten dependency does not show.
"""

import ast
import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from textension.aws import items
from textension.aws.clicksend_accounts import ClickSendAccounts
from textension.clock import now_ms

from local.simulator import Running
from tests.build.bridge import over_http
from tests.build.conftest import BASE, LAYER, PUSH_LAYER, RUNTIME, Isolated
from tests.conftest import Backend
from tests.events import arrange
from tests.events.conftest import clicksend, stack
from tests.template_yaml import ROOT, load

__all__ = ["clicksend", "stack"]

FUNCTIONS: Final = {
    one["Properties"]["CodeUri"].removeprefix("functions/"): logical_id
    for logical_id, one in load()["Resources"].items()
    if one["Type"] == "AWS::Serverless::Function"
}
MEGABYTE: Final = 1024 * 1024


# ---------------------------------------------------------------- what is in the layer


def layer_files() -> list[str]:
    """Paths of the layer's files, below its `python` folder."""
    return sorted(str(path.relative_to(LAYER)) for path in LAYER.rglob("*") if path.is_file())


def hashes(folder: Path) -> dict[str, str]:
    """Each file's hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def zipped(folder: Path) -> int:
    """Bytes of a folder's files as `sam package` zips them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder))
    return packed.tell()


@pytest.mark.usefixtures("built")
def test_the_layer_holds_nothing_that_nobody_runs() -> None:
    useless = {"tests", "bin", "geodata", "carrierdata", "tzdata"}

    found = [
        file
        for file in layer_files()
        if useless & set(Path(file).parts) or ".dist-info/" in file or file.endswith(".pyi")
    ]

    assert found == []


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_the_layer_runs_on_both_processors(architecture: str) -> None:
    compiled = [file for file in layer_files() if file.endswith(".so")]
    stems = {file.partition(".cpython-")[0] for file in compiled}

    assert f"pydantic_core/_pydantic_core.cpython-313-{architecture}-linux-gnu.so" in compiled
    assert {file for file in compiled if architecture in file} == {
        f"{stem}.cpython-313-{architecture}-linux-gnu.so" for stem in stems
    }


@pytest.mark.usefixtures("built")
def test_the_layer_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    size = sum((LAYER / file).stat().st_size for file in layer_files())
    packed = zipped(LAYER)

    with capsys.disabled():
        print(f"\nThe layer: {size / MEGABYTE:.1f} MB in {len(layer_files())} files, {packed / MEGABYTE:.1f} MB zipped")
    assert size < 24 * MEGABYTE
    assert packed < 8.5 * MEGABYTE


@pytest.mark.usefixtures("built")
def test_the_layer_leaves_to_the_runtime_what_is_the_runtimes() -> None:
    tops = {Path(file).parts[0] for file in layer_files()}

    assert {"textension", "pydantic", "requests", "phonenumbers", "aws_lambda_powertools"} <= tops
    assert not {"boto3", "botocore", "s3transfer", "pip", "setuptools"} & tops


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_one_file(built: Path, function: str) -> None:
    source = ROOT / "functions" / function / "app.py"
    found = hashes(built / FUNCTIONS[function])
    app = {name for name in found if function == "web_app" and name.startswith("dist/")}  # what it is there to serve

    assert {name: found[name] for name in found.keys() - app} == {
        "app.py": hashlib.sha256(source.read_bytes()).hexdigest()
    }
    assert bool(app) == (function == "web_app")


def test_two_builds_are_the_same_to_the_byte(built: Path, tmp_path: Path) -> None:
    sources = shutil.copytree(
        ROOT / "layers" / "common", tmp_path / "sources", ignore=shutil.ignore_patterns("__pycache__")
    )

    subprocess.run(
        ["make", "build-CommonLayer", f"ARTIFACTS_DIR={tmp_path / 'again'}", f"PYTHON={sys.executable}"],
        cwd=sources,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )

    assert hashes(tmp_path / "again") == hashes(built / "CommonLayer")


# ---------------------------------------------------------------- it is all that the functions need


def modules_of(package: Path) -> list[str]:
    """The names of a package's modules."""
    files = (path.relative_to(package.parent).with_suffix("") for path in package.rglob("*.py"))
    return sorted({".".join(file.parts).removesuffix(".__init__") for file in files})


def imports_in(files: Iterator[Path]) -> set[str]:
    """Every module that the files import at run time, those inside functions too."""
    found: set[str] = set()
    for file in files:
        for node in _at_run_time(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
    return found


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _at_run_time(child)


def test_every_import_is_in_the_artifacts(built: Path, isolated: Isolated) -> None:
    wanted = imports_in((built / "CommonLayer" / "python" / "textension").rglob("*.py"))
    wanted |= imports_in(built / folder / "app.py" for folder in FUNCTIONS.values())
    assert {"phonenumbers", "requests", "botocore"} <= wanted

    ran = isolated(None, *sorted(wanted | set(modules_of(LAYER / "textension"))))

    assert {name.partition(".")[0] for name in wanted} - sys.stdlib_module_names <= set(ran.imported)


def test_a_missing_package_is_noticed(isolated: Isolated) -> None:
    with pytest.raises(AssertionError, match="No module named 'moto'"):
        isolated(None, "moto")


UNREACHABLE: Final[dict[str, tuple[str, Any]]] = {
    "inbound_webhook": ("form_16_keys", 503),
    "stream_relay": ("mark_published", {"batchItemFailures": []}),
    "outbound_sender": ("batch_of_one", 1),
    "sweeper": ("each_minute", {}),
    "realtime": ("batch_of_events", 4),
    "app_api": ("conversations", 503),
    "email_notifier": ("one_text", 1),
    "push_notifier": ("batch_of_one", 1),
    "web_app": ("config", 200),
}
"""What each function answers to a file while AWS is out of reach: none ends with an exception."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_without_aws_says_so(isolated: Isolated, function: str) -> None:
    case, expected = UNREACHABLE[function]

    ran = isolated(FUNCTIONS[function], "app", event=arrange.event(function, case))

    answer = ran.answer
    match function:
        case "inbound_webhook" | "app_api" | "web_app":
            answer = ran.answer["statusCode"]
        case "outbound_sender" | "realtime" | "email_notifier" | "push_notifier":
            answer = len(ran.answer["batchItemFailures"])
    assert (answer, ran.raised) == (expected, "")


# ---------------------------------------------------------------- what a cold start loads

AWS_AND_LOGS: Final = {
    "annotated_types",
    "app",
    "aws_lambda_powertools",
    "botocore",
    "certifi",
    "dateutil",
    "jmespath",
    "pydantic",
    "pydantic_core",
    "six",
    "textension",
    "typing_extensions",
    "typing_inspection",
    "urllib3",
}
MODULES: Final = {
    "inbound_webhook": 260,
    "stream_relay": 253,
    "outbound_sender": 346,
    "sweeper": 268,
    "app_api": 357,
    "realtime": 252,
    "email_notifier": 316,
    "push_notifier": 294,
    "web_app": 8,
}
"""At most so many modules that do not come with Python are loaded by a first event; a few more than there are now."""
HTTP_CLIENT: Final = {"charset_normalizer", "idna", "requests"}
LOADED: Final = {
    "inbound_webhook": ("form_16_keys", AWS_AND_LOGS),
    "stream_relay": ("message_queued", AWS_AND_LOGS),
    "outbound_sender": ("batch_of_one", AWS_AND_LOGS | HTTP_CLIENT),
    "sweeper": ("each_minute", AWS_AND_LOGS),  # the HTTP client only where an account is to be looked at
    "realtime": ("batch_of_events", AWS_AND_LOGS),
    "push_notifier": ("batch_of_one", AWS_AND_LOGS | {"cryptography"}),
    "web_app": ("nothing_there", {"app", "textension"}),
    "app_api": ("admin_groups_by_comma", AWS_AND_LOGS),
    "email_notifier": ("one_text", AWS_AND_LOGS | {"phonenumbers"}),  # numbers are written as people read them
}
"""The packages that a function may load while it handles a file; each one costs every cold start."""
RESOLVER: Final = "aws_lambda_powertools.event_handler"
NOBODY: Final = (RESOLVER, "aws_xray_sdk", "phonenumbers", "pydantic.v1")


@pytest.fixture
def environment(stack: Backend) -> Iterator[dict[str, str]]:
    """The environment of a function whose AWS is this process's."""
    arrange.for_inbound_webhook(stack.messages)
    arrange.for_outbound_sender(stack.messages, "batch_of_one")
    ClickSendAccounts(stack.table).record("main", [], at=now_ms())
    arrange.for_email_notifier(stack.table, "one_text")
    with over_http() as url:
        yield BASE | {
            "AWS_ENDPOINT_URL": url,
            "TABLE_NAME": stack.table_name,
            "EVENTS_TOPIC_ARN": stack.topic_arn,
            "OUTBOUND_QUEUE_URL": stack.queue_url,
            "CREDENTIALS_SECRET_ARN": stack.secrets["CredentialsSecret"],
            "WEBHOOK_SECRET_ARN": stack.secrets["WebhookSecret"],
            "SIGNING_SECRET_ARN": stack.secrets["SigningSecret"],
            "PUSH_SECRET_ARN": stack.secrets["PushSecret"],
        }


ANSWERS: Final[dict[str, Any]] = {
    "app_api": {
        "statusCode": 200,
        "body": '{"items":[{"number":"+61411111111","label":"Sales","enabled":true,"extensions":["101","102"],'
        '"emails":["sales@example.com"]}],"next":null}',
        "isBase64Encoded": False,
        "multiValueHeaders": {"Content-Type": ["application/json"]},
    },
    "inbound_webhook": {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "body": '{"message": "ok"}',
    },
    "stream_relay": {"batchItemFailures": []},
    "outbound_sender": {"batchItemFailures": []},
    "sweeper": {},
    "realtime": {"batchItemFailures": []},
    "email_notifier": {"batchItemFailures": []},
    "push_notifier": {"batchItemFailures": []},
    "web_app": 404,
}


def packages(modules: list[str]) -> set[str]:
    """The packages that modules belong to: those of the artifacts and of Lambda's runtime."""
    layers = {path.stem for layer in (LAYER, PUSH_LAYER) for path in layer.iterdir()}
    known = {Path(name).stem for name in RUNTIME} | layers | {"app"}
    return known & {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_what_it_uses(
    isolated: Isolated,
    environment: dict[str, str],
    stack: Backend,
    clicksend: Running,
    capsys: pytest.CaptureFixture[str],
    function: str,
) -> None:
    case, expected = LOADED[function]

    ran = isolated(FUNCTIONS[function], "app", event=arrange.event(function, case), environment=environment)

    with capsys.disabled():
        print(
            f"\n{function}: import {ran.import_seconds * 1000:.0f} ms ({len(ran.imported)} modules), "
            f"first event {ran.handler_seconds * 1000:.0f} ms ({len(ran.used)} modules)"
        )
    answer = ran.answer["statusCode"] if function == "web_app" else ran.answer
    assert (answer, ran.raised) == (ANSWERS[function], "")
    assert len(stack.mails()) == (function == "email_notifier")
    assert packages(ran.used) == expected
    assert len(ran.used) <= MODULES[function]
    wanted = tuple({RESOLVER} if function == "app_api" else expected & {"phonenumbers"})
    assert [name for name in ran.used if name.startswith(NOBODY) and not name.startswith(wanted)] == []


def test_a_sweep_that_looks_at_clicksend_loads_the_http_client(
    isolated: Isolated, environment: dict[str, str], stack: Backend, clicksend: Running
) -> None:
    stack.table.delete(items.clicksend_account_key("main"))

    ran = isolated(FUNCTIONS["sweeper"], "app", event=arrange.event("sweeper", "each_minute"), environment=environment)

    assert (ran.answer, ran.raised) == ({}, "")
    assert packages(ran.used) == AWS_AND_LOGS | HTTP_CLIENT
    found = ClickSendAccounts(stack.table).get("main")
    assert found is not None
    assert (found.trouble, found.lists("+61411111111")) == ("", True)
