"""A deployed stack as CloudFormation describes it: how the command line finds the table and the secrets."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import NotFound, Unavailable


@dataclass(frozen=True, slots=True)
class Description:
    """A stack's outputs and parameters, by their names in the template."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


def describe(name: str) -> Description:
    """The stack of that name. Raises NotFound, or Unavailable when CloudFormation cannot be asked."""
    try:
        stack = clients.cloudformation().describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            raise NotFound(f"there is no stack {name} in this account and region") from error
        raise Unavailable("CloudFormation did not describe the stack") from error
    except BotoCoreError as error:
        raise Unavailable("CloudFormation did not answer") from error
    return Description(
        outputs={one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())},
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", ())},
    )
