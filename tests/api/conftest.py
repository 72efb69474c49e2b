"""The API on a port of this machine, with an office in the table behind it."""

import io
import json
from collections.abc import Iterator

import httpx
import pytest
from textension.aws import clients
from textension.aws.clicksend_accounts import ClickSendAccounts
from textension.clock import now_ms
from textension.message import NumberSettings

from tests.api.gateway import Gateway, claims_of, served
from tests.conftest import NUMBER, Backend, Context, load_function
from tests.unit.test_inbound import post, push

USERS = {
    "ana": claims_of("101", groups="admin"),
    "ben": claims_of("102"),
    "eve": claims_of("201"),
    "stranger": claims_of("101", account="other", groups="admin"),
}
OTHER_NUMBER = "+61433333333"


@pytest.fixture
def office(aws: Backend) -> Backend:
    """Two numbers with a conversation each, something in quarantine, a peer who opted out, a failed text."""
    aws.numbers.put(NumberSettings(number=OTHER_NUMBER, account="main", extensions=("201",), label="Service"))
    ClickSendAccounts(aws.table).record("main", [NUMBER, OTHER_NUMBER, "+61444444444"], at=now_ms())
    post(aws, push(message_id="IN-1", body="hello", message="hello"))
    post(aws, push(message_id="IN-2", to=OTHER_NUMBER))
    post(aws, push(message_id="IN-3", to="+61499999999"))
    post(aws, push(message_id="IN-4", body="STOP", message="STOP", **{"from": "+12025550101"}))
    return aws


@pytest.fixture
def gateway(office: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """The API, for whoever shows one of the users' names as a token."""
    monkeypatch.setattr(clients, "lambda_", InProcess)
    monkeypatch.setenv("SEGMENTS_PER_DAY", "1000000")
    monkeypatch.setenv("MESSAGES_PER_MINUTE", "1000000")
    with served(USERS) as one:
        yield one


class InProcess:
    """Lambda, where this process is the other function."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, object]:  # noqa: N803 - AWS's names
        assert FunctionName == "inbound-webhook"
        answer = load_function("inbound_webhook").handler(json.loads(Payload), Context())
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


def call(gateway: Gateway, user: str | None, method: str, path: str, **more: object) -> httpx.Response:
    """One request, signed in as somebody."""
    headers = {"Authorization": f"Bearer {user}"} if user else {}
    return httpx.request(method, f"{gateway.url}/api/v1{path}", headers=headers, timeout=30, **more)  # type: ignore[arg-type]
