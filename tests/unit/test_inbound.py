"""A text comes in: authentic or refused, understood or quarantined, and stored exactly once."""

import base64
import itertools
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from textension.accepting import Draft, accept
from textension.authenticity import PROBE
from textension.aws import secret_changes
from textension.clock import now_ms
from textension.ids import Signer
from textension.message import Conversation, Message, NumberSettings

from tests.conftest import NUMBER, PEER, SUBACCOUNT, Backend, Context, forget, load_function

RESOURCE = "/webhook/clicksend/sms/{token}"
RECEIPTS = "/webhook/clicksend/receipt/{token}"


def push(**changes: Any) -> dict[str, Any]:
    """What ClickSend posts for an inbound text, as 16 keys."""
    values = {
        "originalsenderid": NUMBER,
        "body": "Yes please",
        "message": "Yes please",
        "sms": PEER,
        "custom_string": "",
        "to": NUMBER,
        "original_message_id": "",
        "originalmessageid": "",
        "customstring": "",
        "from": PEER,
        "originalmessage": "",
        "user_id": "100001",
        "subaccount_id": SUBACCOUNT,
        "original_body": "",
        "timestamp": "1710886316",
        "message_id": "2CC1F1D8-0B50-418A-A66E-000000000002",
    }
    return {key: value for key, value in {**values, **changes}.items() if value is not None}


def post(
    aws: Backend,
    values: dict[str, Any] | bytes,
    *,
    token: str | None = "",
    kind: str = "form",
    resource: str = RESOURCE,
    raw: bool = False,
) -> int:
    """Post through the function; the status code."""
    body = values if isinstance(values, bytes) else _encode(values, kind)
    event = {
        "resource": resource if token is not None else "/webhook/clicksend/sms",
        "httpMethod": "GET" if kind == "get" else "POST",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "multiValueQueryStringParameters": (
            {key: [str(value)] for key, value in values.items()} if kind == "get" and isinstance(values, dict) else None
        ),
        "pathParameters": None if token is None else {"token": token or aws.token},
        "body": None if kind == "get" else body.decode() if raw else base64.b64encode(body).decode(),
        "isBase64Encoded": not raw,
    }
    response = load_function("inbound_webhook").handler(event, Context())
    assert json.loads(response["body"])["message"]
    return int(response["statusCode"])


def _encode(values: dict[str, Any], kind: str) -> bytes:
    return json.dumps(values).encode() if kind == "json" else urlencode(values).encode()


def stored(aws: Backend) -> list[Message]:
    """The conversation with the peer, the newest first."""
    return aws.messages.thread(Conversation("main", NUMBER, PEER), limit=100)[0]


def summary(aws: Backend, peer: str = PEER) -> dict[str, Any]:
    """The conversation's summary."""
    from textension.aws.items import summary_key

    item = aws.table.get(summary_key(Conversation("main", NUMBER, peer)))
    assert item is not None
    return item


def reasons(aws: Backend) -> list[str]:
    """Why posts are in quarantine."""
    return [one.reason for one in aws.quarantine.page("main")[0]]


def signer(aws: Backend) -> Signer:
    """The signer that the functions use."""
    from textension import assemble

    return assemble.door().signer


@pytest.mark.parametrize("kind", ["form", "json", "get"])
def test_every_format_is_stored(aws: Backend, kind: str) -> None:
    assert post(aws, push(), kind=kind) == 200

    (message,) = stored(aws)
    assert message.text == "Yes please"
    assert message.state == "received"
    assert message.sent_at == 1710886316000
    assert message.extensions == ("101", "102")
    assert message.unannounced
    assert summary(aws)["unread_101"] == summary(aws)["unread_102"] == 1


FOURTEEN = {"to": None, "original_body": None}
THIRTEEN = {"originalmessageid": None, "customstring": None, "originalmessage": None}
TEN = {**THIRTEEN, "originalsenderid": None, "message": None, "sms": None}


@pytest.mark.parametrize("missing", [{}, FOURTEEN, THIRTEEN, TEN], ids=["16", "14", "13", "10"])
@pytest.mark.parametrize("kind", ["form", "json"])
def test_every_profile_is_stored(aws: Backend, missing: dict[str, None], kind: str) -> None:
    assert post(aws, push(**missing), kind=kind) == 200
    assert [message.text for message in stored(aws)] == ["Yes please"]


def test_integers_are_as_good_as_strings(aws: Backend) -> None:
    assert post(aws, push(subaccount_id=100002, user_id=100001, timestamp=1710886316), kind="json") == 200
    assert stored(aws)[0].sent_at == 1710886316000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://example.com/only-a-link",
        "a+b & c=d %41 ;",
        "Grüße 👋🏽 你好",
        "two\nlines\r\nand\ttabs",
        "nul\x00inside",
        "\u202eright to left\u200f",
        "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞ^{}\\[~]|€",
    ],
)
@pytest.mark.parametrize("kind", ["form", "json", "get"])
def test_texts_come_through_exactly(aws: Backend, text: str, kind: str) -> None:
    assert post(aws, push(body=text, message=text), kind=kind) == 200
    assert stored(aws)[0].text == text


def test_a_wrong_content_type_does_not_matter(aws: Backend) -> None:
    assert post(aws, push(), kind="json", raw=True) == 200
    assert len(stored(aws)) == 1


@pytest.mark.parametrize("times", [2, 11])
def test_a_repeat_changes_nothing(aws: Backend, times: int) -> None:
    assert post(aws, push()) == 200
    before = sorted(aws.items(), key=str)

    for _ in range(times):
        assert post(aws, push(), kind="json") == 200

    assert sorted(aws.items(), key=str) == before


def test_the_same_id_in_lower_case_is_the_same_message(aws: Backend) -> None:
    post(aws, push())
    post(aws, push(message_id=push()["message_id"].lower()))
    assert len(stored(aws)) == 1


def test_the_first_content_of_an_id_stays_and_another_is_evidence(aws: Backend) -> None:
    post(aws, push())
    assert post(aws, push(body="No thanks", message="No thanks")) == 200
    assert [message.text for message in stored(aws)] == ["Yes please"]
    assert reasons(aws) == ["same_id_other_content"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_late_text_keeps_its_place_and_counts_as_unread(aws: Backend, order: tuple[int, ...]) -> None:
    for number in order:
        post(aws, push(message_id=f"ID-{number}", timestamp=str(1710886316 + number), body=str(number)))

    assert [message.text for message in stored(aws)] == ["2", "1", "0"]
    assert summary(aws)["last_text"] == "2"
    assert summary(aws)["unread_101"] == 3


def test_an_answer_in_the_same_second_as_our_text_is_the_newer_one(aws: Backend) -> None:
    outbound(aws, now=1_710_886_316_900)
    post(aws, push(timestamp="1710886316"))
    assert [message.text for message in stored(aws)] == ["Yes please", "Shall we?"]
    assert summary(aws)["last_text"] == "Yes please"


def test_a_time_in_the_future_is_not_believed(aws: Backend) -> None:
    post(aws, push(timestamp="9999999999"))
    (message,) = stored(aws)
    assert message.sent_at == message.received_at


def test_a_national_number_is_the_same_conversation(aws: Backend) -> None:
    post(aws, push(**{"from": "0422 222 222"}))
    post(aws, push(**{"from": "61422222222"}, message_id="OTHER"))
    assert len(stored(aws)) == 2


@pytest.mark.parametrize("sender", ["12345", "MyBank", "Foo Bar"])
def test_short_codes_and_names_are_kept_as_they_are(aws: Backend, sender: str) -> None:
    post(aws, push(**{"from": sender}))
    assert summary(aws, sender)["peer"] == sender


@pytest.mark.parametrize("token", ["wrong", "x" * 43, "ünïcode", " "])
def test_a_wrong_token_is_refused_and_writes_nothing(aws: Backend, token: str) -> None:
    before = aws.items()
    assert post(aws, push(), token=token) == 403
    assert post(aws, b"{", token=token) == 403
    assert aws.items() == before


@pytest.mark.parametrize(("resource", "kind"), [(RESOURCE, "form"), (RESOURCE, "get"), (RECEIPTS, "form")])
@pytest.mark.parametrize(
    ("token", "counted"), [(PROBE, "InboundProbed"), (f"{PROBE}x", "InboundRefused"), ("wrong", "InboundRefused")]
)
def test_what_the_doctor_tries_is_refused_as_any_and_counted_apart(
    aws: Backend, capfd: pytest.CaptureFixture[str], resource: str, kind: str, token: str, counted: str
) -> None:
    assert post(aws, push(), token=token, kind=kind, resource=resource) == 403

    printed = "".join(capfd.readouterr())
    assert [one for one in ("InboundProbed", "InboundRefused") if f'"{one}":[1' in printed] == [counted]
    assert "token_unknown" in printed


def test_both_live_tokens_open(aws: Backend) -> None:
    aws.put_secret(
        "WebhookSecret",
        {
            "account": "main",
            "CLICKSEND_SUBACCOUNT_ID": f"1, {SUBACCOUNT}",
            "WEBHOOK_TOKEN": "new",
            "WEBHOOK_TOKEN_PREVIOUS": "old",
        },
    )
    assert [post(aws, push(), token=token) for token in ("new", "old", aws.token)] == [200, 200, 403]


def test_a_token_that_was_just_added_opens_though_the_secret_is_cached(
    aws: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("textension.aws.secrets.REREAD_AFTER", 0.0)
    assert post(aws, push(), token="fresh") == 403
    aws.put_secret("WebhookSecret", {"account": "main", "CLICKSEND_SUBACCOUNT_ID": "1", "WEBHOOK_TOKEN": "fresh"})
    assert post(aws, push(), token="fresh") == 200


@pytest.mark.parametrize("subaccount", ["999", "", None, "100002x"])
def test_an_unknown_subaccount_is_quarantined_once(aws: Backend, subaccount: str | None) -> None:
    assert post(aws, push(subaccount_id=subaccount)) == 200
    assert post(aws, push(subaccount_id=subaccount)) == 200
    assert stored(aws) == []
    assert reasons(aws) == ["subaccount_unknown"]


def test_a_subaccount_that_was_allowed_just_now_is_known_at_once(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textension.aws.secrets.REREAD_AFTER", 0.0)
    assert post(aws, push(subaccount_id="7", message_id="FIRST")) == 200
    assert reasons(aws) == ["subaccount_unknown"]

    secret_changes.allow_subaccounts(aws.secrets["WebhookSecret"], "main", ["7"])

    assert post(aws, push(subaccount_id="7", message_id="SECOND")) == 200
    assert [message.clicksend_id for message in stored(aws)] == ["SECOND"]


def test_no_configured_subaccount_accepts_nothing(aws: Backend) -> None:
    aws.put_secret("WebhookSecret", {"account": "main", "CLICKSEND_SUBACCOUNT_ID": "", "WEBHOOK_TOKEN": "t"})
    assert post(aws, push(), token="t") == 200
    assert post(aws, push(subaccount_id=""), token="t") == 200
    assert stored(aws) == []
    assert reasons(aws) == ["subaccount_unknown"] * 2


def test_no_configured_token_refuses_everything(aws: Backend) -> None:
    aws.put_secret("WebhookSecret", {"account": "main", "CLICKSEND_SUBACCOUNT_ID": SUBACCOUNT, "WEBHOOK_TOKEN": ""})
    assert post(aws, push(), token=" ") == 403


def test_an_unknown_number_is_quarantined_with_its_bytes(aws: Backend) -> None:
    body = urlencode(push(to="+61433333333", originalsenderid="+61433333333")).encode()
    assert post(aws, body) == 200
    (kept,) = aws.quarantine.page("main")[0]
    assert (kept.reason, kept.push.body) == ("number_unknown", body)


def test_a_number_of_another_account_is_quarantined(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number="+61433333333", account="other", extensions=("1",)))
    assert post(aws, push(to="+61433333333")) == 200
    assert reasons(aws) == ["number_of_other_account"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"{", "not_json"),
        (b"[1, 2]", "not_an_object"),
        (b'{"message_id": {"a": 1}, "from": "x", "body": "y"}', "message_id_malformed"),
        (b"from=%2B61422222222&body=%ff&message_id=1", "not_utf8"),
        (b"\xff\xfe", "not_utf8"),
        (b"from=a&from=b&body=x&message_id=1", "duplicate_keys"),
        (b'{"from": "a", "from": "b"}', "duplicate_keys"),
        (b"&".join(b"k%d=1" % number for number in range(65)), "too_many_fields"),
        (b"from=&body=x&message_id=1&subaccount_id=100002", "from_missing"),
        (b"from=1&message_id=1&subaccount_id=100002", "body_missing"),
        (b"from=1&body=x&subaccount_id=100002", "message_id_missing"),
        (b"nonsense", "message_id_missing"),
        (b'{"from": "1", "message_id": "1", "body": "\\ud800"}', "body_malformed"),
        (b"from=1&message_id=1&body=" + b"x" * 10241, "body_malformed"),
        (b"x" * 65537, "too_large"),
        (b'{"a":' * 40000, "too_large"),
        (b"[" * 60000, "not_json"),
    ],
)
def test_what_cannot_be_understood_is_quarantined_with_its_reason(aws: Backend, body: bytes, reason: str) -> None:
    assert post(aws, body) == 200
    (kept,) = aws.quarantine.page("main")[0]
    assert kept.reason == reason
    assert kept.push.body == body[: 64 * 1024]
    assert kept.size == len(body)


def test_a_missing_to_falls_back_to_the_original_sender(aws: Backend) -> None:
    assert post(aws, push(to="")) == 200
    assert len(stored(aws)) == 1


def outbound(aws: Backend, *, now: int | None = None) -> Message:
    """A text that we sent to the peer."""
    settings = aws.numbers.get(NUMBER)
    assert settings
    draft = Draft(origin="test", key="1", to=PEER, text="Shall we?")
    return accept(draft, settings, aws.messages, country="AU", now=now or now_ms())


def test_a_reply_to_a_substituted_number_finds_its_conversation(aws: Backend) -> None:
    ours = outbound(aws, now=1_700_000_000_000)
    post(aws, push(to="+61444444444", custom_string=signer(aws).custom_string("main", ours.id)))
    assert [message.text for message in stored(aws)] == ["Yes please", "Shall we?"]
    assert stored(aws)[0].trust == "echoed-mac"


@pytest.mark.parametrize("change", ["mac", "id", "account", "peer"])
def test_a_forged_custom_string_finds_nothing(aws: Backend, change: str) -> None:
    ours = outbound(aws)
    custom = signer(aws).custom_string("other" if change == "account" else "main", ours.id)
    if change == "mac":
        custom = custom[:-1] + ("A" if custom[-1] != "A" else "B")
    if change == "id":
        custom = ("1" if custom[0] != "1" else "2") + custom[1:]
    sender = "+61444444444" if change == "peer" else PEER
    post(aws, push(to="+61433333333", custom_string=custom, **{"from": sender}))
    assert reasons(aws) == ["number_unknown"]


def test_a_disabled_number_stores_and_tells_nobody(aws: Backend) -> None:
    aws.numbers.put(NumberSettings(number=NUMBER, account="main", extensions=("101",), enabled=False))
    forget()
    assert post(aws, push()) == 200
    (message,) = stored(aws)
    assert not message.unannounced


def test_the_bare_address_is_shut_by_default(aws: Backend) -> None:
    before = aws.items()
    assert post(aws, push(), token=None) == 403
    assert aws.items() == before


def test_the_bare_address_opens_to_a_known_subaccount_only(aws: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUIRE_WEBHOOK_TOKEN", "false")
    before = aws.items()
    assert post(aws, push(subaccount_id="999"), token=None) == 403
    assert post(aws, push(subaccount_id=""), token=None) == 403
    assert post(aws, b"{", token=None) == 403
    assert aws.items() == before

    assert post(aws, push(), token=None) == 200
    assert stored(aws)[0].trust == "subaccount-only"


@pytest.mark.parametrize("broken", ["WEBHOOK_SECRET_ARN", "SIGNING_SECRET_ARN", "TABLE_NAME"])
def test_what_cannot_be_known_is_503_so_that_clicksend_tries_again(
    aws: Backend, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    monkeypatch.setenv(broken, "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:absent")
    assert post(aws, push()) == 503


@pytest.mark.parametrize("text", ["not json", "[]", '"x"', '[{"no": "account"}]'])
def test_a_malformed_secret_is_503_and_accepts_nothing(aws: Backend, text: str) -> None:
    import boto3

    boto3.client("secretsmanager").put_secret_value(SecretId=aws.secrets["WebhookSecret"], SecretString=text)
    assert post(aws, push()) in {403, 503}
    assert stored(aws) == []


def test_no_text_number_or_token_is_logged(aws: Backend, capfd: pytest.CaptureFixture[str]) -> None:
    post(aws, push(body="canary-text", message="canary-text"))
    post(aws, push(body="canary-text", to="+61433333333", message_id="2"))
    post(aws, push(body="canary-text"), token="canary-token")
    post(aws, b"canary-text")

    logged = "".join(capfd.readouterr())
    assert all(word in logged for word in ("stored", "quarantined", "refused"))
    for secret in ("canary", PEER[1:], NUMBER[1:], aws.token, SUBACCOUNT):
        assert secret not in logged
