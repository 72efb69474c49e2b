"""SNS and SQS: they ring, the table knows. A bell may ring twice; nobody minds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable
from textension.events import Event

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

BATCH: Final = 10
"""Entries of one request, to SNS as to SQS: https://docs.aws.amazon.com/sns/latest/dg/sns-batch-api-actions.html."""
MOST_BYTES: Final = 250_000
"""Bytes of one request's events: SNS takes 256 KiB, attributes included."""


class Topic:
    """The SNS topic of events."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def publish(self, events: Sequence[Event]) -> dict[str, str]:
        """Publish events, with the attributes that filter policies use; why SNS did not take some, by their ids."""
        missed: dict[str, str] = {}
        for batch in _batches(events):
            entries: list[Any] = [
                {"Id": str(place), "Message": event.body, "MessageAttributes": _attributes_of(event)}
                for place, event in enumerate(batch)
            ]
            try:
                answer = clients.sns().publish_batch(TopicArn=self._arn, PublishBatchRequestEntries=entries)
            except (ClientError, BotoCoreError) as error:
                missed |= dict.fromkeys((event.id for event in batch), _why(error))
            else:
                missed |= {batch[int(one["Id"])].id: one["Code"] for one in answer.get("Failed", ())}
        return missed

    def publish_again(self, body: str) -> None:
        """Publish an event that was published before, out of its own body.

        Raises Unavailable, and ValueError or KeyError for what is no event.
        """
        event = json.loads(body)
        told = event["data"]
        attributes = _attributes(event["type"], told["account"], told["number"], told["extensions"])
        try:
            clients.sns().publish(TopicArn=self._arn, Message=body, MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("SNS did not take the event") from error


def _why(error: ClientError | BotoCoreError) -> str:
    """AWS's code, or what kept it from answering."""
    return error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__


def _attributes_of(event: Event) -> dict[str, MessageAttributeValueTypeDef]:
    conversation = event.conversation
    return _attributes(event.type, conversation.account, conversation.number, event.extensions)


def _attributes(
    kind: str, account: str, number: str, extensions: Sequence[str]
) -> dict[str, MessageAttributeValueTypeDef]:
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        "type": {"DataType": "String", "StringValue": kind},
        "account": {"DataType": "String", "StringValue": account},
        "number": {"DataType": "String", "StringValue": number},
    }
    if extensions:
        attributes["extension"] = {"DataType": "String.Array", "StringValue": json.dumps(extensions)}
    return attributes


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    """What fits into one request each."""
    batch: list[Event] = []
    size = 0
    for event in events:
        weight = len(event.body) + 1_000  # bodies are ASCII; attributes are far shorter
        if batch and (len(batch) == BATCH or size + weight > MOST_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += weight
    if batch:
        yield batch


@dataclass(frozen=True, slots=True)
class Bell:
    """One attempt at one message. `group` keeps a conversation in order."""

    message_id: str
    attempt: int
    group: str


class OutboundQueue:
    """The FIFO queue that wakes the sender. It carries ids only."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ring(self, bells: Sequence[Bell]) -> dict[str, str]:
        """Ask for these attempts; why SQS did not take some doorbells, by their messages' ids.

        The deduplication id has the attempt in it: SQS swallows a repeated one for five minutes.
        """
        unheard: dict[str, str] = {}
        for start in range(0, len(bells), BATCH):
            batch = bells[start : start + BATCH]
            entries: list[Any] = [
                {
                    "Id": str(place),
                    "MessageBody": json.dumps({"message_id": bell.message_id, "attempt": bell.attempt}),
                    "MessageGroupId": bell.group,
                    "MessageDeduplicationId": f"{bell.message_id}:{bell.attempt}",
                }
                for place, bell in enumerate(batch)
            ]
            try:
                answer = clients.sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                unheard |= dict.fromkeys((bell.message_id for bell in batch), _why(error))
            else:
                unheard |= {batch[int(one["Id"])].message_id: one["Code"] for one in answer.get("Failed", ())}
        return unheard
