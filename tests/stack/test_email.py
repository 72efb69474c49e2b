"""A text's copy in the mailbox of its number: once, readable, and one click away from the conversation."""

import json
import re
import time
from collections.abc import Iterator
from email import message_from_string, policy
from email.message import EmailMessage

import pytest
from textension.aws.emails import EmailTroubles
from textension.aws.numbers import Numbers
from textension.aws.table import Table
from textension.clock import iso, now_ms
from textension.feedback import Kind
from textension.message import NumberSettings

from tests.stack.office import NUMBER, Office, eventually

pytestmark = pytest.mark.stack

SALES = "sales@example.com"


class Mailbox:
    """What the emulator's SES has taken for one address."""

    def __init__(self, office: Office, address: str = SALES) -> None:
        self._office = office
        self._address = address

    def mails(self, words: str) -> list[EmailMessage]:
        """The mails in which these words stand, the oldest first."""
        url = f"{self._office.file.aws.endpoint_url}/_ministack/ses/messages"
        messages = self._office.http.get(url).json()["messages"]
        return [
            message_from_string(mail["Raw"], policy=policy.default)
            for mails in messages.values()
            for mail in mails
            if words in mail["BodyText"] and mail["To"] == [self._address]
        ]

    def mail(self, words: str) -> EmailMessage:
        """The one mail in which these words stand, once it has come."""
        [mail] = eventually(lambda: self.mails(words), within=30, what=f"a mail about {words!r}")
        return mail


@pytest.fixture
def mailbox(office: Office) -> Mailbox:
    """The demo number's."""
    return Mailbox(office)


@pytest.fixture
def table(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """The stack's table, as the package reaches it."""
    from textension.aws import clients

    access = office.file.aws
    monkeypatch.setenv("AWS_ENDPOINT_URL", access.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access.secret_access_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", access.region)
    clients.dynamodb.cache_clear()
    yield Table(office.file.outputs["TableName"])
    clients.dynamodb.cache_clear()


def shown(mail: EmailMessage, kind: str) -> str:
    """A part of a mail."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_text_is_mailed_with_a_link_to_its_conversation(office: Office, mailbox: Mailbox) -> None:
    peer = "+12025550181"
    text = "Mail 1: <script>alert('x')</script> & 😀"
    assert office.post(office.values("MAIL-1", peer, text)) == 200

    mail = mailbox.mail("Mail 1:")

    link = f"{office.file.api_url}/app/#/conversations/%2B61411111111/%2B12025550181"
    assert mail["subject"] == "Text from +1 202-555-0181 to Demo (+61 411 111 111)"
    assert mail["from"] == "Textension <textension@example.com>"
    assert text in shown(mail, "plain")
    assert link in shown(mail, "plain")
    assert re.findall('href="([^"]*)"', shown(mail, "html")) == [link]
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; 😀" in shown(mail, "html")
    assert "<script" not in shown(mail, "html")


def test_it_is_mailed_once_however_often_the_event_comes(office: Office, mailbox: Mailbox) -> None:
    peer = "+12025550182"
    with office.listening() as listener:
        assert office.post(office.values("MAIL-2", peer, "Mail 2")) == 200
        mailbox.mail("Mail 2")
        [event] = [one for one in listener.listen() if one["data"].get("text") == "Mail 2"]

    attributes = {"type": {"DataType": "String", "StringValue": "message.received"}}
    for _ in range(3):
        office.aws("sns").publish(
            TopicArn=office.file.outputs["EventsTopicArn"], Message=json.dumps(event), MessageAttributes=attributes
        )
    assert office.post(office.values("MAIL-3", peer, "Mail 3")) == 200
    mailbox.mail("Mail 3")
    time.sleep(3)

    assert len(mailbox.mails("Mail 2")) == 1


def test_the_mails_of_a_conversation_hold_together(office: Office, mailbox: Mailbox) -> None:
    for message_id, peer, text in (
        ("MAIL-4", "+12025550183", "Mail 4"),
        ("MAIL-5", "+12025550183", "Mail 5"),
        ("MAIL-6", "+12025550184", "Mail 6"),
    ):
        assert office.post(office.values(message_id, peer, text)) == 200

    threads = [mailbox.mail(text)["references"] for text in ("Mail 4", "Mail 5", "Mail 6")]

    assert threads[0] == threads[1] != threads[2]


def test_a_number_without_addresses_mails_nobody(office: Office, mailbox: Mailbox, table: Table) -> None:
    silent = NumberSettings(number="+61444444444", account=office.file.demo.account, extensions=("101",))
    Numbers(table).put(silent)
    assert office.post(office.values("MAIL-7", "+12025550185", "Mail 7", to=silent.number)) == 200
    assert office.post(office.values("MAIL-8", "+12025550185", "Mail 8")) == 200

    mailbox.mail("Mail 8")
    time.sleep(3)

    assert mailbox.mails("Mail 7") == []
    Numbers(table).remove(silent.account, silent.number)


def test_a_bounce_is_noted_and_the_address_rests_until_an_admin_forgets_it(
    office: Office, mailbox: Mailbox, table: Table
) -> None:
    account, addresses = office.file.demo.account, ("owner@example.com", SALES)
    busy = NumberSettings(number="+61433333333", account=account, extensions=("101",), emails=addresses)
    Numbers(table).put(busy)
    troubles, owner = EmailTroubles(table), Mailbox(office, "owner@example.com")
    assert office.post(office.values("MAIL-9", "+12025550186", "Mail 9", to=busy.number)) == 200
    owner.mail("Mail 9")
    [message_id] = [
        item["id"]["S"] for item in office.everything() if item.get("text") == {"S": "Mail 9"} and "direction" in item
    ]

    office.aws("sns").publish(TopicArn=feedback_topic(office), Message=json.dumps(bounce(message_id)))
    [noted] = eventually(lambda: troubles.of_account(busy.account), within=30, what="the note of a bounce")
    assert (noted.address, noted.kind, noted.permanent) == ("owner@example.com", Kind.BOUNCE, True)

    assert office.post(office.values("MAIL-10", "+12025550186", "Mail 10", to=busy.number)) == 200
    mailbox.mail("Mail 10")
    assert owner.mails("Mail 10") == []

    troubles.forget(busy.account, "owner@example.com")
    assert office.post(office.values("MAIL-11", "+12025550186", "Mail 11", to=busy.number)) == 200
    owner.mail("Mail 11")
    Numbers(table).remove(busy.account, busy.number)


def feedback_topic(office: Office) -> str:
    """The topic to which SES publishes."""
    found = office.aws("cloudformation").describe_stack_resource(
        StackName=office.file.stack_name, LogicalResourceId="EmailFeedbackTopic"
    )
    return str(found["StackResourceDetail"]["PhysicalResourceId"])


def bounce(message_id: str) -> dict[str, object]:
    """What SES publishes of a mail to nobody."""
    now = iso(now_ms())
    return {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [], "timestamp": now},
        "mail": {"timestamp": now, "destination": ["owner@example.com"], "tags": {"message": [message_id]}},
    }


def test_no_trace_of_a_mail_is_left_in_the_logs(office: Office, mailbox: Mailbox) -> None:
    assert office.post(office.values("MAIL-12", "+12025550187", "Mail 12 canary")) == 200
    mailbox.mail("Mail 12 canary")

    group = next(
        one["logGroupName"]
        for one in office.aws("logs").describe_log_groups()["logGroups"]
        if "EmailNotifier" in one["logGroupName"]
    )
    lines = eventually(
        lambda: office.aws("logs").filter_log_events(logGroupName=group).get("events"), within=10, what="log lines"
    )
    said = "".join(line["message"] for line in lines)

    assert "taken" in said
    assert not [one for one in ("canary", SALES, "2025550187", NUMBER[1:]) if one in said]
