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
| what came back of an address | `ACCOUNT#<account>` | `EMAILTROUBLE#<address>` |
| quarantined post | `QUARANTINE#<account>` | `<sha256 of the body>` |
"""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Final

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from textension.message import Conversation, Direction, Message, NumberSettings, Receipt, Step, Trust, order
from textension.optout import Keyword
from textension.states import State, due_at

type Item = dict[str, Any]
"""Plain values by attribute name."""
type Wire = dict[str, Any]
"""The same as DynamoDB's typed attribute values."""

DUE_SHARDS: Final = 8

_serializer: Final = TypeSerializer()
_deserializer: Final = TypeDeserializer()


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key."""

    pk: str
    sk: str

    @property
    def wire(self) -> Wire:
        """As DynamoDB takes it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


def to_wire(item: Mapping[str, Any]) -> Wire:
    """Typed attribute values; None is left out."""
    return {name: _serializer.serialize(value) for name, value in item.items() if value is not None}


def from_wire(wire: Mapping[str, Any]) -> Item:
    """Plain values: whole numbers as int, bytes as bytes."""
    return {name: _plain(_deserializer.deserialize(value)) for name, value in wire.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Binary):
        return bytes(getattr(value, "value"))  # noqa: B009 - boto3's type stubs lack it
    match value:
        case Decimal():
            return int(value)
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list():
            return [_plain(one) for one in value]
    return value


def number_key(number: str) -> Key:
    """Where a number's settings are."""
    return Key(f"NUMBER#{number}", "SETTINGS")


def listing_keys(settings: NumberSettings) -> list[Key]:
    """Where a number is listed: with its account and with each of its extensions."""
    sk = f"NUMBER#{settings.number}"
    extensions = [Key(f"EXTENSION#{settings.account}#{extension}", sk) for extension in settings.extensions]
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


def pointer_key(message_id: str) -> Key:
    """Where the pointer to a message is, by our id."""
    return Key(f"MESSAGE#{message_id}", "POINTER")


def clicksend_key(account: str, clicksend_id: str) -> Key:
    """Where the pointer to an outbound message is, by ClickSend's id."""
    return Key(f"CLICKSEND#{account}#{clicksend_id}", "POINTER")


def email_key(message_id: str, address: str) -> Key:
    """Where it is marked that a message was mailed to an address, whatever its case."""
    return Key(f"MESSAGE#{message_id}", f"EMAIL#{hashlib.sha256(address.lower().encode()).hexdigest()}")


def email_trouble_key(account: str, address: str) -> Key:
    """Where it is noted that mails to an address came back."""
    return Key(f"ACCOUNT#{account}", f"EMAILTROUBLE#{address.lower()}")


def quarantine_key(account: str, digest: str) -> Key:
    """Where a quarantined post is, by the SHA-256 of its body."""
    return Key(f"QUARANTINE#{account}", digest)


_PLAIN_FIELDS: Final = tuple(
    field.name
    for field in fields(Message)
    if field.name not in {"conversation", "extensions", "journey", "receipts", "unannounced", "alone"}
)

_STEP_FIELDS: Final = tuple(field.name for field in fields(Step))
_RECEIPT_FIELDS: Final = tuple(field.name for field in fields(Receipt))


def message_item(message: Message) -> Item:
    """A message as an item without its key; `due_at` and its shard included, where anything is due."""
    due = due_at(message)
    item: Item = {name: getattr(message, name) for name in _PLAIN_FIELDS}
    item |= asdict(message.conversation)
    item |= {
        "extensions": list(message.extensions),
        "journey": [asdict(step) for step in message.journey],
        "receipts": {one.status_code: asdict(one) for one in message.receipts},
        "unannounced": message.unannounced or None,
        "alone": message.alone or None,
        "due_at": due,
        "due_shard": None if due is None else due_shard(zlib.crc32(message.id.encode())),
    }
    return item


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
        alone=item.get("alone", False),
        journey=tuple(_step(value) for value in item.get("journey", ())),
        receipts=tuple(receipt(value) for value in item.get("receipts", {}).values()),
    )


def _step(value: Item) -> Step:
    return Step(**{name: value[name] for name in _STEP_FIELDS if name in value} | {"state": State(value["state"])})


def receipt(value: Item) -> Receipt:
    """The receipt in an attribute. What a newer version of this code has added is passed over."""
    return Receipt(**{name: value[name] for name in _RECEIPT_FIELDS if name in value})
