"""The app API: conversations and threads, read marks, blocked peers."""

import time
from typing import Any

from textension.message import NumberSettings

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, EVE, MESSAGES, Client, receive


def test_conversations_come_newest_first_with_names_and_what_is_unread(aws: Backend) -> None:
    receive(aws, "C-1", "first", timestamp="1700000000")
    receive(aws, "C-2", "second", timestamp="1700000010", **{"from": "+12025550101"})
    receive(aws, "C-3", "third", timestamp="1700000020")
    ANA("PUT", "/contacts/{peer}", PEER, body={"name": "Ana Souza"})

    items = BEN("GET", "/conversations").body["items"]

    assert [(one["peer"], one["last_text"], one["unread"], one["contact_name"]) for one in items] == [
        (PEER, "third", 2, "Ana Souza"),
        ("+12025550101", "second", 1, None),
    ]
    assert BEN("GET", "/conversations", query={"number": NUMBER}).body["items"] == items
    assert EVE("GET", "/conversations").body == {"items": [], "next": None}
    assert EVE("GET", "/conversations", query={"number": NUMBER}).code == "not_found"


def test_pages_of_several_numbers_hold_each_conversation_once_whatever_comes_meanwhile(aws: Backend) -> None:
    other = "+61433333333"
    aws.numbers.put(NumberSettings(number=other, account="main", extensions=("101",)))
    for index in range(12):
        receive(
            aws,
            f"N-{index}",
            timestamp=str(1700000000 + index // 2),
            to=NUMBER if index % 3 else other,
            **{"from": f"+120255501{index:02d}"},
        )
    seen: list[str] = []
    cursor: str | None = None
    for page in range(10):
        answer = ANA("GET", "/conversations", query={"limit": 5, **({"cursor": cursor} if cursor else {})})
        seen += [one["peer"] for one in answer.body["items"]]
        receive(aws, f"LATE-{page}", timestamp=str(1700001000 + page), **{"from": f"+4477000000{page:02d}"})
        cursor = answer.body["next"]
        if cursor is None:
            break

    assert cursor is None
    assert sorted(seen) == [f"+120255501{index:02d}" for index in range(12)]


def test_a_cursor_opens_its_own_list_only(aws: Backend) -> None:
    for index in range(3):
        receive(aws, f"T-{index}", timestamp=str(1700000000 + index))
    cursor = ANA("GET", MESSAGES, NUMBER, PEER, query={"limit": 1}).body["next"]

    assert ANA("GET", MESSAGES, NUMBER, PEER, query={"limit": 1, "cursor": cursor}).status == 200
    for forged in (cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), "x", cursor.swapcase(), "t" * 60):
        assert ANA("GET", MESSAGES, NUMBER, PEER, query={"cursor": forged}).code == "cursor_invalid"
    assert ANA("GET", MESSAGES, NUMBER, "+12025550101", query={"cursor": cursor}).code == "cursor_invalid"
    assert BEN("GET", MESSAGES, NUMBER, PEER, query={"cursor": cursor}).status == 400
    assert ANA("GET", "/conversations", query={"cursor": cursor}).status == 400


def test_a_thread_is_paged_from_its_end(aws: Backend) -> None:
    for index in range(5):
        receive(aws, f"T-{index}", f"text {index}", timestamp=str(1700000000 + index))
    texts: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = ANA("GET", MESSAGES, NUMBER, PEER, query=query).body
        texts += [one["text"] for one in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert texts == [f"text {index}" for index in reversed(range(5))]


# ---------------------------------------------------------------- reading, blocking


def unread(client: Client) -> int:
    """What a user has unread in the conversation."""
    return int(client("GET", "/conversations/{number}/{peer}", NUMBER, PEER).body["unread"])


def read(client: Client, message_id: str) -> Any:
    """Mark as read up to a message."""
    return client("POST", "/conversations/{number}/{peer}/read", NUMBER, PEER, body={"up_to": message_id})


def test_each_extension_reads_for_itself(aws: Backend) -> None:
    receive(aws, "R-1", timestamp="1700000001")
    receive(aws, "R-2", timestamp="1700000002")
    newest = ANA("GET", MESSAGES, NUMBER, PEER).body["items"][0]["id"]

    assert read(ANA, newest).body == {"unread": 0}

    assert (unread(ANA), unread(BEN)) == (0, 2)
    assert read(EVE, newest).code == "not_found"
    assert read(ANA, "0" * 26).code == "not_found"


def test_what_arrives_later_stays_unread_however_old_it_says_it_is(aws: Backend) -> None:
    receive(aws, "R-1", timestamp="1700000100")
    seen = ANA("GET", MESSAGES, NUMBER, PEER).body["items"][0]["id"]
    time.sleep(0.002)
    receive(aws, "R-2", timestamp="1700000000")
    receive(aws, "R-3", timestamp="1700000200")

    assert read(ANA, seen).body == {"unread": 2}
    assert read(ANA, seen).body == {"unread": 2}
    newest = ANA("GET", MESSAGES, NUMBER, PEER).body["items"][0]["id"]
    assert read(ANA, newest).body == {"unread": 0}
    assert read(ANA, seen).body == {"unread": 0}


def test_a_blocked_peer_is_kept_and_disturbs_nobody(aws: Backend) -> None:
    receive(aws, "B-1", "before", timestamp="1700000000")
    blocked = ANA("POST", "/conversations/{number}/{peer}/block", NUMBER, PEER)
    receive(aws, "B-2", "after", timestamp="1700000010")

    assert blocked.body["blocked"] is True
    found = BEN("GET", "/conversations/{number}/{peer}", NUMBER, PEER).body
    assert (found["last_text"], found["unread"], found["blocked"]) == ("before", 1, True)
    assert [one["text"] for one in BEN("GET", MESSAGES, NUMBER, PEER).body["items"]] == ["after", "before"]
    assert BEN.send(NUMBER, PEER, "x", "1").code == "peer_blocked"
    quiet = [item for item in aws.items() if item.get("text") == "after"]
    assert [item.get("unannounced") for item in quiet] == [None]
    assert EVE("POST", "/conversations/{number}/{peer}/block", NUMBER, PEER).status == 404

    BEN("DELETE", "/conversations/{number}/{peer}/block", NUMBER, PEER)
    receive(aws, "B-3", "again", timestamp="1700000020")

    assert BEN.send(NUMBER, PEER, "x", "1").status == 202
    assert unread(BEN) == 2


def test_a_blocked_peers_stop_still_counts(aws: Backend) -> None:
    ANA("POST", "/conversations/{number}/{peer}/block", NUMBER, PEER)
    receive(aws, "B-1", "STOP", timestamp="1700000000")
    ANA("DELETE", "/conversations/{number}/{peer}/block", NUMBER, PEER)

    assert ANA.send(NUMBER, PEER, "x", "1").code == "recipient_opted_out"
