"""The routes of whoever texts: numbers, conversations, messages, what changed."""

import json
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from textension import assemble, segments
from textension.api import models
from textension.api.context import CallerOf, answers
from textension.api.requests import (
    MAX_CURSOR,
    CursorQuery,
    IdempotencyKey,
    LimitQuery,
    Malformed,
    MessagePath,
    NumberPath,
    NumberQuery,
    PeerPath,
    cursor_purpose,
    opened,
    sealed,
)
from textension.aws.changes import Position
from textension.aws.conversations import Place
from textension.caller import Caller
from textension.clock import iso

router = Router()  # type: ignore[no-untyped-call]


@router.get(
    "/me",
    summary="Who you are",
    tags=["me"],
    operation_id="getMe",
    responses=answers(models.Me),
)
def get_me(caller: CallerOf) -> models.Me:
    """What the token says."""
    return models.Me(account=caller.account, extension=caller.extension, email=caller.email, admin=caller.admin)


@router.get(
    "/numbers",
    summary="Your numbers",
    tags=["me"],
    operation_id="listNumbers",
    responses=answers(models.Numbers),
)
def list_numbers(caller: CallerOf) -> models.Numbers:
    """The numbers that your extension may text from."""
    found = assemble.office().my_numbers(caller)
    return models.Numbers(items=[models.Number.of(settings) for settings in found])


# ---------------------------------------------------------------- conversations


@router.get(
    "/conversations",
    summary="Conversations, the newest first",
    tags=["conversations"],
    operation_id="listConversations",
    responses=answers(models.Conversations, 404),
)
def list_conversations(
    caller: CallerOf,
    number: NumberQuery = None,
    cursor: CursorQuery = None,
    limit: LimitQuery = 50,
    unread: Annotated[bool, Query(description="Only those with something unread.")] = False,  # noqa: FBT002
) -> models.Conversations:
    """Of one of your numbers or of all. One that gets a new text moves to the top, behind a cursor's back."""
    office = assemble.office()
    purpose = cursor_purpose(caller.account, caller.extension, "conversations", number or "")
    start = _place(opened(office.signer, purpose, cursor))
    found, place = office.inbox(caller, number=number, limit=limit, place=start)
    if unread:
        found = [one for one in found if one.unread.get(caller.extension)]
    names = office.names(caller, found)
    return models.Conversations(
        items=[models.Conversation.of(one, caller.extension, names.get(one.conversation.peer)) for one in found],
        next=sealed(office.signer, purpose, [place.at, dict(place.after)]) if place else None,
    )


def _place(position: list[object] | None) -> Place | None:
    if position is None:
        return None
    at, after = position
    return Place(int(str(at)), {name: (int(one), str(peer)) for name, (one, peer) in dict(after).items()})  # type: ignore[call-overload]


@router.get(
    "/conversations/<number>/<peer>",
    summary="One conversation",
    tags=["conversations"],
    operation_id="getConversation",
    responses=answers(models.Conversation, 404),
)
def get_conversation(caller: CallerOf, number: NumberPath, peer: PeerPath) -> models.Conversation:
    """An empty one where nothing was said yet."""
    office = assemble.office()
    _, conversation = office.my_conversation(caller, number, peer)
    summary = office.conversations.get(conversation)
    return models.Conversation.of(summary, caller.extension, office.names(caller, [summary]).get(conversation.peer))


@router.post(
    "/conversations/<number>/<peer>/read",
    summary="Mark as read",
    tags=["conversations"],
    operation_id="markRead",
    responses=answers(models.Unread, 404),
)
def mark_read(caller: CallerOf, number: NumberPath, peer: PeerPath, body: models.ReadUpTo) -> models.Unread:
    """For your extension only. What arrived after that message stays unread; reading less again changes nothing."""
    return models.Unread(unread=assemble.office().read(caller, number, peer, body.up_to))


@router.post(
    "/conversations/<number>/<peer>/block",
    summary="Block a peer",
    tags=["conversations"],
    operation_id="blockPeer",
    responses=answers(models.Conversation, 404),
)
def block(caller: CallerOf, number: NumberPath, peer: PeerPath) -> models.Conversation:
    """For everybody who shares the number: its texts are kept, count as read and notify nobody; it cannot be texted."""
    return _blocked(caller, number, peer, blocked=True)


@router.delete(
    "/conversations/<number>/<peer>/block",
    summary="Let a peer through again",
    tags=["conversations"],
    operation_id="unblockPeer",
    responses=answers(models.Conversation, 404),
)
def unblock(caller: CallerOf, number: NumberPath, peer: PeerPath) -> models.Conversation:
    """Whether it was blocked or not."""
    return _blocked(caller, number, peer, blocked=False)


def _blocked(caller: Caller, number: str, peer: str, *, blocked: bool) -> models.Conversation:
    office = assemble.office()
    _, conversation = office.my_conversation(caller, number, peer)
    summary = office.conversations.block(conversation, blocked=blocked)
    return models.Conversation.of(summary, caller.extension, office.names(caller, [summary]).get(conversation.peer))


# ---------------------------------------------------------------- messages


@router.get(
    "/conversations/<number>/<peer>/messages",
    summary="A thread, the newest first",
    tags=["messages"],
    operation_id="listMessages",
    responses=answers(models.Messages, 404),
)
def list_messages(
    caller: CallerOf, number: NumberPath, peer: PeerPath, cursor: CursorQuery = None, limit: LimitQuery = 50
) -> models.Messages:
    """In the order in which the texts were sent, late ones in their place."""
    office = assemble.office()
    _, conversation = office.my_conversation(caller, number, peer)
    purpose = cursor_purpose(caller.account, caller.extension, "messages", conversation.number, conversation.peer)
    found, more = office.messages.thread(conversation, limit=limit, after=opened(office.signer, purpose, cursor))
    return models.Messages(
        items=[models.Message.of(message) for message in found],
        next=sealed(office.signer, purpose, more) if more else None,
    )


@router.post(
    "/conversations/<number>/<peer>/messages",
    summary="Send a text, now or later",
    tags=["messages"],
    operation_id="sendMessage",
    status_code=202,
    responses=answers(models.Message, 404, 409, status=202),
)
def send_message(
    caller: CallerOf, number: NumberPath, peer: PeerPath, key: IdempotencyKey, body: models.NewMessage
) -> models.Message:
    """Queued once for each Idempotency-Key; what becomes of it comes as events.

    The same key and body give the first answer again, for 24 hours at least.
    """
    message = assemble.office().send(
        caller,
        number,
        peer,
        body.text,
        key=key,
        schedule_at=models.unix_ms(body.schedule_at),
        valid_until=models.unix_ms(body.valid_until),
        at_least_once=bool(body.at_least_once),
    )
    return models.Message.of(message)


@router.get(
    "/messages/<message_id>",
    summary="One message and its journey",
    tags=["messages"],
    operation_id="getMessage",
    responses=answers(models.MessageWithJourney, 404),
)
def get_message(caller: CallerOf, message_id: MessagePath) -> models.MessageWithJourney:
    """All that became of it, and when. Admins see every message of the account."""
    return models.MessageWithJourney.of(assemble.office().message(caller, message_id)[1])


@router.post(
    "/messages/<message_id>/resend",
    summary="Send a message again",
    tags=["messages"],
    operation_id="resendMessage",
    status_code=202,
    responses=answers(models.Message, 404, 409, status=202),
)
def resend_message(caller: CallerOf, message_id: MessagePath) -> models.Message:
    """A new message in place of one that is rejected, undelivered or unresolved; once, however often it is asked."""
    return models.Message.of(assemble.office().resend(caller, message_id))


@router.post(
    "/messages/<message_id>/cancel",
    summary="Take a message back",
    tags=["messages"],
    operation_id="cancelMessage",
    responses=answers(models.Message, 404, 409),
)
def cancel_message(caller: CallerOf, message_id: MessagePath) -> models.Message:
    """While it is scheduled or queued."""
    return models.Message.of(assemble.office().cancel(caller, message_id))


@router.post(
    "/segments",
    summary="Measure a text",
    tags=["messages"],
    operation_id="measureText",
    responses=answers(models.Size),
)
def measure(_caller: CallerOf, body: models.Draft) -> models.Size:
    """Its encoding, its length and its number of segments."""
    size = segments.measure(body.text)
    return models.Size(encoding=size.encoding, characters=size.characters, segments=size.segments)


# ---------------------------------------------------------------- what changed


@router.get(
    "/changes",
    summary="What changed since",
    tags=["changes"],
    operation_id="listChanges",
    responses=answers(models.Changes, 400),
)
def list_changes(
    caller: CallerOf,
    since: Annotated[
        str | None,
        Query(
            max_length=MAX_CURSOR, description="`next` of an earlier answer, or a time (RFC 3339) of the last 30 days."
        ),
    ] = None,
    limit: LimitQuery = 100,
) -> models.Changes:
    """All events of your numbers, late ones too, in order of arrival; a repeat has the same id.

    Without `since` nothing, and where the present is. A page may be short while there is `more`.
    """
    office = assemble.office()
    purpose = cursor_purpose(caller.account, caller.extension, "changes")
    found, position, more = office.changed(caller, _position(since, purpose), limit=limit)
    return models.Changes(
        items=[models.Event(**json.loads(change.body)) for change in found],
        next=sealed(office.signer, purpose, [position.after, *position.seen]),
        more=more,
    )


def _position(since: str | None, purpose: str) -> Position | None:
    if since is None:
        return None
    try:
        time = datetime.fromisoformat(since)
    except ValueError:
        after, *seen = opened(assemble.office().signer, purpose, since)
        return Position(after, tuple(seen))
    if time.tzinfo is None:
        raise Malformed("since: give the time with its zone, like 2026-11-22T03:15:00Z", code="since_invalid")
    return Position.at(int(time.timestamp() * 1000))


@router.post(
    "/realtime-tickets",
    summary="A ticket for the WebSocket",
    tags=["changes"],
    operation_id="createTicket",
    status_code=201,
    responses=answers(models.Ticket, status=201),
)
def create_ticket(caller: CallerOf) -> models.Ticket:
    """Connect with `?ticket=` within 30 seconds; each ticket is good once."""
    office = assemble.office()
    ticket = assemble.tickets().issue(caller.account, caller.extension, caller.user, office.clock())
    return models.Ticket(ticket=ticket.text, expires_at=iso(ticket.expires_at))
