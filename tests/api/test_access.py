"""Who may do what: every operation of the description, asked by everybody who must not."""

import json
from typing import Any, Final

import pytest

from tests.api.conftest import OTHER_NUMBER, call
from tests.api.gateway import Gateway
from tests.conftest import PEER, Backend

# A replay's function shares this process's metrics with the API's.
pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

ABSENT_NUMBER: Final = "+61455555555"
ABSENT_ID: Final = "0" * 26
ABSENT_POST: Final = "0" * 64
BODIES: Final[dict[str, Any]] = {
    "POST /conversations/{number}/{peer}/messages": {"text": "x"},
    "POST /conversations/{number}/{peer}/read": {"up_to": ABSENT_ID},
    "PUT /contacts/{peer}": {"name": "x"},
    "PUT /push-subscriptions/{subscription_id}": {
        "endpoint": "https://fcm.googleapis.com/x",
        "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
    },
    "POST /segments": {"text": "x"},
    "PUT /admin/numbers": {"numbers": [OTHER_NUMBER], "changes": {"label": "stolen"}},
    "PUT /admin/numbers/{number}": {"extensions": ["101"]},
}
QUERIES: Final = {"GET /admin/messages": "?number=%2B61411111111", "DELETE /admin/numbers": "?number=%2B61411111111"}
# What has an answer for everybody: it holds the caller's own things only.
OWN: Final = {
    "GET /me",
    "GET /numbers",
    "GET /conversations",
    "GET /changes",
    "POST /segments",
    "POST /realtime-tickets",
    "GET /contacts/{peer}",
    "PUT /contacts/{peer}",
    "DELETE /contacts/{peer}",
    "PUT /push-subscriptions/{subscription_id}",
    "DELETE /push-subscriptions/{subscription_id}",
    "GET /openapi.json",
}
GUARDED_BY_NUMBER: Final = {"number", "message_id"}


def operations(gateway: Gateway) -> list[str]:
    """Everything that the served description offers, as `METHOD /path`."""
    document = call(gateway, None, "GET", "/openapi.json").json()
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def ask(gateway: Gateway, user: str, operation: str, **ids: str) -> tuple[int, Any]:
    """Ask for an operation on these things; the status, and the body without what differs in each answer."""
    method, _, path = operation.partition(" ")
    values = {"peer": PEER, "subscription_id": "phone", "post_id": ABSENT_POST, **ids}
    quoted = {name: value.replace("+", "%2B") for name, value in values.items()}
    more: dict[str, Any] = {"json": BODIES[operation]} if operation in BODIES else {}
    response = call(gateway, user, method, path.format(**quoted) + QUERIES.get(operation, ""), **more)
    body = json.loads(response.text) if response.text else None
    if isinstance(body, dict):
        body.pop("request_id", None)
    return response.status_code, body


@pytest.fixture
def foreign(office: Backend) -> dict[str, str]:
    """Things of extension 201."""
    (message,) = [item for item in office.items() if item.get("direction") and item["number"] == OTHER_NUMBER]
    (post,) = [item for item in office.items() if item["pk"] == "QUARANTINE#main"]
    return {"number": OTHER_NUMBER, "message_id": message["id"], "post_id": post["sk"]}


ABSENT: Final = {"number": ABSENT_NUMBER, "message_id": ABSENT_ID, "post_id": ABSENT_POST}


def names(operation: str) -> set[str]:
    """The parameters in an operation's path."""
    return {part.strip("{}") for part in operation.split("/") if part.startswith("{")}


def test_every_operation_is_known_to_this_matrix(gateway: Gateway) -> None:
    for operation in operations(gateway):
        guarded = bool(names(operation) & GUARDED_BY_NUMBER) or " /admin/" in operation

        assert guarded != (operation in OWN), f"say in tests/api/test_access.py who may {operation}"
        assert (operation in BODIES) == ("requestBody" in described(gateway, operation))


def described(gateway: Gateway, operation: str) -> dict[str, Any]:
    """The description of one operation."""
    method, _, path = operation.partition(" ")
    found: dict[str, Any] = call(gateway, None, "GET", "/openapi.json").json()["paths"][path][method.lower()]
    return found


def test_another_extensions_things_look_like_nothing(
    gateway: Gateway, office: Backend, foreign: dict[str, str]
) -> None:
    before = office.items()
    for operation in operations(gateway):
        if names(operation) & GUARDED_BY_NUMBER and " /admin/" not in operation:
            theirs = ask_with_key(gateway, "ben", operation, **foreign)

            assert theirs == ask_with_key(gateway, "ben", operation, **ABSENT), operation
            assert theirs[0] == 404, operation
    assert office.items() == before


def ask_with_key(gateway: Gateway, user: str, operation: str, **ids: str) -> tuple[int, Any]:
    """The same; sending needs a key, and without one nobody gets as far as the question of whose it is."""
    if operation != "POST /conversations/{number}/{peer}/messages":
        return ask(gateway, user, operation, **ids)
    path = f"/conversations/{ids['number'].replace('+', '%2B')}/{PEER.replace('+', '%2B')}/messages"
    headers = {"Authorization": f"Bearer {user}", "Idempotency-Key": "1"}
    import httpx

    response = httpx.post(f"{gateway.url}/api/v1{path}", json={"text": "x"}, headers=headers)
    body = response.json()
    body.pop("request_id", None)
    return response.status_code, body


def test_who_is_no_admin_administers_nothing(gateway: Gateway, office: Backend, foreign: dict[str, str]) -> None:
    before = office.items()
    asked = 0
    for operation in operations(gateway):
        if " /admin/" in operation:
            for user in ("ben", "eve"):
                status, body = ask(gateway, user, operation, **foreign)
                assert (status, body["code"]) == (403, "admin_only"), operation
            asked += 1
    assert asked >= 13
    assert office.items() == before


def test_another_accounts_admin_finds_and_changes_nothing(
    gateway: Gateway, office: Backend, foreign: dict[str, str]
) -> None:
    before = [item for item in office.items() if item["pk"] != "ACCOUNT#other"]
    for operation in operations(gateway):
        if operation in OWN:
            continue
        theirs = ask_with_key(gateway, "stranger", operation, **foreign)

        assert theirs[0] in {200, 204, 404, 409}, operation
        text = json.dumps(theirs[1])
        if " /admin/" in operation and theirs[0] == 200:
            assert not any(canary in text for canary in ("hello", "201@", PEER, "Service", foreign["message_id"]))
        elif names(operation) & {"number", "message_id", "post_id"}:
            absent = json.dumps(ask_with_key(gateway, "stranger", operation, **ABSENT)[1])
            assert text.replace(OTHER_NUMBER, ABSENT_NUMBER) == absent, operation
    assert [item for item in office.items() if item["pk"] != "ACCOUNT#other"] == before


def test_what_is_everybodys_holds_the_callers_own_only(gateway: Gateway, foreign: dict[str, str]) -> None:
    for user in ("ben", "eve", "stranger"):
        numbers = ask(gateway, user, "GET /numbers")[1]["items"]
        conversations = ask(gateway, user, "GET /conversations")[1]["items"]
        expected = {"ben": {"+61411111111"}, "eve": {OTHER_NUMBER}, "stranger": set()}[user]

        assert {one["number"] for one in numbers} == expected
        assert {one["number"] for one in conversations} == expected
