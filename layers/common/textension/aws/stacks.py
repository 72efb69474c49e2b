"""A deployed stack as CloudFormation describes it: how the command line finds the table and the secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.clock import SECOND, now_ms
from textension.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class Description:
    """A stack's outputs and parameters, by their names in the template; how its last change went; AWS's time."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    status: str = ""
    """CloudFormation's word, such as UPDATE_COMPLETE."""
    drifted: bool = False
    """Whether CloudFormation's last look for drift found any."""
    clock_ahead: int | None = None
    """By how many ms this machine's clock is ahead of AWS's, which tells whole seconds."""


def describe(name: str) -> Description:
    """The stack of that name. Raises NotFound, or Unavailable when CloudFormation cannot be asked."""
    try:
        answer = clients.cloudformation().describe_stacks(StackName=name)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            raise NotFound(f"there is no stack {name} in this account and region") from error
        raise Unavailable("CloudFormation did not describe the stack") from error
    except BotoCoreError as error:
        raise Unavailable("CloudFormation did not answer") from error
    stack = answer["Stacks"][0]
    return Description(
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())},
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", ())},
        status=stack.get("StackStatus", ""),
        drifted=stack.get("DriftInformation", {}).get("StackDriftStatus") == "DRIFTED",
        clock_ahead=_ahead(answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")),
    )


def _ahead(date: str) -> int | None:
    try:
        return now_ms() - int(parsedate_to_datetime(date).timestamp()) * SECOND
    except ValueError:
        return None
