"""`sam local invoke` beside the running stack: one function in a container like Lambda's, with one file of `events/`.

The files carry a token and an account of their own; an event goes in with the stack's token in the place of theirs.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from . import config, deploy
from .bridge import AWS_NAME, NAMES, reachable
from .errors import LocalError
from .stackfile import StackFile

SAM: Final = str(config.PROJECT / ".venv" / "bin" / "sam")
IMAGE: Final = f"public.ecr.aws/lambda/python:3.13-{config.architecture()}"


def invoke(stack_file: Path, function: str, event: Path) -> int:
    """Run `sam local invoke` and show what it shows; its exit code."""
    try:
        file = StackFile.read(stack_file)
    except FileNotFoundError:
        raise LocalError("The local stack is not running, and the function needs its AWS: make run") from None
    if not event.is_file():
        raise LocalError(f"{event} is not there: choose one of events/*/*.json")
    if not docker_answers():
        raise LocalError("sam local runs functions in Docker, and no Docker engine answers: start one")
    with tempfile.TemporaryDirectory() as folder, reachable(file.aws.endpoint_url, AWS_NAME) as aws_url:
        copy = Path(folder) / event.name
        copy.write_text(with_token(event.read_text(encoding="utf-8"), file.demo.webhook_token), encoding="utf-8")
        command = [SAM, "local", "invoke", function, "--event", str(copy), *options(file, aws_url, Path(folder))]
        return subprocess.run(command, cwd=config.PROJECT, env=config.child_environment(), check=False).returncode


def with_token(event: str, token: str) -> str:
    """The event with the stack's token in the place of the one that all files under `events/` share."""
    path = config.PROJECT / "events" / "inbound_webhook" / "form_16_keys.json"
    example = json.loads(path.read_text(encoding="utf-8"))
    return event.replace(example["pathParameters"]["token"], token)


def options(file: StackFile, aws_url: str, folder: Path) -> list[str]:
    """What every `sam local` command is given. Of these variables it passes on those that the template declares.

    `aws_url` is how containers reach AWS; `folder` is for the file of variables.
    """
    outputs = file.outputs
    variables = {
        "AWS_ENDPOINT_URL": aws_url,
        "TABLE_NAME": outputs["TableName"],
        "EVENTS_TOPIC_ARN": outputs["EventsTopicArn"],
        "OUTBOUND_QUEUE_URL": outputs["OutboundQueueUrl"],
        "CREDENTIALS_SECRET_ARN": outputs["CredentialsSecretArn"],
        "WEBHOOK_SECRET_ARN": outputs["WebhookSecretArn"],
        "SIGNING_SECRET_ARN": outputs["SigningSecretArn"],
        "CONFIGURATION_SET": file.stack_name,
        "PUSH_SECRET_ARN": outputs["PushSecretArn"],
        "PUSH_KEY_PARAMETER": outputs["PushKeyParameter"],
        "USER_POOL_ID": outputs["UserPoolId"],
        "USER_POOL_CLIENT_ID": outputs["UserPoolClientId"],
    }
    path = folder / "variables.json"
    path.write_text(json.dumps({"Parameters": variables}), encoding="utf-8")
    own = deploy.parameters(file.api_url, file.websocket_url, file.aws.endpoint_url)
    parameters = f"{own} AwsEndpointUrl={aws_url}"
    hosts = [option for name in NAMES for option in ("--add-host", f"{name}:host-gateway")]
    pulling = ["--skip-pull-image"] if has_image() else []
    return ["--env-vars", str(path), "--parameter-overrides", parameters, *hosts, *pulling]


def docker_answers() -> bool:
    """Whether a Docker engine runs."""
    return _docker("info") == 0


def has_image() -> bool:
    """Whether the Lambda base image is here already, so that nothing needs to be pulled."""
    return _docker("image", "inspect", IMAGE) == 0


def _docker(*arguments: str) -> int:
    try:
        return subprocess.run(["docker", *arguments], capture_output=True, timeout=30, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return 1
