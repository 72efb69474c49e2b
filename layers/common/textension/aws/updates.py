"""The updates that messages and their conversations take, as DynamoDB's expressions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from textension.aws import items
from textension.aws.items import Key
from textension.aws.table import Put, Update, Write
from textension.aws.wire import Item
from textension.clock import DAY, SECOND
from textension.message import Message, moved
from textension.states import LEASE, State, listed, sources

IDS_KEPT: Final = 120 * DAY
"""For so long at least a stored text's id is known: its post may wait in quarantine for 90 days, and be replayed."""

# What a step decides anew, whatever somebody else wrote since the message was read: the relay, for one, marks a
# state announced while the sender still holds the copy that says it is not.
_OF_THE_STATE: Final = frozenset(
    {
        "state",
        "changed_at",
        "reason",
        "unannounced",
        "due_at",
        "due_shard",
        "lease_until",
        "claimed_by",
        "next_attempt_at",
        "next_look_at",
        "looks",
        "rung_at",
    }
)


@dataclass(slots=True)
class Expression:
    """An update expression in the making."""

    sets: list[str] = field(default_factory=list)
    removes: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)

    def set(self, name: str, value: Any, template: str = "{name} = {value}") -> None:
        """SET one attribute; `template` may compute with {name} and {value}."""
        mark = f"a{len(self.names)}"
        self.names[f"#{mark}"], self.values[f":{mark}"] = name, value
        self.sets.append(template.format(name=f"#{mark}", value=f":{mark}"))

    def remove(self, name: str) -> None:
        """REMOVE one attribute."""
        mark = f"#a{len(self.names)}"
        self.names[mark] = name
        self.removes.append(mark)

    def put(self, name: str, value: Any) -> None:
        """SET one attribute, or REMOVE it where its value is None."""
        if value is None:
            self.remove(name)
        else:
            self.set(name, value)

    @property
    def text(self) -> str:
        """The expression; the version always grows."""
        clauses = [f"SET {', '.join(self.sets)}"] if self.sets else []
        clauses += [f"REMOVE {', '.join(self.removes)}"] if self.removes else []
        self.values[":one"] = 1
        return " ".join([*clauses, "ADD version :one"])


def claimed(message: Message, *, worker: str, now: int) -> Message:
    """The message as a claim makes it: one worker's, with a lease. Nobody is told of that, but of what comes of it."""
    lease = now + LEASE
    return moved(
        message,
        State.SENDING,
        at=now,
        source="outbound_sender",
        claimed_by=worker,
        lease_until=lease,
        unannounced=False,
        listed_at=listed(message.listed_at, lease),
        version=message.version + 1,
    )


def claim(before: Message, after: Message) -> Update:
    """Queued, due and valid becomes `after` (`claimed`), if it is still listed for when it was."""
    listed_still = "attribute_not_exists(due_at)" if before.listed_at is None else "due_at = :was_listed"
    return Update(
        items.message_key(before),
        "SET #state = :sending, changed_at = :now, lease_until = :lease, claimed_by = :worker, due_at = :listed, "
        "journey = list_append(journey, :step), reason = :none "
        "REMOVE next_attempt_at, next_look_at, rung_at, unannounced ADD version :one",
        {"#state": "state"},
        {
            ":sending": State.SENDING,
            ":queued": State.QUEUED,
            ":now": after.changed_at,
            ":lease": after.lease_until,
            ":worker": after.claimed_by,
            ":listed": after.listed_at,
            **({} if before.listed_at is None else {":was_listed": before.listed_at}),
            ":step": [items.step_item(after.journey[-1])],
            ":none": "",
            ":one": 1,
        },
        f"#state = :queued AND {listed_still} "
        "AND (attribute_not_exists(next_attempt_at) OR next_attempt_at <= :now) "
        "AND (attribute_not_exists(valid_until) OR valid_until > :now)",
    )


def step(old: Message, new: Message, *, fenced: bool) -> Update:
    """The update for one step, under the condition that the state is one that may become the new one."""
    allowed = {f":s{index}": state for index, state in enumerate(sorted(sources(new.state)))}
    condition = f"#s IN ({', '.join(allowed)})" + (" AND attempt = :attempt" if fenced else "")
    values = {**allowed, **({":attempt": old.attempt} if fenced else {})}
    # Of a message that is being sent nobody else changes for when it is listed.
    stays = fenced and old.state is State.SENDING
    return change(old, new, condition, values, names={"#s": "state"}, always=_OF_THE_STATE, may_stay_listed=stays)


def change(
    old: Message,
    new: Message,
    condition: str,
    values: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
    always: frozenset[str] = frozenset(),
    may_stay_listed: bool = False,
) -> Update:
    """The update that writes what differs between the two, and what is `always` to be written.

    It `may_stay_listed` for when it is where the condition vouches for that, and that is early enough.
    """
    changed = items.changed(old, new, always)
    due = changed.get("due_at")
    if may_stay_listed and due is not None and listed(old.listed_at, due) == old.listed_at:
        del changed["due_at"], changed["due_shard"]
    expression = Expression()
    for name, value in changed.items():
        expression.put(name, value)
    if added := new.journey[len(old.journey) :]:
        steps = [items.step_item(step) for step in added]
        expression.set("journey", steps, "{name} = list_append({name}, {value})")
    known = {receipt.status_code for receipt in old.receipts}
    for receipt in new.receipts:
        if receipt.status_code not in known:
            expression.names["#receipts"] = "receipts"
            written = items.receipt_item(receipt)
            expression.set(receipt.status_code, written, "#receipts.{name} = if_not_exists(#receipts.{name}, {value})")
    text = expression.text
    return Update(
        items.message_key(old),
        text,
        {**expression.names, **(names or {})},
        {**expression.values, **values},
        condition,
    )


def resent(old: Message, new_id: str, states: Collection[State]) -> Update:
    """The update that marks a message as sent again, if it is in one of these states and was not sent again yet."""
    allowed = {f":s{index}": state for index, state in enumerate(sorted(states))}
    return Update(
        items.message_key(old),
        "SET resent_as = :new ADD version :one",
        {"#state": "state"},
        {":new": new_id, ":one": 1, **allowed},
        f"attribute_not_exists(resent_as) AND #state IN ({', '.join(allowed)})",
    )


def recorded(old: Message, new: Message, found: Item | None) -> list[Write]:
    """The writes that record ClickSend's answer: the step, or what it told of a message that has moved on already;
    and the pointer by its id, over `found` where something was waiting there."""
    if new.state is old.state:
        update = change(old, new, "version = :version", {":version": old.version})
    else:
        update = step(old, new, fenced=True)
    if new.clicksend_id is None:
        return [update]
    key = items.clicksend_key(new.account, new.clicksend_id)
    item = pointer(new, items.message_key(new), digest="")
    if found is None:
        return [update, Put(key, item)]
    return [update, Put(key, item, condition="version = :found", values={":found": found["version"]})]


def pointer(message: Message, key: Key, digest: str) -> Item:
    """A pointer to a message, which lies at `key`. It ends with it, after `IDS_KEPT` at the soonest."""
    ends = message.expires_at and max(message.expires_at, (message.received_at + IDS_KEPT) // SECOND)
    return {
        "expires_at": ends,
        **items.conversation_item(message.conversation),
        "message_id": message.id,
        "message_sk": key.sk,
        "digest": digest,
        "version": 1,
    }
