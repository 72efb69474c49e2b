"""AWS in this process, as the files under events/ expect it."""

from collections.abc import Iterator

import pytest

from local.simulator import Running, running
from tests.conftest import Backend
from tests.events import arrange


@pytest.fixture
def stack(aws: Backend) -> Backend:
    """The stack with the token and the signing key that the files were made with."""
    webhook = {"account": "main", "WEBHOOK_TOKEN": arrange.TOKEN, "CLICKSEND_SUBACCOUNT_ID": arrange.SUBACCOUNT}
    aws.put_secret("WebhookSecret", webhook)
    aws.put_secret("SigningSecret", {"version": arrange.SIGNING_VERSION, "key": arrange.SIGNING_KEY})
    return aws


@pytest.fixture
def clicksend(stack: Backend) -> Iterator[Running]:
    """A ClickSend that the stack's credentials open."""
    with running() as simulator:
        credentials = {
            "account": "main",
            "CLICKSEND_USERNAME": simulator.credential.username,
            "CLICKSEND_API_KEY": simulator.credential.api_key,
            "CLICKSEND_BASE_URL": simulator.url,
        }
        stack.put_secret("CredentialsSecret", credentials)
        yield simulator
