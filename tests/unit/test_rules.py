"""The pure rules: which step is legal, when something is due, what an id proves, what an answer means."""

import itertools
import string
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textension import events, phone
from textension.authenticity import by_token
from textension.aws import items
from textension.aws.secrets import WebhookAccount
from textension.aws.wire import from_wire, to_wire
from textension.clicksend.answers import Answer, Meaning, judge, retry_after
from textension.clicksend.pushes import InboundPush, RawPush, fields, parse
from textension.clock import iso
from textension.errors import InvalidNumber, Unreadable
from textension.ids import Signer, SigningKey, message_id
from textension.message import Conversation, Direction, Message, Receipt, Step, Trust, moved, order
from textension.segments import Size, measure
from textension.states import ANNOUNCE_GRACE, LEASE, RING_PATIENCE, TRANSITIONS, State, due_at, sources

FINAL = {State.DELIVERED, State.REJECTED, State.CANCELLED, State.EXPIRED, State.RECEIVED}


def message(**changes: Any) -> Message:
    values: dict[str, Any] = {
        "id": message_id("main", "test", "1"),
        "conversation": Conversation("main", "+61411111111", "+61422222222"),
        "direction": Direction.OUTBOUND,
        "text": "Hello",
        "state": State.QUEUED,
        "sent_at": 1_000_000,
        "received_at": 1_000_123,
        "changed_at": 1_000_123,
    }
    return Message(**{**values, **changes})


class TestStates:
    def test_final_states_lead_nowhere(self) -> None:
        assert {state for state, targets in TRANSITIONS.items() if not targets} == FINAL

    def test_every_state_is_named(self) -> None:
        assert set(TRANSITIONS) == set(State)

    def test_nothing_that_may_have_been_sent_returns_to_the_queue_but_a_claim(self) -> None:
        assert sources(State.QUEUED) == {State.SCHEDULED, State.SENDING}
        assert sources(State.SENDING) == {State.QUEUED}

    def test_a_receipt_finds_every_state_that_a_sent_message_may_be_in(self) -> None:
        assert sources(State.DELIVERED) == {
            State.QUEUED, State.SENDING, State.SENT, State.UNKNOWN, State.UNRESOLVED, State.UNDELIVERED,
        }  # fmt: skip

    def test_no_cycle_but_the_attempts(self) -> None:
        graph = {state: set(targets) for state, targets in TRANSITIONS.items()}
        graph[State.SENDING].remove(State.QUEUED)
        for _ in State:
            leaves = {state for state, targets in graph.items() if not targets}
            graph = {state: targets - leaves for state, targets in graph.items() if state not in leaves}
        assert graph == {}


class TestDueAt:
    def test_a_settled_message_is_never_due(self) -> None:
        for state in FINAL | {State.SENT, State.UNKNOWN, State.UNRESOLVED, State.UNDELIVERED}:
            assert due_at(message(state=state)) is None

    def test_an_unannounced_state_is_due_after_its_grace(self) -> None:
        for state in State:
            due = due_at(message(state=state, unannounced=True, lease_until=10**13, scheduled_at=10**13))
            assert due == 1_000_123 + ANNOUNCE_GRACE

    def test_a_lease_is_due_at_its_end(self) -> None:
        assert due_at(message(state=State.SENDING, lease_until=5)) == 5
        assert due_at(message(state=State.SENDING)) == 1_000_123 + LEASE

    def test_a_queued_message_is_due_at_its_next_attempt_or_after_a_bell_without_effect(self) -> None:
        assert due_at(message(next_attempt_at=7)) == 7
        assert due_at(message(next_attempt_at=7, rung_at=9)) == 9 + RING_PATIENCE
        assert due_at(message(rung_at=9, valid_until=10)) == 10

    def test_a_scheduled_message_is_due_at_its_time(self) -> None:
        assert due_at(message(state=State.SCHEDULED, scheduled_at=99)) == 99

    def test_a_second_bell_is_not_swallowed_by_the_queue(self) -> None:
        assert RING_PATIENCE > 5 * 60 * 1000


class TestMoved:
    def test_a_step_lengthens_the_journey_and_forgets_what_only_the_old_state_used(self) -> None:
        before = message(state=State.SENDING, lease_until=1, claimed_by="x", rung_at=2, next_attempt_at=3)
        after = moved(before, State.SENT, at=5, source="test", reason="r", price="1")
        assert (after.lease_until, after.claimed_by, after.rung_at, after.next_attempt_at) == (None,) * 4
        assert after.journey == (Step(state=State.SENT, at=5, source="test", reason="r"),)
        assert (after.changed_at, after.unannounced, after.reason, after.price) == (5, True, "r", "1")


class TestIds:
    def test_an_id_is_26_characters_and_the_same_for_the_same_input(self) -> None:
        one = message_id("main", "clicksend", "A")
        assert one == message_id("main", "clicksend", "A")
        assert len(one) == 26

    def test_account_origin_and_key_all_count(self) -> None:
        variants = itertools.product(("main", "other"), ("clicksend", "app"), ("A", "B", "A\0"))
        assert len({message_id(*variant) for variant in variants}) == 12

    @given(st.text(max_size=60))
    def test_a_strangers_custom_string_is_not_ours(self, text: str) -> None:
        assert Signer(SigningKey("1", b"key")).message_of("main", text) is None

    def test_custom_string_fits_and_proves_itself_for_its_account_only(self) -> None:
        signer = Signer(SigningKey("1", b"key"))
        one = message_id("main", "test", "1")
        custom = signer.custom_string("main", one)
        assert len(custom) == 49
        assert signer.message_of("main", custom) == one
        assert signer.message_of("other", custom) is None
        assert Signer(SigningKey("1", b"another")).message_of("main", custom) is None

    def test_every_single_changed_character_is_found(self) -> None:
        signer = Signer(SigningKey("1", b"key"))
        custom = signer.custom_string("main", message_id("main", "test", "1"))
        for index, character in enumerate(custom):
            for other in string.ascii_letters + string.digits + "-_":
                if other == character:
                    continue
                forged = custom[:index] + other + custom[index + 1 :]
                # the last character carries two bits only: others spell the same HMAC, not the same text
                assert signer.message_of("main", forged) is None

    def test_the_previous_key_still_proves(self) -> None:
        old, new = SigningKey("1", b"old"), SigningKey("2", b"new")
        custom = Signer(old).custom_string("main", message_id("main", "test", "1"))
        assert Signer(new, old).message_of("main", custom)
        assert Signer(new).message_of("main", custom) is None

    def test_order_sorts_by_the_providers_second_then_by_arrival(self) -> None:
        texts = [message(sent_at=second * 1000, received_at=ms) for second in (5, 60) for ms in (9, 1000, 2000)]
        assert sorted(texts, key=order) == texts


class TestPhone:
    @pytest.mark.parametrize(
        ("value", "country", "expected"),
        [
            ("+61411111111", "US", "+61411111111"),
            (" +61411111111 ", "AU", "+61411111111"),
            ("0411 111 111", "AU", "+61411111111"),
            ("61411111111", "AU", "+61411111111"),
            ("61411111111", "US", "+61411111111"),
            ("(202) 555-0123", "US", "+12025550123"),
            ("0044 7400 123456", "GB", "+447400123456"),
        ],
    )
    def test_a_number_has_one_form(self, value: str, country: str, expected: str) -> None:
        assert phone.e164(value, country) == expected

    @pytest.mark.parametrize("value", ["", "+", "abc", "+0123456789", "123", "+1234567890123456", "0411", "x" * 500])
    def test_what_is_no_number_is_said(self, value: str) -> None:
        with pytest.raises(InvalidNumber, match=r"E\.164"):
            phone.e164(value, "AU")

    @pytest.mark.parametrize("value", ["12345", "199", "MyBank", "Foo Bar", "Größe24", "A"])
    def test_short_codes_and_names_stay(self, value: str) -> None:
        assert phone.peer(value, "AU") == value

    @pytest.mark.parametrize("value", ["", " ", "\x00abc", "a#b", "x" * 41, "##"])
    def test_what_could_be_nobody_is_said(self, value: str) -> None:
        with pytest.raises(InvalidNumber):
            phone.peer(value, "AU")

    @pytest.mark.parametrize("value", ["123456789", "+12345", "0123456789"])
    def test_digits_of_no_known_network_are_kept_as_they_came(self, value: str) -> None:
        assert phone.peer(value, "AU") == value

    def test_names_cannot_be_answered(self) -> None:
        assert [phone.is_repliable(value) for value in ("+61411111111", "12345", "MyBank")] == [True, True, False]


class TestPushes:
    @given(st.binary(max_size=400))
    def test_any_bytes_are_read_or_said_to_be_unreadable(self, body: bytes) -> None:
        try:
            push = parse(fields(RawPush("sms", body)))
        except Unreadable as unreadable:
            reason = unreadable.reason
        else:
            reason = type(push).__name__
        assert reason.isidentifier()

    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200))
    def test_every_text_survives_every_encoding(self, text: str) -> None:
        import json
        from urllib.parse import quote_plus, urlencode

        values = {"message_id": "1", "from": "+61422222222", "body": text}
        bodies = [urlencode(values), json.dumps(values), json.dumps(values, ensure_ascii=False)]
        bodies.append("&".join(f"{key}={quote_plus(value)}" for key, value in values.items()))
        for body in bodies:
            push = parse(fields(RawPush("sms", body.encode())))
            assert isinstance(push, InboundPush)
            assert push.text == text

    @pytest.mark.parametrize(
        ("timestamp", "expected"),
        [("1710886316", 1710886316000), (1710886316, 1710886316000), ("", 9), (None, 9), ("soon", 9), ("-5", 9)],
    )
    def test_a_time_is_whole_seconds_or_now(self, timestamp: Any, expected: int) -> None:
        push = parse({"message_id": "1", "from": "x", "body": "", "timestamp": timestamp})
        now = 2_000_000_000_000 if expected > 9 else 9
        assert push.at(now) == expected

    def test_an_unusual_digit_is_no_time(self) -> None:
        assert parse({"message_id": "1", "from": "x", "body": "", "timestamp": "\u0661\u0667"}).at(9) == 9

    def test_the_first_push_of_each_pair_of_names_counts(self) -> None:
        push = parse({"message_id": "1", "from": "x", "message": "only here", "customstring": "echo"})
        assert isinstance(push, InboundPush)
        assert (push.text, push.echo) == ("only here", "echo")

    def test_an_empty_body_beside_a_filled_message_is_no_empty_text(self) -> None:
        push = parse({"message_id": "1", "from": "x", "body": "", "message": "here"})
        assert isinstance(push, InboundPush)
        assert push.text == "here"


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status, headers, body)


def only(verdict: Answer) -> Any:
    return judge(verdict, ["a"], now=0)["a"]


class TestAnswers:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>",
            b"[]",
            b"{}",
            b'{"data": []}',
            b'{"data": {"messages": {}}}',
            b'{"http_code": 500, "data": {"messages": [{"custom_string": "a", "status": "SUCCESS"}]}}',
            b'{"data": {"messages": [{"custom_string": "b", "status": "SUCCESS"}]}}',
            b'{"data": {"messages": [null, 1, {"status": "SUCCESS"}]}}',
            b'{"data": {"messages": [{"custom_string": "a"}]}}',
            b'{"data": {"messages": [{"custom_string": "a", "status": null}]}}',
        ],
    )
    def test_what_a_200_does_not_say_is_unknown(self, body: bytes) -> None:
        assert only(answer(200, body)).meaning is Meaning.UNKNOWN

    def test_a_success_tells_all_that_clicksend_told(self) -> None:
        body = (
            b'{"http_code": 200, "data": {"messages": [{"custom_string": "a", "status": "SUCCESS", "from": "+614",'
            b'"message_id": "ID", "message_parts": "2.00", "message_price": "0.0792"}]}}'
        )
        verdict = only(answer(200, body))
        assert (verdict.meaning, verdict.clicksend_id, verdict.parts) == (Meaning.SENT, "ID", 2)
        assert (verdict.price, verdict.sender_id) == ("0.0792", "+614")

    @pytest.mark.parametrize("status", [201, 204, 302, 408, 413, 500, 502, 503, 504])
    def test_other_answers_prove_nothing(self, status: int) -> None:
        assert only(answer(status)).meaning is Meaning.UNKNOWN

    @pytest.mark.parametrize("status", [403, 404, 405])
    def test_an_address_or_a_right_that_is_not_ours_is_the_accounts_trouble(self, status: int) -> None:
        assert only(answer(status)).meaning is Meaning.ACCOUNT

    @pytest.mark.parametrize("parts", ['"\u00b2"', '"1e9"', '"' + "9" * 400 + '"', "-1", "[]", "null", '"2.50"'])
    def test_a_count_that_is_none_is_left_out(self, parts: str) -> None:
        body = f'{{"data": {{"messages": [{{"custom_string": "a", "status": "SUCCESS", "message_parts": {parts}}}]}}}}'
        verdict = only(answer(200, body.encode()))
        assert (verdict.meaning, verdict.parts) == (Meaning.SENT, None)

    def test_credit_may_be_told_by_the_envelope(self) -> None:
        assert only(answer(400, b'{"response_code": "INSUFFICIENT_CREDIT"}')).meaning is Meaning.ACCOUNT

    def test_a_numeric_code_in_a_400_is_no_trouble(self) -> None:
        verdict = only(answer(400, b'{"response_code": 400, "response_msg": "Undefined index"}'))
        assert (verdict.meaning, verdict.reason) == (Meaning.REJECTED, "HTTP_400")

    def test_a_refused_batch_is_tried_one_by_one(self) -> None:
        verdicts = judge(answer(400), ["a", "b"], now=0)
        assert {verdict.meaning for verdict in verdicts.values()} == {Meaning.ALONE}

    @pytest.mark.parametrize(
        ("header", "wait"),
        [
            ("30", 30_000),
            ("0", 1_000),
            ("-5", 1_000),
            ("1e9", 900_000),
            ("inf", 900_000),
            ("nan", None),
            ("", None),
            ("soon", None),
            (format_datetime(datetime.fromtimestamp(60, UTC), usegmt=True), 60_000),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 1_000),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 900_000),
        ],
    )
    def test_retry_after_in_every_shape(self, header: str, wait: int | None) -> None:
        assert retry_after(header, now=0) == wait


class TestSegments:
    @pytest.mark.parametrize(
        ("text", "size"),
        [
            ("", Size("GSM-7", 0, 0)),
            ("a", Size("GSM-7", 1, 1)),
            ("x" * 160, Size("GSM-7", 160, 1)),
            ("x" * 161, Size("GSM-7", 161, 2)),
            ("x" * 306, Size("GSM-7", 306, 2)),
            ("x" * 307, Size("GSM-7", 307, 3)),
            ("x" * 1224, Size("GSM-7", 1224, 8)),
            ("€" * 80, Size("GSM-7", 160, 1)),
            ("€" * 81, Size("GSM-7", 162, 2)),
            ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¡ÄÖÑÜ§¿äöñüà", Size("GSM-7", 43, 1)),
            ("你" * 70, Size("UCS-2", 70, 1)),
            ("你" * 71, Size("UCS-2", 71, 2)),
            ("👋" * 35, Size("UCS-2", 70, 1)),
            ("👋" * 36, Size("UCS-2", 72, 2)),
            ("naïve", Size("UCS-2", 5, 1)),
        ],
    )
    def test_a_text_is_cut_as_the_standard_says(self, text: str, size: Size) -> None:
        assert measure(text) == size


class TestItems:
    def test_what_a_newer_version_added_is_passed_over(self) -> None:
        step, receipt = Step(state=State.QUEUED, at=1, source="x"), Receipt(status_code="201", at=1)
        item = items.message_item(message(journey=(step,), receipts=(receipt,)))
        item = {name: value for name, value in item.items() if value is not None} | {"added_later": 1}
        item["journey"][0]["added_later"] = item["receipts"]["201"]["added_later"] = 1
        assert items.message(item).journey == (step,)
        assert items.message(item).receipts == (receipt,)

    @given(
        st.builds(
            message,
            text=st.text(max_size=50),
            state=st.sampled_from(State),
            direction=st.sampled_from(Direction),
            extensions=st.lists(st.text("0123456789", min_size=1, max_size=4), max_size=3).map(tuple),
            unannounced=st.booleans(),
            alone=st.booleans(),
            trust=st.none() | st.sampled_from(Trust),
            price=st.none() | st.just("0.0792"),
            lease_until=st.none() | st.integers(0, 10**13),
            journey=st.just((Step(state=State.QUEUED, at=1, source="x", reason="y"),)),
            receipts=st.just((Receipt(status_code="201", at=1),)),
        )
    )
    def test_a_message_comes_back_as_it_went(self, one: Message) -> None:
        listed = replace(one, listed_at=due_at(one))
        assert items.message(from_wire(to_wire(items.message_item(one)))) == listed

    def test_bytes_come_back_as_they_went(self) -> None:
        assert from_wire(to_wire({"body": b"\x00\xff"})) == {"body": b"\x00\xff"}


def test_no_two_conversations_share_a_partition() -> None:
    names = ["a", "+61411111111", "12345", "A B"]
    keys = [items.conversation_pk(Conversation(*parts)) for parts in itertools.product(["m", "n"], names, names)]
    assert len(set(keys)) == len(keys)


def test_the_event_of_a_state_entered_again_has_an_id_of_its_own() -> None:
    queued, sending = (Step(state=state, at=1, source="test") for state in (State.QUEUED, State.SENDING))
    (first,) = events.of(message(state=State.QUEUED, journey=(queued,)))
    (second,) = events.of(message(state=State.QUEUED, journey=(queued, sending, queued)))
    assert first.id != second.id
    assert [one.id for one in events.of(message(state=State.QUEUED, journey=(queued,), attempt=2))] == [first.id]


def test_times_are_shown_to_the_millisecond() -> None:
    assert iso(1_710_886_316_007) == "2024-03-19T22:11:56.007Z"


def test_a_token_opens_its_own_account() -> None:
    accounts = [
        WebhookAccount("one", ("a", "b"), frozenset()),
        WebhookAccount("two", ("c",), frozenset()),
    ]
    opened = [by_token(accounts, token) for token in ("a", "b", "c", "d", "")]
    assert [one.account if one else None for one in opened] == ["one", "one", "two", None, None]
