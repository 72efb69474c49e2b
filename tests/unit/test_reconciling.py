"""What is unclear is looked up in ClickSend's history, and never sent again by the machine."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from textension import assemble
from textension.accepting import Draft, accept, resend
from textension.aws.circuits import Circuits
from textension.clock import HOUR, MINUTE, SECOND, now_ms
from textension.message import Message, moved
from textension.reconciling import LOOKUPS
from textension.states import RECEIPTS_END, State, due_at

from local.simulator import Running
from tests.conftest import NUMBER, PEER, Backend, forget
from tests.unit.test_inbound import post, push
from tests.unit.test_outbound import clicksend, fault, now_is, queue, ring, sent, simulator

__all__ = ["clicksend", "simulator"]


def look(*messages: Message, by: int = 0, remaining: int = 60_000) -> dict[str, int]:
    """What looking these up comes to, some milliseconds from now."""
    then = now_ms() + by
    return dict(replace(assemble.reconciler(), clock=lambda: then).run(messages, remaining=lambda: remaining))


def lost(aws: Backend, clicksend: httpx.Client, *, processed: bool, key: str = "1") -> Message:
    """A message whose answer never came, be it processed or not."""
    fault(clicksend, "reset", processed=processed, times=1)
    message = queue(aws, f"text {key}", key=key)
    ring(message)
    Circuits(aws.table).close("main")  # or the next one would wait for ClickSend to come back
    found = now_is(aws, message)
    assert found.state is State.UNKNOWN
    return found


def test_what_history_knows_was_sent_with_all_that_it_says(aws: Backend, clicksend: httpx.Client) -> None:
    message = lost(aws, clicksend, processed=True)

    assert look(message) == {"found": 1}

    after = now_is(aws, message)
    (arrived,) = sent(clicksend)["messages"]
    assert (after.state, after.clicksend_id) == (State.SENT, arrived["message_id"])
    assert after.journey[-1].source == "history"
    assert sent(clicksend)["requests"] == 1
    receipt = {"message_id": arrived["message_id"], "status_code": "201"}
    assert aws.messages.locate_receipt("main", receipt["message_id"], None) is not None


def test_an_empty_answer_proves_nothing_for_a_quarter_of_an_hour(aws: Backend, clicksend: httpx.Client) -> None:
    message = lost(aws, clicksend, processed=False)

    for by in (MINUTE, 3 * MINUTE, 14 * MINUTE):
        assert look(now_is(aws, message), by=by) == {"not_found": 1}
        assert now_is(aws, message).state is State.UNKNOWN
    assert look(now_is(aws, message), by=15 * MINUTE + SECOND) == {"unresolved": 1}

    after = now_is(aws, message)
    assert (after.state, after.unannounced) == (State.UNRESOLVED, True)
    assert sent(clicksend)["messages"] == []


def test_looks_grow_rarer_up_to_the_end(aws: Backend, clicksend: httpx.Client) -> None:
    message = lost(aws, clicksend, processed=False)
    at, waits = 0, []
    while now_is(aws, message).state is State.UNKNOWN:
        found = now_is(aws, message)
        assert found.next_look_at is not None
        waits.append(round((found.next_look_at - message.changed_at - at) / MINUTE))
        at = found.next_look_at - message.changed_at
        look(found, by=at)

    assert waits == [1, 2, 4, 5, 3]
    assert at == pytest.approx(15 * MINUTE, abs=2 * SECOND)


def test_history_that_lags_settles_it_when_it_comes(aws: Backend, clicksend: httpx.Client) -> None:
    clicksend.put("/simulator/settings", json={"history_delay_seconds": 3600})
    message = lost(aws, clicksend, processed=True)
    assert look(message) == {"not_found": 1}
    clicksend.put("/simulator/settings", json={"history_delay_seconds": 0})

    assert look(now_is(aws, message), by=MINUTE) == {"found": 1}


@pytest.mark.parametrize("mode", ["401", "500", "429", "not_json"])
def test_no_answer_is_not_an_empty_one(aws: Backend, clicksend: httpx.Client, mode: str) -> None:
    message = lost(aws, clicksend, processed=False)
    fault(clicksend, mode, path="/v3/sms/history", times=1)

    assert look(message, by=20 * MINUTE) == {"not_answered": 1}

    after = now_is(aws, message)
    assert after.state is State.UNKNOWN
    assert (after.next_look_at or 0) > now_ms() + 20 * MINUTE


def test_another_tools_message_to_the_same_peer_is_not_ours(
    aws: Backend, clicksend: httpx.Client, simulator: Running
) -> None:
    message = lost(aws, clicksend, processed=False)
    body = {"messages": [{"to": PEER, "from": "+61411111111", "body": "text 1", "custom_string": message.id}]}
    login = (simulator.credential.username, simulator.credential.api_key)
    assert httpx.post(f"{simulator.url}/v3/sms/send", json=body, auth=login).status_code == 200

    assert look(message, by=MINUTE) == {"not_found": 1}


def test_one_question_serves_all_to_the_same_peer(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [lost(aws, clicksend, processed=bool(number % 2), key=str(number)) for number in range(4)]
    asked = count_questions(monkeypatch)

    assert look(*messages, by=MINUTE) == {"found": 2, "not_found": 2}
    assert asked == [PEER]


def count_questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whom history is asked about from now on."""
    from textension.clicksend.client import ClickSend

    asked: list[str] = []
    original = ClickSend.history

    def counting(self: ClickSend, **question: Any) -> Any:
        asked.append(question["to"])
        return original(self, **question)

    monkeypatch.setattr(ClickSend, "history", counting)
    return asked


def test_a_run_asks_so_much_and_leaves_the_rest_due(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = lost(aws, clicksend, processed=False)
    crowd = [
        replace(message, conversation=replace(message.conversation, peer=f"+1202555{number:04d}"))
        for number in range(100, 100 + 2 * LOOKUPS)
    ]
    asked = count_questions(monkeypatch)

    look(*crowd)
    assert len(asked) == LOOKUPS
    assert look(*crowd, remaining=10_000) == {}
    assert len(asked) == LOOKUPS


def test_a_receipt_that_never_came_is_found(aws: Backend, clicksend: httpx.Client) -> None:
    clicksend.put("/simulator/settings", json={"receipts_for_test_numbers": True, "receipt_codes": []})
    message = queue(aws)
    ring(message)
    found = now_is(aws, message)
    assert found.state is State.SENT
    assert found.next_look_at == found.changed_at + HOUR

    assert look(found, by=HOUR) == {"not_found": 1}
    assert look(now_is(aws, message), by=RECEIPTS_END + MINUTE) == {"not_found": 1}
    assert now_is(aws, message).next_look_at is None


def test_a_receipt_that_settles_it_meanwhile_holds(aws: Backend, clicksend: httpx.Client) -> None:
    message = lost(aws, clicksend, processed=True)
    aws.messages.move(message, moved(message, State.DELIVERED, at=now_ms(), source="receipt"))

    look(message)

    assert now_is(aws, message).state is State.DELIVERED


def test_the_sweeper_finds_what_is_to_be_looked_up(aws: Backend, clicksend: httpx.Client) -> None:
    from tests.unit.test_relay import record, relay, sweep

    message = lost(aws, clicksend, processed=True)
    relay(record(message))
    assert "to_look_up" not in sweep()
    forget()
    aws.messages.amend(now_is(aws, message), replace(now_is(aws, message), next_look_at=now_ms() - 1))

    done = sweep()

    assert (done["to_look_up"], done["found"]) == (1, 1)
    assert now_is(aws, message).state is State.SENT


# ---------------------------------------------------------------- at least once


def alert(aws: Backend, clicksend: httpx.Client, *, processed: bool, **changes: Any) -> Message:
    """An unresolved text that its writer wants at least once."""
    fault(clicksend, "reset", processed=processed, times=1)
    if processed:
        clicksend.put("/simulator/settings", json={"history_delay_seconds": 3600})
    settings = aws.numbers.get(NUMBER)
    assert settings is not None
    draft = Draft(origin="test", key="alert", to=PEER, text="Fire", author="101", at_least_once=True, **changes)
    message = accept(draft, settings, aws.messages, country="AU", now=now_ms())
    ring(message)
    Circuits(aws.table).close("main")
    assert look(now_is(aws, message), by=15 * MINUTE + SECOND) == {"unresolved": 1}
    clicksend.put("/simulator/settings", json={"history_delay_seconds": 0})
    return now_is(aws, message)


def again(aws: Backend, message: Message) -> Message | None:
    """The message that was sent in its place."""
    return aws.messages.by_id(message.resent_as) if message.resent_as else None


def test_an_alert_that_nobody_knows_of_goes_again_once(aws: Backend, clicksend: httpx.Client) -> None:
    message = alert(aws, clicksend, processed=False)
    assert due_at(replace(message, unannounced=False)) == message.changed_at
    by = 16 * MINUTE

    assert look(message, by=by) == {"resent": 1}

    old = now_is(aws, message)
    new = again(aws, old)
    assert new is not None
    assert (old.state, old.next_look_at) == (State.UNRESOLVED, None)
    assert (new.resend_of, new.text, new.author, new.at_least_once) == (message.id, "Fire", "101", False)
    assert (new.journey[0].source, new.valid_until) == ("at_least_once", message.valid_until)
    assert look(old, by=by) == {"resent": 1}  # as a worker would that had not heard of it
    assert now_is(aws, message).resent_as == new.id
    assert len(aws.messages.thread(message.conversation, limit=10)[0]) == 2


def test_its_repeat_is_never_sent_a_third_time(aws: Backend, clicksend: httpx.Client) -> None:
    message = alert(aws, clicksend, processed=False)
    look(message, by=16 * MINUTE)
    new = again(aws, now_is(aws, message))
    assert new is not None
    fault(clicksend, "reset", processed=False, times=1)
    ring(new)
    Circuits(aws.table).close("main")

    assert look(now_is(aws, new), by=60 * MINUTE) == {"unresolved": 1}

    after = now_is(aws, new)
    assert (after.next_look_at, after.resent_as) == (None, None)
    assert due_at(replace(after, unannounced=False)) is None


def test_history_that_knows_it_in_the_end_keeps_it_from_going_again(aws: Backend, clicksend: httpx.Client) -> None:
    message = alert(aws, clicksend, processed=True)

    assert look(message, by=16 * MINUTE) == {"found": 1}

    assert (now_is(aws, message).state, now_is(aws, message).resent_as) == (State.SENT, None)


def test_no_answer_sends_nothing(aws: Backend, clicksend: httpx.Client) -> None:
    message = alert(aws, clicksend, processed=False)
    fault(clicksend, "500", path="/v3/sms/history", times=1)

    assert look(message, by=16 * MINUTE) == {"not_answered": 1}
    assert now_is(aws, message).resent_as is None
    assert look(now_is(aws, message), by=18 * MINUTE) == {"resent": 1}


def test_a_person_and_the_machine_send_it_again_as_one(aws: Backend, clicksend: httpx.Client) -> None:
    message = alert(aws, clicksend, processed=False)
    settings = aws.numbers.get(NUMBER)
    assert settings is not None
    by_hand = resend(message, settings, aws.messages, origin="cli", author=None, country="AU", now=now_ms())

    look(now_is(aws, message), by=16 * MINUTE)

    assert now_is(aws, message).resent_as == by_hand.id
    assert len(aws.messages.thread(message.conversation, limit=10)[0]) == 2


@pytest.mark.parametrize("why", ["opted out", "too late", "delivered"])
def test_an_alert_stays_out_where_it_may_or_need_not_go(aws: Backend, clicksend: httpx.Client, why: str) -> None:
    until = {"valid_until": now_ms() + 10 * MINUTE} if why == "too late" else {}
    message = alert(aws, clicksend, processed=False, **until)
    if why == "opted out":
        assert post(aws, push(message_id="STOP", body="STOP", message="STOP", timestamp=str(now_ms() // SECOND))) == 200
    if why == "delivered":
        aws.messages.move(message, moved(message, State.DELIVERED, at=now_ms(), source="receipt"))

    assert look(message, by=16 * MINUTE) == {"not_resent": 1}

    after = now_is(aws, message)
    assert (after.resent_as, after.next_look_at) == (None, None)


def test_without_the_wish_nothing_goes_again(aws: Backend, clicksend: httpx.Client) -> None:
    message = lost(aws, clicksend, processed=False)

    assert look(message, by=16 * MINUTE) == {"unresolved": 1}
    assert now_is(aws, message).next_look_at is None


def test_the_sweeper_sends_an_alert_again(aws: Backend, clicksend: httpx.Client) -> None:
    from tests.unit.test_relay import record, relay, sweep

    message = alert(aws, clicksend, processed=False)
    relay(record(message))
    forget()
    aws.messages.amend(now_is(aws, message), replace(now_is(aws, message), next_look_at=now_ms() - 1))

    done = sweep()

    assert (done["to_look_up"], done["resent"]) == (1, 1)
    assert again(aws, now_is(aws, message)) is not None
