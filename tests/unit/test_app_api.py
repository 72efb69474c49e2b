"""The app API: what an extension sees and does, through the handler."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from textension.aws import clients

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, EVE, MESSAGES, STRANGER, Client, receive


def test_the_token_says_who_calls(aws: Backend) -> None:
    assert ANA("GET", "/me").body == {
        "account": "main",
        "extension": "101",
        "email": "101@example.com",
        "admin": True,
    }
    assert BEN("GET", "/me").body["admin"] is False
    assert [one["number"] for one in ANA("GET", "/numbers").body["items"]] == [NUMBER]
    assert EVE("GET", "/numbers").body == {"items": []}


@pytest.mark.parametrize("groups", ["admin", "[admin]", "[staff admin]", "staff,admin", "staff, admin"])
def test_groups_arrive_as_one_string(aws: Backend, groups: str) -> None:
    assert Client(groups=groups)("GET", "/me").body["admin"] is True


@pytest.mark.parametrize("groups", ["administrators", "[not-admin]", "", "ADMIN"])
def test_another_group_is_not_the_admins(aws: Backend, groups: str) -> None:
    assert Client(groups=groups)("GET", "/me").body["admin"] is False


@pytest.mark.parametrize("client", [Client(""), Client(account="")])
def test_a_user_without_an_extension_or_an_account_gets_nowhere(aws: Backend, client: Client) -> None:
    answer = client("GET", "/me")

    assert (answer.status, answer.code) == (403, "no_extension")


@pytest.mark.parametrize("decoded", [False, True])
def test_a_path_is_decoded_once_wherever_it_comes_from(aws: Backend, decoded: bool) -> None:
    receive(aws, "P-1", **{"from": "INFO%2BSHOP"})
    client = Client(decoded=decoded)

    found = client("GET", MESSAGES, NUMBER, PEER)

    assert found.status == 200
    if not decoded:
        assert client("GET", MESSAGES, NUMBER, "INFO%2BSHOP").body["items"][0]["peer"] == "INFO%2BSHOP"


def test_a_misspelt_parameter_is_refused(aws: Backend) -> None:
    answer = ANA("GET", "/conversations", query={"limt": 5})

    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["detail"] == "there is no query parameter limt: cursor, limit, number, unread"


# ---------------------------------------------------------------- contacts, pushes, segments, tickets


def test_a_contact_is_a_name_for_the_whole_account(aws: Backend) -> None:
    assert ANA("GET", "/contacts/{peer}", PEER).code == "not_found"
    put = ANA("PUT", "/contacts/{peer}", "0422 222 222", body={"name": "  Ana  "})

    assert put.body["name"] == "Ana"
    assert put.body["peer"] == PEER
    assert EVE("GET", "/contacts/{peer}", PEER).body == put.body
    assert STRANGER("GET", "/contacts/{peer}", PEER).code == "not_found"
    assert STRANGER("DELETE", "/contacts/{peer}", PEER).code == "not_found"
    assert BEN("DELETE", "/contacts/{peer}", PEER).status == 204
    assert ANA("DELETE", "/contacts/{peer}", PEER).code == "not_found"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, None, 5])
def test_a_contacts_name_has_1_to_80_characters(aws: Backend, name: object) -> None:
    assert ANA("PUT", "/contacts/{peer}", PEER, body={"name": name}).code == "invalid"


KEYS = {"p256dh": "B" * 87, "auth": "A" * 22}


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", 204),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", 204),
        ("https://wns2-par02p.notify.windows.com/w/?token=abc", 204),
        ("https://web.push.apple.com/abc", 204),
        ("http://fcm.googleapis.com/fcm/send/abc", 422),
        ("https://fcm.googleapis.com.example.com/", 422),
        ("https://example.com/fcm.googleapis.com", 422),
        ("https://user@fcm.googleapis.com/", 422),
        ("https://fcm.googleapis.com:8443/", 422),
        ("https://fcm.googleapis.com\\@169.254.169.254/", 422),
        ("https://169.254.169.254/", 422),
        ("https://evilnotify.windows.com.evil/", 422),
        ("https://[", 422),
    ],
)
def test_pushes_go_to_known_services_only(aws: Backend, endpoint: str, status: int) -> None:
    body = {"endpoint": endpoint, "keys": KEYS}

    assert ANA("PUT", "/push-subscriptions/{subscription_id}", "phone", body=body).status == status
    assert ANA("DELETE", "/push-subscriptions/{subscription_id}", "phone").status == 204


def test_a_text_is_measured(aws: Backend) -> None:
    def size(text: str) -> Any:
        return ANA("POST", "/segments", body={"text": text}).body

    assert size("Yes, until five.") == {"encoding": "GSM-7", "characters": 16, "segments": 1}
    assert size("") == {"encoding": "GSM-7", "characters": 0, "segments": 0}
    assert size("\U0001f600" * 36) == {"encoding": "UCS-2", "characters": 72, "segments": 2}


def test_a_ticket_opens_one_connection(aws: Backend) -> None:
    from textension.aws.connections import Tickets
    from textension.errors import Refused

    answer = BEN("POST", "/realtime-tickets")
    now = int(time.time() * 1000)
    holder = Tickets(aws.table).redeem(answer.body["ticket"], now)

    assert answer.status == 201
    assert (holder.account, holder.extension, holder.user) == ("main", "102", "user-102")
    with pytest.raises(Refused):
        Tickets(aws.table).redeem(answer.body["ticket"], now)


def test_sending_is_two_requests(aws: Backend, figure: Callable[[str], None]) -> None:
    ANA.send(NUMBER, PEER, "warm", "0")
    calls: list[str] = []
    clients.dynamodb().meta.events.register("before-call", lambda model, **_: calls.append(model.name))

    ANA.send(NUMBER, PEER, "x", "1")

    assert calls == ["UpdateItem", "TransactWriteItems"]
    figure(f"requests of app_api, one text sent: {', '.join(calls)}")
