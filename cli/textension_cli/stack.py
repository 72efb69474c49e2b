"""Which stack a command speaks to: the local one that `make run` started, or one on AWS by its name.

The package reads the process's environment, as the functions do. So opening a stack makes this process's environment
that of the stack's functions, before the first AWS client is made.
"""

import functools
import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, ValidationError
from textension.clock import DAY
from textension.errors import ConfigurationError, NotFound, Unavailable

if TYPE_CHECKING:
    from textension.aws.catch_ups import CatchUps
    from textension.aws.changes import Changes
    from textension.aws.connections import Connections, Gateway
    from textension.aws.conversations import Conversations
    from textension.aws.log import MessageLog
    from textension.aws.messages import Messages
    from textension.aws.numbers import Numbers
    from textension.aws.quarantine import Quarantine
    from textension.aws.stacks import Description
    from textension.aws.table import Table
    from textension.aws.users import Users

STATE_DIR: Final = ".local"
FILE: Final = "stack.json"

# The functions' variables, by the output that has the value.
_OUTPUTS: Final = {
    "TABLE_NAME": "TableName",
    "EVENTS_TOPIC_ARN": "EventsTopicArn",
    "OUTBOUND_QUEUE_URL": "OutboundQueueUrl",
    "CREDENTIALS_SECRET_ARN": "CredentialsSecretArn",
    "WEBHOOK_SECRET_ARN": "WebhookSecretArn",
    "SIGNING_SECRET_ARN": "SigningSecretArn",
}


class _Access(BaseModel):
    """`aws` in `stack.json`."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str


class _StackFile(BaseModel):
    """What the command line needs of `stack.json`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    stack_name: str
    aws: _Access
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user said about the stack; None where nothing."""

    stack: str | None = None
    region: str | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Stack:
    """A stack that can be used."""

    name: str
    local: bool
    account: str
    """The account that it was deployed with."""
    country: str
    """Whose national phone numbers are understood."""
    outputs: Mapping[str, str]
    described: "Description"
    """What CloudFormation says of it."""

    @functools.cached_property
    def _table(self) -> "Table":
        from textension.aws.table import Table

        return Table(self.outputs["TableName"])

    @functools.cached_property
    def messages(self) -> "Messages":
        """The messages."""
        from textension.aws.messages import Messages

        kept = int(self.described.parameters.get("MessageRetentionDays", "0")) * DAY
        return Messages(self._table, kept=kept)

    @functools.cached_property
    def conversations(self) -> "Conversations":
        """The conversations."""
        from textension.aws.conversations import Conversations

        return Conversations(self._table)

    @functools.cached_property
    def changes(self) -> "Changes":
        """What changed, as it was published."""
        from textension.aws.changes import Changes

        return Changes(self._table)

    @functools.cached_property
    def log(self) -> "MessageLog":
        """The messages in order of time."""
        from textension.aws.log import MessageLog

        return MessageLog(self._table)

    @functools.cached_property
    def numbers(self) -> "Numbers":
        """The numbers."""
        from textension.aws.numbers import Numbers

        return Numbers(self._table)

    @functools.cached_property
    def quarantine(self) -> "Quarantine":
        """The quarantines."""
        from textension.aws.quarantine import Quarantine

        return Quarantine(self._table)

    @functools.cached_property
    def catch_ups(self) -> "CatchUps":
        """How far accounts have caught up with ClickSend's history."""
        from textension.aws.catch_ups import CatchUps

        return CatchUps(self._table)

    @functools.cached_property
    def users(self) -> "Users":
        """Who may sign in. Raises ConfigurationError for a stack that was deployed before there were users."""
        from textension.aws.users import Users

        return Users(self._added_later("UserPoolId"))

    @functools.cached_property
    def connections(self) -> "Connections":
        """The apps' WebSockets."""
        from textension.aws.connections import Connections

        return Connections(self._table)

    @functools.cached_property
    def gateway(self) -> "Gateway":
        """API Gateway's end of the apps' WebSockets. Raises ConfigurationError as `users` does."""
        from textension import config
        from textension.aws.connections import Gateway

        self._added_later("WebSocketUrl")
        return Gateway(config.realtime().connections_endpoint)

    @property
    def push_secret_arn(self) -> str:
        """The secret with the keys that sign pushes. Raises ConfigurationError as `users` does."""
        return self._added_later("PushSecretArn")

    @property
    def push_key_parameter(self) -> str:
        """The parameter with their public half. Raises ConfigurationError as `users` does."""
        return self._added_later("PushKeyParameter")

    def _added_later(self, output: str) -> str:
        value = self.outputs.get(output)
        if not value:
            raise ConfigurationError(f"{self.name} has no output {output}: deploy this version of the template first")
        return value


def open_stack(choice: Choice) -> Stack:
    """The stack that was chosen, with this process's environment set for it.

    Raises ConfigurationError where no stack is to be found, NotFound for a name that does not exist, and Unavailable.
    """
    environment = os.environ  # noqa: TID251 - the functions' environment is made here
    if choice.stack is None:
        file, path = _find(environment)
        _aim_at_emulator(environment, file.aws)
        try:
            return _stack(file.stack_name, environment, file)
        except NotFound as error:
            raise ConfigurationError(f"{path} names a stack that is not there: start it again with make run") from error
    _aim_at_aws(environment, choice)
    return _stack(choice.stack, environment)


def _stack(name: str, environment: MutableMapping[str, str], file: _StackFile | None = None) -> Stack:
    from textension.aws import stacks

    found = stacks.describe(name)
    outputs = file.outputs if file else found.outputs  # the local addresses are those of the front
    missing = [output for output in ("ApiUrl", "WebhookUrl", *_OUTPUTS.values()) if not outputs.get(output)]
    if missing:
        raise ConfigurationError(f"{name} is not a Textension stack: it has no output {missing[0]}")
    country, account = found.parameters.get("DefaultCountry"), found.parameters.get("Account")
    if not country or not account:
        raise ConfigurationError(f"{name} is not a Textension stack: it lacks the parameter DefaultCountry or Account")
    environment.update({variable: outputs[output] for variable, output in _OUTPUTS.items()})
    environment["DEFAULT_COUNTRY"] = country
    if "WebSocketUrl" in found.outputs:  # the API's own address: the local stack's file has the front's
        environment["CONNECTIONS_URL"] = found.outputs["WebSocketUrl"]
    for variable, parameter in (("OPT_OUT_WORDS", "OptOutWords"), ("OPT_IN_WORDS", "OptInWords")):
        if parameter in found.parameters:
            environment[variable] = found.parameters[parameter]
    return Stack(name, file is not None, account, country, outputs, found)


def _find(environment: Mapping[str, str]) -> tuple[_StackFile, Path]:
    state_dir = environment.get("TEXTENSION_STATE_DIR") or STATE_DIR
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / state_dir / FILE
        try:
            return _StackFile.model_validate_json(path.read_bytes()), path
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (ValidationError, OSError) as error:
            raise ConfigurationError(f"{path} cannot be read: start the local stack again with make run") from error
    where = Path(state_dir) / FILE
    looked = f"{where}" if where.is_absolute() else f"{where} here ({here}) or in a folder above"
    raise ConfigurationError(
        f"no running local stack: there is no {looked}. Start one with make run, or give --stack NAME"
    )


def _aim_at_emulator(environment: MutableMapping[str, str], access: _Access) -> None:
    """Nothing of the user's own AWS set-up reaches the emulator, nor the other way round."""
    for name in [name for name in environment if name.startswith("AWS_")]:
        del environment[name]
    environment.update(
        {
            "AWS_ENDPOINT_URL": access.endpoint_url,
            "AWS_ACCESS_KEY_ID": access.access_key_id,
            "AWS_SECRET_ACCESS_KEY": access.secret_access_key,
            "AWS_REGION": access.region,
            "AWS_DEFAULT_REGION": access.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "*",
            "no_proxy": "*",
        }
    )


def _aim_at_aws(environment: MutableMapping[str, str], choice: Choice) -> None:
    if choice.profile:
        # boto3 would prefer keys in the environment to AWS_PROFILE: then another account would be meant than was said.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            environment.pop(name, None)
        environment["AWS_PROFILE"] = choice.profile
    region = choice.region or environment.get("AWS_REGION")  # boto3 itself reads AWS_DEFAULT_REGION only
    if region:
        environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region


def why(error: Unavailable, choice: Choice) -> str:
    """What to do about an error that kept us from the stack."""
    from textension.aws import trouble

    if choice.stack is None and trouble.unreachable(error):
        return "the local stack does not answer: start it with make run"
    return trouble.advice(error) or str(error)
