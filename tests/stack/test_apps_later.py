"""Texts that go out later, not at all, or again; and those that are one too many."""

import time
from collections.abc import Iterator

import pytest

from local.stackfile import DemoUser
from tests.stack.mobile import Mobile, sign_in
from tests.stack.office import NUMBER, Office, eventually

pytestmark = pytest.mark.stack


def at(seconds: float) -> str:
    """A time from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def state(app: Mobile, message_id: str) -> str:
    """A message's state, as its writer sees it."""
    return str(app.get(f"/messages/{message_id}")["state"])


def test_a_scheduled_text_goes_out_at_its_time_and_not_before(office: Office, ana: Mobile) -> None:
    message_id = ana.send("+12025550161", "later", schedule_at=at(4))
    assert state(ana, message_id) == "scheduled"
    office.sweep()
    assert state(ana, message_id) == "scheduled"
    assert office.arrivals("later") == []

    time.sleep(4)
    office.sweep()

    eventually(lambda: state(ana, message_id) == "delivered", within=20, what="delivered")
    journey = ana.get(f"/messages/{message_id}")["journey"]
    assert [step["state"] for step in journey] == ["scheduled", "queued", "sending", "sent", "delivered"]
    assert len(office.arrivals("later")) == 1


def test_what_is_taken_back_is_never_sent(office: Office, ana: Mobile, ben: Mobile) -> None:
    message_id = ana.send("+12025550162", "on second thoughts", schedule_at=at(2))

    assert ben.post(f"/messages/{message_id}/cancel")["state"] == "cancelled"

    time.sleep(2.1)
    office.sweep()
    time.sleep(0.5)
    assert state(ana, message_id) == "cancelled"
    assert office.arrivals("on second thoughts") == []
    sent = ana.send("+12025550162", "no way back")
    eventually(lambda: state(ana, sent) == "delivered", within=20, what="delivered")
    refused = ana.ask("POST", f"/messages/{sent}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_cancellable")


@pytest.fixture
def without_the_states(office: Office) -> Iterator[Office]:
    """ClickSend, with texts to the United States not enabled."""
    countries = office.clicksend("GET", "/settings")["enabled_countries"]
    office.clicksend("PUT", "/settings", enabled_countries=[one for one in countries if one != "US"])
    yield office
    office.clicksend("PUT", "/settings", enabled_countries=countries)


def test_what_clicksend_rejects_can_be_sent_again_once(without_the_states: Office, ana: Mobile, ben: Mobile) -> None:
    office = without_the_states
    message_id = ana.send("+12025550163", "will you take it?")
    eventually(lambda: state(ana, message_id) == "rejected", within=20, what="rejected")
    assert ana.get(f"/messages/{message_id}")["reason"] == "COUNTRY_NOT_ENABLED"
    office.clicksend("PUT", "/settings", enabled_countries=["AU", "US"])

    first = ana.post(f"/messages/{message_id}/resend", 202)
    again = ben.post(f"/messages/{message_id}/resend", 202)

    assert first == again
    assert (first["resend_of"], first["state"]) == (message_id, "queued")
    eventually(lambda: state(ana, first["id"]) == "delivered", within=20, what="delivered")
    assert ana.get(f"/messages/{message_id}")["resent_as"] == first["id"]
    refused = ana.ask("POST", f"/messages/{first['id']}/resend")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_resendable")


@pytest.fixture
def talker(office: Office) -> Iterator[Mobile]:
    """The app of 109, who texts too much."""
    user = DemoUser(email="109@example.com", password="Long-enough-4-all", extension="109", admin=False)
    client, pool = office.aws("cognito-idp"), office.file.outputs["UserPoolId"]
    office.cli("numbers", "add", "+61444444444", "--extension", user.extension, "--label", "Talker")
    office.cli("users", "invite", user.email, "--extension", user.extension, "--yes")
    client.admin_set_user_password(UserPoolId=pool, Username=user.email, Password=user.password, Permanent=True)
    yield Mobile(office.file, sign_in(office.http, office.file, user), office.http)
    client.admin_delete_user(UserPoolId=pool, Username=user.email)


def test_an_extension_that_texts_too_much_is_told_how_long_to_wait(office: Office, talker: Mobile) -> None:
    refused = None
    for number in range(130):  # the minute may turn meanwhile
        answer = talker.write("+12025550164", f"again {number}", number="+61444444444", schedule_at=at(3600))
        if answer.status_code == 429:
            refused = answer
            break
        assert answer.status_code == 202

    assert refused is not None
    assert number >= 60
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "cap_reached"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61


@pytest.mark.parametrize(
    ("peer", "text", "more", "status", "code"),
    [
        ("+12025550165", "", {}, 422, "text_empty"),
        ("+12025550165", "x" * 1225, {}, 422, "text_too_long"),
        ("+12025550165", "x", {"valid_until": "2020-01-01T00:00:00Z"}, 422, "validity_invalid"),
        ("+12025550165", "x", {"schedule_at": 1795000000}, 422, "invalid"),
        ("+8615555555555", "x", {}, 422, "destination_not_allowed"),
        ("INFO", "x", {}, 422, "recipient_not_repliable"),
        (NUMBER, "x", {}, 422, "recipient_not_repliable"),
    ],
)
def test_what_cannot_be_sent_says_why(
    ana: Mobile, peer: str, text: str, more: dict[str, str], status: int, code: str
) -> None:
    answer = ana.write(peer, text, **more)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"]
