"""How the table's items look: the one place where the package's types become attributes, and back.

| item | pk | sk |
|---|---|---|
| number settings | `NUMBER#<e164>` | `SETTINGS` |
| its listings | `ACCOUNT#<account>`, `EXTENSION#<account>#<extension>` | `NUMBER#<e164>` |
| conversation | `CONVERSATION#<account>#<e164>#<peer>` | `SUMMARY` |
| message | `CONVERSATION#<account>#<e164>#<peer>` | `MESSAGE#<second><ms><id>` |
| message by our id (an inbound one's is made of ClickSend's: this is the dedupe) | `MESSAGE#<id>` | `POINTER` |
| outbound message by ClickSend's id | `CLICKSEND#<account>#<message_id>` | `POINTER` |
| e-mail copy of a message, by its address's hash | `MESSAGE#<id>` | `EMAIL#<sha256 of the address>` |
| which browsers have had a message, while others have not | `MESSAGE#<id>` | `PUSHED` |
| what came back of an address | `ACCOUNT#<account>` | `EMAILTROUBLE#<address>` |
| quarantined post | `QUARANTINE#<account>` | `<sha256 of the body>` |
| what the world is to hear of a conversation besides its messages | `CONVERSATION#…` | `NOTICE#<slot>` |
| what changed, as it was published, for 30 days | `CHANGES#<account>#<e164>` | `<ms><event id>` |
| who opted out | `OPTOUT#<account>` | `<e164>#<peer>` |
| a peer's name | `ACCOUNT#<account>` | `CONTACT#<peer>` |
| a number that was taken out; its conversations stay | `ACCOUNT#<account>` | `FORMERNUMBER#<e164>` |
| what was sent in a minute, in a day | `EXTENSION#<account>#<extension>`, `ACCOUNT#<account>` | `CAP#<minute or day>` |
| where an extension's browsers take pushes | `EXTENSION#<account>#<extension>` | `PUSH#<id>` |
| ticket for one WebSocket | `TICKET#<sha256 of its text>` | `TICKET` |
| that a user's tokens of an extension open no WebSocket | `USER#<sub>` | `BARRED#<extension>` |
| WebSocket of an extension | `EXTENSION#<account>#<extension>` | `CONNECTION#<id>` |
| the same by API Gateway's id of it | `CONNECTION#<id>` | `POINTER` |
| whether ClickSend is to be asked for an account at all | `ACCOUNT#<account>` | `CIRCUIT` |
| what ClickSend says of an account | `ACCOUNT#<account>` | `CLICKSEND` |
| how far an account has caught up with ClickSend's history | `ACCOUNT#<account>` | `CATCHUP` |
| that a text went to quarantine, by the id that it would have, 150 days | `MESSAGE#<id>` | `QUARANTINED` |
| that a peer was erased, and when, 150 days | `ACCOUNT#<account>` | `ERASED#<keyed hash of the peer>` |
"""

import hashlib
import zlib
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from typing import Final

from textension.aws.wire import Item, Wire
from textension.clock import SECOND
from textension.message import Conversation, Direction, Message, Notice, NumberSettings, Receipt, Step, Trust, order
from textension.optout import Keyword
from textension.states import ANNOUNCE_GRACE, State, due_at

DUE_SHARDS: Final = 8


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key."""

    pk: str
    sk: str

    @property
    def wire(self) -> Wire:
        """As DynamoDB takes it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def number_key(number: str) -> Key:
    """Where a number's settings are."""
    return Key(f"NUMBER#{number}", "SETTINGS")


def listing_keys(settings: NumberSettings) -> list[Key]:
    """Where a number is listed: with its account and with each of its extensions."""
    sk = f"NUMBER#{settings.number}"
    extensions = [Key(extension_pk(settings.account, extension), sk) for extension in settings.extensions]
    return [Key(f"ACCOUNT#{settings.account}", sk), *extensions]


def number_item(settings: NumberSettings) -> Item:
    """A number's settings as an item without its key."""
    return {
        **asdict(settings),
        "extensions": list(settings.extensions),
        "emails": list(settings.emails),
    }


def number_settings(item: Item) -> NumberSettings:
    """The settings in an item."""
    return NumberSettings(
        number=item["number"],
        account=item["account"],
        extensions=tuple(item["extensions"]),
        emails=tuple(item.get("emails", ())),
        label=item.get("label", ""),
        enabled=item.get("enabled", True),
        added_at=item.get("added_at"),
        version=item.get("version", 1),
    )


def conversation_pk(conversation: Conversation) -> str:
    """The partition of a conversation."""
    return f"CONVERSATION#{conversation.account}#{conversation.number}#{conversation.peer}"


def summary_key(conversation: Conversation) -> Key:
    """Where a conversation's summary is."""
    return Key(conversation_pk(conversation), "SUMMARY")


def inbox(conversation: Conversation) -> str:
    """The partition of a number's conversations in the index `inbox`."""
    return f"INBOX#{conversation.account}#{conversation.number}"


def message_key(message: Message) -> Key:
    """Where a message is."""
    return Key(conversation_pk(message.conversation), f"MESSAGE#{order(message)}")


def order_of(message_sk: str) -> str:
    """A message's place in its thread, out of its sort key."""
    return message_sk.removeprefix("MESSAGE#")


def times_of(message_sk: str) -> tuple[int, int]:
    """When a message was sent, to the second, and received, out of its sort key (`message.order`); Unix ms."""
    place = order_of(message_sk)
    return int(place[:10]) * SECOND, int(place[10:23])


def pointer_key(message_id: str) -> Key:
    """Where the pointer to a message is, by our id."""
    return Key(f"MESSAGE#{message_id}", "POINTER")


def clicksend_key(account: str, clicksend_id: str) -> Key:
    """Where the pointer to an outbound message is, by ClickSend's id."""
    return Key(f"CLICKSEND#{account}#{clicksend_id}", "POINTER")


def log(account: str, number: str) -> str:
    """The partition of a number's messages in the index `log`."""
    return f"LOG#{account}#{number}"


def log_order(at: int) -> str:
    """Where the messages of a second begin in the index `log`; the years 1970 to 2286 are all that it knows."""
    return f"{min(max(at // SECOND, 0), 9_999_999_999):010d}"


def notice_key(notice: Notice) -> Key:
    """Where a notice waits to be announced."""
    return Key(conversation_pk(notice.conversation), f"NOTICE#{notice.slot}")


def changes_pk(account: str, number: str) -> str:
    """The partition of what changed on a number."""
    return f"CHANGES#{account}#{number}"


def opt_out_key(conversation: Conversation) -> Key:
    """Where an account lists a peer who opted out."""
    return Key(f"OPTOUT#{conversation.account}", f"{conversation.number}#{conversation.peer}")


def contact_key(account: str, peer: str) -> Key:
    """Where a peer's name is."""
    return Key(f"ACCOUNT#{account}", f"CONTACT#{peer}")


def former_number_key(account: str, number: str) -> Key:
    """Where it is remembered that a number was the account's."""
    return Key(f"ACCOUNT#{account}", f"FORMERNUMBER#{number}")


def email_key(message_id: str, address: str) -> Key:
    """Where it is marked that a message was mailed to an address, whatever its case."""
    return Key(f"MESSAGE#{message_id}", f"EMAIL#{hashlib.sha256(address.lower().encode()).hexdigest()}")


def pushed_key(message_id: str) -> Key:
    """Where it is marked which browsers a message was pushed to."""
    return Key(f"MESSAGE#{message_id}", "PUSHED")


def email_trouble_key(account: str, address: str) -> Key:
    """Where it is noted that mails to an address came back."""
    return Key(f"ACCOUNT#{account}", f"EMAILTROUBLE#{address.lower()}")


def quarantine_key(account: str, digest: str) -> Key:
    """Where a quarantined post is, by the SHA-256 of its body."""
    return Key(f"QUARANTINE#{account}", digest)


def ticket_key(digest: str) -> Key:
    """Where a ticket is, by the SHA-256 of its text."""
    return Key(f"TICKET#{digest}", "TICKET")


def barred_key(user: str, extension: str) -> Key:
    """Where it is written that a user opens no WebSocket as an extension, whatever their tokens say."""
    return Key(f"USER#{user}", f"BARRED#{extension}")


def extension_pk(account: str, extension: str) -> str:
    """The partition of an extension: its numbers, its connections."""
    return f"EXTENSION#{account}#{extension}"


def connection_key(account: str, extension: str, connection_id: str) -> Key:
    """Where an extension's WebSocket is."""
    return Key(extension_pk(account, extension), f"CONNECTION#{connection_id}")


def connection_pointer_key(connection_id: str) -> Key:
    """Where the pointer to a WebSocket is, by API Gateway's id."""
    return Key(f"CONNECTION#{connection_id}", "POINTER")


def circuit_key(account: str) -> Key:
    """Where it is written whether ClickSend is to be asked for an account."""
    return Key(f"ACCOUNT#{account}", "CIRCUIT")


def expired(item: Item, now: int) -> bool:
    """Whether an item's time is over at `now` (Unix ms): DynamoDB may take days to remove it."""
    return "expires_at" in item and int(item["expires_at"]) * SECOND <= now


def account_of(conversation_pk_: str) -> str:
    """The account in a conversation's partition."""
    return conversation_pk_.split("#", 2)[1]


def clicksend_account_key(account: str) -> Key:
    """Where it is written what ClickSend says of an account."""
    return Key(f"ACCOUNT#{account}", "CLICKSEND")


def catch_up_key(account: str) -> Key:
    """Where it is written how far an account has caught up."""
    return Key(f"ACCOUNT#{account}", "CATCHUP")


def quarantined_key(message_id: str) -> Key:
    """Where it is written that the text which would have this id went to quarantine."""
    return Key(f"MESSAGE#{message_id}", "QUARANTINED")


def erased_key(account: str, mark: str) -> Key:
    """Where it is written when a peer was erased; `mark` is a keyed hash of it."""
    return Key(f"ACCOUNT#{account}", f"ERASED#{mark}")


_FLAGS: Final = ("at_least_once", "alone", "looks")
"""Fields of which nothing is stored while they say nothing."""
_PLAIN_FIELDS: Final = tuple(
    field.name
    for field in fields(Message)
    if field.name not in {"conversation", "extensions", "journey", "receipts", "unannounced", "listed_at", *_FLAGS}
)

_STEP_FIELDS: Final = tuple(field.name for field in fields(Step))
_RECEIPT_FIELDS: Final = tuple(field.name for field in fields(Receipt))


def message_item(message: Message) -> Item:
    """A message as an item without its key; `due_at` and its shard included, where anything is due."""
    item: Item = {name: getattr(message, name) for name in _PLAIN_FIELDS}
    item |= conversation_item(message.conversation) | _due(message.id, due_at(message))
    item |= {
        "extensions": list(message.extensions),
        "journey": [step_item(step) for step in message.journey],
        "receipts": {one.status_code: receipt_item(one) for one in message.receipts},
        "unannounced": message.unannounced or None,
        **{name: getattr(message, name) or None for name in _FLAGS},
        "log": log(message.account, message.conversation.number),
        "log_order": order(message),
    }
    return item


_CHANGING: Final = tuple(name for name in _PLAIN_FIELDS if name not in {"id", "direction", "text", "version"})


def changed(old: Message, new: Message, always: Collection[str]) -> Item:
    """The attributes that differ between two states of a message, and those of `always`; None is for one that ends.

    Not among them are those that only grow: version, journey, receipts.
    """
    item: Item = {}
    for name in _CHANGING:
        value = getattr(new, name)
        if name in always or value != getattr(old, name):
            item[name] = value
    for name in ("unannounced", *_FLAGS):
        value = getattr(new, name)
        if name in always or value != getattr(old, name):
            item[name] = value or None
    due = due_at(new)
    if "due_at" in always or due != due_at(old):
        item |= _due(new.id, due)
    return item


# By hand where it is done often: `dataclasses.asdict` copies each value, and takes five times as long.


def conversation_item(conversation: Conversation) -> Item:
    """A conversation's attributes in everything that belongs to it."""
    return {"account": conversation.account, "number": conversation.number, "peer": conversation.peer}


def step_item(step: Step) -> Item:
    """A step of a journey as an attribute."""
    return {name: getattr(step, name) for name in _STEP_FIELDS}


def receipt_item(receipt: Receipt) -> Item:
    """A receipt as an attribute."""
    return {name: getattr(receipt, name) for name in _RECEIPT_FIELDS}


def _due(name: str, due: int | None) -> Item:
    return {"due_at": due, "due_shard": None if due is None else due_shard(zlib.crc32(name.encode()))}


def notice_item(notice: Notice) -> Item:
    """A notice as an item without its key; due until it is announced."""
    return {
        **conversation_item(notice.conversation),
        **_due(notice.id, notice.at + ANNOUNCE_GRACE if notice.unannounced else None),
        "id": notice.id,
        "kind": notice.kind,
        "slot": notice.slot,
        "at": notice.at,
        "extensions": list(notice.extensions),
        "data": dict(notice.data),
        "unannounced": notice.unannounced or None,
        "version": notice.version,
    }


def notice(item: Item) -> Notice:
    """The notice in an item."""
    return Notice(
        id=item["id"],
        kind=item["kind"],
        slot=item["slot"],
        conversation=Conversation(item["account"], item["number"], item["peer"]),
        extensions=tuple(item["extensions"]),
        at=item["at"],
        data=item["data"],
        unannounced=item.get("unannounced", False),
        version=item["version"],
    )


def announcement(item: Item) -> Message | Notice | None:
    """What of an item is to be announced, a message or a notice; None of any other item."""
    if "direction" in item:
        return message(item)
    return notice(item) if "slot" in item else None


def due_shard(number: int) -> str:
    """The name of a partition of the index `due`."""
    return f"DUE#{number % DUE_SHARDS}"


def message(item: Item) -> Message:
    """The message in an item."""
    values = {name: item[name] for name in _PLAIN_FIELDS if name in item}
    values |= {"direction": Direction(item["direction"]), "state": State(item["state"])}
    if "trust" in item:
        values["trust"] = Trust(item["trust"])
    if "keyword" in item:
        values["keyword"] = Keyword(item["keyword"])
    return Message(
        **values,
        conversation=Conversation(item["account"], item["number"], item["peer"]),
        extensions=tuple(item.get("extensions", ())),
        unannounced=item.get("unannounced", False),
        listed_at=item.get("due_at"),
        at_least_once=item.get("at_least_once", False),
        alone=item.get("alone", False),
        looks=item.get("looks", 0),
        journey=tuple(_step(value) for value in item.get("journey", ())),
        receipts=tuple(receipt(value) for value in item.get("receipts", {}).values()),
    )


def _step(value: Item) -> Step:
    return Step(**{name: value[name] for name in _STEP_FIELDS if name in value} | {"state": State(value["state"])})


def receipt(value: Item) -> Receipt:
    """The receipt in an attribute. What a newer version of this code has added is passed over."""
    return Receipt(**{name: value[name] for name in _RECEIPT_FIELDS if name in value})
