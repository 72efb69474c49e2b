"""The environment, read once and checked: the only place that looks at it."""

import functools
import os
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from textension.clock import DAY
from textension.errors import ConfigurationError
from textension.optout import HELP_WORDS, START_WORDS, STOP_WORDS

type Text = Annotated[str, Field(min_length=1)]
type Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


class Environment(BaseModel):
    """What every function is given by `template.yaml`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, defer_build=True)

    ENVIRONMENT: Literal["local", "staging", "prod"] = "prod"
    TABLE_NAME: Text

    @classmethod
    def read(cls) -> Self:
        """The process's environment. Raises ConfigurationError naming the variables that are missing or wrong."""
        try:
            return cls.model_validate(dict(os.environ))  # noqa: TID251 - here is where it is read
        except ValidationError as error:
            names = ", ".join(sorted({str(part["loc"][0]) for part in error.errors()}))
            raise ConfigurationError(f"set these environment variables, as template.yaml does: {names}") from None


class SigningEnvironment(Environment):
    """Of every function that makes or checks our marks."""

    SIGNING_SECRET_ARN: Text


class LimitsEnvironment(SigningEnvironment):
    """Of whoever accepts texts to send."""

    DEFAULT_COUNTRY: Country
    ALLOWED_COUNTRIES: Annotated[str, Field(pattern=r"^(\*|[A-Z]{2}(,[A-Z]{2})*)$")] = "*"
    MESSAGES_PER_MINUTE: Annotated[int, Field(ge=1)] = 60
    SEGMENTS_PER_DAY: Annotated[int, Field(ge=1)] = 2000
    MESSAGE_RETENTION_DAYS: Annotated[str, Field(pattern=r"^(0|[3-9][0-9]|[1-9][0-9]{2,3})$")] = "0"

    @property
    def kept(self) -> int:
        """For how many ms texts are kept; 0 is for ever."""
        return int(self.MESSAGE_RETENTION_DAYS) * DAY


class KeywordsEnvironment(Environment):
    """Of whoever takes texts in."""

    DEFAULT_COUNTRY: Country
    OPT_OUT_WORDS: str = ",".join(STOP_WORDS)
    OPT_IN_WORDS: str = ",".join(START_WORDS)
    HELP_WORDS: str = ",".join(HELP_WORDS)


class WebhookEnvironment(LimitsEnvironment, KeywordsEnvironment):
    """Of `inbound_webhook`."""

    WEBHOOK_SECRET_ARN: Text
    REQUIRE_WEBHOOK_TOKEN: bool = True
    HELP_TEXT: str = ""


class RelayEnvironment(SigningEnvironment):
    """Of `stream_relay` and `sweeper`."""

    EVENTS_TOPIC_ARN: Text
    OUTBOUND_QUEUE_URL: Text


class SweeperEnvironment(RelayEnvironment, KeywordsEnvironment):
    """Of `sweeper`, which also looks at ClickSend, and takes in what nobody posted."""

    CREDENTIALS_SECRET_ARN: Text
    UNRESOLVED_AFTER_MINUTES: Annotated[int, Field(ge=1)] = 15


class SenderEnvironment(SigningEnvironment):
    """Of `outbound_sender`."""

    CREDENTIALS_SECRET_ARN: Text


class RealtimeEnvironment(Environment):
    """Of `realtime`, and of whoever else speaks to the apps' connections."""

    CONNECTIONS_URL: Annotated[str, Field(pattern=r"^(https|wss)://[^/.]+\.[^/]+/[^/]+$")]
    """The WebSocket API's address with its stage."""
    AWS_ENDPOINT_URL: str = ""

    @property
    def connections_endpoint(self) -> str:
        """Where `@connections` answers. On the emulator that is below its own address, as its names are local ones."""
        host, stage = self.CONNECTIONS_URL.partition("://")[2].split("/")
        if self.AWS_ENDPOINT_URL:
            return f"{self.AWS_ENDPOINT_URL.rstrip('/')}/_aws/execute-api/{host.partition('.')[0]}/{stage}"
        return f"https://{host}/{stage}"


class EmailEnvironment(SigningEnvironment):
    """Of `email_notifier`. Without a sender nothing is mailed."""

    EMAIL_FROM: str = ""
    APP_URL: Text
    CONFIGURATION_SET: Text


class PushEnvironment(Environment):
    """Of `push_notifier`."""

    PUSH_SECRET_ARN: Text


@functools.cache
def webhook() -> WebhookEnvironment:
    """The webhook's environment."""
    return WebhookEnvironment.read()


class AppEnvironment(LimitsEnvironment):
    """Of `app_api`. The queues are those whose depth says that something is wrong."""

    INBOUND_WEBHOOK: Text
    EMAIL_FROM: str = ""
    OUTBOUND_DEAD_LETTER_QUEUE_URL: Text
    REALTIME_DEAD_LETTER_QUEUE_URL: Text
    EMAIL_DEAD_LETTER_QUEUE_URL: Text
    PUSH_DEAD_LETTER_QUEUE_URL: Text
    FAILURE_QUEUE_URL: Text


@functools.cache
def app() -> AppEnvironment:
    """The app API's environment."""
    return AppEnvironment.read()


@functools.cache
def relay() -> RelayEnvironment:
    """The relay's and the sweeper's environment."""
    return RelayEnvironment.read()


@functools.cache
def sweeper() -> SweeperEnvironment:
    """The sweeper's environment, with what only its look at ClickSend needs."""
    return SweeperEnvironment.read()


@functools.cache
def sender() -> SenderEnvironment:
    """The sender's environment."""
    return SenderEnvironment.read()


@functools.cache
def realtime() -> RealtimeEnvironment:
    """The environment of `realtime`."""
    return RealtimeEnvironment.read()


def email() -> EmailEnvironment:
    """The e-mail copies' environment."""
    return EmailEnvironment.read()


@functools.cache
def push() -> PushEnvironment:
    """The pushes' environment."""
    return PushEnvironment.read()
