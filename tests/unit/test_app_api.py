"""The app API: what an extension sees and does, through the handler."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from textension.aws import clients
from textension.message import NumberSettings
from textension.states import State

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.api import ANA, BEN, EVE, STRANGER, Client
from tests.unit.test_inbound import post, push

MESSAGES = "/conversations/{number}/{peer}/messages"


def receive(aws: Backend, message_id: str, text: str = "hello", **changes: Any) -> None:
    """A text comes in."""
    assert post(aws, push(message_id=message_id, body=text, message=text, **changes)) == 200


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


def test_a_misspelt_parameter_is_refused(aws: Backend) -> None:
    answer = ANA("GET", "/conversations", query={"limt": 5})

    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.body["detail"] == "there is no query parameter limt: cursor, limit, number, unread"


# ---------------------------------------------------------------- sending


def test_a_text_is_queued_once_for_each_key(aws: Backend) -> None:
    first = ANA.send(NUMBER, PEER, "Yes.", "key-1")
    again = ANA.send(NUMBER, PEER, "Yes.", "key-1")

    assert (first.status, first.body["state"], first.body["author"]) == (202, "queued", "101")
    assert (again.status, again.body) == (202, first.body)
    assert ANA.send(NUMBER, PEER, "No.", "key-1").code == "idempotency_key_reused"
    assert ANA.send(NUMBER, "+12025550101", "Yes.", "key-1").status == 422
    assert BEN.send(NUMBER, PEER, "Yes.", "key-1").body["id"] != first.body["id"]
    assert len(ANA("GET", MESSAGES, NUMBER, PEER).body["items"]) == 2


def test_a_repeat_gives_the_first_answer_whatever_came_since(aws: Backend) -> None:
    first = ANA.send(NUMBER, PEER, "Yes.", "key-1")
    receive(aws, "STOP-1", "STOP", timestamp=str(int(time.time())))
    settings = aws.numbers.get(NUMBER)
    assert settings is not None

    assert ANA.send(NUMBER, PEER, "Yes.", "key-1").body == first.body
    assert ANA.send(NUMBER, PEER, "Other.", "key-1").code == "idempotency_key_reused"
    assert ANA.send(NUMBER, PEER, "Yes.", "key-2").code == "recipient_opted_out"


def test_what_cannot_be_sent_says_why(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number="+61433333333", account="main", extensions=("101",), enabled=False))

    assert ANA.send(NUMBER, PEER, "", "1").code == "text_empty"
    assert ANA.send(NUMBER, PEER, "x" * 1225, "1").code == "text_too_long"
    assert ANA.send(NUMBER, PEER, "x" * 1224, "1").status == 202
    assert ANA.send(NUMBER, "INFO", "x", "2").code == "recipient_not_repliable"
    assert ANA.send("+61433333333", PEER, "x", "3").code == "number_disabled"
    assert ANA.send("+61444444444", PEER, "x", "3").code == "not_found"
    assert EVE.send(NUMBER, PEER, "x", "3").code == "not_found"
    assert STRANGER.send(NUMBER, PEER, "x", "3").code == "not_found"
    assert ANA.send(NUMBER, NUMBER, "x", "3").status == 422
    missing = ANA("POST", MESSAGES, NUMBER, PEER, body={"text": "x"})
    assert (missing.status, missing.code) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{", "json_invalid", 400),
        (b"\xff", "json_invalid", 400),
        (b"[]", "invalid", 422),
        (b'[{"text": "x"}]', "invalid", 422),
        (b'"text"', "invalid", 422),
        (b'{"text": "x", "from": "+61400000000"}', "invalid", 422),
        (b'{"text": 5}', "invalid", 422),
        (b'{"text": "\\ud800"}', "invalid", 422),
        (b'{"text": "x", "schedule_at": "2026-01-01T00:00:00"}', "invalid", 422),
        (b" " * 70_000, "too_large", 413),
    ],
)
def test_a_body_that_does_not_fit_is_refused(aws: Backend, body: bytes, code: str, status: int) -> None:
    answer = ANA("POST", MESSAGES, NUMBER, PEER, body=body, headers={"Idempotency-Key": "1"})

    assert (answer.status, answer.code) == (status, code)
    assert ANA("GET", MESSAGES, NUMBER, PEER).body["items"] == []


def test_only_json_is_read(aws: Backend) -> None:
    form = {"Idempotency-Key": "1", "Content-Type": "application/x-www-form-urlencoded"}

    answer = ANA("POST", MESSAGES, NUMBER, PEER, body=b"text=x", headers=form)

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_only_open_countries_are_texted(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_COUNTRIES", "AU,US")

    assert ANA.send(NUMBER, "+447777777777", "x", "1").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+14165550123", "x", "2").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+999123456", "x", "3").code == "destination_not_allowed"
    assert ANA.send(NUMBER, "+12025550101", "x", "4").status == 202
    assert ANA.send(NUMBER, PEER, "x", "5").status == 202
    assert ANA.send(NUMBER, "12345", "x", "6").status == 202


def test_an_extension_sends_so_much_in_a_minute(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESSAGES_PER_MINUTE", "2")
    answers = [ANA.send(NUMBER, PEER, f"text {index}", str(index)) for index in range(4)]

    assert [answer.status for answer in answers[:2]] == [202, 202]
    refused = [answer for answer in answers if answer.status == 429]
    assert refused  # the minute may have turned between two of them
    assert 1 <= int(refused[0].headers["Retry-After"]) <= 61
    assert BEN.send(NUMBER, PEER, "x", "1").status == 202
    repeat = ANA.send(NUMBER, PEER, "text 0", "0")
    assert (repeat.status, repeat.body) == (202, answers[0].body)


def test_an_account_sends_so_many_segments_in_a_day(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTS_PER_DAY", "4")

    assert ANA.send(NUMBER, PEER, "x" * 400, "1").status == 202  # three segments
    refused = ANA.send(NUMBER, PEER, "y" * 200, "2")
    assert (refused.status, refused.code) == (429, "cap_reached")
    assert int(refused.headers["Retry-After"]) <= 86_401
    assert ANA.send(NUMBER, PEER, "INFO".lower(), "3").status == 202
    assert ANA.send(NUMBER, PEER, "z", "4").status == 429
    assert STRANGER.send(NUMBER, PEER, "z", "4").status == 404


def test_what_was_refused_is_counted_off_again(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENTS_PER_DAY", "2")
    receive(aws, "STOP-1", "STOP", **{"from": "+12025550101"})

    assert {ANA.send(NUMBER, "+12025550101", "x", str(index)).code for index in range(5)} == {"recipient_opted_out"}
    first = ANA.send(NUMBER, PEER, "x", "a")
    assert [ANA.send(NUMBER, PEER, "x", "a").body for _ in range(5)] == [first.body] * 5
    assert ANA.send(NUMBER, PEER, "x", "b").status == 202


# ---------------------------------------------------------------- later, again, not at all


def at(seconds: int) -> str:
    """A time from now, as a client gives it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_a_text_may_be_sent_later_and_taken_back(aws: Backend) -> None:
    later = at(3600)
    sent = ANA.send(NUMBER, PEER, "Tomorrow.", "1", schedule_at=later)

    assert (sent.body["state"], sent.body["scheduled_at"]) == ("scheduled", later.replace("Z", ".000Z"))
    cancelled = ANA("POST", "/messages/{message_id}/cancel", sent.body["id"])
    assert (cancelled.status, cancelled.body["state"]) == (200, "cancelled")
    assert ANA("POST", "/messages/{message_id}/cancel", sent.body["id"]).body["state"] == "cancelled"
    assert EVE("POST", "/messages/{message_id}/cancel", sent.body["id"]).code == "not_found"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"schedule_at": at(91 * 86_400)}, "schedule_invalid"),
        ({"valid_until": at(-60)}, "validity_invalid"),
        ({"valid_until": at(80 * 3600)}, "validity_invalid"),
        ({"schedule_at": at(7200), "valid_until": at(3600)}, "validity_invalid"),
    ],
)
def test_times_that_make_no_sense_are_refused(aws: Backend, more: dict[str, str], code: str) -> None:
    assert ANA.send(NUMBER, PEER, "x", "1", **more).code == code


def test_what_is_on_its_way_cannot_be_taken_back(aws: Backend) -> None:
    sent = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    place = aws.messages.locate([sent])[sent]
    aws.messages.claim(place, worker="w", now=int(time.time() * 1000))

    assert ANA("POST", "/messages/{message_id}/cancel", sent).code == "not_cancellable"


def settle(aws: Backend, message_id: str, state: State) -> None:
    """Let a queued message end in a state."""
    from textension.message import moved

    place = aws.messages.locate([message_id])[message_id]
    now = int(time.time() * 1000)
    claimed, _ = aws.messages.claim(place, worker="w", now=now)
    assert claimed is not None
    if state in {State.UNKNOWN, State.UNRESOLVED}:
        claimed = aws.messages.move(claimed, moved(claimed, State.UNKNOWN, at=now, source="test"))
    if state is not State.UNKNOWN:
        aws.messages.move(claimed, moved(claimed, state, at=now, source="test"))


@pytest.mark.parametrize("state", [State.REJECTED, State.UNDELIVERED, State.UNRESOLVED])
def test_a_failed_message_is_sent_again_once(aws: Backend, state: State) -> None:
    old = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, old, state)

    first = BEN("POST", "/messages/{message_id}/resend", old)
    again = ANA("POST", "/messages/{message_id}/resend", old)

    assert (first.status, first.body["state"], first.body["resend_of"]) == (202, "queued", old)
    assert again.body == first.body
    assert ANA("GET", "/messages/{message_id}", old).body["resent_as"] == first.body["id"]
    assert EVE("POST", "/messages/{message_id}/resend", old).code == "not_found"


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.UNKNOWN])
def test_a_message_that_may_have_arrived_is_not_sent_again(aws: Backend, state: State) -> None:
    old = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, old, state)

    assert ANA("POST", "/messages/{message_id}/resend", old).code == "not_resendable"
    assert len(ANA("GET", MESSAGES, NUMBER, PEER).body["items"]) == 1


def test_a_received_text_is_neither_sent_again_nor_taken_back(aws: Backend) -> None:
    receive(aws, "IN-1")
    found = ANA("GET", MESSAGES, NUMBER, PEER).body["items"][0]["id"]

    assert ANA("POST", "/messages/{message_id}/resend", found).code == "not_resendable"
    assert ANA("POST", "/messages/{message_id}/cancel", found).code == "not_cancellable"


def test_a_journey_says_what_became_of_a_message_and_by_whose_word(aws: Backend) -> None:
    sent = ANA.send(NUMBER, PEER, "x", "1").body["id"]
    settle(aws, sent, State.REJECTED)

    found = ANA("GET", "/messages/{message_id}", sent).body

    assert [(step["state"], step["source"]) for step in found["journey"]] == [
        ("queued", "app:101"),
        ("sending", "outbound_sender"),
        ("rejected", "test"),
    ]
    assert ANA("GET", "/messages/{message_id}", "0" * 26).code == "not_found"
    for stranger in (EVE, STRANGER):
        assert stranger("GET", "/messages/{message_id}", sent).body == {
            **ANA("GET", "/messages/{message_id}", "0" * 26).body
        }


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
