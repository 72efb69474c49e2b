"""The one door through which texts come in: pushed, replayed or caught up, each is stored once.

Whatever an authenticated post holds, it is kept: as a message, as a receipt, or in quarantine with its reason.
"""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum

from textension import ids, phone
from textension.accepting import Draft, accept
from textension.authenticity import Poster
from textension.aws.caps import Caps
from textension.aws.erasure import ErasedPeers
from textension.aws.messages import Messages, Stored
from textension.aws.numbers import Numbers
from textension.aws.quarantine import Quarantine, Quarantined
from textension.aws.table import Write
from textension.clicksend.pushes import FROM_HISTORY, InboundPush, RawPush, clicksend_id, fields, from_history, parse
from textension.clock import HOUR, Clock, now_ms
from textension.errors import BadInput, Conflict, InvalidNumber, TooMany, Unreadable
from textension.message import HISTORY, Conversation, Direction, Message, NumberSettings, Step, Trust
from textension.optout import Keywords
from textension.receipts import Receipts
from textension.states import State


class Taken(StrEnum):
    """What became of a post."""

    STORED = "stored"
    SEEN = "seen"
    RECEIPT = "receipt"
    STRAY_RECEIPT = "stray_receipt"
    QUARANTINED = "quarantined"
    TOO_OLD = "too_old"
    """Of history: received before the number was the account's. Left there."""
    ERASED = "erased"
    """Of history: its peer has been erased since. Left there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a post, the id of what it is now, and why where it went to quarantine."""

    taken: Taken
    id: str
    reason: str = ""


class _Odd(Exception):
    """Authentic, but not to be taken in."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a text belongs, and how it proved that."""

    settings: NumberSettings
    trust: Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Takes posts in. `poster` is who the post was proven to come from."""

    messages: Messages
    numbers: Numbers
    quarantine: Quarantine
    receipts: Receipts
    signer: ids.Signer
    country: str
    keywords: Keywords = field(default_factory=Keywords.of)
    help_text: str = ""
    """What a peer who asks for help is answered; nothing where it is empty."""
    caps: Caps | None = None
    erased: ErasedPeers | None = None
    """Who was erased, for whoever catches up."""
    clock: Clock = now_ms

    def take(self, raw: RawPush, poster: Poster, *, bare: bool = False, posted_at: int | None = None) -> Outcome:
        """Take one post in. Raises Unavailable when it could not be made durable: then ClickSend must try again.

        `posted_at` (Unix ms) is when a post that is replayed came: its text's time where ClickSend gave none.
        """
        if raw.content_type == FROM_HISTORY:
            raw = replace(raw, content_type="")  # whatever a post calls itself, it was posted
        push = None
        try:
            push = parse(fields(raw))
            if push.subaccount_id.strip() not in poster.subaccount_ids:
                raise _Odd("subaccount_unknown")
            if isinstance(push, InboundPush):
                trust = Trust.SUBACCOUNT if bare else Trust.TOKEN
                return self._text(push, poster.account, trust, posted_at=posted_at)
            stray = self.receipts.take(push, poster.account)
            return Outcome(Taken.STRAY_RECEIPT if stray else Taken.RECEIPT, clicksend_id(push))
        except (Unreadable, _Odd) as odd:
            if isinstance(push, InboundPush) and posted_at is None:
                self.quarantine.note(_message_id(push, poster.account), now=self.clock())
            digest = self.quarantine.keep(poster.account, raw, odd.reason, now=self.clock(), bare=bare)
            return Outcome(Taken.QUARANTINED, digest, odd.reason)

    def recover(
        self, values: dict[str, str], account: str, *, at: int, since: int, unless: Collection[str] = ()
    ) -> Outcome:
        """Take a text in that ClickSend's history has; `values` as ClickSend would have posted them, `at` in Unix ms.

        `since` (Unix ms) is the oldest time for a number that does not say since when it is the account's. `unless` has
        ids that history is known to have, so that texts of these ids are none of other ids. Raises Unavailable.
        """
        try:
            push = parse(values)
            if not isinstance(push, InboundPush):
                raise _Odd("from_missing")
            return self._text(push, account, Trust.HISTORY, since=since, unless=unless)
        except (Unreadable, _Odd) as odd:
            message_id = ids.message_id(account, ids.CLICKSEND, values["message_id"])
            if at < since:
                return Outcome(Taken.TOO_OLD, message_id, odd.reason)
            digest = self.quarantine.keep(account, from_history(values), odd.reason, now=self.clock())
            self.quarantine.note(message_id, now=self.clock())
            return Outcome(Taken.QUARANTINED, digest, odd.reason)

    def replay(self, post: Quarantined, poster: Poster) -> Outcome:
        """Take a quarantined post in again; out of the quarantine only once it is durable elsewhere."""
        if not post.whole:
            return Outcome(Taken.QUARANTINED, post.id, f"{post.reason}: only its first part was kept")
        if post.push.content_type == FROM_HISTORY:
            outcome = self._recovered_again(post)
        else:
            outcome = self.take(post.push, poster, bare=post.bare, posted_at=post.at)
        if outcome.taken is not Taken.QUARANTINED:
            self.quarantine.remove(post.account, post.id)
        return outcome

    def _recovered_again(self, post: Quarantined) -> Outcome:
        push = parse(fields(post.push))
        if not isinstance(push, InboundPush):
            return Outcome(Taken.QUARANTINED, post.id, post.reason)
        try:
            return self._text(push, post.account, Trust.HISTORY)
        except _Odd as odd:
            return Outcome(Taken.QUARANTINED, post.id, odd.reason)

    def _text(
        self,
        push: InboundPush,
        account: str,
        trust: Trust,
        *,
        posted_at: int | None = None,
        since: int | None = None,
        unless: Collection[str] = (),
    ) -> Outcome:
        try:
            peer = phone.peer(push.from_, self.country)
        except InvalidNumber:
            raise _Odd("from_malformed") from None
        place = self._destination(push, account, peer, trust)
        message = self._message(push, place, peer, HISTORY if trust is Trust.HISTORY else ids.CLICKSEND, posted_at)
        if since is not None and message.sent_at < (place.settings.added_at or since):
            return Outcome(Taken.TOO_OLD, message.id)
        if self._erased_since(message):
            return Outcome(Taken.ERASED, message.id)
        digest = ids.content_digest(message.conversation.number, peer, message.text)
        stored = self.messages.store(
            message, digest=digest, unread_for=message.extensions, also=self._unless_erased(message), unless=unless
        )
        if stored is Stored.DIFFERS:
            raise _Odd("same_id_other_content")
        if stored is Stored.ERASED:
            return Outcome(Taken.ERASED, message.id)
        if self.help_text and self.keywords.asks_help(message.text):
            self._help(message, place.settings)
        return Outcome(Taken.STORED if stored is Stored.NEW else Taken.SEEN, message.id)

    def _erased_since(self, message: Message) -> bool:
        """Whether the peer of a text that history tells of was erased after it."""
        if self.erased is None or not message.caught_up:
            return False
        at = self.erased.at(message.account, message.conversation.peer)
        return at is not None and message.sent_at <= at

    def _unless_erased(self, message: Message) -> dict[Stored, Write]:
        if self.erased is None or not message.caught_up:
            return {}
        check = self.erased.not_since(message.account, message.conversation.peer, message.sent_at)
        return {Stored.ERASED: check}

    def _help(self, message: Message, settings: NumberSettings) -> None:
        """Answer who asks for help: at most once an hour, so that two machines do not talk for ever."""
        conversation = message.conversation
        key = f"{conversation.number}\0{conversation.peer}\0{message.sent_at // HOUR}"
        draft = Draft(origin="help", key=key, to=conversation.peer, text=self.help_text)
        # Who opted out, is blocked, or cannot be texted at all gets no answer.
        with contextlib.suppress(BadInput, Conflict, TooMany):
            accept(draft, settings, self.messages, country=self.country, now=self.clock(), caps=self.caps)

    def _destination(self, push: InboundPush, account: str, peer: str, trust: Trust) -> Destination:
        """The number that was texted, or else the one whose message this proves to answer; `trust` without a proof."""
        settings, reason = None, "to_missing"
        if push.recipient:
            reason = "number_unknown"
            try:
                settings = self.numbers.get(phone.e164(push.recipient, self.country))
            except InvalidNumber:
                reason = "to_malformed"
        answered = self.signer.message_of(account, push.echo) if push.echo else None
        if settings is not None and settings.account == account:
            return Destination(settings, Trust.ECHOED_MAC if answered else trust)
        if settings is not None:
            raise _Odd("number_of_other_account")
        if answered and (found := self._answered(answered, account, peer)):
            return Destination(found, Trust.ECHOED_MAC)
        raise _Odd(reason)

    def _answered(self, message_id: str, account: str, peer: str) -> NumberSettings | None:
        """The number whose text to this peer is being answered: ClickSend may have sent it from another one."""
        key = self.messages.locate([message_id]).get(message_id)
        message = self.messages.get(key) if key else None
        if message is None or message.account != account or message.conversation.peer != peer:
            return None
        settings = self.numbers.get(message.conversation.number)
        return settings if settings is not None and settings.account == account else None

    def _message(self, push: InboundPush, place: Destination, peer: str, source: str, posted_at: int | None) -> Message:
        now = self.clock()
        settings = place.settings
        return Message(
            id=_message_id(push, settings.account),
            conversation=Conversation(settings.account, settings.number, peer),
            direction=Direction.INBOUND,
            text=push.text,
            state=State.RECEIVED,
            sent_at=push.at(posted_at or now),
            received_at=now,
            changed_at=now,
            extensions=settings.extensions,
            unannounced=settings.enabled,  # a disabled number stores and shows, and notifies nobody
            clicksend_id=clicksend_id(push),
            trust=place.trust,
            keyword=self.keywords.read(push.text),
            journey=(Step(state=State.RECEIVED, at=now, source=source),),
        )


def _message_id(push: InboundPush, account: str) -> str:
    return ids.message_id(account, ids.CLICKSEND, clicksend_id(push))
