"""The real `sam deploy` onto the emulator, and what CloudFormation says afterwards."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError

from . import build, config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client

DEPLOYED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


class Aws:
    """Clients of the emulator, with the key of its root user; making it makes the emulator this process's AWS."""

    def __init__(self, port: int) -> None:
        self.endpoint_url = f"http://{config.HOST}:{port}"
        config.use_emulator(self.endpoint_url)
        self._config = BotoConfig(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2})

    @functools.cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """CloudFormation."""
        return boto3.client("cloudformation", config=self._config)

    @functools.cached_property
    def cognito(self) -> "CognitoIdentityProviderClient":
        """Cognito's user pools."""
        return boto3.client("cognito-idp", config=self._config)

    @functools.cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """CloudWatch Logs."""
        return boto3.client("logs", config=self._config)

    @functools.cached_property
    def secrets(self) -> "SecretsManagerClient":
        """Secrets Manager."""
        return boto3.client("secretsmanager", config=self._config)

    @functools.cached_property
    def ses(self) -> "SESV2Client":
        """SES."""
        return boto3.client("sesv2", config=self._config)


def parameters(front_url: str, websocket_url: str, aws_url: str) -> str:
    """The template's parameters for the stack with these addresses: of the front, the WebSocket there, the emulator."""
    return (
        f"Environment=local LogRetentionDays=1 Architecture={config.architecture()} "
        f"EmailFrom={config.EMAIL_FROM} PublicUrl={front_url} "
        f"CognitoEndpoint={aws_url}/ WebSocketUrl={websocket_url}"
    )


def ensure_deployed(aws: Aws, state_dir: Path, front_url: str, websocket_url: str) -> bool:
    """Deploy unless the emulator's stack is made of exactly what is built; returns whether it deployed."""
    with build.locked():
        overrides = parameters(front_url, websocket_url, aws.endpoint_url)
        return _deploy(aws, state_dir / "deployed.sha256", overrides)


def _deploy(aws: Aws, stamp: Path, overrides: str) -> bool:
    wanted = build.digest([build.BUILT], build.BUILT, aws.endpoint_url, overrides)
    done = stamp.read_text(encoding="ascii") if stamp.exists() else ""
    if done == wanted and _stack_stands(aws):
        return False
    stamp.unlink(missing_ok=True)
    options = ("--parameter-overrides", overrides, "--no-progressbar")
    build.run_sam("deploy", "--config-env", "local", *options, AWS_ENDPOINT_URL=aws.endpoint_url)
    stamp.write_text(wanted, encoding="ascii")
    return True


def _stack_stands(aws: Aws) -> bool:
    try:
        stacks = aws.cloudformation.describe_stacks(StackName=config.STACK_NAME)["Stacks"]
    except ClientError:
        return False
    return stacks[0]["StackStatus"] in DEPLOYED


def outputs(aws: Aws) -> dict[str, str]:
    """The stack's outputs as CloudFormation has them."""
    stack = aws.cloudformation.describe_stacks(StackName=config.STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def resources(aws: Aws, kind: str) -> dict[str, str]:
    """Physical ids of the stack's resources of one kind, by logical id."""
    summaries = aws.cloudformation.describe_stack_resources(StackName=config.STACK_NAME)["StackResources"]
    return {
        entry["LogicalResourceId"]: entry["PhysicalResourceId"] for entry in summaries if entry["ResourceType"] == kind
    }


def at_the_front(values: Mapping[str, str], front_url: str, websocket_url: str) -> dict[str, str]:
    """Outputs whose addresses work here: those of the REST API start with the front's address, the WebSocket is there
    too."""
    api_url = values["ApiUrl"]
    fronted = {name: value.replace(api_url, front_url) for name, value in values.items()}
    return fronted | {"WebSocketUrl": websocket_url}
