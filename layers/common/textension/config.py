"""The environment, read once and checked: the only place that looks at it."""

import functools
import os
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from textension.errors import ConfigurationError
from textension.optout import START_WORDS, STOP_WORDS

type Text = Annotated[str, Field(min_length=1)]


class Environment(BaseModel):
    """What every function is given by `template.yaml`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    ENVIRONMENT: Literal["local", "staging", "prod"] = "prod"
    TABLE_NAME: Text
    SIGNING_SECRET_ARN: Text

    @classmethod
    def read(cls) -> Self:
        """The process's environment. Raises ConfigurationError naming the variables that are missing or wrong."""
        try:
            return cls.model_validate(dict(os.environ))  # noqa: TID251 - here is where it is read
        except ValidationError as error:
            names = ", ".join(sorted({str(part["loc"][0]) for part in error.errors()}))
            raise ConfigurationError(f"set these environment variables, as template.yaml does: {names}") from None


class WebhookEnvironment(Environment):
    """Of `inbound_webhook`."""

    WEBHOOK_SECRET_ARN: Text
    REQUIRE_WEBHOOK_TOKEN: bool = True
    DEFAULT_COUNTRY: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    OPT_OUT_WORDS: str = ",".join(STOP_WORDS)
    OPT_IN_WORDS: str = ",".join(START_WORDS)


class RelayEnvironment(Environment):
    """Of `stream_relay` and `sweeper`."""

    EVENTS_TOPIC_ARN: Text
    OUTBOUND_QUEUE_URL: Text


class SenderEnvironment(Environment):
    """Of `outbound_sender`."""

    CREDENTIALS_SECRET_ARN: Text


class EmailEnvironment(Environment):
    """Of `email_notifier`. Without a sender nothing is mailed."""

    EMAIL_FROM: str = ""
    APP_URL: Text
    CONFIGURATION_SET: Text


@functools.cache
def webhook() -> WebhookEnvironment:
    """The webhook's environment."""
    return WebhookEnvironment.read()


@functools.cache
def relay() -> RelayEnvironment:
    """The relay's and the sweeper's environment."""
    return RelayEnvironment.read()


@functools.cache
def sender() -> SenderEnvironment:
    """The sender's environment."""
    return SenderEnvironment.read()


@functools.cache
def email() -> EmailEnvironment:
    """The e-mail copies' environment."""
    return EmailEnvironment.read()
