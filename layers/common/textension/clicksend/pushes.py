"""What ClickSend posts to us, read tolerantly: form, JSON or query string, in every profile that was ever seen.

ClickSend documents 16 keys for an inbound text; older pushes have 14, 13 or 10. Numbers come as strings or integers,
`to` may be missing, and the Content-Type may say anything. Nothing here decides whether a push is authentic.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from textension.clock import MINUTE, SECOND
from textension.errors import Unreadable

MAX_BODY: Final = 64 * 1024
MAX_FIELDS: Final = 64
MAX_VALUE: Final = 10 * 1024
MAX_ID: Final = 100
"""ClickSend's ids have 36 characters; DynamoDB's keys end at 2,048 bytes."""
# ClickSend's clock may run ahead of ours by this much; a later time is not believed.
CLOCK_SKEW: Final = 10 * MINUTE

FROM_HISTORY: Final = "application/vnd.textension.history+json"
"""The type of what nobody posted: it was found in ClickSend's history. Inside only; no post is taken for it."""

type Kind = Literal["sms", "receipt"]


@dataclass(frozen=True, slots=True)
class RawPush:
    """One post as it arrived. `body` is exact; of a GET it is the query string."""

    kind: Kind
    """The path that it came by."""
    body: bytes
    content_type: str = ""


def _scalar(value: object) -> str:
    """A JSON string or number as text; null as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("nested")
    text = str(value)
    if len(text) > MAX_VALUE:
        raise ValueError("too long")
    text.encode()  # half a surrogate pair is no text
    return text


type Scalar = Annotated[str, BeforeValidator(_scalar)]


class _Push(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    message_id: Scalar
    custom_string: Scalar = ""
    customstring: Scalar = ""
    subaccount_id: Scalar = ""
    user_id: Scalar = ""
    timestamp: Scalar = ""
    timestamp_send: Scalar = ""

    def at(self, now: int) -> int:
        """ClickSend's time in Unix ms (it gives whole seconds); `now` where it gives none that can be believed."""
        for text in (self.timestamp, self.timestamp_send):
            if text.isascii() and text.isdigit() and len(text) <= 10:
                at = int(text) * SECOND
                return at if at <= now + CLOCK_SKEW else now
        return now

    @property
    def echo(self) -> str:
        """The `custom_string` of the outbound message that this answers; empty when there is none."""
        return self.custom_string or self.customstring


class InboundPush(_Push):
    """An inbound text. `sms` is left out on purpose: sources disagree about whose number it is."""

    from_: Scalar
    to: Scalar = ""
    originalsenderid: Scalar = ""
    body: Scalar | None = None
    message: Scalar | None = None

    @property
    def recipient(self) -> str:
        """Our number. Old profiles lack `to`."""
        return self.to.strip() or self.originalsenderid.strip()

    @property
    def text(self) -> str:
        """The text; may be empty."""
        return self.body or self.message or ""


class ReceiptPush(_Push):
    """A delivery receipt. `status_code` 201 is delivered, 301 undelivered, 200/300/302 pending."""

    status_code: Scalar
    status_text: Scalar = ""
    error_code: Scalar = ""
    error_text: Scalar = ""


def fields(push: RawPush) -> dict[str, Any]:
    """The keys and values of a push. Raises Unreadable with a reason code."""
    if len(push.body) > MAX_BODY:
        raise Unreadable("too_large")
    try:
        text = push.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    stripped = text.strip()
    if not stripped:
        raise Unreadable("empty")
    return _json(stripped) if stripped.startswith(("{", "[")) else _form(text)


def parse(values: dict[str, Any]) -> InboundPush | ReceiptPush:
    """The push that these keys and values are. Raises Unreadable with a reason code.

    The keys decide, not the path: a receipt has a `status_code` and no sender.
    """
    if "from" in values and not ("status_code" in values and "body" not in values and "message" not in values):
        values = {("from_" if key == "from" else key): value for key, value in values.items() if key != "from_"}
        if "body" not in values and "message" not in values:
            raise Unreadable("body_missing")
    try:
        push: InboundPush | ReceiptPush
        push = InboundPush.model_validate(values) if "from_" in values else ReceiptPush.model_validate(values)
    except ValidationError as error:
        raise Unreadable(_reason(error)) from None
    if not push.message_id.strip():
        raise Unreadable("message_id_missing")
    if len(push.message_id) > MAX_ID:
        raise Unreadable("message_id_malformed")
    if isinstance(push, InboundPush) and not push.from_.strip():
        raise Unreadable("from_missing")
    if isinstance(push, ReceiptPush) and not push.status_code.strip():
        raise Unreadable("status_code_missing")
    return push


def from_history(values: Mapping[str, str]) -> RawPush:
    """The post that ClickSend would have made of these keys and values; it says that nobody made it."""
    return RawPush("sms", json.dumps(values, sort_keys=True).encode(), FROM_HISTORY)


def clicksend_id(push: InboundPush | ReceiptPush) -> str:
    """ClickSend's id in its one form: its UUIDs are upper case."""
    return push.message_id.strip().upper()


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = str(first["loc"][0]).rstrip("_") if first["loc"] else "payload"
    return f"{name}_missing" if first["type"] == "missing" else f"{name}_malformed"


def _form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise Unreadable("not_utf8") from None
    except ValueError:
        raise Unreadable("too_many_fields") from None
    return _unique(pairs)


def _json(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text, object_pairs_hook=_unique)
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not isinstance(values, dict):
        raise Unreadable("not_an_object")
    return values


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values and values[key] != value:
            raise Unreadable("duplicate_keys")
        values[key] = value
    if len(values) > MAX_FIELDS:
        raise Unreadable("too_many_fields")
    return values
