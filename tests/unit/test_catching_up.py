"""What nobody posted comes in out of ClickSend's history, by the same door: once, and nothing that is erased."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from textension import assemble
from textension.aws import catch_ups, items
from textension.aws.catch_ups import CatchUps
from textension.aws.circuits import Circuits
from textension.aws.erasure import ErasedPeers, Erasure
from textension.aws.table import Put
from textension.catching_up import EVERY, GRACE, LOOKS, OVERLAP, Progress
from textension.clicksend import client as clicksend_client
from textension.clicksend.client import ClickSend
from textension.clock import DAY, HOUR, MINUTE, SECOND, now_ms
from textension.errors import Unavailable
from textension.message import Message, NumberSettings

from local.simulator import Running
from tests.conftest import NUMBER, PEER, Backend, Context, forget, load_function
from tests.unit.test_inbound import post, push, reasons, stored, summary
from tests.unit.test_outbound import clicksend, credentials, fault, queue, ring, simulator

__all__ = ["clicksend", "simulator"]

NOW = now_ms() // SECOND * SECOND
OTHER_IDS = {"history_own_ids": True}


@pytest.fixture(autouse=True)
def _long_ago(request: pytest.FixtureRequest) -> None:
    """The account has long caught up, up to just now, and its number is older than that."""
    aws: Backend = request.getfixturevalue("aws")
    request.getfixturevalue("clicksend").put("/simulator/settings", json={"history_own_ids": False})
    item = {"started_at": NOW - 30 * DAY, "mark": NOW - 10 * MINUTE, "version": 1}
    aws.table.put(Put(items.catch_up_key("main"), item))
    number = aws.table.get(items.number_key(NUMBER)) or {}
    aws.table.put(Put(items.number_key(NUMBER), {**number, "added_at": NOW - 20 * DAY}, condition=""))
    aws.numbers._cache.clear()


def texted(
    clicksend: httpx.Client, text: str = "Are you there?", *, ago: int = 5 * MINUTE, sender: str = PEER, **more: Any
) -> str:
    """A handset texted the number some time ago, and no rule was there; ClickSend's id."""
    order = {"from": sender, "to": NUMBER, "body": text, "timestamp": (NOW - ago) // SECOND, **more}
    answer = clicksend.post("/simulator/inbound", json=order)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["message_id"])


def look(*, by: int = 0, remaining: int = 60_000) -> list[Progress]:
    """What the sweeper's look comes to, some milliseconds from now."""
    catch_up = replace(assemble.catch_up(), clock=lambda: NOW + by, rests_until={})
    return catch_up.run(remaining=lambda: remaining)


def done(**options: int) -> dict[str, int]:
    (progress,) = look(**options)
    assert progress.trouble == ""
    return dict(progress.done)


def state(aws: Backend) -> catch_ups.CaughtUpTo:
    found = CatchUps(aws.table).get("main")
    assert found is not None
    return found


def late_push(aws: Backend, message_id: str, text: str = "Are you there?", *, ago: int = 5 * MINUTE) -> int:
    """What ClickSend posts of such a text when it tries again."""
    values = push(message_id=message_id, body=text, message=text, timestamp=str((NOW - ago) // SECOND))
    return post(aws, values)


# ---------------------------------------------------------------- what is missed comes in


def test_a_text_that_nobody_posted_is_stored_as_a_push_would_be(aws: Backend, clicksend: httpx.Client) -> None:
    message_id = texted(clicksend)

    assert done() == {"stored": 1}

    (message,) = stored(aws)
    assert (message.text, message.state, message.clicksend_id) == ("Are you there?", "received", message_id)
    assert (message.trust, message.journey[0].source) == ("history", "history")
    assert (message.sent_at, message.extensions, message.unannounced) == (NOW - 5 * MINUTE, ("101", "102"), True)
    assert summary(aws)["unread_101"] == 1


def test_it_is_announced_like_any_other(aws: Backend, clicksend: httpx.Client) -> None:
    from tests.unit.test_relay import record, relay

    texted(clicksend)
    done()
    (message,) = stored(aws)

    relay(record(message))

    (event,) = aws.events()
    assert event["MessageAttributes"]["type"]["Value"] == "message.received"


def test_a_repeat_takes_nothing_in(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend)
    done()

    assert done(by=EVERY) == {"seen": 1}
    assert len(stored(aws)) == 1


def test_what_was_posted_is_there_already(aws: Backend, clicksend: httpx.Client) -> None:
    late_push(aws, texted(clicksend))

    assert done() == {"seen": 1}

    (message,) = stored(aws)
    assert (message.trust, message.twin_id) == ("token-only", None)


def test_a_reply_that_proves_itself_is_trusted_for_it(aws: Backend, clicksend: httpx.Client) -> None:
    message = queue(aws)
    ring(message)
    custom = assemble.sender().signer.custom_string("main", message.id)
    texted(clicksend, "Yes", custom_string=custom)

    done()

    found = [one for one in stored(aws) if one.text == "Yes"]
    assert [one.trust for one in found] == ["echoed-mac"]


def test_a_stop_counts_from_its_own_time(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend, "STOP", ago=8 * MINUTE)
    done()

    assert (summary(aws)["opted_out"], summary(aws)["opt_out_at"]) == (True, NOW - 8 * MINUTE)


def test_an_older_stop_does_not_undo_a_newer_start(aws: Backend, clicksend: httpx.Client) -> None:
    late_push(aws, "A1", "START", ago=4 * MINUTE)
    texted(clicksend, "STOP", ago=8 * MINUTE)

    assert done()["stored"] == 1
    assert summary(aws)["opted_out"] is False


def test_nobody_who_asks_for_help_is_answered_late(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELP_TEXT", "Sales, 9 to 5")
    forget()
    texted(clicksend, "HELP")

    done()

    assert [one.text for one in stored(aws)] == ["HELP"]


# ---------------------------------------------------------------- what stays out


def test_a_push_that_may_be_on_its_way_goes_first(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend, ago=GRACE - SECOND)

    assert done() == {}
    assert done(by=EVERY) == {"stored": 1}


def test_nothing_older_than_the_number_comes_in(aws: Backend, clicksend: httpx.Client) -> None:
    added = aws.numbers.put(NumberSettings(number="+61433333333", account="main", extensions=("101",)))
    assert added.added_at is not None
    texted(clicksend, to="+61433333333", ago=5 * MINUTE)

    assert done() == {"too_old": 1}
    assert aws.numbers.put(replace(added, label="Sales", added_at=1)).added_at == added.added_at


def test_a_number_from_before_counts_from_the_accounts_own_beginning(aws: Backend, clicksend: httpx.Client) -> None:
    item = aws.table.get(items.number_key(NUMBER)) or {}
    del item["added_at"]
    aws.table.put(Put(items.number_key(NUMBER), item, condition=""))
    begun = {"started_at": NOW - 6 * MINUTE, "mark": NOW - 6 * MINUTE, "version": 1}
    aws.table.put(Put(items.catch_up_key("main"), begun, condition=""))
    texted(clicksend, "before", ago=7 * MINUTE)
    texted(clicksend, "after", ago=5 * MINUTE)

    assert done() == {"too_old": 1, "stored": 1}
    assert [one.text for one in stored(aws)] == ["after"]


def test_the_first_mark_of_an_account_is_now(aws: Backend, clicksend: httpx.Client) -> None:
    aws.table.delete(items.catch_up_key("main"))
    texted(clicksend)

    assert look() == []
    assert (state(aws).started_at, state(aws).mark) == (NOW, NOW)


def erase(aws: Backend, peer: str = PEER, *, at: int = 0) -> None:
    peers = ErasedPeers(aws.table, assemble.relay().signer)
    Erasure(aws.table, peers, lambda: NOW + at).erase("main", [NUMBER], peer, remaining=lambda: 30_000)


@pytest.mark.parametrize("ids", [{}, OTHER_IDS], ids=["the same id", "another id"])
def test_nothing_erased_comes_back(aws: Backend, clicksend: httpx.Client, ids: dict[str, bool]) -> None:
    clicksend.put("/simulator/settings", json=ids)
    late_push(aws, texted(clicksend))
    texted(clicksend, "never posted")
    erase(aws)

    assert done().get("stored", 0) == 0
    assert stored(aws) == []


def test_what_an_erased_person_writes_later_comes_in(aws: Backend, clicksend: httpx.Client) -> None:
    erase(aws, at=-6 * MINUTE)
    texted(clicksend, "before", ago=7 * MINUTE)
    texted(clicksend, "since", ago=5 * MINUTE)

    assert done() == {"erased": 1, "stored": 1}


def test_an_erasure_at_the_same_moment_wins(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    texted(clicksend)
    looked = ErasedPeers.at

    def erased_right_after(self: ErasedPeers, account: str, peer: str) -> int | None:
        found = looked(self, account, peer)
        erase(aws)
        return found

    monkeypatch.setattr(ErasedPeers, "at", erased_right_after)

    assert done() == {"erased": 1}
    assert stored(aws) == []


def test_of_the_erased_nothing_but_a_keyed_hash_remains(aws: Backend, clicksend: httpx.Client) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    late_push(aws, texted(clicksend))
    done()
    erase(aws)

    assert PEER.lstrip("+") not in str([one for one in aws.items() if "LOG" not in str(one.get("pk"))])
    assert done(by=EVERY) == {"seen": 1}


def test_texts_to_an_unknown_number_go_to_quarantine_once(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend, to="+61444444444")

    assert done() == {"quarantined": 1}
    assert reasons(aws) == ["number_unknown"]

    (post_,) = aws.quarantine.page("main")[0]
    aws.quarantine.remove("main", post_.id)
    assert done(by=EVERY) == {"seen": 1}
    assert reasons(aws) == []


def test_what_is_in_quarantine_as_a_post_does_not_come_as_a_row(aws: Backend, clicksend: httpx.Client) -> None:
    message_id = texted(clicksend, to="+61444444444")
    post(aws, push(message_id=message_id, to="+61444444444"))

    assert done() == {"seen": 1}
    assert reasons(aws) == ["number_unknown"]


def test_a_row_in_quarantine_is_taken_in_once_its_number_is_known(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend, to="+61444444444")
    done()
    aws.numbers.put(NumberSettings(number="+61444444444", account="main", extensions=("101",)))
    (post_,) = aws.quarantine.page("main")[0]

    answer = load_function("inbound_webhook").handler({"replay": {"account": "main", "post_id": post_.id}}, Context())

    assert answer["outcome"] == "stored"
    assert reasons(aws) == []


def test_a_post_cannot_pass_itself_off_as_history(aws: Backend, clicksend: httpx.Client) -> None:
    from textension.clicksend.pushes import FROM_HISTORY, RawPush

    body = b"from=%2B61422222222&to=%2B61411111111&body=x&message_id=A1&subaccount_id=999"
    (poster,) = assemble.webhook_secret().accounts()
    outcome = assemble.door().take(RawPush("sms", body, FROM_HISTORY), poster)
    (post_,) = aws.quarantine.page("main")[0]

    assert (outcome.taken, outcome.reason) == ("quarantined", "subaccount_unknown")
    assert assemble.door().replay(post_, poster).taken == "quarantined"
    assert stored(aws) == []


# ---------------------------------------------------------------- one text under two ids


def test_a_push_under_another_id_is_the_same_text(aws: Backend, clicksend: httpx.Client) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    late_push(aws, texted(clicksend), ago=5 * MINUTE - 3 * SECOND)

    assert done() == {"seen": 1}

    (message,) = stored(aws)
    assert message.twin_id is not None
    assert done(by=EVERY) == {"seen": 1}
    assert summary(aws)["unread_101"] == 1


def test_a_late_push_under_another_id_changes_nothing(aws: Backend, clicksend: httpx.Client) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    message_id = texted(clicksend)
    done()
    before = {one.id: one.text for one in stored(aws)}

    assert late_push(aws, message_id) == 200
    assert late_push(aws, message_id) == 200

    assert {one.id: one.text for one in stored(aws)} == before
    assert summary(aws)["unread_101"] == 1
    assert reasons(aws) == []


@pytest.mark.parametrize("ids", [{}, OTHER_IDS], ids=["the same ids", "other ids"])
@pytest.mark.parametrize("pushed", [0, 1, 2])
def test_two_equal_texts_stay_two(aws: Backend, clicksend: httpx.Client, ids: dict[str, bool], pushed: int) -> None:
    clicksend.put("/simulator/settings", json=ids)
    names = [texted(clicksend, "ok", ago=5 * MINUTE), texted(clicksend, "ok", ago=5 * MINUTE - 20 * SECOND)]
    for name in names[:pushed]:
        late_push(aws, name, "ok", ago=5 * MINUTE)

    assert done() == {key: count for key, count in {"seen": pushed, "stored": 2 - pushed}.items() if count}
    for name in names:
        late_push(aws, name, "ok", ago=5 * MINUTE)

    assert [one.text for one in stored(aws)] == ["ok", "ok"]
    assert summary(aws)["unread_101"] == 2


@pytest.mark.parametrize(
    "changes",
    [{"text": "Are you here?"}, {"ago": 5 * MINUTE + 121 * SECOND}],
    ids=["another text", "another time"],
)
def test_what_differs_is_another_text(aws: Backend, clicksend: httpx.Client, changes: dict[str, Any]) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    texted(clicksend)
    done()

    late_push(aws, "A1", **changes)

    assert len(stored(aws)) == 2


def interrupted(aws: Backend, monkeypatch: pytest.MonkeyPatch, do: Callable[[], object]) -> None:
    """Once, right before the next transaction, something happens."""
    original = type(aws.table).transact
    pending = [do]

    def transact(self: Any, *writes: Any) -> None:
        if pending:
            pending.pop()()
        original(self, *writes)

    monkeypatch.setattr(type(aws.table), "transact", transact)


def test_a_push_between_look_and_store_is_seen(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    message_id = texted(clicksend)
    interrupted(aws, monkeypatch, lambda: late_push(aws, message_id))

    assert done() == {"seen": 1}
    assert [one.trust for one in stored(aws)] == ["token-only"]


def test_a_catch_up_in_the_middle_of_a_push_is_seen(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    clicksend.put("/simulator/settings", json=OTHER_IDS)
    message_id = texted(clicksend)
    interrupted(aws, monkeypatch, done)

    assert late_push(aws, message_id) == 200
    assert [one.trust for one in stored(aws)] == ["history"]


# ---------------------------------------------------------------- how far it is


def test_the_mark_follows_and_the_next_look_goes_back_before_it(aws: Backend, clicksend: httpx.Client) -> None:
    assert done() == {}
    assert (state(aws).mark, state(aws).position) == (NOW - GRACE, None)
    texted(clicksend, "shown late", ago=GRACE + OVERLAP - EVERY)

    assert done(by=EVERY) == {"stored": 1}


def test_between_two_looks_nobody_is_asked(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = questions(monkeypatch)
    look()
    assert look(by=EVERY - SECOND) == []
    assert len(asked) == 1
    look(by=EVERY)
    assert len(asked) == 2


def questions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The pages that are asked for from now on."""
    asked: list[int] = []
    original = ClickSend.history_page

    def counting(self: ClickSend, number: int, **question: Any) -> Any:
        asked.append(number)
        return original(self, number, **question)

    monkeypatch.setattr(ClickSend, "history_page", counting)
    return asked


def crowd(clicksend: httpx.Client, count: int, *, between: int) -> None:
    for number in range(count):
        peer = f"+6149{number:07d}"
        texted(clicksend, f"text {number}", ago=OVERLAP - number * between, sender=peer)


def test_many_texts_come_in_over_several_looks(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textension.catching_up.PAGES", 2)
    monkeypatch.setattr(clicksend_client, "PAGE", 15)
    crowd(clicksend, 40, between=40 * SECOND)
    asked = questions(monkeypatch)

    (first,) = look()
    assert not first.complete
    assert state(aws).position == first.reached
    assert len(asked) == 2
    looks = [first]
    while not looks[-1].complete:
        looks += look()

    assert len(looks) > 2
    assert sum(one.done["stored"] for one in looks) == 40
    assert (state(aws).position, state(aws).mark) == (None, NOW - GRACE)


def test_a_rush_within_one_second_is_passed(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clicksend_client, "PAGE", 15)
    for number in range(40):
        texted(clicksend, f"text {number}", sender=f"+6149{number:07d}")

    assert done() == {"stored": 40}


def test_without_time_nothing_is_asked(aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = questions(monkeypatch)

    (progress,) = look(remaining=27_000)

    assert (asked, progress.complete, state(aws).mark) == ([], False, NOW - 10 * MINUTE)


@pytest.mark.parametrize(
    ("mode", "reason"), [("401", "CREDENTIALS_REFUSED"), ("500", "HTTP_500"), ("not_json", "UNREADABLE_ANSWER")]
)
def test_no_answer_moves_no_mark(aws: Backend, clicksend: httpx.Client, mode: str, reason: str) -> None:
    texted(clicksend)
    fault(clicksend, mode, path="/v3/sms/history", times=1)

    assert [one.trouble for one in look()] == [reason]
    assert (state(aws).mark, state(aws).trouble) == (NOW - 10 * MINUTE, reason)
    assert look(by=MINUTE) == []
    assert done(by=EVERY) == {"stored": 1}


def test_clicksends_wish_to_be_left_alone_is_heeded(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "429", path="/v3/sms/history", times=1, retry_after=900)
    look()

    assert look(by=14 * MINUTE) == []
    assert done(by=15 * MINUTE) == {}


def test_a_run_asks_about_so_many_accounts_and_the_next_about_the_others(
    aws: Backend, clicksend: httpx.Client, simulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"account-{number}" for number in range(LOOKS + 3)]
    aws.put_secret("CredentialsSecret", [credentials(simulator, account=name) for name in names])
    forget()
    for name in names:
        aws.table.put(Put(items.catch_up_key(name), {"started_at": 1, "mark": NOW - HOUR, "version": 1}))

    assert [one.account for one in look()] == names[:LOOKS]
    assert [one.account for one in look(by=MINUTE)] == names[LOOKS:]


def test_while_the_circuit_is_open_nobody_asks(aws: Backend, clicksend: httpx.Client) -> None:
    Circuits(aws.table).open("main", "HTTP_500", now=NOW)
    assert look() == []
    Circuits(aws.table).close("main")
    assert len(look()) == 1


def test_rows_in_another_order_are_not_believed(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    texted(clicksend, "one", ago=6 * MINUTE)
    texted(clicksend, "two", ago=5 * MINUTE)
    original = ClickSend.history_page

    def backwards(self: ClickSend, number: int, **question: Any) -> Any:
        rows, more = original(self, number, **question)
        return rows[::-1], more

    monkeypatch.setattr(ClickSend, "history_page", backwards)

    assert [one.trouble for one in look()] == ["NOT_IN_ORDER"]
    assert stored(aws) == []


def test_a_text_that_could_not_be_stored_keeps_the_mark(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    texted(clicksend)

    def refuse(*_: Any, **__: Any) -> None:
        raise Unavailable("no")

    with monkeypatch.context() as broken:
        broken.setattr(type(aws.table), "transact", refuse)
        assert [one.trouble for one in look()] == ["UNAVAILABLE"]

    assert state(aws).mark == NOW - 10 * MINUTE
    assert done(by=EVERY) == {"stored": 1}


# ---------------------------------------------------------------- on demand, by the sweeper


def since(ago: int) -> Progress:
    state_ = CatchUps(assemble.catch_up().table).begin("main", now=NOW)
    catch_up = replace(assemble.catch_up(), clock=lambda: NOW)
    return list(catch_up.look(state_, since=NOW - ago, remaining=lambda: 600_000, pages=1000))[-1]


def test_somebody_may_go_back_further(aws: Backend, clicksend: httpx.Client) -> None:
    texted(clicksend, "long ago", ago=3 * HOUR)
    assert done() == {}

    assert dict(since(4 * HOUR).done) == {"stored": 1}
    assert state(aws).mark == NOW - GRACE


def test_a_look_that_begins_after_the_mark_leaves_it(aws: Backend, clicksend: httpx.Client) -> None:
    assert since(5 * MINUTE).complete
    assert state(aws).mark == NOW - 10 * MINUTE


def test_the_sweeper_catches_up_and_says_so(
    aws: Backend, clicksend: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    texted(clicksend)
    Circuits(aws.table).close("main")
    capsys.readouterr()

    load_function("sweeper").handler({}, Context(60_000))

    out = capsys.readouterr().out
    assert '"CaughtUp":[1.0]' in out.replace(" ", "")
    assert len(stored(aws)) == 1
    assert PEER not in out
    assert "Are you there?" not in out


def test_the_sweeper_says_when_it_could_not(
    aws: Backend, clicksend: httpx.Client, capsys: pytest.CaptureFixture[str]
) -> None:
    fault(clicksend, "500", path="/v3/sms/history", times=1)

    load_function("sweeper").handler({}, Context(60_000))

    assert '"CatchUpFailed":[1.0]' in capsys.readouterr().out.replace(" ", "")


def test_without_credentials_nobody_catches_up(aws: Backend, clicksend: httpx.Client) -> None:
    aws.put_secret("CredentialsSecret", {"account": "main"})
    forget()

    assert look() == []


def test_a_message_says_whether_it_was_caught_up(aws: Backend, clicksend: httpx.Client, simulator: Running) -> None:
    texted(clicksend)
    done()
    (message,) = stored(aws)

    assert message.caught_up
    assert isinstance(message, Message)
    assert not replace(message, journey=()).caught_up
