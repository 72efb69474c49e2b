"""`GET /v3/sms/history`: what went out and came in, filtered and sorted as ClickSend does."""

import operator
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence

from .models import Inbound, Outbound, Wire
from .payloads import receipt_status_text
from .sms import CARRIER

FILTERS = frozenset({"status", "to", "from", "subaccount_id", "message_id"})
ORDERS = frozenset({"date", "username", "from", "to", "status", "body"})
_JOIN: dict[str, Callable[[Iterable[bool]], bool]] = {"AND": all, "OR": any}


class BadQueryError(ValueError):
    """The history cannot be searched like that; the message says by what it can."""


def history_row(entry: Outbound | Inbound, *, now: float, own_ids: bool = False) -> Wire:
    """The 25 keys of a history row. ClickSend fact: `schedule` and `status_code` are strings, the price has six
    decimals; `Completed` says only that the text was added to the delivery queue."""
    if isinstance(entry, Outbound):
        return _outbound_row(entry, now)
    row = _inbound_row(entry)
    return row | {"message_id": _own_id(entry.message_id)} if own_ids else row


def _own_id(message_id: str) -> str:
    """The other id of a text, always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, message_id)).upper()


def _outbound_row(message: Outbound, now: float) -> Wire:
    code = message.receipt_code
    failed = code == 301
    row = _row(message.message_id, message.date, message.to, message.sender, message.body)
    return row | {
        "direction": "out",
        "status": "Failed" if failed else "Scheduled" if message.schedule > now else "Completed",
        "schedule": str(message.schedule),
        "status_code": None if code is None else str(code),
        "status_text": None if code is None else receipt_status_text(code),
        "message_parts": message.parts,
        "message_price": f"{message.price:.6f}",
        "from_email": message.from_email,
        "custom_string": message.custom_string,
        "user_id": message.user_id,
        "subaccount_id": message.subaccount_id,
        "country": message.country,
        "carrier": CARRIER,
        "_api_username": message.username,
    }


def _inbound_row(text: Inbound) -> Wire:
    row = _row(text.message_id, text.timestamp, text.to, text.sender, text.body)
    return row | {
        "custom_string": text.custom_string,
        "user_id": text.user_id,
        "subaccount_id": text.subaccount_id,
    }


def _row(message_id: str, date: int, to: str, sender: str, body: str) -> Wire:
    return {
        "direction": "in",
        "date": date,
        "to": to,
        "body": body,
        "status": "Received",
        "from": sender,
        "schedule": "",
        "status_code": None,
        "status_text": None,
        "error_code": None,
        "error_text": None,
        "message_id": message_id,
        "message_parts": 1,
        "message_price": "0.000000",
        "from_email": None,
        "list_id": None,
        "custom_string": "",
        "contact_id": None,
        "user_id": None,
        "subaccount_id": None,
        "country": "",
        "carrier": "",
        "first_name": None,
        "last_name": None,
        "_api_username": "",
    }


def _read_filters(text: str) -> list[tuple[str, str]]:
    pairs = [pair.partition(":")[::2] for pair in text.split(",") if pair]
    for name, _ in pairs:
        if name not in FILTERS:
            raise BadQueryError(f"q: cannot filter by {name!r}, only by {', '.join(sorted(FILTERS))}")
    return pairs


def _read_moment(text: str | None, default: float) -> float:
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise BadQueryError("date_from and date_to are Unix times in seconds")
    return int(text)


def search_history(rows: Iterable[Wire], query: Mapping[str, str]) -> Sequence[Wire]:
    """Filter and sort; raises BadQueryError. ClickSend fact: `q=field:value,field:value`, case-insensitive, `operator`
    AND or OR, `date_from` and `date_to` in Unix seconds, `order_by` default `date:asc`; not by `custom_string`."""
    filters = _read_filters(query.get("q", ""))
    join = _JOIN.get(query.get("operator", "AND").upper(), all)
    start, end = _read_moment(query.get("date_from"), 0), _read_moment(query.get("date_to"), float("inf"))
    field, _, direction = query.get("order_by", "date:asc").partition(":")
    if field not in ORDERS:
        raise BadQueryError(f"order_by: only {', '.join(sorted(ORDERS))}")

    def wanted(row: Wire) -> bool:
        matches = [str(row[name]).casefold() == value.casefold() for name, value in filters]
        return start <= float(str(row["date"])) <= end and (not filters or join(matches))

    key = operator.itemgetter("_api_username" if field == "username" else field)
    return sorted(filter(wanted, rows), key=key, reverse=direction.lower() == "desc")
