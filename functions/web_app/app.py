"""The web app's files, and the addresses that it works with."""

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textension.errors import Unavailable
from textension.site import CONFIG, Request, Site
from textension.site_environment import SiteEnvironment

if TYPE_CHECKING:
    from textension.aws.push_key import PushKey

logger = logging.getLogger("web_app")

DIST = Path(__file__).with_name("dist")
"""What `npm run build` made; it travels with this function."""


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """One GET or HEAD, as a REST API's proxy event."""
    request = Request.of(event)
    config = _config() if request.name == CONFIG else {}
    return _site().answer(request, config).wire(head=event["httpMethod"] == "HEAD")


@functools.cache
def _environment() -> SiteEnvironment:
    return SiteEnvironment.read()


@functools.cache
def _site() -> Site:
    environment = _environment()
    return Site(DIST, (environment.cognito_endpoint, environment.websocket_url))


@functools.cache
def _push_key() -> "PushKey":
    from textension.aws.push_key import PushKey

    return PushKey(_environment().push_key_parameter)


def _config() -> dict[str, object]:
    environment = _environment()
    try:
        public_key = _push_key().get()
    except Unavailable as error:
        logger.warning("without pushes: %s", error)  # the app can do the rest
        public_key = None
    return {
        "account_pool": {
            "endpoint": environment.cognito_endpoint,
            "user_pool_id": environment.user_pool_id,
            "client_id": environment.user_pool_client_id,
            "region": environment.region,
        },
        "websocket_url": environment.websocket_url,
        "api": "../api/v1",
        "vapid_public_key": public_key,
    }
