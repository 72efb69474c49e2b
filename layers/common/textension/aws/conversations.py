"""Conversations in the table: a number's inbox, what an extension has read, who was blocked, who opted out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from textension import events
from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import ConditionFailed, Put, Table, TransactionCancelled, Update, Write
from textension.aws.wire import Item, Wire, to_wire
from textension.clock import DAY, SECOND, now_ms
from textension.errors import NotFound, Unavailable
from textension.message import Conversation, Direction, Notice, NumberSettings

UNREAD_COUNTED: Final = 100
"""The newest messages of a conversation, among which those are counted that arrived after the one read up to."""
LIFTED_TTL: Final = 30 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A conversation as a list shows it. `last_at` in Unix ms (whole seconds); 0 where nothing was said yet."""

    conversation: Conversation
    last_at: int = 0
    last_text: str = ""
    last_direction: Direction | None = None
    last_message_id: str = ""
    unread: Mapping[str, int]
    """By extension; those that have read everything may be missing."""
    opted_out: bool = False
    opt_out_at: int | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class OptOut:
    """A peer who is not to be texted from a number, since `at` (Unix ms)."""

    conversation: Conversation
    at: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the inboxes of several numbers a reader has come to.

    `at` is the `last_at` of the last conversation that was given; `after` has, for each number that gave one, that
    conversation's `last_at` and peer.
    """

    at: int
    after: Mapping[str, tuple[int, str]]


class Conversations:
    """The conversations of all accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, conversation: Conversation) -> Summary:
        """One conversation; an empty one where nothing was said yet."""
        item = self._table.get(items.summary_key(conversation))
        return _summary(item) if item else Summary(conversation=conversation, unread={})

    def page(
        self, account: str, numbers: Sequence[str], *, limit: int, place: Place | None = None
    ) -> tuple[list[Summary], Place | None]:
        """A page of the inboxes of these numbers, merged, the newest first; one query for each number."""
        candidates: list[tuple[int, str, Item]] = []
        more = False
        for number in numbers:
            found, rest = self._inbox(account, number, limit, place)
            candidates += [(item["last_at"], number, item) for item in found]
            more = more or rest
        candidates.sort(key=lambda one: -one[0])
        chosen = candidates[:limit]
        if not chosen or not (more or len(candidates) > limit):
            return [_summary(item) for _, _, item in chosen], None
        after = dict(place.after) if place else {}
        after |= {number: (at, item["peer"]) for at, number, item in chosen}
        return [_summary(item) for _, _, item in chosen], Place(chosen[-1][0], after)

    def _inbox(self, account: str, number: str, limit: int, place: Place | None) -> tuple[list[Item], bool]:
        inbox = items.inbox(Conversation(account, number, ""))
        start: Wire | None = None
        if place and number in place.after:
            at, peer = place.after[number]
            key = items.summary_key(Conversation(account, number, peer))
            start = {**key.wire, **to_wire({"inbox": inbox, "last_at": at})}
        found, rest = self._table.inbox(inbox, limit=limit, start=start, until=place.at if place else None)
        return found, rest is not None

    # ------------------------------------------------------------ read marks

    def read(self, conversation: Conversation, extension: str, *, up_to: str, now: int) -> int:
        """Note that an extension has read a conversation up to that message; how many are unread after it.

        What arrived later stays unread, however old it says it is. Reading less than before changes nothing.
        Raises NotFound where the conversation has no such message.
        """
        summary_key, pointer_key = items.summary_key(conversation), items.pointer_key(up_to)
        for _ in range(6):
            found = self._table.get_many([summary_key, pointer_key])
            summary, pointer = found.get(summary_key), found.get(pointer_key)
            if not summary or not pointer or _conversation(pointer) != conversation:
                raise NotFound("this conversation has no such message")
            unread = self._unread_after(conversation, pointer["message_sk"], summary, extension)
            before = summary.get(f"unread_{extension}", 0)
            if before <= unread:
                return int(before)
            if self._mark_read(conversation, extension, up_to, unread, summary["version"], now):
                return unread
        raise Unavailable("the conversation changed faster than it could be marked")

    def _unread_after(self, conversation: Conversation, message_sk: str, summary: Item, extension: str) -> int:
        before: int = summary.get(f"unread_{extension}", 0)
        if not before:
            return 0
        arrived = _arrived(message_sk)
        pk = items.conversation_pk(conversation)
        page, _ = self._table.query(pk=pk, sk_begins="MESSAGE#", forward=False, limit=UNREAD_COUNTED, consistent=True)
        later = [one for one in page if one["direction"] == Direction.INBOUND and one["received_at"] > arrived]
        return min(before, len(later))

    def _mark_read(
        self, conversation: Conversation, extension: str, up_to: str, unread: int, version: int, now: int
    ) -> bool:
        notice = events.read(conversation, extension, up_to=up_to, unread=unread, at=now)
        summary = Update(
            items.summary_key(conversation),
            "SET #unread = :unread ADD version :one",
            {"#unread": f"unread_{extension}"},
            {":unread": unread, ":one": 1, ":version": version},
            "version = :version",
        )
        try:
            self._table.transact(summary, announce(notice))
        except TransactionCancelled:
            return False
        return True

    # ------------------------------------------------------------ block, opt-out

    def block(self, conversation: Conversation, *, blocked: bool) -> Summary:
        """Block a peer, or let it through again. A blocked one's texts are kept and notify nobody."""
        values = {**asdict(conversation), "blocked": blocked}
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        item = self._table.update(
            Update(
                items.summary_key(conversation),
                f"SET {sets} REMOVE expires_at ADD version :one",  # a block outlives all texts
                {f"#{name}": name for name in values},
                {**{f":{name}": value for name, value in values.items()}, ":one": 1},
            )
        )
        return _summary(item)

    def opt_outs(
        self, account: str, *, limit: int, number: str = "", start: str | None = None
    ) -> tuple[list[OptOut], str | None]:
        """A page of who opted out, by number and peer, and where the next one starts. A page may be short."""
        pk = f"OPTOUT#{account}"
        page, more = self._table.query(
            pk=pk,
            sk_begins=f"{number}#" if number else "",
            limit=limit,
            start=Key(pk, start).wire if start else None,
            consistent=True,
        )
        found = [OptOut(_conversation(one), one["opt_out_at"]) for one in page if one["opted_out"]]
        return found, more["sk"]["S"] if more else None

    def lift_opt_out(self, conversation: Conversation, settings: NumberSettings, *, by: str, now: int) -> None:
        """Lift an opt-out, on the word of `by`. Raises NotFound where there is none."""
        second = now // SECOND * SECOND
        notice = events.opted_out(conversation, settings.extensions, at=now, by=by)
        summary = Update(
            items.summary_key(conversation),
            "SET opted_out = :no, opt_out_at = :at ADD version :one",
            {},
            {":no": False, ":yes": True, ":at": second, ":one": 1},
            "opted_out = :yes",
        )
        try:
            self._table.transact(summary, opt_out_listing(conversation, opted_out=False, at=second), announce(notice))
        except TransactionCancelled as cancelled:
            raise NotFound("this peer has not opted out of this number") from cancelled

    # ------------------------------------------------------------ notices

    def announced(self, notice: Notice) -> None:
        """Note that a notice has been announced, unless another one has taken its place."""
        try:
            self._table.update(
                Update(
                    items.notice_key(notice),
                    "REMOVE unannounced, due_at, due_shard ADD version :one",
                    {"#id": "id"},
                    {":id": notice.id, ":one": 1},
                    "#id = :id",
                )
            )
        except ConditionFailed:
            return


def announce(notice: Notice) -> Write:
    """The write that has a notice announced, in place of an older one of its slot."""
    return Put(items.notice_key(notice), items.notice_item(notice), condition="")


def opt_out_listing(conversation: Conversation, *, opted_out: bool, at: int) -> Write:
    """The write that lists a peer as opted out, or no more."""
    item = {
        **asdict(conversation),
        "opted_out": opted_out,
        "opt_out_at": at,
        "expires_at": None if opted_out else (at + LIFTED_TTL) // SECOND,
        "version": 1,
    }
    return Put(items.opt_out_key(conversation), item, condition="")


def _arrived(message_sk: str) -> int:
    """When a message arrived, out of its sort key: after the provider's second come our milliseconds."""
    return int(items.order_of(message_sk)[10:23])


def _conversation(item: Item) -> Conversation:
    return Conversation(item["account"], item["number"], item["peer"])


def _summary(item: Item) -> Summary:
    over = items.expired({"expires_at": item["last_expires_at"]}, now_ms()) if "last_expires_at" in item else False
    return Summary(
        conversation=_conversation(item),
        last_at=item.get("last_at", 0),
        last_text="" if over else item.get("last_text", ""),
        last_direction=Direction(item["last_direction"]) if "last_direction" in item else None,
        last_message_id=item.get("last_message_id", ""),
        unread={name.removeprefix("unread_"): count for name, count in item.items() if name.startswith("unread_")},
        opted_out=item.get("opted_out", False),
        opt_out_at=item.get("opt_out_at"),
        blocked=item.get("blocked", False),
    )
