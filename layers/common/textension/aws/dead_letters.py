"""Queues of what was given up: looked at without disturbing it, and sent back, as often as one likes.

SQS can move messages by itself (StartMessageMoveTask), but not those that SNS, Lambda or a schedule put there, and it
does not say what it did with each. So each is received, sent and deleted, in this order: a crash in between sends it
twice, never not at all, and every reader drops what it knows.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageRequestTypeDef

HOLD: Final = 60
"""Seconds that a message is ours while it is sent back; nobody else gets it meanwhile."""
_BATCH: Final = 10
_EMPTY_LOOKS: Final = 3
"""Empty answers that prove a queue empty: SQS asks only some of its servers each time."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that was given up. `sent_at` in Unix ms; `receives` counts looks, these ones too."""

    id: str
    handle: str
    body: str
    sent_at: int
    receives: int
    group: str
    """Of a FIFO queue; empty in others."""
    attributes: Mapping[str, Any]
    """Message attributes, as SQS takes them."""

    def json(self) -> Mapping[str, Any]:
        """The body as an object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class DeadLetters:
    """One such queue. Every method raises Unavailable."""

    def __init__(self, url: str) -> None:
        self._url = url

    def count(self) -> int:
        """How many lie there, about: those that somebody is looking at, too."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        with _errors():
            answer = clients.sqs().get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def peek(self, limit: int) -> list[Letter]:
        """Some of them, the oldest first; they are there for everybody again at once."""
        found: list[Letter] = []
        try:
            found.extend(self._take(limit))
        finally:
            for letter in found:
                self._release(letter)
        return sorted(found, key=lambda one: one.sent_at)

    def each(self, handle: Callable[[Letter], bool], *, seconds: float) -> None:
        """Hand over each that lies there now, once; what `handle` says True of is deleted, the rest is left.

        Begins none after `seconds`.
        """
        deadline = time.monotonic() + seconds
        kept: list[Letter] = []
        try:
            for letter in self._take(self.count()):
                if handle(letter):
                    self._delete(letter)
                else:
                    kept.append(letter)
                if time.monotonic() > deadline:
                    return
        finally:
            for letter in kept:
                self._release(letter)

    def _take(self, limit: int) -> Iterator[Letter]:
        seen: set[str] = set()
        empty = 0
        while len(seen) < limit and empty < _EMPTY_LOOKS:
            with _errors():
                page = clients.sqs().receive_message(
                    QueueUrl=self._url,
                    MaxNumberOfMessages=min(_BATCH, limit - len(seen)),
                    VisibilityTimeout=HOLD,
                    AttributeNames=["All"],
                    MessageAttributeNames=["All"],
                )
            new = [one for one in page.get("Messages", []) if one["MessageId"] not in seen]
            empty = 0 if new else empty + 1
            for one in new:
                seen.add(one["MessageId"])
                yield _letter(one)

    def _delete(self, letter: Letter) -> None:
        with _errors():
            clients.sqs().delete_message(QueueUrl=self._url, ReceiptHandle=letter.handle)

    def _release(self, letter: Letter) -> None:
        with _errors():
            clients.sqs().change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=letter.handle, VisibilityTimeout=0
            )


def send_back(letter: Letter, queue_url: str) -> None:
    """Send a message to the queue that it comes from. Raises Unavailable.

    Its own id is the deduplication id: sent twice within five minutes, it arrives in a FIFO queue once, and its first
    one, which SQS may still remember, does not swallow it.
    """
    request: SendMessageRequestTypeDef = {"QueueUrl": queue_url, "MessageBody": letter.body}
    if letter.attributes:
        request["MessageAttributes"] = dict(letter.attributes)
    if letter.group:
        request |= {"MessageGroupId": letter.group, "MessageDeduplicationId": f"redrive-{letter.id}"}
    with _errors():
        clients.sqs().send_message(**request)


def _letter(message: "MessageTypeDef") -> Letter:
    system = message.get("Attributes", {})
    attributes = {
        name: {key: value for key, value in one.items() if key in {"DataType", "StringValue", "BinaryValue"}}
        for name, one in message.get("MessageAttributes", {}).items()
    }
    return Letter(
        id=message["MessageId"],
        handle=message["ReceiptHandle"],
        body=message["Body"],
        sent_at=int(system.get("SentTimestamp", "0")),
        receives=int(system.get("ApproximateReceiveCount", "1")),
        group=system.get("MessageGroupId", ""),
        attributes=attributes,
    )


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("SQS did not do what it was asked") from error
