"""The mail that copies a text: whatever strangers write, it stays text, and the conversation is one click away."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textension import mail, phone
from textension.errors import Undeliverable
from textension.message import Conversation

NUMBER = "+61411111111"
PEER = "+61422222222"
APP_URL = "https://text.example.com/app/"
THREAD = mail.thread_id("Slv7BbMAoLcpYvUdlSepHw")
HEADERS = {
    "from", "to", "subject", "date", "in-reply-to", "references", "auto-submitted", "x-auto-response-suppress",
    "mime-version", "content-type",
}  # fmt: skip
RIGHT_TO_LEFT_OVERRIDE = "\u202e"
HOSTILE = "a\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>"


def raw(text: str = "Are you open today?", peer: str = PEER, **changes: Any) -> bytes:
    """The mail of a text, as SES gets it."""
    received = mail.Received(
        message_id="7XJ80CC6JGYGZV26QY61GTJEQG",
        conversation=Conversation("main", NUMBER, peer),
        text=text,
        at=datetime(2026, 11, 2, 3, 15, tzinfo=UTC),
    )
    values = {"label": "Sales", "sender": "textension@example.com", "to": "sales@example.com", "app_url": APP_URL}
    return mail.compose(received, **{**values, "thread": THREAD, **changes})


def composed(text: str = "Are you open today?", peer: str = PEER, **changes: Any) -> EmailMessage:
    """The mail as a mail program reads it."""
    return message_from_bytes(raw(text, peer, **changes), policy=policy.default)


def part(message: EmailMessage, kind: str) -> str:
    """The plain text or the HTML, as it is shown or parsed."""
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class Page(HTMLParser):
    """What an HTML part consists of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.texts.append(data)


def page(message: EmailMessage) -> Page:
    """The HTML part."""
    return Page(part(message, "html"))


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("peer", "label", "subject"),
    [
        (PEER, "Sales", "Text from +61 422 222 222 to Sales (+61 411 111 111)"),
        (PEER, "", "Text from +61 422 222 222 to +61 411 111 111"),
        ("+12025550101", "Sales", "Text from +1 202-555-0101 to Sales (+61 411 111 111)"),
        ("12345", "", "Text from 12345 to +61 411 111 111"),
        ("AcmeBank", "", "Text from AcmeBank to +61 411 111 111"),
        ("Überfall GmbH", "Büro 🏠", "Text from Überfall GmbH to Büro 🏠 (+61 411 111 111)"),
    ],
)
def test_the_subject_names_both_sides_as_people_write_them(peer: str, label: str, subject: str) -> None:
    assert composed(peer=peer, label=label)["subject"] == subject


@pytest.mark.parametrize("value", ["12345", "AcmeBank", "+9990001112", "", "+"])
def test_what_is_no_number_of_a_known_plan_is_shown_as_it_is(value: str) -> None:
    assert phone.readable(value) == value


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_both_parts_hold_the_text_the_link_and_the_notice(kind: str) -> None:
    shown = part(composed("Grüße 😀"), kind)

    assert "Grüße 😀" in shown
    assert f"{APP_URL}#/conversations/%2B61411111111/%2B61422222222" in shown
    assert mail.NOTICE in shown


def test_lines_stay_lines() -> None:
    message = composed("one\r\ntwo\rthree\nfour")

    assert "one\ntwo\nthree\nfour" in part(message, "plain").replace("\r\n", "\n")
    assert "one<br>two<br>three<br>four" in part(message, "html")


def test_a_text_of_eight_segments_arrives_whole() -> None:
    text = "ß" * 8 * 67

    message = composed(text)

    assert text in part(message, "plain")
    assert text in page(message).texts


def test_an_empty_text_is_said_to_be_empty() -> None:
    message = composed("")

    assert "(no text)" in part(message, "plain")
    assert "(no text)" in page(message).texts


def test_machines_do_not_answer_it_and_its_conversation_holds_together() -> None:
    message = composed()

    assert message["auto-submitted"] == "auto-generated"
    assert message["x-auto-response-suppress"] == "All"
    assert message["references"] == message["in-reply-to"] == "<conversation.Slv7BbMAoLcpYvUdlSepHw@textension.invalid>"
    assert message["message-id"] is None


@pytest.mark.parametrize("peer", [PEER, "Acme & Sons", "a/b?c#d", "%2B", "Überfall", "名前"])
def test_the_link_leads_to_the_conversation_and_nowhere_else(peer: str) -> None:
    address = mail.link(APP_URL, Conversation("main", NUMBER, peer))

    assert re.fullmatch(r"[\x21-\x7e]+", address)
    front, number, end = address.rsplit("/", 2)
    assert (front, unquote(number), unquote(end)) == (f"{APP_URL}#/conversations", NUMBER, peer)


# ---------------------------------------------------------------- what strangers write


def test_markup_is_text() -> None:
    message = composed(HOSTILE, peer="<img src=//example.com/x>", label='"><script>')

    found = page(message)

    assert "script" not in found.tags
    assert "img" not in found.tags
    assert "<script>alert(1)</script>" in "".join(found.texts)
    assert "<img src=//example.com/x>" in found.texts


def test_nothing_is_loaded_and_nothing_runs() -> None:
    found = page(composed(HOSTILE))

    assert not {"script", "img", "link", "iframe", "object", "form", "video", "audio", "base"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on") or name in {"src", "background"}]
    assert [value for name, value in found.attributes if name == "href"] == [
        f"{APP_URL}#/conversations/%2B61411111111/%2B61422222222"
    ]
    assert "url(" not in part(composed(HOSTILE), "html")


def test_what_turns_text_around_does_not_turn_the_subject() -> None:
    subject = composed(peer=f"Acme{RIGHT_TO_LEFT_OVERRIDE}knaB", label="\u2067Sales\u200f")["subject"]

    assert subject == "Text from AcmeknaB to Sales (+61 411 111 111)"


def test_nothing_hides_in_an_encoded_word() -> None:
    subject = composed(peer="=?utf-8?q?Bank=0D=0A?=", label="")["subject"]

    assert subject == "Text from = ?utf-8?q?Bank=0D=0A?= to +61 411 111 111"


def test_a_text_from_right_to_left_stands_to_the_right_in_its_own_place() -> None:
    attributes = page(composed("שלום, האם אתם פתוחים היום?")).attributes

    assert ("dir", "auto") in attributes


@given(
    text=st.text(st.characters(codec=None)),
    peer=st.text(st.characters(codec=None), min_size=1),
    label=st.text(st.characters(codec=None)),
)
@example(text=HOSTILE, peer=HOSTILE, label=HOSTILE)
@example(text="\ud83d", peer="\udc00", label="\ud83d")
@example(text="\0\x85\u2028", peer="a\u2028b", label="\x0b\x0c\x1c\x1d\x1e\x85\u2029")
@example(text="x" * 5000, peer="名" * 5000, label="=?utf-8?q?=0D=0ABcc:_victim@example.com?=")
def test_nobody_writes_headers_or_structure(text: str, peer: str, label: str) -> None:
    sent = raw(text, peer, label=label)

    assert sent.isascii()
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert b"\n" not in sent.replace(b"\r\n", b"")
    message = message_from_bytes(sent, policy=policy.default)
    assert {name.lower() for name in message} == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert message["to"] == "sales@example.com"
    assert len(message["subject"]) < 200
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]
    assert page(message).tags.count("a") == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "sales",
        "sales@example",
        "sales@example.com\r\nBcc: victim@example.com",
        "sales@example.com\n",
        "sales@example.com, victim@example.com",
        "Sales <sales@example.com>",
        "sales @example.com",
        "größe@example.com",
        f"{'a' * 250}@example.com",
    ],
)
def test_an_address_that_is_none_gets_no_mail(address: str) -> None:
    with pytest.raises(Undeliverable, match="ADDRESS_MALFORMED"):
        raw(to=address)
