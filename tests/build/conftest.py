"""The built artifacts, and Python with nothing else on its path."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from local.build import BUILT, ensure_built
from tests.events import arrange

# What Lambda's own Python 3.13 brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME: Final = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
ISOLATED: Final = Path(__file__).with_name("isolated.py")
LAYER: Final = BUILT / "CommonLayer" / "python"
PUSH_LAYER: Final = BUILT / "PushLayer" / "python"
NOWHERE: Final = "http://127.0.0.1:9"
"""The discard port: nobody answers there."""

BASE: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "ap-southeast-2",
    "AWS_REGION": "ap-southeast-2",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ENDPOINT_URL": NOWHERE,
    "ENVIRONMENT": "local",
    "TABLE_NAME": "nowhere",
    "EVENTS_TOPIC_ARN": "arn:aws:sns:ap-southeast-2:123456789012:nowhere",
    "OUTBOUND_QUEUE_URL": f"{NOWHERE}/123456789012/nowhere.fifo",
    "CREDENTIALS_SECRET_ARN": "nowhere",
    "WEBHOOK_SECRET_ARN": "nowhere",
    "SIGNING_SECRET_ARN": "nowhere",
    "PUSH_SECRET_ARN": "nowhere",
    "PUSH_KEY_PARAMETER": "nowhere",
    **arrange.WEB_APP,
    "REQUIRE_WEBHOOK_TOKEN": "true",
    "DEFAULT_COUNTRY": "AU",
    "CONNECTIONS_URL": "https://abcdef1234.execute-api.ap-southeast-2.amazonaws.com/live",
    "INBOUND_WEBHOOK": "nowhere",
    "OUTBOUND_DEAD_LETTER_QUEUE_URL": NOWHERE,
    "REALTIME_DEAD_LETTER_QUEUE_URL": NOWHERE,
    "EMAIL_DEAD_LETTER_QUEUE_URL": NOWHERE,
    "PUSH_DEAD_LETTER_QUEUE_URL": NOWHERE,
    "FAILURE_QUEUE_URL": NOWHERE,
    "EMAIL_FROM": "textension@example.com",
    "APP_URL": f"{NOWHERE}/app/",
    "CONFIGURATION_SET": "nowhere",
    "POWERTOOLS_SERVICE_NAME": "function",
    "POWERTOOLS_METRICS_NAMESPACE": "Textension",
    "PYDANTIC_DISABLE_PLUGINS": "true",
}
"""An environment whose AWS is out of reach."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What an isolated interpreter said."""

    import_seconds: float
    imported: list[str]
    answer: Any = None
    raised: str = ""
    handler_seconds: float = 0.0
    used: list[str] = field(default_factory=list)


type Isolated = Callable[..., Ran]


@pytest.fixture(scope="session")
def built() -> Path:
    """The artifacts of `sam build`, made of the sources as they are."""
    ensure_built()
    return BUILT


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of Lambda's runtime, and no others."""
    folder = tmp_path_factory.mktemp("runtime")
    site = next(Path(entry) for entry in sys.path if (Path(entry) / "boto3").is_dir())
    for name in RUNTIME:
        (folder / name).symlink_to(site / name)
    return folder


@pytest.fixture
def isolated(built: Path, runtime: Path) -> Isolated:
    """Runs Python with one function's folder, the layer and the runtime on its path, in the order that Lambda has."""

    def run(function: str | None, *modules: str, environment: dict[str, str] | None = None, **order: Any) -> Ran:
        before = [str(built / function)] if function else []
        layers = [LAYER, PUSH_LAYER] if function in {None, "PushNotifier"} else [LAYER]
        path = {"before": [*before, *map(str, layers)], "after": [str(runtime)], "modules": modules}
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-B", str(ISOLATED)],
            input=json.dumps(path | order),
            env=environment or BASE,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return Ran(**json.loads(done.stdout.splitlines()[-1]))

    return run
