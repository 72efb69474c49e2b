"""Every inbound text is mailed once to each address of its number."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber
from textension import assemble, events
from textension.aws import clients
from textension.aws.emails import LEASE, Claim, EmailMarks, EmailTrouble, EmailTroubles, MarkState
from textension.clock import SECOND, now_ms
from textension.copies import ENOUGH
from textension.feedback import Kind
from textension.message import Message, NumberSettings

from tests.conftest import EMAIL_FROM, NUMBER, PEER, Backend, Context, forget, load_function
from tests.unit.test_inbound import post, push, stored

SALES, OWNER = "sales@example.com", "owner@example.com"
SETTINGS = NumberSettings(
    number=NUMBER, account="main", extensions=("101", "102"), emails=(SALES, OWNER), label="Sales"
)


@pytest.fixture
def office(aws: Backend) -> Backend:
    """The stack, whose number has two e-mail addresses."""
    aws.numbers.put(SETTINGS)
    return aws


def text(aws: Backend, **changes: Any) -> Message:
    """A text that came in."""
    post(aws, push(**changes))
    return stored(aws)[0]


def copied(message: Message) -> str:
    """The event that tells of it, as the queue brings it."""
    return events.of(message)[0].body


def run(*bodies: str, remaining: int = 30_000) -> list[int]:
    """Through the function; the positions of the records that are to come again."""
    records = [{"messageId": str(position), "body": body} for position, body in enumerate(bodies)]
    answer = load_function("email_notifier").handler({"Records": records}, Context(remaining))
    return [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]]


def receivers(aws: Backend) -> list[str]:
    """Who was mailed, in order."""
    return [str(mail["to"]) for mail in aws.mails()]


def trouble(aws: Backend) -> list[EmailTrouble]:
    """What is noted of the account's addresses."""
    return EmailTroubles(aws.table).of_account("main")


# ---------------------------------------------------------------- out


def test_each_address_gets_a_mail_of_its_own(office: Backend) -> None:
    assert run(copied(text(office))) == []

    assert receivers(office) == [SALES, OWNER]
    assert {str(mail["from"]) for mail in office.mails()} == {f"Textension <{EMAIL_FROM}>"}
    assert {str(mail["subject"]) for mail in office.mails()} == {"Text from +61 422 222 222 to Sales (+61 411 111 111)"}


def test_an_event_that_comes_again_mails_nobody_again(office: Backend) -> None:
    body = copied(text(office))

    assert run(body, body) == []
    forget()
    assert run(body) == []

    assert receivers(office) == [SALES, OWNER]


def test_an_address_is_the_same_in_any_case(office: Backend) -> None:
    office.numbers.put(replace(SETTINGS, emails=(SALES, "Sales@Example.com")))

    run(copied(text(office)))

    assert receivers(office) == [SALES]


def test_the_mails_of_a_conversation_hold_together_and_others_stay_apart(office: Backend) -> None:
    office.numbers.put(replace(SETTINGS, emails=(SALES,)))
    first, second = (copied(text(office, message_id=f"ID-{number}")) for number in (1, 2))
    other = json.loads(first)
    other["data"] |= {"peer": "+61433333333", "message_id": "OTHER"}

    run(first, second, json.dumps(other))

    threads = [mail["references"] for mail in office.mails()]
    assert threads[0] == threads[1] != threads[2]
    assert not [one for one in threads if PEER[1:] in one or NUMBER[1:] in one]


@pytest.mark.parametrize(
    "settings",
    [replace(SETTINGS, emails=()), replace(SETTINGS, enabled=False), None],
    ids=["without addresses", "disabled", "gone"],
)
def test_a_number_that_copies_nothing_mails_nobody(office: Backend, settings: NumberSettings | None) -> None:
    body = copied(text(office))
    if settings:
        office.numbers.put(settings)
    else:
        office.numbers.remove("main", NUMBER)

    assert run(body) == []
    assert office.mails() == []


def test_a_text_to_the_numbers_former_owner_is_not_the_new_ones(office: Backend) -> None:
    body = copied(text(office))
    office.numbers.remove("main", NUMBER)
    office.numbers.put(replace(SETTINGS, account="other"))

    assert run(body) == []
    assert office.mails() == []


def test_without_a_sender_nothing_is_mailed(office: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    body = copied(text(office))
    monkeypatch.setenv("EMAIL_FROM", "")
    forget()

    assert run(body) == []
    assert office.mails() == []


def test_a_text_with_half_a_character_is_mailed(office: Backend) -> None:
    event = json.loads(copied(text(office)))
    event["data"]["text"] = "broken \ud83d"

    assert run(json.dumps(event)) == []
    assert receivers(office) == [SALES, OWNER]


ID_NO_TAG_CAN_HOLD = {"message_id": "a b", "account": "main", "number": "1", "peer": "2", "text": "", "received_at": 0}
MAIL = {"timestamp": "2026-11-02T03:15:00Z", "destination": ["a@example.com"], "tags": {"message": ["X"]}}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"type": "message.status_changed", "data": {}}',
        '{"type": "message.received"}',
        json.dumps({"type": "message.received", "data": ID_NO_TAG_CAN_HOLD}),
        '{"eventType": "Bounce"}',
        json.dumps({"eventType": "Bounce", "mail": MAIL}),
    ],
)
def test_what_nobody_can_read_comes_again_until_the_dead_letter_queue_has_it(
    office: Backend, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    good = copied(text(office))

    assert run(body, good) == [0]

    assert receivers(office) == [SALES, OWNER]
    assert "a@example.com" not in capsys.readouterr().out


def test_a_copy_costs_what_the_docs_say(office: Backend, figure: Callable[[str], None]) -> None:
    first, second = (copied(text(office, message_id=f"ID-{number}")) for number in (1, 2))
    run(first)
    calls: Counter[str] = Counter()
    for client in (clients.dynamodb(), clients.secretsmanager(), clients.sesv2()):
        client.meta.events.register("before-call", lambda model, **_: calls.update([model.name]))

    run(second)

    figure(f"requests of email_notifier, two addresses: {dict(calls)}")
    assert calls == {"GetItem": 2, "UpdateItem": 4, "SendEmail": 2}


# ---------------------------------------------------------------- what SES answers


@pytest.fixture
def ses(office: Backend) -> Iterator[Stubber]:
    """SES's client, which answers what a test says."""
    with Stubber(clients.sesv2()) as stubber:
        yield stubber


def test_ses_is_told_whose_mail_it_is_and_how_to_speak_of_it(office: Backend, ses: Stubber) -> None:
    office.numbers.put(replace(SETTINGS, emails=(SALES,)))
    message = text(office)
    asked: list[dict[str, Any]] = []
    clients.sesv2().meta.events.register(
        "provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params)
    )
    ses.add_response("send_email", {"MessageId": "1"})

    assert run(copied(message)) == []

    [request] = asked
    assert request.pop("Content")["Raw"]["Data"].startswith(b"From: Textension <textension@example.com>\r\n")
    assert request == {
        "FromEmailAddress": EMAIL_FROM,
        "Destination": {"ToAddresses": [SALES]},
        "ConfigurationSetName": "textension",
        "EmailTags": [{"Name": "message", "Value": message.id}],
    }


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequestsException", 429),
        ("LimitExceededException", 400),
        ("SendingPausedException", 400),
        ("NotFoundException", 404),
        ("AccessDeniedException", 403),
        ("InternalServiceErrorException", 500),
    ],
)
def test_what_ses_may_take_later_comes_again_and_keeps_no_other_waiting(
    office: Backend, ses: Stubber, code: str, status: int
) -> None:
    ses.add_client_error("send_email", code, f"no mail to {SALES}", status)
    ses.add_response("send_email", {"MessageId": "1"})

    assert run(copied(text(office))) == [0]

    marks = [item["state"] for item in office.items() if item["sk"].startswith("EMAIL#")]
    assert sorted(marks) == [MarkState.SENDING, MarkState.SENT]
    assert trouble(office) == []


def test_ses_out_of_reach_leaves_the_record_to_come_again(office: Backend) -> None:
    body = copied(text(office))

    def unreachable(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://email.example.com")

    clients.sesv2().meta.events.register("before-send.sesv2.SendEmail", unreachable)

    assert run(body) == [0]
    assert office.mails() == []


@pytest.mark.parametrize(
    "code",
    ["MessageRejected", "MailFromDomainNotVerifiedException", "AccountSuspendedException", "BadRequestException"],
)
def test_what_ses_refuses_is_noted_and_not_tried_again(office: Backend, ses: Stubber, code: str) -> None:
    office.numbers.put(replace(SETTINGS, emails=(SALES,)))
    message = text(office)
    ses.add_client_error("send_email", code, f"Email address is not verified: {SALES}", 400)

    assert run(copied(message)) == []
    assert run(copied(message)) == []

    [noted] = trouble(office)
    assert (noted.kind, noted.permanent, noted.reason) == (Kind.REFUSED, False, code)
    assert (noted.address, noted.message_id) == (SALES, message.id)
    ses.assert_no_pending_responses()


def test_an_address_that_is_none_is_noted_and_the_others_are_mailed(office: Backend) -> None:
    office.numbers.put(replace(SETTINGS, emails=("sales@example.com\r\nBcc: victim@example.com", OWNER)))

    assert run(copied(text(office))) == []

    assert receivers(office) == [OWNER]
    assert [one.reason for one in trouble(office)] == ["ADDRESS_MALFORMED"]


def test_no_address_text_or_number_is_logged(office: Backend, ses: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    ses.add_client_error("send_email", "MessageRejected", f"Email address is not verified: {SALES}", 400)
    ses.add_client_error("send_email", "NotFoundException", f"no mail to {OWNER}", 404)
    message = text(office, body="secret words", message="secret words")
    capsys.readouterr()

    run(copied(message))

    logged = capsys.readouterr().out
    assert message.id in logged
    assert not [one for one in (SALES, OWNER, "secret", PEER[1:], NUMBER[1:]) if one in logged]


def test_what_there_is_no_time_for_comes_again(office: Backend) -> None:
    body = copied(text(office))

    assert run(body, remaining=ENOUGH - 1) == [0]
    assert office.mails() == []
    assert run(body, remaining=ENOUGH) == []
    assert receivers(office) == [SALES, OWNER]


# ---------------------------------------------------------------- marks


def test_a_lease_keeps_others_away_until_it_is_over(office: Backend) -> None:
    marks, now = EmailMarks(office.table), now_ms()

    assert marks.claim("ID", SALES, now=now) is Claim.MINE
    assert marks.claim("ID", SALES, now=now + LEASE - 1) is Claim.BUSY
    assert marks.claim("ID", OWNER, now=now) is Claim.MINE
    assert marks.claim("ID", SALES, now=now + LEASE) is Claim.MINE
    marks.settle("ID", SALES, MarkState.SENT)
    assert marks.claim("ID", SALES, now=now + 100 * LEASE) is Claim.DONE


def test_what_another_worker_is_mailing_comes_again_and_is_mailed_when_that_one_died(office: Backend) -> None:
    message = text(office)
    EmailMarks(office.table).claim(message.id, SALES, now=now_ms())

    assert run(copied(message)) == [0]
    assert receivers(office) == [OWNER]

    later = replace(assemble.copies(), clock=lambda: now_ms() + LEASE)
    assert later.take(copied(message), remaining=lambda: 30_000).again == ()
    assert receivers(office) == [OWNER, SALES]


def test_a_mark_tells_nothing_and_goes_after_a_month(office: Backend) -> None:
    run(copied(text(office)))

    marks = [item for item in office.items() if item["sk"].startswith("EMAIL#")]
    assert len(marks) == 2
    assert SALES not in json.dumps(marks)
    assert all(29 * 86_400 < item["expires_at"] - now_ms() // SECOND <= 30 * 86_400 for item in marks)


def test_a_dependency_out_of_reach_leaves_the_record_to_come_again(
    office: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = copied(text(office))
    boto3.client("dynamodb").delete_table(TableName=office.table_name)
    forget()

    assert run(body) == [0]
    assert office.mails() == []
