"""Carries on what the table holds: the world is told of a message's state, the sender is woken."""

import contextlib
from dataclasses import dataclass, replace

from textension import events, ids
from textension.aws.changes import Changes
from textension.aws.conversations import Conversations
from textension.aws.doorbells import OutboundQueue, Topic
from textension.aws.messages import Messages
from textension.aws.table import ConditionFailed
from textension.clock import Clock, now_ms
from textension.message import Message, Notice
from textension.states import State


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

    def announce(self, announced: Message | Notice) -> None:
        """Publish a message's state or a notice, wake the sender where there is something to send, and mark that.

        Raises Unavailable when SNS, SQS or the table did not take it: then it is still due.
        """
        ring = isinstance(announced, Message) and self._rings(announced)
        if isinstance(announced, Message) and ring:
            self._ring(announced)
        until = announced.expires_at if isinstance(announced, Message) else None
        for event in events.of(announced):
            # First written down, then told: an app that connects between the two finds it among the changes.
            self.changes.add(event, self.clock(), until=until)
            self.topic.publish(event)
        if isinstance(announced, Notice):
            self.conversations.announced(announced)
        else:
            rung_at = self.clock() if ring else announced.rung_at
            self._mark(announced, replace(announced, unannounced=False, rung_at=rung_at))

    def ring_again(self, message: Message) -> None:
        """Wake the sender for a message whose time has come, or whose doorbell had no effect. Raises Unavailable."""
        self._ring(message)
        self._mark(message, replace(message, rung_at=self.clock()))

    def _rings(self, message: Message) -> bool:
        waits = message.next_attempt_at is not None and message.next_attempt_at > self.clock()
        return message.state is State.QUEUED and not waits and message.rung_at is None

    def _ring(self, message: Message) -> None:
        conversation = message.conversation
        group = self.signer.group(conversation.account, conversation.number, conversation.peer)
        self.queue.ring(message.id, message.attempt, group)

    def _mark(self, before: Message, after: Message) -> None:
        # Where the message has moved on meanwhile, what it is now will be announced for itself.
        with contextlib.suppress(ConditionFailed):
            self.messages.amend(before, after)
