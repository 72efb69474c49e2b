"""What time alone does to a message: its validity passes, its worker's lease ends.

Apart from `outbound`, because it needs no HTTP client: a sweep loads none.
"""

import contextlib
from typing import Final

from textension.aws.messages import Messages
from textension.aws.table import ConditionFailed
from textension.message import Message, moved
from textension.states import State

SOURCE: Final = "outbound_sender"
"""Who speaks in the journey of a message that is on its way out."""


def end_lease(messages: Messages, message: Message, *, now: int) -> None:
    """A claim whose worker died: whether ClickSend got the message is unknown."""
    step = moved(message, State.UNKNOWN, at=now, source="sweeper", reason="WORKER_LOST")
    with contextlib.suppress(ConditionFailed):
        messages.move(message, step, fenced=True)


def expire(messages: Messages, message: Message, *, now: int) -> None:
    """A queued message whose validity has passed."""
    step = moved(message, State.EXPIRED, at=now, source=SOURCE, reason="VALIDITY_PASSED")
    with contextlib.suppress(ConditionFailed):
        messages.move(message, step, fenced=True)


def release(messages: Messages, message: Message, *, now: int) -> None:
    """A scheduled text whose time has come is queued, unless it was taken back."""
    with contextlib.suppress(ConditionFailed):
        messages.move(message, moved(message, State.QUEUED, at=now, source="schedule"))
