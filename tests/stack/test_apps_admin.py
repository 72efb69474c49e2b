"""What an admin does with an app: numbers, opt-outs, quarantine, the log, erasing a person."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from tests.stack.mobile import Mobile, conversation
from tests.stack.office import NUMBER, Office, eventually

pytestmark = pytest.mark.stack

LISTED = "+14055555666"
"""A number that ClickSend lists for the account, and nobody has added yet."""


def code(app: Mobile, method: str, path: str, **more: Any) -> tuple[int, str]:
    """What a refused request is told."""
    answer = app.ask(method, path, **more)
    return answer.status_code, str(answer.json()["code"])


def test_numbers_are_added_changed_and_removed(office: Office, ana: Mobile) -> None:
    listed = office.clicksend("GET", "/settings")["numbers"]
    other = "+14055555555"
    settings = {"extensions": ["101"], "label": "New"}
    path = f"/admin/numbers/{quote(LISTED)}"
    assert code(ana, "PUT", path, json=settings) == (409, "number_not_listed")
    office.clicksend("PUT", "/numbers", numbers=[*listed, LISTED])
    try:
        added = eventually(lambda: _swept_and_put(office, ana, path, settings), within=45, what="the number added")
        assert (added["number"], added["extensions"], added["label"]) == (LISTED, ["101"], "New")
        assert LISTED in {one["number"] for one in ana.get("/numbers")["items"]}
        assert [one["number"] for one in ana.get("/admin/numbers", q="new")["items"]] == [LISTED]

        changed = ana.ask("PUT", "/admin/numbers", json={"numbers": [LISTED, other], "changes": {"enabled": False}})
        assert changed.json()["items"] == [
            {"number": LISTED, "done": True, "code": None},
            {"number": other, "done": False, "code": "not_found"},
        ]
        assert ana.get(path)["enabled"] is False
        refused = ana.write("+12025550171", "x", number=LISTED)
        assert (refused.status_code, refused.json()["code"]) == (409, "number_disabled")

        removed = ana.ask("DELETE", "/admin/numbers", params={"number": [LISTED, other]})
        assert [one["done"] for one in removed.json()["items"]] == [True, False]
        assert code(ana, "GET", path) == (404, "not_found")
        assert LISTED not in {one["number"] for one in ana.get("/numbers")["items"]}
    finally:
        office.clicksend("PUT", "/numbers", numbers=listed)


def _swept_and_put(office: Office, app: Mobile, path: str, settings: dict[str, Any]) -> dict[str, Any]:
    office.let_look_again()
    office.sweep()
    answer = app.ask("PUT", path, json=settings)
    return dict(answer.json()) if answer.status_code == 200 else {}


def test_an_opt_out_is_lifted_by_an_admin_and_everybody_is_told(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550189"
    assert office.post(office.values("LIFT-1", peer, "STOP")) == 200
    assert ben.write(peer, "x").status_code == 409
    path = f"/admin/opt-outs/{quote(NUMBER)}/{quote(peer)}"
    assert code(ben, "DELETE", path) == (403, "admin_only")
    with ben.online():
        assert ana.ask("DELETE", path).status_code == 204

        def lifted() -> bool:
            told = [one["data"] for one in ben.events.values() if one["type"] == "number.opted_out"]
            return any(one["peer"] == peer and one["opted_out"] is False for one in told)

        eventually(lifted, within=20, what="told of it")
    assert code(ana, "DELETE", path) == (404, "not_found")
    ben.send(peer, "thank you")


def test_what_was_quarantined_is_taken_in_once_its_cause_is_mended(office: Office, ana: Mobile) -> None:
    peer, number = "+12025550173", "+61455555555"
    assert office.post(office.values("QUARANTINE-1", peer, "too early", to=number)) == 200
    [kept] = [one for one in ana.get("/admin/quarantine")["items"] if "too+early" in one["body"]]
    assert (kept["reason"], kept["kind"], kept["whole"]) == ("number_unknown", "sms", True)
    replay = f"/admin/quarantine/{kept['id']}/replay"
    assert ana.post(replay)["outcome"] == "quarantined"
    office.cli("numbers", "add", number, "--extension", "101", "--label", "Late")

    with ana.online():
        replayed = ana.post(replay)
        eventually(lambda: ana.received(peer) == ["too early"], within=20, what="the text, told like any other")

    assert replayed["outcome"] == "stored"
    assert ana.get(f"/messages/{replayed['id']}")["text"] == "too early"
    assert code(ana, "POST", replay) == (404, "not_found")
    assert kept["id"] not in {one["id"] for one in ana.get("/admin/quarantine")["items"]}


def test_the_log_has_every_message_of_a_day(office: Office, ana: Mobile, ben: Mobile) -> None:
    peer = "+12025550174"
    assert office.post(office.values("LOG-1", peer, "in the log")) == 200
    message_id = ben.send(peer, "out of the log")
    day = datetime.now(UTC).date().isoformat()
    cursor: dict[str, str] = {}
    found: list[str] = []
    while True:
        page = ana.get("/admin/messages", first_day=day, last_day=day, peer=peer, limit=20, **cursor)
        found += [one["text"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}

    assert sorted(found) == ["in the log", "out of the log"]
    [outbound] = ana.get("/admin/messages", number=NUMBER, peer=peer, direction="outbound")["items"]
    assert (outbound["id"], outbound["author"]) == (message_id, "102")
    assert code(ana, "GET", "/admin/messages") == (400, "range_missing")


def test_health_says_what_is_wrong(ana: Mobile) -> None:
    health = ana.get("/admin/health")

    names = {check["name"] for check in health["checks"]}
    assert {"clicksend", "oldest_due", "queue_outbound", "queue_realtime", "quarantine", "numbers", "email"} <= names
    assert health["status"] in {"ok", "warn", "wrong"}
    assert all(check["summary"] for check in health["checks"])


def test_of_an_erased_person_nothing_is_left_but_tombstones(office: Office, ana: Mobile) -> None:
    peer, canary = "+12025550175", "canary-5d1f"
    assert office.post(office.values("ERASE-1", peer, f"hello {canary}")) == 200
    assert office.post(office.values("ERASE-2", peer, f"lost {canary}", to="+61466666666")) == 200
    message_id = ana.send(peer, f"reply {canary}")
    assert ana.ask("PUT", f"/contacts/{quote(peer)}", json={"name": canary}).status_code == 200
    eventually(lambda: ana.get(f"/messages/{message_id}")["state"] == "delivered", within=20, what="delivered")
    eventually(lambda: _settled(office, peer), within=20, what="everything announced")
    assert _left(office, canary)

    answer = ana.ask("DELETE", f"/admin/peers/{quote(peer)}")

    erased = answer.json()
    assert (erased["complete"], erased["conversations"], erased["messages"]) == (True, 1, 2)
    assert (erased["quarantined"], erased["contact"]) == (1, True)
    assert erased["changes"] >= 4
    assert erased["kept"]
    assert _left(office, canary) == []
    assert _left(office, peer) == []
    assert ana.ask("GET", f"/messages/{message_id}").status_code == 404
    assert ana.texts(peer) == []
    assert office.post(office.values("ERASE-1", peer, f"hello {canary}")) == 200
    assert ana.texts(peer) == [], "what ClickSend pushes again does not come back"
    assert _left(office, canary) == []
    assert ana.get(conversation(peer))["last_text"] == ""


def _left(office: Office, words: str) -> list[str]:
    """The keys of the items that hold these words anywhere."""
    bare = words.lstrip("+")
    found = []
    for item in office.everything():
        text = json.dumps(item, default=lambda value: bytes(value).decode("latin-1"))
        if bare in text:
            found.append(f"{item['pk']['S']} {item['sk']['S']}")
    return found


def _settled(office: Office, peer: str) -> bool:
    return not any("unannounced" in item for item in office.everything() if peer in item["pk"]["S"])
