"""Messages in the table: stored once, moved forward only, found by our id and by ClickSend's."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import chain
from types import MappingProxyType
from typing import Final

from textension.aws import items, summaries, updates
from textension.aws.circuits import Circuit, circuits
from textension.aws.conversations import opt_out_listing
from textension.aws.items import Key
from textension.aws.table import ConditionFailed, Put, Table, TransactionCancelled, Update, Write
from textension.aws.twins import Twins
from textension.aws.wire import Item, Wire
from textension.clock import HOUR, SECOND, now_ms
from textension.errors import KeyReused, Unavailable
from textension.message import Conversation, Direction, Message, Notice, Receipt
from textension.optout import Keyword
from textension.states import State, sources

STRAY_RECEIPT_TTL: Final = 72 * HOUR
"""How long a receipt waits for the message that it belongs to: ClickSend's own horizon for receipts."""


class Stored(Enum):
    """What a store found."""

    NEW = auto()
    SEEN = auto()
    MATCHED = auto()
    """The same text is there under another id of ClickSend's, which from now on leads to it."""
    DIFFERS = auto()
    """The same id with other content: the first one stays."""
    OPTED_OUT = auto()
    """Nothing was stored: the peer does not want to be texted from this number."""
    BLOCKED = auto()
    """Nothing was stored: the peer is blocked."""
    CAPPED = auto()
    """Nothing was stored: the extension has sent too much."""
    RESENT = auto()
    """Nothing was stored: the message that it would send again was sent again already, or has changed."""
    ERASED = auto()
    """Nothing was stored: its peer has been erased since."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be known before messages are sent. `unreadable` are of another version of this code, or were changed
    by hand; `opted_out` the partitions of conversations whose peer wants no texts; `circuits`, by account, those that
    are not closed."""

    messages: dict[Key, Message]
    unreadable: set[Key]
    opted_out: set[str]
    circuits: dict[str, Circuit]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a receipt's message is. `taken` is as much of it as is certain without reading it, where it is recorded
    that ClickSend has taken it: enough for a step onward from there."""

    key: Key
    taken: Message | None


@dataclass(slots=True)
class Found:
    """What was found at some keys: `unreadable` is of another version of this code, or was changed by hand."""

    gone: int
    readable: list[Message | Notice] = field(default_factory=list)
    unreadable: list[Key] = field(default_factory=list)


_NOTHING: Final[Mapping[Stored, Write]] = MappingProxyType({})


class Messages:
    """The messages of all accounts."""

    def __init__(self, table: Table, *, kept: int = 0) -> None:
        """`kept` is for how many ms a text is kept: at least 30 days, in which its fate is settled; 0 is for ever."""
        self._table = table
        self._kept = kept

    # ------------------------------------------------------------ storing

    def store(
        self,
        message: Message,
        *,
        digest: str,
        unread_for: Sequence[str] = (),
        also: Mapping[Stored, Write] = _NOTHING,
        unless: Collection[str] = (),
    ) -> Stored:
        """Message, pointer and conversation summary in one transaction.

        A repeat changes nothing. A text older than the conversation's last one leaves that in place, and is unread
        all the same. A blocked peer's text is kept and announced to nobody. A text to a peer who has opted out or is
        blocked is not stored. `also` has further writes, by what it means when their condition fails.

        A text that history tells of, or that may be one which history told of, is looked for under other ids first
        (`twins`); `unless` has those that are texts of their own.
        """
        if self._kept:
            ends = max(message.received_at, message.valid_until or 0) + self._kept
            message = replace(message, expires_at=ends // SECOND)
        summary = self._table.get(items.summary_key(message.conversation)) or {} if message.caught_up else None
        for _ in range(6):
            doubtful = summary is not None and summaries.may_have_twin(message, summary)
            if doubtful and Twins(self._table).joined(message, digest, unless=unless):
                return Stored.MATCHED
            reach = summaries.Reach() if summary is None else summaries.Reach.of(message, summary)
            writes = self._writes(message, reach, digest, unread_for)
            try:
                self._table.transact(*writes, *also.values())
            except TransactionCancelled as cancelled:
                if cancelled.failed.keys() & {0, 1}:
                    return _seen(cancelled, digest)
                if 2 not in cancelled.failed:
                    return list(also)[min(cancelled.failed) - len(writes)]
                summary = cancelled.failed[2] or {}
                if refusal := _refusal(message, summary):
                    return refusal
            else:
                return Stored.NEW
        raise Unavailable("the conversation changed faster than it could be written")

    def _writes(self, message: Message, reach: summaries.Reach, digest: str, unread_for: Sequence[str]) -> list[Write]:
        key = items.message_key(message)
        if reach.quiet and message.direction is Direction.INBOUND:
            message = replace(message, unannounced=False)
        writes: list[Write] = [
            Put(key, items.message_item(message)),
            Put(items.pointer_key(message.id), updates.pointer(message, key, digest)),
            summaries.summary(message, reach, unread_for),
        ]
        if message.keyword and reach.in_force:
            opted_out = message.keyword is Keyword.STOP
            writes.append(opt_out_listing(message.conversation, opted_out=opted_out, at=message.sent_at))
        return writes

    # ------------------------------------------------------------ finding

    def locate(self, message_ids: Sequence[str]) -> dict[str, Key]:
        """Where messages are, by our ids, in one request. Those that do not exist are left out."""
        pointers = {items.pointer_key(one): one for one in message_ids}
        found = self._table.get_many(list(pointers))
        return {pointers[key]: _target(item) for key, item in found.items() if "message_sk" in item}

    def locate_receipt(self, account: str, clicksend_id: str, message_id: str | None) -> Located | None:
        """The message of a receipt: by our id, which proved itself, else by ClickSend's; in one request."""
        by_clicksend = items.clicksend_key(account, clicksend_id)
        by_id = items.pointer_key(message_id) if message_id else by_clicksend
        found = self._table.get_many(list({by_clicksend, by_id}))
        pointers = {key: item for key, item in found.items() if "message_sk" in item and item["account"] == account}
        pointer = pointers.get(by_id) or pointers.get(by_clicksend)
        if pointer is None:
            return None
        recorded = pointers.get(by_clicksend, {}).get("message_id") == pointer["message_id"]
        return Located(_target(pointer), _taken(pointer, clicksend_id) if recorded else None)

    def outlook(self, places: Collection[Key]) -> Outlook:
        """The messages at these keys, and what keeps them from being sent, in one request."""
        accounts = {items.account_of(place.pk) for place in places}
        keys = [Key(place.pk, "SUMMARY") for place in places] + [items.circuit_key(account) for account in accounts]
        found = self._table.get_many([*places, *keys])
        messages, unreadable = _readable({place: found[place] for place in places if place in found})
        opted_out = {key.pk for key, item in found.items() if item.get("opted_out")}
        return Outlook(messages, unreadable, opted_out, circuits(accounts, found))

    def get(self, key: Key) -> Message | None:
        """One message; None where there is none, or no more."""
        item = self._table.get(key)
        return items.message(item) if item and not items.expired(item, now_ms()) else None

    def announcements(self, keys: Sequence[Key]) -> Found:
        """What is at up to 100 keys, in one request: messages and notices, and what this code cannot read."""
        items_found = self._table.get_many(keys)
        found = Found(gone=len(keys) - len(items_found))
        for key, item in items_found.items():
            try:
                announcement = items.announcement(item)
            except (KeyError, ValueError, TypeError):
                announcement = None
            if announcement is None:
                found.unreadable.append(key)
            else:
                found.readable.append(announcement)
        return found

    def by_id(self, message_id: str) -> Message | None:
        """One message by our id."""
        key = self.locate([message_id]).get(message_id)
        return self.get(key) if key else None

    def earlier(self, message_id: str, digest: str) -> Message | None:
        """The message that the same content was stored as before. Raises KeyReused where it was other content."""
        pointer = self._table.get(items.pointer_key(message_id))
        if pointer is None or "message_sk" not in pointer:
            return None
        if pointer["digest"] != digest:
            raise KeyReused("this key was used for another text: use a new one")
        return self.get(_target(pointer))

    def due(self, shard: int, until: int, start: Wire | None = None) -> tuple[list[Key], Wire | None]:
        """A page of the keys of messages that are due by then, in one of `items.DUE_SHARDS` shards."""
        return self._table.due(items.due_shard(shard), until, start)

    def thread(
        self, conversation: Conversation, *, limit: int, after: str | None = None
    ) -> tuple[list[Message], str | None]:
        """A page of a conversation, the newest first, and after which one the next page starts (its `order`)."""
        pk = items.conversation_pk(conversation)
        start = Key(pk, f"MESSAGE#{after}").wire if after else None
        page, more = self._table.query(pk=pk, sk_begins="MESSAGE#", forward=False, limit=limit, start=start)
        there = [items.message(item) for item in page if not items.expired(item, now_ms())]
        return there, items.order_of(page[-1]["sk"]) if more and page else None

    def conversations(self, account: str, number: str, *, limit: int) -> list[Conversation]:
        """A number's conversations, the one with the newest text first."""
        page, _ = self._table.inbox(items.inbox(Conversation(account, number, "")), limit=limit)
        return [Conversation(item["account"], item["number"], item["peer"]) for item in page]

    # ------------------------------------------------------------ moving

    def claim(self, wanted: Sequence[Message], *, worker: str, now: int) -> list[Message]:
        """One worker's right to send these queued messages, in one transaction; those that it got.

        Not claimed is what is not queued any more, not yet due, or no longer valid. A claim whose answer was lost
        and that was tried again is known by `worker`. At most 100. Raises Unavailable.
        """
        got: list[Message] = []
        for _ in range(6):
            wanted = [one for one in wanted if _claimable(one, now)]
            if not wanted:
                return got
            claimed = [updates.claimed(one, worker=worker, now=now) for one in wanted]
            try:
                self._table.transact(*map(updates.claim, wanted, claimed))
            except TransactionCancelled as cancelled:
                present = [items.message(item) for item in cancelled.failed.values() if item]
                got += [one for one in present if one.claimed_by == worker]
                wanted = [one for place, one in enumerate(wanted) if place not in cancelled.failed]
                wanted += present  # of those, what was only listed anew meanwhile
            else:
                return got + claimed
        raise Unavailable("the messages changed faster than they could be claimed")

    def move(self, old: Message, new: Message, *, fenced: bool = False) -> Message:
        """Write one legal step (`message.moved`); the message as it is now.

        `fenced` also asks that the attempt is still the one that was read. Raises ConditionFailed with the item
        where the state has gone where this step does not lead from.
        """
        return items.message(self._table.update(updates.step(old, new, fenced=fenced)))

    def amend(self, old: Message, new: Message) -> Message:
        """Write changes that are no step, if nobody wrote in between. Raises ConditionFailed otherwise."""
        fence = {":version": old.version}
        update = updates.change(old, new, "version = :version", fence, may_stay_listed=True)
        return items.message(self._table.update(update))

    def record_sent(self, steps: Sequence[tuple[Message, Message]]) -> list[Message]:
        """Write steps to `sent` of different messages, with their pointers by ClickSend's ids, in one transaction; what
        was written.

        Left out is what somebody else has written of meanwhile, and everything where DynamoDB cannot be reached:
        `move_to_sent` is for that. At most 50.
        """
        while steps:
            writes = [updates.recorded(old, new, None) for old, new in steps]
            owners = [place for place, of_one in enumerate(writes) for _ in of_one]
            try:
                self._table.transact(*chain.from_iterable(writes))
            except TransactionCancelled as cancelled:
                others = {owners[position] for position in cancelled.failed}
                steps = [one for place, one in enumerate(steps) if place not in others]
            except Unavailable:
                break
            else:
                return [new for _, new in steps]
        return []

    def move_to_sent(
        self, old: Message, new: Message, *, fold: Callable[[Message, Collection[Receipt]], Message]
    ) -> Message:
        """Write the step to `sent` together with the pointer by ClickSend's id, in one transaction; what was written.

        Receipts that came before and are waiting under that id are folded in by `fold`, in the same transaction.
        Where a receipt has already moved the message on, only what ClickSend told is filled in.
        """
        told = {name: getattr(new, name) for name in ("clicksend_id", "price", "parts", "sender_id")}
        waiting: tuple[Receipt, ...] = ()
        found: Item | None = None
        for _ in range(6):
            target = fold(new, waiting)
            try:
                self._table.transact(*updates.recorded(old, target, found))
            except TransactionCancelled as cancelled:
                if 0 in cancelled.failed:
                    old = self._as_it_is(old, cancelled.failed[0])
                    new = new if old.state in sources(new.state) else replace(old, **told)
                if 1 in cancelled.failed:
                    found = cancelled.failed[1]
                    waiting = _stray_receipts(found)
            else:
                return target
        raise Unavailable("the message changed faster than it could be recorded")

    def _as_it_is(self, message: Message, found: Item | None) -> Message:
        present = items.message(found) if found else self.get(items.message_key(message))
        if present is None:
            raise Unavailable("the message is not there any more")
        return present

    # ------------------------------------------------------------ receipts

    def record_receipt(self, message: Message, receipt: Receipt) -> None:
        """Write a receipt down without moving the message. A repeat changes nothing."""
        name, code = "#code", receipt.status_code
        self._table.update(
            Update(
                items.message_key(message),
                f"SET receipts.{name} = if_not_exists(receipts.{name}, :receipt) ADD version :one",
                {name: code},
                {":receipt": items.receipt_item(receipt), ":one": 1},
                "attribute_exists(pk)",
            )
        )

    def keep_stray_receipt(self, account: str, clicksend_id: str, receipt: Receipt) -> bool:
        """Keep a receipt whose message is not known (yet) for 72 h; False when the message has appeared meanwhile."""
        try:
            self._table.update(
                Update(
                    items.clicksend_key(account, clicksend_id),
                    "SET #code = if_not_exists(#code, :receipt), account = :account, expires_at = :expires "
                    "ADD version :one",
                    {"#code": f"receipt_{receipt.status_code}"},
                    {
                        ":receipt": items.receipt_item(receipt),
                        ":account": account,
                        ":expires": (receipt.at + STRAY_RECEIPT_TTL) // SECOND,
                        ":one": 1,
                    },
                    "attribute_not_exists(message_sk)",
                )
            )
        except ConditionFailed:
            return False
        return True

    def has_stray_receipt(self, account: str, clicksend_id: str) -> bool:
        """Whether a receipt waits there for its message."""
        return bool(_stray_receipts(self._table.get(items.clicksend_key(account, clicksend_id))))


def _claimable(message: Message, now: int) -> bool:
    waits = message.next_attempt_at is not None and message.next_attempt_at > now
    valid = message.valid_until is None or message.valid_until > now
    return message.state is State.QUEUED and valid and not waits


def _readable(found: Mapping[Key, Item]) -> tuple[dict[Key, Message], set[Key]]:
    messages: dict[Key, Message] = {}
    unreadable: set[Key] = set()
    for key, item in found.items():
        try:
            messages[key] = items.message(item)
        except (KeyError, ValueError, TypeError):
            unreadable.add(key)
    return messages, unreadable


def _target(pointer: Item) -> Key:
    return Key(items.conversation_pk(_conversation(pointer)), pointer["message_sk"])


def _conversation(pointer: Item) -> Conversation:
    return Conversation(pointer["account"], pointer["number"], pointer["peer"])


def _taken(pointer: Item, clicksend_id: str) -> Message:
    """As much of a message as is certain when its pointer by ClickSend's id has been written."""
    sent_at, received_at = items.times_of(pointer["message_sk"])
    return Message(
        id=pointer["message_id"],
        conversation=_conversation(pointer),
        direction=Direction.OUTBOUND,
        text="",
        state=State.SENT,
        sent_at=sent_at,
        received_at=received_at,
        changed_at=received_at,
        clicksend_id=clicksend_id,
    )


def _refusal(message: Message, summary: Item) -> Stored | None:
    if message.direction is Direction.INBOUND:
        return None
    return Stored.OPTED_OUT if summary.get("opted_out") else Stored.BLOCKED if summary.get("blocked") else None


def _seen(cancelled: TransactionCancelled, digest: str) -> Stored:
    pointer = cancelled.failed.get(1)
    if pointer and pointer.get("digest") not in {None, digest}:
        return Stored.DIFFERS
    return Stored.SEEN


def _stray_receipts(pointer: Item | None) -> tuple[Receipt, ...]:
    return tuple(items.receipt(value) for name, value in (pointer or {}).items() if name.startswith("receipt_"))
