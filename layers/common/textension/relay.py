"""Carries on what the table holds: the world is told of a message's state, the sender is woken."""

import contextlib
from dataclasses import dataclass, replace

from textension import events, ids
from textension.aws.changes import Changes
from textension.aws.conversations import Conversations
from textension.aws.doorbells import Bell, OutboundQueue, Topic
from textension.aws.messages import Messages
from textension.aws.table import ConditionFailed
from textension.clock import Clock, now_ms
from textension.errors import Unavailable
from textension.message import Message, Notice
from textension.states import State


@dataclass(frozen=True, slots=True)
class Untold:
    """What was not announced, or not marked as such, and why."""

    announced: Message | Notice
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Announces messages and notices. Every call may be repeated: events keep their id, claims are guarded."""

    messages: Messages
    conversations: Conversations
    changes: Changes
    topic: Topic
    queue: OutboundQueue
    signer: ids.Signer
    clock: Clock = now_ms

    def announce(self, *announced: Message | Notice) -> list[Untold]:
        """Wake the sender where there is something to send, tell the world of each state or notice, and mark that.

        What SQS, SNS or the table did not take is returned: it is still due. The others are done.
        """
        ringing = {one.id: one for one in announced if isinstance(one, Message) and self._rings(one)}
        unheard = self.queue.ring([self._bell(one) for one in ringing.values()])
        untold = [Untold(one, f"SQS: {unheard[one.id]}") for one in announced if one.id in unheard]
        told = [(one, events.of(one)) for one in announced if one.id not in unheard]
        try:
            # First written down, then told: an app that connects between the two finds it among the changes.
            self.changes.add(((event, _ends(one)) for one, its in told for event in its), self.clock())
        except Unavailable as error:
            return [*untold, *(Untold(one, str(error)) for one, _ in told)]
        missed = self.topic.publish([event for _, its in told for event in its])
        for one, its in told:
            if refused := [missed[event.id] for event in its if event.id in missed]:
                untold.append(Untold(one, f"SNS: {refused[0]}"))
                continue
            try:
                self._mark_told(one, rung=one.id in ringing)
            except Unavailable as error:
                untold.append(Untold(one, f"not marked: {error}"))
        return untold

    def ring_again(self, message: Message) -> None:
        """Wake the sender for a message whose time has come, or whose doorbell had no effect. Raises Unavailable."""
        if self.queue.ring([self._bell(message)]):
            raise Unavailable("SQS did not take the doorbell")
        self._mark(message, replace(message, rung_at=self.clock()))

    def _rings(self, message: Message) -> bool:
        waits = message.next_attempt_at is not None and message.next_attempt_at > self.clock()
        return message.state is State.QUEUED and not waits and message.rung_at is None

    def _bell(self, message: Message) -> Bell:
        conversation = message.conversation
        group = self.signer.group(conversation.account, conversation.number, conversation.peer)
        return Bell(message.id, message.attempt, group)

    def _mark_told(self, one: Message | Notice, *, rung: bool) -> None:
        if isinstance(one, Notice):
            self.conversations.announced(one)
        else:
            self._mark(one, replace(one, unannounced=False, rung_at=self.clock() if rung else one.rung_at))

    def _mark(self, before: Message, after: Message) -> None:
        # Where the message has moved on meanwhile, what it is now will be announced for itself.
        with contextlib.suppress(ConditionFailed):
            self.messages.amend(before, after)


def _ends(one: Message | Notice) -> int | None:
    return one.expires_at if isinstance(one, Message) else None
