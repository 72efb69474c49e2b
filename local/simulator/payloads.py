"""What ClickSend's pushes carry, and how they are written on the wire."""

import json
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from .models import Credential, Inbound, Profile, Receipt, WebhookType, Wire
from .sms import new_message_id

FORM = "application/x-www-form-urlencoded"

_SIXTEEN = (
    "originalsenderid",
    "body",
    "message",
    "sms",
    "custom_string",
    "to",
    "original_message_id",
    "originalmessageid",
    "customstring",
    "from",
    "originalmessage",
    "user_id",
    "subaccount_id",
    "original_body",
    "timestamp",
    "message_id",
)
PROFILES: dict[Profile, tuple[str, ...]] = {
    16: _SIXTEEN,
    14: tuple(key for key in _SIXTEEN if key not in {"to", "original_body"}),
    13: (
        "originalsenderid",
        "body",
        "message",
        "sms",
        "from",
        "to",
        "timestamp",
        "message_id",
        "original_message_id",
        "original_body",
        "user_id",
        "subaccount_id",
        "custom_string",
    ),
    10: (
        "timestamp",
        "to",
        "from",
        "body",
        "original_body",
        "original_message_id",
        "custom_string",
        "user_id",
        "subaccount_id",
        "message_id",
    ),
}
"""ClickSend fact: the key sets, in order, of the pushes seen (16: 2024 sample and a form receiver, 13: 2026 sample)
and documented (14 and 10: older help pages)."""

_STRINGS_WHEN_SEEN: dict[Profile, frozenset[str]] = {
    16: frozenset({"timestamp"}),
    14: frozenset({"timestamp"}),
    13: frozenset(),
    10: frozenset({"timestamp"}),
}

_REPORTS: dict[int, tuple[str, str, str, str]] = {
    # status_code: status, status_text, error_code, error_text
    200: ("Delivered", "Success: Message sent to next mobile carrier.", "", ""),
    201: ("Delivered", "Success: Message received on handset.", "", ""),
    300: ("Undelivered", "Temporary failure: Network error.", "16", "Temporary network error, will retry"),
    301: ("Undelivered", "Permanent failure: Message was not delivered.", "8", "Unknown subscriber"),
    302: ("Undelivered", "Temporary failure: Supplier routing.", "18", "Routing error"),
}


@dataclass(frozen=True, slots=True)
class PushRequest:
    """One HTTP request of ClickSend to us."""

    method: str
    url: str
    content: bytes | None
    content_type: str | None


def inbound_fields(text: Inbound, profile: Profile, *, integers: bool | None) -> Wire:
    """The keys of an inbound push. ClickSend fact: `sms` is the handset's number, `originalsenderid` equals `to`,
    what duplicates another field says the same, and fields about an outbound that does not exist are empty."""
    values: dict[str, str | int] = {
        "originalsenderid": text.to,
        "body": text.body,
        "message": text.body,
        "sms": text.sender,
        "custom_string": text.custom_string,
        "to": text.to,
        "original_message_id": text.original_message_id,
        "originalmessageid": text.original_message_id,
        "customstring": text.custom_string,
        "from": text.sender,
        "originalmessage": text.original_body,
        "user_id": text.user_id,
        "subaccount_id": text.subaccount_id,
        "original_body": text.original_body,
        "timestamp": text.timestamp,
        "message_id": text.message_id,
    }
    numbers = frozenset({"user_id", "subaccount_id", "timestamp"})
    as_strings = {None: _STRINGS_WHEN_SEEN[profile], True: frozenset[str](), False: numbers}[integers]
    return {key: str(values[key]) if key in as_strings else values[key] for key in PROFILES[profile]}


def inbound_push(url: str, webhook_type: WebhookType, fields: Wire) -> PushRequest:
    """ClickSend fact: `post` is a form, `get` the query string, `json` a JSON body by POST."""
    if webhook_type == "json":
        return PushRequest("POST", url, json.dumps(fields).encode(), "application/json")
    form = urlencode({key: str(value) for key, value in fields.items()}, errors="surrogatepass")
    if webhook_type == "get":
        parts = urlsplit(url)
        query = f"{parts.query}&{form}" if parts.query else form
        return PushRequest("GET", urlunsplit(parts._replace(query=query)), None, None)
    return PushRequest("POST", url, form.encode(), FORM)


def receipt_fields(receipt: Receipt) -> Wire:
    """The 14 keys of a delivery report push; without a custom string at all it is the two keys shorter."""
    status, status_text, error_code, error_text = _REPORTS[receipt.status_code]
    fields: Wire = {
        "timestamp_send": receipt.timestamp_send,
        "timestamp": receipt.timestamp,
        "message_id": receipt.message_id,
        "status": status,
        "status_code": str(receipt.status_code),
        "status_text": status_text,
        "error_code": error_code,
        "error_text": error_text,
        "custom_string": receipt.custom_string,
        "user_id": receipt.user_id,
        "subaccount_id": receipt.subaccount_id,
        "message_type": "sms",
        "messageid": receipt.message_id,
        "customstring": receipt.custom_string,
    }
    return {key: value for key, value in fields.items() if value is not None}


def receipt_push(url: str, receipt: Receipt) -> PushRequest:
    """ClickSend fact: delivery reports are always form posts; receipt rules have no `webhook_type`."""
    form = urlencode({key: str(value) for key, value in receipt_fields(receipt).items()}, errors="surrogatepass")
    return PushRequest("POST", url, form.encode(), FORM)


def receipt_status_text(status_code: int) -> str:
    """What ClickSend says in words about a receipt's code."""
    return _REPORTS[status_code][1]


def receipt_row(receipt: Receipt) -> Wire:
    """A delivery report in the pull list. ClickSend fact: `error_code` and `error_text` are null on success."""
    _, status_text, error_code, error_text = _REPORTS[receipt.status_code]
    return {
        "timestamp_send": receipt.timestamp_send,
        "timestamp": receipt.timestamp,
        "message_id": receipt.message_id,
        "status_code": str(receipt.status_code),
        "status_text": status_text,
        "error_code": error_code or None,
        "error_text": error_text or None,
        "custom_string": receipt.custom_string,
        "subaccount_id": receipt.subaccount_id,
        "message_type": "sms",
        "digits": None,
    }


def inbound_row(text: Inbound) -> Wire:
    """An inbound text in the pull list. ClickSend fact: `_keyword` is the first word of the body in lower case."""
    return {
        "timestamp": text.timestamp,
        "from": text.sender,
        "body": text.body,
        "original_body": text.original_body,
        "original_message_id": text.original_message_id,
        "to": text.to,
        "custom_string": text.custom_string,
        "message_id": text.message_id,
        "_keyword": (text.body.split() or [""])[0].lower(),
    }


def test_inbound(credential: Credential) -> Inbound:
    """The invented text that `POST /v3/sms/inbound` pushes."""
    stamp = secrets.token_hex(5).upper()
    now = time.time()
    return Inbound(
        message_id=new_message_id(),
        at=now,
        timestamp=int(now),
        sender="+61422222222",
        to="+61411111111",
        body=f"This is a test incoming SMS. {stamp}.",
        custom_string="Test custom string ",
        original_message_id=new_message_id(),
        original_body=f"This is the original message. {stamp}.",
        user_id=credential.user_id,
        subaccount_id=credential.subaccount_id,
        unread_for=[],
    )


def test_receipt(credential: Credential) -> Receipt:
    """The invented report that `POST /v3/sms/receipts` pushes; ClickSend fact: its custom string is always null."""
    now = int(time.time())
    return Receipt(
        message_id=new_message_id(),
        status_code=201,
        timestamp=now,
        timestamp_send=now,
        custom_string=None,
        user_id=credential.user_id,
        subaccount_id=credential.subaccount_id,
        unread=True,
    )
