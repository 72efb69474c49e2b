"""Texts that somebody wants sent: accepted once, within the caps; sent again once; taken back while there is time."""

from dataclasses import dataclass
from typing import Final

from textension import ids, phone, segments
from textension.aws import updates
from textension.aws.caps import Caps
from textension.aws.messages import Messages, Stored
from textension.aws.table import ConditionFailed, Write
from textension.clock import DAY, HOUR, MINUTE, SECOND
from textension.errors import BadInput, Conflict, KeyReused, NotAllowed, OptedOut, TextensionError, TooMany
from textension.message import Conversation, Direction, Message, NumberSettings, Step, first, moved
from textension.states import State

VALIDITY: Final = 24 * HOUR
"""How long an accepted text may wait for ClickSend before it is too old, unless its writer says otherwise."""
LONGEST_VALIDITY: Final = 72 * HOUR
FURTHEST_SCHEDULE: Final = 90 * DAY
MAX_SEGMENTS: Final = 8
"""ClickSend cuts longer texts off without a word (its account setting says 6 or 8 parts)."""
RESENDABLE: Final = frozenset({State.UNRESOLVED, State.REJECTED, State.UNDELIVERED})
CANCELLABLE: Final = frozenset({State.SCHEDULED, State.QUEUED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text that somebody wants sent, times in Unix ms. `origin` is who asks; its `key` makes a repeat the same."""

    origin: str
    key: str
    to: str
    text: str
    author: str | None = None
    schedule_at: int | None = None
    valid_until: int | None = None
    at_least_once: bool = False


def accept(
    draft: Draft, settings: NumberSettings, messages: Messages, *, country: str, now: int, caps: Caps | None = None
) -> Message:
    """Queue or schedule a text, in one transaction; the stream does the rest.

    A repeat of the same draft gives the first answer, whatever became of it meanwhile.
    Raises BadInput (nobody can be texted there), NotAllowed, OptedOut, Conflict (number disabled, peer blocked),
    KeyReused (the key stands for another text), TooMany.
    """
    peer = _recipient(draft.to, settings, country)
    size = _size(draft.text)
    schedule_at, valid_until = _times(draft, now)
    state = State.SCHEDULED if schedule_at else State.QUEUED
    message = Message(
        id=ids.message_id(settings.account, draft.origin, draft.key),
        conversation=Conversation(settings.account, settings.number, peer),
        direction=Direction.OUTBOUND,
        text=draft.text,
        state=state,
        sent_at=now,
        received_at=now,
        changed_at=now,
        extensions=settings.extensions,
        unannounced=True,
        author=draft.author,
        scheduled_at=schedule_at,
        valid_until=valid_until,
        at_least_once=draft.at_least_once,
        journey=(Step(state=state, at=now, source=draft.origin),),
    )
    content = (settings.number, peer, draft.text, str(draft.schedule_at), str(draft.valid_until))
    digest = ids.content_digest(*content, *(("at_least_once",) if draft.at_least_once else ()))
    return _queue(message, settings, messages, digest=digest, size=size.segments, caps=caps, country=country)


def resend(
    old: Message,
    settings: NumberSettings,
    messages: Messages,
    *,
    origin: str,
    author: str | None,
    country: str,
    now: int,
    caps: Caps | None = None,
) -> Message:
    """Send a message again, as a new one, once: whoever asks a second time gets the first answer.

    The new one is not at least once: the machine sends nothing a third time. One that was keeps what is left of its
    validity, whoever asks.
    Raises Conflict where its state does not ask for it, and what `accept` raises.
    """
    if old.direction is not Direction.OUTBOUND or (old.state not in RESENDABLE and old.resent_as is None):
        raise Conflict(f"a message that is {old.state} is not sent again", code="not_resendable")
    left = old.at_least_once and old.valid_until and old.valid_until > now
    until = old.valid_until if left else now + VALIDITY
    message = Message(
        id=ids.message_id(old.account, "resend", old.id),
        conversation=old.conversation,
        direction=Direction.OUTBOUND,
        text=old.text,
        state=State.QUEUED,
        sent_at=now,
        received_at=now,
        changed_at=now,
        extensions=settings.extensions,
        unannounced=True,
        author=author,
        resend_of=old.id,
        valid_until=until,
        journey=(Step(state=State.QUEUED, at=now, source=origin),),
    )
    guard = updates.resent(old, message.id, RESENDABLE)
    size = segments.measure(old.text).segments
    return _queue(message, settings, messages, digest="", size=size, caps=caps, country=country, guard=guard)


def cancel(message: Message, messages: Messages, *, origin: str, now: int) -> Message:
    """Take a text back that has not been sent; the cancelled message. Raises Conflict where it is too late."""
    if message.state is State.CANCELLED:
        return message
    try:
        return messages.move(message, moved(message, State.CANCELLED, at=now, source=origin))
    except ConditionFailed as failed:
        raise Conflict(
            "it is too late: the text is on its way or has been dealt with", code="not_cancellable"
        ) from failed


def _queue(
    message: Message,
    settings: NumberSettings,
    messages: Messages,
    *,
    digest: str,
    size: int,
    caps: Caps | None,
    country: str,
    guard: Write | None = None,
) -> Message:
    refusal = _refusal(message, settings, caps, country)
    counted_at = message.scheduled_at or message.changed_at
    if refusal is None and caps and not caps.take(message.account, size, counted_at):
        refusal = TooMany("the account has sent all that it may today", retry_after=_until_tomorrow(message.changed_at))
    if refusal is not None:
        return _first_answer(messages, message.id, digest, refusal)
    also: dict[Stored, Write] = {}
    if caps and message.author:
        also[Stored.CAPPED] = caps.minute(message.account, message.author, message.changed_at)
    if guard:
        also[Stored.RESENT] = guard
    stored = messages.store(message, digest=digest, also=also)
    if stored is Stored.NEW:
        return message
    if caps:
        caps.give_back(message.account, size, counted_at)
    return _first_answer(messages, message.id, digest, _meaning(stored, message))


def _refusal(message: Message, settings: NumberSettings, caps: Caps | None, country: str) -> TextensionError | None:
    if not settings.enabled:
        return Conflict(f"{settings.number} is disabled: enable it first", code="number_disabled")
    allowed = caps.limits.countries if caps else None
    if allowed is not None and (place := phone.country(message.conversation.peer, country)) not in allowed:
        return NotAllowed(
            f"texts to {place or 'that country'} are not allowed: the operator opens countries by AllowedCountries"
        )
    return None


def _first_answer(messages: Messages, message_id: str, digest: str, refusal: TextensionError) -> Message:
    """What was answered before to the same request; raises the refusal where there was none."""
    if isinstance(refusal, KeyReused):
        raise refusal
    found = messages.earlier(message_id, digest)
    if found is None:
        raise refusal
    return first(found)


def _meaning(stored: Stored, message: Message) -> TextensionError:
    conversation = message.conversation
    match stored:
        case Stored.DIFFERS:
            return KeyReused("this key was used for another text: use a new one")
        case Stored.OPTED_OUT:
            return OptedOut(
                f"{conversation.peer} has opted out of texts from {conversation.number}: only their START lifts that"
            )
        case Stored.BLOCKED:
            return Conflict(f"{conversation.peer} is blocked: unblock it first", code="peer_blocked")
        case Stored.CAPPED:
            wait = (MINUTE - message.changed_at % MINUTE) // SECOND + 1
            return TooMany("you have sent all that one may in a minute", retry_after=wait)
        case Stored.RESENT:
            return Conflict("it was sent again already, or has changed meanwhile", code="not_resendable")
    return Conflict("it was accepted before")


def _recipient(to: str, settings: NumberSettings, country: str) -> str:
    peer = phone.peer(to, country)
    if not phone.is_repliable(peer):
        raise BadInput(f"{peer} is a sender's name: it cannot be texted", code="recipient_not_repliable")
    if peer == settings.number:
        raise BadInput("a number cannot text itself", code="recipient_not_repliable")
    return peer


def _size(text: str) -> segments.Size:
    size = segments.measure(text)
    if not 1 <= size.segments <= MAX_SEGMENTS:
        raise BadInput(
            f"the text has {size.characters} characters in {size.encoding}, {size.segments} segments: "
            f"make it 1 to {MAX_SEGMENTS} segments",
            code="text_empty" if size.segments == 0 else "text_too_long",
        )
    return size


def _times(draft: Draft, now: int) -> tuple[int | None, int]:
    """When to send (None: now), and until when. Raises BadInput."""
    begin = draft.schedule_at if draft.schedule_at and draft.schedule_at > now else None
    if begin and begin > now + FURTHEST_SCHEDULE:
        raise BadInput("schedule_at: at most 90 days from now", code="schedule_invalid")
    until = draft.valid_until or (begin or now) + VALIDITY
    if not (begin or now) < until <= (begin or now) + LONGEST_VALIDITY:
        raise BadInput("valid_until: after the text is to be sent, at most 72 hours", code="validity_invalid")
    return begin, until


def _until_tomorrow(now: int) -> int:
    return (DAY - now % DAY) // SECOND + 1
