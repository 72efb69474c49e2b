"""A text comes in and reaches the right extensions, whatever happens on the way."""

import statistics
import time
from collections.abc import Callable

import pytest

from tests.stack.office import NUMBER, Office, eventually

pytestmark = pytest.mark.stack


def test_a_form_and_a_json_push_are_stored_once_and_heard_once(office: Office) -> None:
    peer = "+12025550101"
    with office.listening({"extension": ["101"]}) as listener, office.listening({"extension": ["999"]}) as stranger:
        for _ in range(3):
            assert office.post(office.values("FORM-1", peer, "by form")) == 200
            assert office.post(office.values("JSON-1", peer, "by json", subaccount_id=100002), json_=True) == 200
            assert office.post(office.values("JSON-1", peer, "by json"), prefix="/live") == 200

        eventually(lambda: len(listener.listen()) >= 2, within=10, what="both events")
        listener.listen(2)

        assert sorted(listener.texts()) == ["by form", "by json"]
        assert stranger.listen(0) == []
    assert sorted(office.texts(peer)) == ["by form", "by json"]


def test_a_subscriber_of_an_extension_hears_its_numbers_only(office: Office) -> None:
    other = "+12025550196"  # of no other test: functions keep a number's settings for half a minute
    office.cli("numbers", "add", other, "--extension", "201")
    try:
        with (
            office.listening({"extension": ["101"]}) as first,
            office.listening({"extension": ["201"], "type": ["message.received"]}) as second,
        ):
            office.post(office.values("TWO-1", "+12025550102", "for 101"))
            office.post(office.values("TWO-2", "+12025550102", "for 201", to=other))
            eventually(lambda: first.texts() and second.texts(), within=10, what="one event each")
            assert (first.texts(), second.texts()) == (["for 101"], ["for 201"])
    finally:
        office.cli("numbers", "remove", other, "--yes")


def test_twenty_identical_pushes_at_once_are_one_message(office: Office) -> None:
    peer = "+12025550103"
    with office.listening() as listener:
        assert office.post_at_once([office.values("TWENTY", peer, "once")] * 20) == [200] * 20
        eventually(listener.listen, within=10, what="the event")
        listener.listen(2)
        assert {event["id"] for event in listener.heard if event["data"]["peer"] == peer} == {listener.heard[0]["id"]}
    assert office.texts(peer) == ["once"]


def test_many_texts_at_once_in_one_conversation_all_arrive(office: Office) -> None:
    peer = "+12025550104"
    texts = [f"text {number:02d}" for number in range(30)]
    pushes = [office.values(f"MANY-{text}", peer, text) for text in texts]
    with office.listening() as listener:
        assert office.post_at_once(pushes) == [200] * 30
        eventually(lambda: len(set(listener.texts())) >= 30, within=30, what="thirty events")
    assert sorted(office.texts(peer)) == texts


@pytest.mark.parametrize("kind", ["post", "json", "get"])
@pytest.mark.parametrize("profile", [16, 14, 13, 10])
def test_every_rule_and_profile_of_clicksends_arrives_exactly(office: Office, kind: str, profile: int) -> None:
    peer = "+61444444444"
    text = f"Grüße 👋🏽 a+b&c=d %41\n\u202e{kind} {profile}\x00"

    answer = office.clicksend(
        "POST", "/inbound", **{"from": peer, "to": NUMBER, "body": text}, webhook_type=kind, profile=profile, wait=True
    )

    assert answer["pushes"] == 1
    eventually(lambda: text in office.texts(peer), within=5, what="the text, exactly")


def test_a_wrong_token_writes_nothing(office: Office) -> None:
    before = office.texts("+12025550105"), office.cli("quarantine", "list")
    for token in ("wrong", "x" * 43, "%20", office.file.demo.webhook_token[:-1]):
        assert office.post(office.values("WRONG", "+12025550105", "no"), token=token) == 403
    assert office.http.post(f"{office.file.api_url}/webhook/clicksend/sms", data={"a": "b"}).status_code == 403
    assert (office.texts("+12025550105"), office.cli("quarantine", "list")) == before
    assert not [item for item in office.everything() if "WRONG" in str(item)]


def test_what_was_quarantined_arrives_after_the_number_is_added_and_it_is_replayed(office: Office) -> None:
    number, peer = "+12025550199", "+12025550106"
    lost = office.values("LOST-1", peer, "is anybody there?", to=number)
    before = office.cli("quarantine", "list")
    assert [office.post(lost), office.post(lost)] == [200, 200]
    kept = [one for one in office.cli("quarantine", "list") if one not in before]
    assert [one["reason"] for one in kept] == ["number_unknown"]

    office.cli("numbers", "add", number, "--extension", "101", "--label", "New")
    with office.listening({"extension": ["101"]}) as listener:
        office.cli("quarantine", "replay", kept[0]["id"])
        eventually(listener.texts, within=10, what="the replayed text")
        assert listener.texts() == ["is anybody there?"]
    assert kept[0]["id"] not in [one["id"] for one in office.cli("quarantine", "list")]
    office.cli("numbers", "remove", number, "--yes")


def test_a_changed_payload_is_quarantined_and_answered_with_200(office: Office) -> None:
    url = f"{office.file.api_url}/webhook/clicksend/sms/{office.file.demo.webhook_token}"
    body = b"\xff\xfe not what was documented"
    assert office.http.post(url, content=body, headers={"Content-Type": "text/plain"}).status_code == 200
    (kept,) = [one for one in office.cli("quarantine", "list") if one["reason"] == "not_utf8"]
    assert kept["size"] == len(body)


def test_nothing_that_must_not_be_logged_is_logged(office: Office) -> None:
    canary, peer = "canary-7f3a", "+12025550107"
    office.post(office.values("CANARY", peer, canary))
    office.post(office.values("CANARY-2", peer, canary, to="+12025550198"))
    message_id = office.send(peer, canary)
    eventually(lambda: office.state(message_id) == "delivered", within=20, what="delivered")

    logs = office.aws("logs")
    lines = []
    for group in logs.describe_log_groups()["logGroups"]:
        page = logs.filter_log_events(logGroupName=group["logGroupName"], limit=10_000)
        lines += [event["message"] for event in page["events"]]
    logged = "\n".join(lines)
    assert message_id in logged
    for secret in (canary, peer[1:], NUMBER[1:], office.file.demo.webhook_token):
        assert secret not in logged


def test_how_long_from_the_push_to_a_subscriber(office: Office, figure: Callable[[str], None]) -> None:
    times = []
    with office.listening({"extension": ["101"]}) as listener:
        for number in range(12):
            began = time.monotonic()
            office.post(office.values(f"TIME-{number}", "+12025550108", f"text {number}"))
            eventually(lambda text=f"text {number}": text in listener.texts(), within=10, what="the event")  # type: ignore[misc]
            times.append(time.monotonic() - began)
    warm = times[2:]
    figure(
        "push to subscriber, local stack, seconds: "
        f"first {times[0]:.2f}, then median {statistics.median(warm):.2f}, worst {max(warm):.2f}"
    )
    assert statistics.median(warm) < 1.5
