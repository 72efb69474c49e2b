"""What ClickSend does with the messages of `POST /v3/sms/send`: which it accepts, and how it says so.

Pure rules and shapes: what was sent before comes in as an argument.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .models import Credential, Outbound, Settings, Wire
from .recipients import TEST_NUMBERS, country_of, is_e164, to_e164
from .segments import count_parts

MOST_MESSAGES = 1000
CARRIER = "Optus"
CURRENCY: Wire = {
    "currency_name_short": "AUD",
    "currency_prefix_d": "$",
    "currency_prefix_c": "c",
    "currency_name_long": "Australian Dollars",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One element of the request's `messages`, read tolerantly: what is missing is empty."""

    to: str
    body: str
    sender: str
    custom_string: str
    country: str
    from_email: str | None
    schedule: int | None
    """0 for now; None when what was sent is not a Unix time."""


def read_draft(raw: object) -> Draft:
    """Read one message; anything but an object counts as an empty one."""
    fields = raw if isinstance(raw, dict) else {}

    def text(name: str) -> str:
        value = fields.get(name)
        return "" if value is None else str(value)

    schedule = text("schedule") or "0"
    country = text("country")
    return Draft(
        to=to_e164(text("to"), country),
        body=text("body"),
        sender=text("from"),
        custom_string=text("custom_string"),
        country=country,
        from_email=text("from_email") or None,
        schedule=int(schedule) if schedule.isascii() and schedule.isdigit() and len(schedule) < 12 else None,
    )


def price_of(draft: Draft, settings: Settings) -> tuple[int, Decimal]:
    """Parts and price. ClickSend fact: a test number takes 0 parts and costs 0.0000."""
    if draft.to in TEST_NUMBERS:
        return 0, Decimal(0)
    parts = count_parts(draft.body, most=settings.max_parts)
    return parts, parts * settings.price_per_part


def judge(draft: Draft, settings: Settings, seconds_since_same: float | None) -> str:
    """The per-message status. `seconds_since_same`: how long ago the same body went to the same handset, if it did.

    ClickSend fact: an alphanumeric sender has at most 11 characters and no spaces; THROTTLED means that an identical
    text was accepted just now. The order of the checks is not documented.
    """
    _, price = price_of(draft, settings)
    same_just_now = seconds_since_same is not None and seconds_since_same < settings.throttle_seconds
    alphanumeric = bool(draft.sender) and not is_e164(draft.sender)
    checks = {
        "MISSING_REQUIRED_FIELDS": not draft.to,
        "INVALID_RECIPIENT": not is_e164(draft.to),
        "EMPTY_MESSAGE": not draft.body.strip(),
        "INVALID_SENDER_ID": alphanumeric and (len(draft.sender) > 11 or " " in draft.sender),
        "INVALID_SCHEDULE": draft.schedule is None,
        "COUNTRY_NOT_ENABLED": country_of(draft.to) not in settings.enabled_countries,
        "ACCOUNT_NOT_ACTIVATED": settings.banned or not settings.active,
        "THROTTLED": same_just_now,
        "INSUFFICIENT_CREDIT": settings.balance <= 0 or settings.balance < price,
    }
    return next((status for status, wrong in checks.items() if wrong), "SUCCESS")


def sender_of(draft: Draft, settings: Settings) -> str:
    """The sender that is used. ClickSend fact: it may differ from the request's, and is a shared number if omitted."""
    wanted = draft.sender or settings.shared_number
    substitutions = settings.sender_substitutions
    return substitutions.get(wanted) or substitutions.get("*") or wanted


def new_message_id() -> str:
    """An upper-case, time-ordered UUID (version 6), as ClickSend's recent ids are; rejected messages get one too."""
    ticks = time.time_ns() // 100 + 0x01B21DD213814000
    high, low = ticks >> 12, ticks & 0xFFF
    tail = f"{0x8000 | secrets.randbits(14):04X}-{secrets.randbits(48):012X}"
    return f"{high >> 16:08X}-{high & 0xFFFF:04X}-{0x6000 | low:04X}-{tail}"


def take_in(draft: Draft, status: str, *, accepted: bool, settings: Settings, credential: Credential) -> Outbound:
    """The record of one message that the request brought in."""
    now = time.time()
    parts, price = price_of(draft, settings)
    sender = sender_of(draft, settings)
    return Outbound(
        message_id=new_message_id(),
        at=now,
        to=draft.to,
        body=draft.body,
        sender=sender if accepted else draft.sender,
        schedule=draft.schedule or int(now),
        parts=parts if accepted else 0,
        price=price if accepted else Decimal(0),
        from_email=draft.from_email,
        custom_string=draft.custom_string,
        user_id=credential.user_id,
        subaccount_id=credential.subaccount_id,
        username=credential.username,
        shared=is_e164(sender) and sender not in settings.numbers,
        country=country_of(draft.to) if is_e164(draft.to) else "",
        status=status,
        accepted=accepted,
    )


def _accepted(message: Outbound) -> Wire:
    """ClickSend fact: the 19 keys of an accepted message; `schedule` of an immediate one is its send time."""
    return {
        "direction": "out",
        "date": message.date,
        "to": message.to,
        "body": message.body,
        "from": message.sender,
        "schedule": message.schedule,
        "message_id": message.message_id,
        "message_parts": message.parts,
        "message_price": f"{message.price:.4f}",
        "from_email": message.from_email,
        "list_id": None,
        "custom_string": message.custom_string,
        "contact_id": None,
        "user_id": message.user_id,
        "subaccount_id": message.subaccount_id,
        "is_shared_system_number": message.shared,
        "country": message.country,
        "carrier": CARRIER,
        "status": message.status,
    }


def _rejected(message: Outbound) -> Wire:
    """ClickSend fact: the 12 keys of a COUNTRY_NOT_ENABLED; the other rejections are assumed to look the same."""
    return {
        "to": message.to,
        "body": message.body,
        "from": message.sender,
        "schedule": "",
        "message_id": message.message_id,
        "message_parts": 0,
        "message_price": "0.0000",
        "custom_string": message.custom_string,
        "is_shared_system_number": message.shared,
        "country": message.country,
        "carrier": "",
        "status": message.status,
    }


def _invalid_recipient(message: Outbound) -> Wire:
    """ClickSend fact: INVALID_RECIPIENT has eight keys: no price, parts, date, country, carrier."""
    return {
        "to": message.to,
        "body": message.body,
        "from": message.sender,
        "schedule": "",
        "message_id": message.message_id,
        "custom_string": message.custom_string,
        "is_shared_system_number": message.shared,
        "status": message.status,
    }


SHAPES: dict[str, Callable[[Outbound], Wire]] = {"SUCCESS": _accepted, "INVALID_RECIPIENT": _invalid_recipient}


def message_shape(message: Outbound) -> Wire:
    """The message as the answer shows it."""
    return SHAPES.get(message.status, _rejected)(message)


def send_data(messages: Sequence[Outbound]) -> Wire:
    """`data` of the answer. ClickSend fact: `total_price` is a number, and the integer 0 when nothing is charged;
    COUNTRY_NOT_ENABLED counts in `blocked_count`, INVALID_RECIPIENT does not."""
    total = sum((message.price for message in messages), Decimal(0))
    return {
        "total_price": float(total) if total else 0,
        "total_count": len(messages),
        "queued_count": _count(messages, "SUCCESS"),
        "messages": [message_shape(message) for message in messages],
        "_currency": CURRENCY,
        "blocked_count": _count(messages, "COUNTRY_NOT_ENABLED"),
    }


def _count(messages: Sequence[Outbound], status: str) -> int:
    return sum(message.status == status for message in messages)
