"""The functions in containers, beside a local stack that knows the token and the key of the files under events/."""

import contextlib
import json
from collections.abc import Iterator

import boto3
import pytest
from textension.aws.messages import Messages
from textension.aws.table import Table

from local.bridge import AWS_NAME, CLICKSEND_NAME, reachable
from tests.conftest import forget
from tests.events import arrange
from tests.sam_local.engine import NoEngine, engine
from tests.sam_local.sam import Lambda, Sam
from tests.stack.running import RunningStack


@pytest.fixture(scope="package")
def docker() -> Iterator[None]:
    """A Docker engine. Where none can be had, what needs it is skipped, with the reason."""
    with contextlib.ExitStack() as ending:
        try:
            ending.enter_context(engine())
        except NoEngine as reason:
            pytest.skip(f"sam local needs Docker: {reason}")
        yield


@pytest.fixture(scope="package")
def beside(docker: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A local stack of our own: its secrets are changed."""
    with RunningStack.started(tmp_path_factory.mktemp("beside")) as running:
        yield running


@pytest.fixture(scope="package")
def messages(beside: RunningStack) -> Iterator[Messages]:
    """The stack's messages, with the stack as this process's AWS."""
    access = beside.file.aws
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", access.endpoint_url)
        environment.setenv("AWS_DEFAULT_REGION", access.region)
        environment.setenv("AWS_ACCESS_KEY_ID", access.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", access.secret_access_key)
        forget()
        yield Messages(Table(beside.file.outputs["TableName"]))
        forget()


@pytest.fixture(scope="package")
def sam(beside: RunningStack, messages: Messages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sam]:
    """`sam local` beside the stack, whose AWS and whose ClickSend containers can reach."""
    file = beside.file
    with (
        reachable(file.aws.endpoint_url, AWS_NAME) as aws_url,
        reachable(file.simulator_url, CLICKSEND_NAME) as clicksend_url,
    ):
        _change(file.outputs["CredentialsSecretArn"], CLICKSEND_BASE_URL=clicksend_url)
        _change(file.outputs["WebhookSecretArn"], WEBHOOK_TOKEN=arrange.TOKEN)
        _change(file.outputs["SigningSecretArn"], version=arrange.SIGNING_VERSION, key=arrange.SIGNING_KEY)
        arrange.for_inbound_webhook(messages)
        yield Sam(file, tmp_path_factory.mktemp("sam"), aws_url)


def _change(arn: str, **values: str) -> None:
    secrets = boto3.client("secretsmanager")
    old = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
    secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(old | values))


@pytest.fixture(scope="package")
def containers(sam: Sam) -> Iterator[Lambda]:
    """All functions, each in a container that stays warm."""
    with sam.started() as started:
        yield started
