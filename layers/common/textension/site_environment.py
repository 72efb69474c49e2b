"""The environment of `web_app`, apart from `config`: that loads pydantic, which costs more than the rest of a start."""

import os
from dataclasses import dataclass
from typing import Self

from textension.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEnvironment:
    """Where the web app signs its users in, and where it hears of changes."""

    cognito_endpoint: str
    user_pool_id: str
    user_pool_client_id: str
    region: str
    websocket_url: str
    push_key_parameter: str

    @classmethod
    def read(cls) -> Self:
        """The process's environment. Raises ConfigurationError naming the variables that are missing."""
        environment = os.environ  # noqa: TID251 - here is where it is read
        names = {
            "cognito_endpoint": "COGNITO_ENDPOINT",
            "user_pool_id": "USER_POOL_ID",
            "user_pool_client_id": "USER_POOL_CLIENT_ID",
            "region": "AWS_REGION",
            "websocket_url": "WEBSOCKET_URL",
            "push_key_parameter": "PUSH_KEY_PARAMETER",
        }
        if missing := [name for name in names.values() if not environment.get(name)]:
            raise ConfigurationError(f"set these environment variables, as template.yaml does: {', '.join(missing)}")
        return cls(**{field: environment[name] for field, name in names.items()})
