"""Mails that came back are noted where an admin sees them, and an address that does not want any is left alone."""

import json
from dataclasses import replace
from typing import Any

import pytest
from textension.aws.emails import REST, EmailTrouble, EmailTroubles
from textension.clock import HOUR, iso, now_ms
from textension.feedback import Kind
from textension.message import Message

from tests.conftest import NUMBER, PEER, Backend
from tests.unit.test_email_notifier import OWNER, SALES, copied, office, receivers, run, text, trouble

__all__ = ["office"]


def came_back(message: Message, kind: str = "Bounce", address: str = SALES, **changes: Any) -> str:
    """What SES publishes of a mail that came back."""
    details: dict[str, Any] = {
        "Bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
            "timestamp": iso(now_ms()),
        },
        "Complaint": {"complaintFeedbackType": "abuse", "timestamp": iso(now_ms())},
        "Reject": {"reason": "Bad content"},
    }
    mail = {"timestamp": iso(now_ms()), "destination": [address], "tags": {"message": [message.id]}}
    event = {"eventType": kind, "mail": mail, kind.lower(): {**details[kind], **changes}}
    return json.dumps(event)


@pytest.mark.parametrize(
    ("kind", "changes", "expected"),
    [
        ("Bounce", {}, (Kind.BOUNCE, True, "Permanent General: smtp; 550 5.1.1 user unknown")),
        ("Bounce", {"bounceType": "Transient", "bounceSubType": "MailboxFull", "bouncedRecipients": []},
         (Kind.BOUNCE, False, "Transient MailboxFull")),
        ("Complaint", {}, (Kind.COMPLAINT, True, "abuse")),
        ("Complaint", {"complaintFeedbackType": None, "complaintSubType": "OnAccountSuppressionList"},
         (Kind.COMPLAINT, True, "OnAccountSuppressionList")),
        ("Reject", {}, (Kind.REJECT, False, "Bad content")),
    ],
)  # fmt: skip
def test_a_mail_that_came_back_is_noted(
    office: Backend, kind: str, changes: dict[str, Any], expected: tuple[Kind, bool, str]
) -> None:
    message = text(office)
    run(copied(message))

    assert run(came_back(message, kind, **changes)) == []

    [noted] = trouble(office)
    assert (noted.kind, noted.permanent, noted.reason) == expected
    assert (noted.account, noted.address, noted.message_id) == ("main", SALES, message.id)
    assert noted.rests(now_ms()) is expected[1]


def test_notifications_of_an_identity_are_understood_too(office: Backend) -> None:
    message = text(office)
    run(copied(message))

    assert run(came_back(message).replace("eventType", "notificationType")) == []

    assert [one.kind for one in trouble(office)] == [Kind.BOUNCE]


@pytest.mark.parametrize("strange", ["message", "address", "tags", "several"])
def test_what_is_not_our_mail_leaves_no_trace(office: Backend, strange: str) -> None:
    message = text(office)
    run(copied(message))
    event = json.loads(came_back(message))
    match strange:
        case "message":
            event["mail"]["tags"]["message"] = ["SOMEBODY-ELSES"]
        case "address":
            event["mail"]["destination"] = ["stranger@example.com"]
        case "tags":
            del event["mail"]["tags"]
        case "several":
            event["mail"]["destination"] = [SALES, OWNER]
    before = office.items()

    assert run(json.dumps(event)) == []
    assert office.items() == before


@pytest.mark.parametrize(
    "body",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        '{"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have successfully subscribed"}',
        '{"eventType": "Delivery", "mail": {}}',
    ],
)
def test_what_ses_says_besides_is_passed_over(office: Backend, body: str) -> None:
    before = office.items()

    assert run(body) == []
    assert office.items() == before


def test_an_address_rests_after_a_bounce_for_good_and_an_admin_ends_that(office: Backend) -> None:
    first, second, third = (text(office, message_id=f"ID-{number}") for number in (1, 2, 3))
    run(copied(first))
    run(came_back(first))

    run(copied(second))
    assert receivers(office) == [SALES, OWNER, OWNER]

    EmailTroubles(office.table).forget("main", SALES.upper())
    run(copied(third))
    assert receivers(office)[3:] == [SALES, OWNER]
    assert trouble(office) == []


def test_an_address_is_mailed_after_a_transient_bounce(office: Backend) -> None:
    first, second = (text(office, message_id=f"ID-{number}") for number in (1, 2))
    run(copied(first))
    run(came_back(first, bounceType="Transient"))

    run(copied(second))

    assert receivers(office) == [SALES, OWNER, SALES, OWNER]


def test_an_address_rests_for_a_week() -> None:
    noted = bounce(at=1_000)

    assert noted.rests(1_000 + REST - 1)
    assert not noted.rests(1_000 + REST)
    assert not replace(noted, permanent=False).rests(1_000)


def bounce(**changes: Any) -> EmailTrouble:
    """An address that bounced for good."""
    values: dict[str, Any] = {"account": "main", "address": SALES, "kind": Kind.BOUNCE, "permanent": True}
    return EmailTrouble(**{**values, "reason": "General", "at": now_ms(), "message_id": "ID", **changes})


def test_the_newer_trouble_holds_but_hides_nothing_for_which_an_address_rests(office: Backend) -> None:
    troubles, gone = EmailTroubles(office.table), bounce()
    passing = replace(gone, permanent=False, at=gone.at + HOUR)

    troubles.note(gone)
    troubles.note(replace(gone, at=gone.at - HOUR, reason="older"))
    troubles.note(passing)
    assert trouble(office) == [gone]

    troubles.note(replace(passing, at=gone.at + REST))
    assert trouble(office) == [replace(passing, at=gone.at + REST)]
    troubles.note(replace(gone, at=gone.at + 2 * REST, kind=Kind.COMPLAINT))
    assert [one.kind for one in trouble(office)] == [Kind.COMPLAINT]
    assert EmailTroubles(office.table).of_account("other") == []


def test_no_address_is_logged(office: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    message = text(office)
    run(copied(message))
    capsys.readouterr()

    run(came_back(message), came_back(message, address="stranger@example.com"))

    logged = capsys.readouterr().out
    assert message.id in logged
    assert not [one for one in (SALES, "stranger", "user unknown", PEER[1:], NUMBER[1:]) if one in logged]
