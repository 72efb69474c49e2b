"""What people do with their apps, through HTTP and a WebSocket only: read, reply, be told at once, miss nothing."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.stack.mobile import Mobile, conversation
from tests.stack.office import NUMBER, ROOT, Office, eventually

pytestmark = pytest.mark.stack

ALONE = "+61433333333"
"""A number of 101 only."""
SOON = 1.5
"""Seconds from a post to the frame, on a stack that is warm."""


def test_a_text_is_seen_answered_and_followed(
    office: Office, ana: Mobile, ben: Mobile, figure: Callable[[str], None]
) -> None:
    peer = "+12025550141"
    office.cli("numbers", "add", ALONE, "--extension", "101", "--label", "Ana")
    with ana.online(), ben.online():
        office.post(office.values("APP-WARM", peer, "warm"))
        eventually(lambda: ana.received(peer) == ben.received(peer) == ["warm"], within=20, what="a first frame")

        posted = time.monotonic()
        assert office.post(office.values("APP-1", peer, "Are you open today?")) == 200
        eventually(lambda: len(ana.received(peer)) == len(ben.received(peer)) == 2, within=20, what="the text heard")
        waited = time.monotonic() - posted
        figure(f"apps, webhook to frame on two apps, warm: {waited:.2f} s")
        assert waited < SOON

        message_id = ana.send(peer, "Yes, until five.")
        states = ["queued", "sent", "delivered"]
        eventually(lambda: len(ana.states(message_id)) == 3, within=20, what="the reply's three states")
        assert sorted(ana.states(message_id)) == sorted(states)
        eventually(lambda: sorted(ben.states(message_id)) == sorted(states), within=5, what="the same for the other")

    journey = ben.get(f"/messages/{message_id}")["journey"]
    assert [step["state"] for step in journey] == ["queued", "sending", "sent", "delivered"]
    assert journey[0]["source"] == "app:101"
    assert all(step["at"] and step["source"] for step in journey)
    assert ana.texts(peer) == ben.texts(peer) == ["warm", "Are you open today?", "Yes, until five."]
    assert office.arrivals("Yes, until five.")[0]["from"] == NUMBER


def test_each_sees_what_is_theirs(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550142"
    office.cli("numbers", "add", ALONE, "--extension", "101", "--label", "Ana")
    ana.catch_up()
    ben.catch_up()
    with ana.online(), ben.online():
        office.post(office.values("MINE-1", peer, "for Ana only", to=ALONE))
        eventually(lambda: ana.received(peer), within=20, what="the text at Ana's")

    assert {one["number"] for one in ana.get("/numbers")["items"]} == {NUMBER, ALONE}
    assert {one["number"] for one in ben.get("/numbers")["items"]} == {NUMBER}
    assert ALONE not in {one["number"] for one in ben.get("/conversations")["items"]}
    assert ben.received(peer) == []
    assert ben.catch_up() == []
    assert ben.write(peer, "hello", number=ALONE).status_code == 404
    [message] = ana.get(f"{conversation(peer, ALONE)}/messages")["items"]
    assert ben.ask("GET", f"/messages/{message['id']}").status_code == 404


def test_two_apps_talk_with_a_peer_and_each_text_is_seen_once(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550143"
    questions = [f"question {number:02d}" for number in range(30)]
    replies: dict[str, str] = {}
    with ana.online(), ben.online():
        for number, question in enumerate(questions):
            app, other = (ana, ben) if number % 2 else (ben, ana)
            assert office.post(office.values(f"LOOP-{number}", peer, question)) == 200
            eventually(lambda app=app: len(app.received(peer)) == number + 1, within=20, what=question)  # type: ignore[misc]  # noqa: B023
            replies[app.send(peer, f"answer {number:02d}")] = f"answer {number:02d}"
            assert other is not app

        for app in (ana, ben):
            eventually(
                lambda app=app: all("delivered" in app.states(one) for one in replies),  # type: ignore[misc]
                within=60,
                what="every reply delivered",
            )

    assert ana.received(peer) == ben.received(peer) == questions
    for app in (ana, ben):
        assert all(sorted(app.states(one)) == ["delivered", "queued", "sent"] for one in replies)
    assert sorted(ana.texts(peer)) == sorted([*questions, *replies.values()])
    assert [len(office.arrivals(text)) for text in replies.values()] == [1] * 30


def test_who_was_offline_gets_exactly_what_was_missed(office: Office, ana: Mobile) -> None:
    peer = "+12025550144"
    office.post(office.values("OFF-0", peer, "before"))
    eventually(lambda: "before" in ana.texts(peer), within=10, what="the first text")
    time.sleep(1)  # the relay writes it down among the changes
    ana.catch_up()
    assert ana.catch_up() == []

    late = str(int(time.time()) - 3600)
    for number, more in enumerate(({}, {"timestamp": late}, {})):
        assert office.post(office.values(f"OFF-1{number}", peer, f"missed {number}", **more)) == 200
    message_id = ana.send(peer, "sent from elsewhere")
    eventually(lambda: ana.get(f"/messages/{message_id}")["state"] == "delivered", within=20, what="delivered")

    missed: list[str] = []

    def told() -> bool:
        missed.extend(event["data"]["state"] for event in ana.catch_up())
        return "delivered" in missed

    eventually(told, within=10, what="the last change")
    assert sorted(missed) == sorted(["received"] * 3 + ["queued", "sent", "delivered"]), (
        "each missed event once, the late one too"
    )
    assert set(ana.received(peer)) == {"missed 0", "missed 1", "missed 2"}
    assert ana.catch_up() == []


def test_read_marks_are_each_ones_own(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550145"
    with ana.online(), ben.online():
        for number in range(3):
            assert office.post(office.values(f"READ-{number}", peer, f"text {number}")) == 200
        eventually(lambda: len(ana.received(peer)) == 3, within=20, what="three texts")
        newest = ana.get(f"{conversation(peer)}/messages")["items"][0]["id"]

        assert ana.post(f"{conversation(peer)}/read", up_to=newest) == {"unread": 0}

        kind = "conversation.read"
        eventually(lambda: [one for one in ana.events.values() if one["type"] == kind], within=10, what="told of it")
    assert ana.get(conversation(peer))["unread"] == 0
    assert ben.get(conversation(peer))["unread"] == 3
    assert peer in {one["peer"] for one in ben.get("/conversations", unread="true")["items"]}
    assert [one for one in ben.events.values() if one["type"] == kind] == []


def test_who_says_stop_is_texted_no_more_until_start(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550146"
    with ben.online():
        assert office.post(office.values("OPT-OUT-1", peer, "Stop!")) == 200
        for app in (ana, ben):
            refused = app.write(peer, "one more thing")
            assert (refused.status_code, refused.json()["code"]) == (409, "recipient_opted_out")
        eventually(lambda: ben.received(peer) == ["Stop!"], within=20, what="the text itself")
        told = [one for one in ben.events.values() if one["type"] == "number.opted_out"]
        assert [(one["data"]["peer"], one["data"]["opted_out"]) for one in told] == [(peer, True)]

    assert peer in {one["peer"] for one in ana.get("/admin/opt-outs")["items"]}
    assert office.post(office.values("START-1", peer, "START")) == 200
    ana.send(peer, "welcome back")
    assert peer not in {one["peer"] for one in ana.get("/admin/opt-outs")["items"]}


def test_the_same_key_sends_once_however_many_ask_at_once(office: Office, ana: Mobile) -> None:
    peer = "+12025550147"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ana.write(peer, "only once", key="the-same-key"), range(4)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    message_id = answers[0].json()["id"]
    eventually(lambda: ana.get(f"/messages/{message_id}")["state"] == "delivered", within=20, what="delivered")
    assert len(office.arrivals("only once")) == 1
    assert ana.write(peer, "only once", key="the-same-key").text == answers[0].text
    other = ana.write(peer, "another text", key="the-same-key")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_the_worked_example_of_the_docs_works_word_for_word(office: Office, tmp_path: Path) -> None:
    [example] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(), re.DOTALL)
    (tmp_path / ".local").symlink_to(office.state_dir)
    command = [sys.executable, "-c", example]
    with subprocess.Popen(command, cwd=tmp_path, env={}, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        try:
            assert app.stdout.readline() == "listening\n"
            office.clicksend("POST", "/inbound", **{"from": "+61422222222", "to": NUMBER, "body": "Still open?"})
            said = app.stdout.read()
        finally:
            app.kill()

    assert said.startswith("Still open? - Yes, until five. - ['received', 'queued', ")
    assert said.count("'") == 8, "four changes: the text, and the reply's three"
