"""A text goes out: claimed by one worker, posted once, and recorded as exactly what ClickSend's answer proves."""

import json
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from textension import assemble
from textension.accepting import VALIDITY, Draft, accept
from textension.aws import clients, items
from textension.aws.circuits import Circuits
from textension.aws.table import Put, Table, Write
from textension.clicksend import client as clicksend_client
from textension.clock import HOUR, now_ms
from textension.errors import BadInput, Conflict, InvalidNumber, Unavailable
from textension.ids import content_digest
from textension.message import Message, NumberSettings
from textension.outbound import backoff
from textension.states import LEASE, State

from local.simulator import Running, running
from tests.conftest import NUMBER, PEER, Backend, Context, forget, load_function


@pytest.fixture(scope="module")
def simulator() -> Iterator[Running]:
    with running(receipts_for_test_numbers=False) as one:
        yield one


@pytest.fixture
def clicksend(simulator: Running, aws: Backend, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """The simulator's control, and credentials that fit it."""
    monkeypatch.setattr(clicksend_client, "READ_TIMEOUT", 0.5)
    with httpx.Client(base_url=simulator.url) as control:
        control.post("/simulator/reset", json={})
        control.request("DELETE", "/simulator/faults")
        aws.put_secret("CredentialsSecret", credentials(simulator))
        yield control


def credentials(simulator: Running, **changes: str) -> dict[str, str]:
    return {
        "account": "main",
        "CLICKSEND_USERNAME": simulator.credential.username,
        "CLICKSEND_API_KEY": simulator.credential.api_key,
        "CLICKSEND_BASE_URL": simulator.url,
        **changes,
    }


def queue(aws: Backend, text: str = "On our way", *, to: str = PEER, key: str = "1", now: int | None = None) -> Message:
    """A text accepted for sending."""
    settings = aws.numbers.get(NUMBER)
    assert settings is not None
    draft = Draft(origin="test", key=key, to=to, text=text)
    return accept(draft, settings, aws.messages, country="AU", now=now or now_ms())


def ring(*messages: Message, remaining: int = 30_000, bodies: list[str] | None = None) -> dict[str, Any]:
    """Deliver doorbells to the function; its answer."""
    texts = bodies or [json.dumps({"message_id": one.id, "attempt": one.attempt}) for one in messages]
    records = [
        {"messageId": f"sqs-{index}", "body": text, "attributes": {"MessageGroupId": "one" if bodies else str(index)}}
        for index, text in enumerate(texts)
    ]
    answer: dict[str, Any] = load_function("outbound_sender").handler({"Records": records}, Context(remaining))
    return answer


def sent(clicksend: httpx.Client) -> dict[str, Any]:
    answer: dict[str, Any] = clicksend.get("/simulator/sent").json()
    return answer


def fault(clicksend: httpx.Client, mode: str, **options: Any) -> None:
    assert clicksend.post("/simulator/faults", json={"mode": mode, **options}).status_code == 200


def now_is(aws: Backend, message: Message) -> Message:
    found = aws.messages.by_id(message.id)
    assert found is not None
    return found


def test_a_reply_leaves_once_from_the_number_that_was_texted(aws: Backend, clicksend: httpx.Client) -> None:
    message = queue(aws)

    assert ring(message) == {"batchItemFailures": []}
    assert ring(message) == {"batchItemFailures": []}

    arrived = sent(clicksend)
    assert arrived["requests"] == 1
    (one,) = arrived["messages"]
    assert (one["to"], one["from"], one["body"]) == (PEER, NUMBER, "On our way")
    assert len(one["custom_string"]) == 49
    assert one["custom_string"].startswith(message.id)
    after = now_is(aws, message)
    assert after.state is State.SENT
    assert after.clicksend_id == one["message_id"]
    assert (after.price, after.parts, after.sender_id) == (one["message_price"], one["message_parts"], NUMBER)
    assert [step.state for step in after.journey] == ["queued", "sending", "sent"]
    assert (after.lease_until, after.claimed_by, after.next_attempt_at) == (None, None, None)


def test_one_receive_is_one_request(aws: Backend, clicksend: httpx.Client) -> None:
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(10)]

    ring(*messages)

    arrived = sent(clicksend)
    assert arrived["requests"] == 1
    assert [one["body"] for one in arrived["messages"]] == [f"text {number}" for number in range(10)]
    assert {now_is(aws, message).state for message in messages} == {State.SENT}


def test_results_are_matched_whatever_their_order(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "shuffled")
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(3)]

    ring(*messages)

    ids = {one["body"]: one["message_id"] for one in sent(clicksend)["messages"]}
    assert {one.text: now_is(aws, one).clicksend_id for one in messages} == ids


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("INVALID_RECIPIENT", State.REJECTED),
        ("COUNTRY_NOT_ENABLED", State.REJECTED),
        ("INVALID_SENDER_ID", State.REJECTED),
        ("REGISTRATION_NEEDED", State.REJECTED),
        ("EMPTY_MESSAGE", State.REJECTED),
        ("THROTTLED", State.REJECTED),
        ("INSUFFICIENT_CREDIT", State.QUEUED),
        ("ACCOUNT_NOT_ACTIVATED", State.QUEUED),
        ("MISSING_CREDENTIALS", State.QUEUED),
        ("INVALID_CREDENTIALS", State.QUEUED),
        ("INTERNAL_ERROR", State.UNKNOWN),
        ("SOMETHING_IS_WRONG", State.UNKNOWN),
        ("SOMETHING_NEW", State.UNKNOWN),
    ],
)
def test_each_status_means_what_the_table_says(
    aws: Backend, clicksend: httpx.Client, status: str, state: State
) -> None:
    fault(clicksend, "status", status=status)
    message = queue(aws)

    ring(message)

    after = now_is(aws, message)
    assert (after.state, after.reason) == (state, status)
    if state is State.QUEUED:
        assert after.attempt == 2
        assert after.next_attempt_at
        assert after.next_attempt_at > now_ms()


@pytest.mark.parametrize(
    ("mode", "options", "state", "reason"),
    [
        ("401", {"times": 2}, State.QUEUED, "UNAUTHORIZED"),
        ("403", {}, State.QUEUED, "FORBIDDEN"),
        ("429", {}, State.QUEUED, "TOO_MANY_REQUESTS"),
        ("500", {"processed": False}, State.UNKNOWN, "INTERNAL_SERVER_ERROR"),
        ("500", {"processed": True}, State.UNKNOWN, "INTERNAL_SERVER_ERROR"),
        ("hang", {"processed": False, "seconds": 2}, State.UNKNOWN, "ANSWER_TIMED_OUT"),
        ("hang", {"processed": True, "seconds": 2}, State.UNKNOWN, "ANSWER_TIMED_OUT"),
        ("reset", {"processed": False}, State.UNKNOWN, "CONNECTION_LOST"),
        ("reset", {"processed": True}, State.UNKNOWN, "CONNECTION_LOST"),
        ("not_json", {"processed": True}, State.UNKNOWN, "UNREADABLE_ANSWER"),
        ("missing", {}, State.UNKNOWN, "MISSING_IN_ANSWER"),
        ("huge", {}, State.UNKNOWN, "UNREADABLE_ANSWER"),
        ("redirect", {}, State.UNKNOWN, "HTTP_302"),
        ("400", {}, State.REJECTED, "BAD_REQUEST"),
        ("slow", {"seconds": 0.1}, State.SENT, ""),
    ],
)
def test_each_fault_leads_where_the_table_says(
    aws: Backend, clicksend: httpx.Client, mode: str, options: dict[str, Any], state: State, reason: str
) -> None:
    fault(clicksend, mode, **options)
    message = queue(aws)

    assert ring(message) == {"batchItemFailures": []}
    after = now_is(aws, message)
    assert (after.state, after.reason) == (state, reason)

    requests = sent(clicksend)["requests"]
    ring(message)  # whatever it was, a second ring sends nothing
    assert sent(clicksend)["requests"] == requests


def test_nobody_listening_is_proof_that_nothing_was_taken(
    aws: Backend, clicksend: httpx.Client, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_BASE_URL="http://127.0.0.1:9"))
    message = queue(aws)
    ring(message)
    assert (now_is(aws, message).state, now_is(aws, message).reason) == (State.QUEUED, "CONNECTION_REFUSED")


def test_a_name_that_does_not_resolve_is_proof_that_nothing_was_taken(
    aws: Backend, clicksend: httpx.Client, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_BASE_URL="http://clicksend.invalid"))
    message = queue(aws)
    ring(message)
    assert (now_is(aws, message).state, now_is(aws, message).reason) == (State.QUEUED, "NAME_NOT_RESOLVED")


def test_retry_after_is_obeyed(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "429", retry_after=120)
    message = queue(aws)
    before = now_ms()
    ring(message)
    wait = (now_is(aws, message).next_attempt_at or 0) - before
    assert 120_000 <= wait < 125_000


def test_a_newer_api_key_is_tried_once_at_once(aws: Backend, clicksend: httpx.Client, simulator: Running) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_API_KEY="old"))
    ring(queue(aws, "first", key="first"))
    assert sent(clicksend)["messages"] == []

    aws.put_secret("CredentialsSecret", credentials(simulator))
    Circuits(aws.table).close("main")
    message = queue(aws, "second", key="second")
    ring(message)

    assert now_is(aws, message).state is State.SENT
    assert sent(clicksend)["requests"] == 4


@pytest.mark.parametrize("missing", ["CLICKSEND_USERNAME", "CLICKSEND_API_KEY"])
def test_without_credentials_a_message_waits(
    aws: Backend, clicksend: httpx.Client, simulator: Running, missing: str
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, **{missing: ""}))
    message = queue(aws)
    ring(message)
    after = now_is(aws, message)
    assert (after.state, after.reason) == (State.QUEUED, "CREDENTIALS_UNUSABLE")
    assert sent(clicksend)["requests"] == 0


def test_plain_http_is_for_the_local_configuration_only(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "prod")
    message = queue(aws)
    ring(message)
    assert now_is(aws, message).state is State.QUEUED
    assert sent(clicksend)["requests"] == 0


def test_after_a_refused_batch_each_goes_alone(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "400", only_batches=True, times=None)
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(3)]

    ring(*messages)
    again = [now_is(aws, message) for message in messages]
    assert {(one.state, one.alone, one.attempt) for one in again} == {(State.QUEUED, True, 2)}

    ring(*again)
    assert {now_is(aws, message).state for message in messages} == {State.SENT}
    assert sent(clicksend)["requests"] == 4
    clicksend.request("DELETE", "/simulator/faults")


def test_what_does_not_fit_into_the_time_left_goes_back_unsent(aws: Backend, clicksend: httpx.Client) -> None:
    message = queue(aws)
    ring(message, remaining=10_000)
    after = now_is(aws, message)
    assert (after.state, after.reason, after.attempt) == (State.QUEUED, "OUT_OF_TIME", 2)
    assert sent(clicksend)["requests"] == 0


def test_what_is_too_old_is_not_sent(aws: Backend, clicksend: httpx.Client) -> None:
    message = queue(aws, now=now_ms() - VALIDITY - HOUR)
    ring(message)
    assert now_is(aws, message).state is State.EXPIRED
    assert sent(clicksend)["requests"] == 0


def test_a_message_that_is_not_due_yet_is_not_claimed(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "429")
    message = queue(aws)
    ring(message)
    ring(now_is(aws, message))
    assert now_is(aws, message).attempt == 2
    assert sent(clicksend)["requests"] == 1


def test_a_claim_is_won_once(aws: Backend) -> None:
    message = queue(aws)
    first = aws.messages.claim([message], worker="a", now=now_ms())
    second = aws.messages.claim([message], worker="b", now=now_ms())
    assert [one.state for one in first] == [State.SENDING]
    assert second == []


def test_what_one_worker_has_does_not_keep_another_from_the_rest(aws: Backend) -> None:
    taken, free = queue(aws, key="1"), queue(aws, to="+61433333333", key="2")
    aws.claim(taken.id, "a")
    assert [one.id for one in aws.messages.claim([taken, free], worker="b", now=now_ms())] == [free.id]
    assert now_is(aws, taken).claimed_by == "a"


def test_what_is_claimed_is_what_the_table_holds(aws: Backend) -> None:
    message = queue(aws)
    assert aws.claim(message.id) == now_is(aws, message)


def test_a_text_that_was_listed_anew_meanwhile_is_claimed_all_the_same(aws: Backend) -> None:
    message = now_is(aws, queue(aws))
    aws.messages.amend(message, replace(message, unannounced=False, rung_at=now_ms() + HOUR))
    [claimed] = aws.messages.claim([message], worker="a", now=now_ms())
    assert claimed.listed_at == claimed.lease_until
    assert claimed == now_is(aws, message)


def test_a_claim_whose_answer_was_lost_is_still_ours(aws: Backend) -> None:
    message = queue(aws)
    aws.messages.claim([message], worker="a", now=now_ms())
    assert [one.id for one in aws.messages.claim([message], worker="a", now=now_ms())] == [message.id]


def test_an_unreadable_doorbell_fails_alone_and_holds_its_conversation(aws: Backend, clicksend: httpx.Client) -> None:
    message = queue(aws)
    good = json.dumps({"message_id": message.id, "attempt": 1})
    answer = ring(bodies=[good, "{", good])
    assert answer == {"batchItemFailures": [{"itemIdentifier": "sqs-1"}, {"itemIdentifier": "sqs-2"}]}
    assert now_is(aws, message).state is State.SENT


def test_a_doorbell_for_nothing_is_dropped(aws: Backend, clicksend: httpx.Client) -> None:
    assert ring(bodies=['{"message_id": "NONE", "attempt": 1}']) == {"batchItemFailures": []}


def test_a_table_out_of_reach_gives_every_doorbell_back(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    message = queue(aws)
    monkeypatch.setenv("TABLE_NAME", "absent")
    forget()
    assert ring(message) == {"batchItemFailures": [{"itemIdentifier": "sqs-0"}]}


def test_an_outcome_that_the_table_does_not_take_is_left_to_the_lease(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(2)]
    transact = Table.transact

    def failing(table: Table, *writes: Write) -> None:
        records = [one for one in writes if isinstance(one, Put) and one.key.pk.startswith("CLICKSEND#")]
        if len(records) > 1 or any(one.item["message_id"] == messages[0].id for one in records):
            raise Unavailable("the table is out of reach")
        transact(table, *writes)

    monkeypatch.setattr(Table, "transact", failing)
    assert ring(*messages) == {"batchItemFailures": []}
    assert [now_is(aws, message).state for message in messages] == [State.SENDING, State.SENT]
    assert (now_is(aws, messages[0]).lease_until or 0) <= now_ms() + LEASE


def test_a_repeated_draft_is_one_message(aws: Backend) -> None:
    assert queue(aws).id == queue(aws).id
    with pytest.raises(Conflict, match="another text"):
        queue(aws, "something else")


def test_a_repeated_draft_does_not_send_again(aws: Backend, clicksend: httpx.Client) -> None:
    first = queue(aws)
    ring(first)
    assert queue(aws).journey == first.journey  # the first answer
    sent = aws.messages.by_id(first.id)
    assert sent is not None
    assert sent.state is State.SENT


@pytest.mark.parametrize(
    ("to", "error"), [("MyBank", BadInput), ("", InvalidNumber), ("+61", InvalidNumber), (NUMBER, BadInput)]
)
def test_where_nobody_can_be_texted_is_said(aws: Backend, to: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        queue(aws, to=to)


def test_a_disabled_number_sends_nothing(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("101",), enabled=False))
    with pytest.raises(Conflict, match="enable it first"):
        queue(aws)


def test_waits_grow_and_end(aws: Backend) -> None:
    for attempt, longest in [(1, 30_000), (2, 60_000), (6, 900_000), (60, 900_000)]:
        waits = [backoff(attempt) for _ in range(50)]
        assert longest // 2 <= min(waits) <= max(waits) <= longest
        assert len(set(waits)) > 1


def test_no_text_number_or_key_is_logged(
    aws: Backend, clicksend: httpx.Client, simulator: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    message = queue(aws, "canary-text")
    fault(clicksend, "500")
    ring(message)
    ring(queue(aws, "canary-text", key="2"))
    ring(bodies=["canary-text"])
    logged = "".join(capfd.readouterr())
    custom = assemble.sender().signer.custom_string("main", message.id)
    assert message.id in logged
    for secret in ("canary", PEER[1:], NUMBER[1:], simulator.credential.api_key, custom[26:]):
        assert secret not in logged


@pytest.mark.parametrize("count", [1, 10])
def test_a_batch_is_two_reads_two_writes_and_one_request(
    aws: Backend, clicksend: httpx.Client, count: int, figure: Callable[[str], None]
) -> None:
    ring(queue(aws, key="warm"))
    messages = [queue(aws, f"text {number}", key=str(number)) for number in range(count)]
    calls: Counter[str] = Counter()
    for client in (clients.dynamodb(), clients.secretsmanager()):
        client.meta.events.register("before-call", lambda model, **_: calls.update([model.name]))

    ring(*messages)

    figure(f"requests of outbound_sender, {count} at once: {dict(calls)} and 1 HTTP request")
    assert calls == {"BatchGetItem": 2, "TransactWriteItems": 2}
    assert sent(clicksend)["requests"] == 2


def test_two_doorbells_for_one_message_in_one_receive_are_one_attempt(aws: Backend, clicksend: httpx.Client) -> None:
    fault(clicksend, "400", only_batches=True, times=None)
    pair = [queue(aws, f"text {number}", key=str(number)) for number in range(2)]
    ring(*pair)
    alone = now_is(aws, pair[0])
    assert alone.alone

    ring(pair[0], alone)

    assert sent(clicksend)["requests"] == 2
    assert len(sent(clicksend)["messages"]) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://rest.clicksend.com/v3",
        "https://rest.clicksend.com:port",
        "https://rest clicksend.com",
        "https://" + "x" * 70 + ".com",
        "https://user:key@rest.clicksend.com",
        "ftp://rest.clicksend.com",
        "rest.clicksend.com",
    ],
)
def test_an_address_that_cannot_be_right_keeps_messages_waiting(
    aws: Backend, clicksend: httpx.Client, simulator: Running, url: str
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_BASE_URL=url))
    message = queue(aws)
    ring(message)
    assert (now_is(aws, message).state, now_is(aws, message).reason) == (State.QUEUED, "CREDENTIALS_UNUSABLE")


def test_a_key_with_a_stray_character_is_refused_by_clicksend_and_not_by_us(
    aws: Backend, clicksend: httpx.Client, simulator: Running
) -> None:
    aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_API_KEY="key\u200b"))
    message = queue(aws)
    ring(message)
    assert (now_is(aws, message).state, now_is(aws, message).reason) == (State.QUEUED, "UNAUTHORIZED")


def test_a_certificate_that_nobody_vouches_for_is_proof_that_nothing_was_said(
    aws: Backend, clicksend: httpx.Client, simulator: Running, tmp_path: Path
) -> None:
    with untrusted_server(tmp_path) as port:
        aws.put_secret("CredentialsSecret", credentials(simulator, CLICKSEND_BASE_URL=f"https://127.0.0.1:{port}"))
        message = queue(aws)
        ring(message)
    assert (now_is(aws, message).state, now_is(aws, message).reason) == (State.QUEUED, "CERTIFICATE_REFUSED")


@contextmanager
def untrusted_server(folder: Path) -> Iterator[int]:
    """A TLS server with a certificate that it signed itself."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def test_an_item_that_cannot_be_read_strands_nobody_else(
    aws: Backend, clicksend: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, innocent = queue(aws, "poison", key="1"), queue(aws, "innocent", key="2")
    read = items.message

    def reading(item: Any) -> Message:
        if item["text"] == "poison":
            raise ValueError("'from the future' is not a valid State")
        return read(item)

    monkeypatch.setattr(items, "message", reading)
    assert ring(poison, innocent) == {"batchItemFailures": [{"itemIdentifier": "sqs-0"}]}
    assert now_is(aws, innocent).state is State.SENT


@pytest.mark.parametrize("text", ["", "x" * 1225, "\u4f60" * 537, "{" * 613])
def test_a_text_that_does_not_fit_is_said(aws: Backend, text: str) -> None:
    with pytest.raises(BadInput, match="1 to 8 segments"):
        queue(aws, text)


def test_a_digest_tells_texts_apart(aws: Backend) -> None:
    assert content_digest("a", "b") != content_digest("ab", "")
