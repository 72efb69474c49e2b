"""SNS and SQS: they ring, the table knows. A bell may ring twice; nobody minds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable
from textension.events import Event

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


class Topic:
    """The SNS topic of events."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def publish(self, event: Event) -> None:
        """Publish one event, with the attributes that filter policies use. Raises Unavailable."""
        conversation = event.conversation
        self._publish(event.body, event.type, conversation.account, conversation.number, event.extensions)

    def publish_again(self, body: str) -> None:
        """Publish an event that was published before, out of its own body.

        Raises Unavailable, and ValueError or KeyError for what is no event.
        """
        event = json.loads(body)
        told = event["data"]
        self._publish(body, event["type"], told["account"], told["number"], told["extensions"])

    def _publish(self, body: str, kind: str, account: str, number: str, extensions: Sequence[str]) -> None:
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            "type": {"DataType": "String", "StringValue": kind},
            "account": {"DataType": "String", "StringValue": account},
            "number": {"DataType": "String", "StringValue": number},
        }
        if extensions:
            attributes["extension"] = {"DataType": "String.Array", "StringValue": json.dumps(extensions)}
        try:
            clients.sns().publish(TopicArn=self._arn, Message=body, MessageAttributes=attributes)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("SNS did not take the event") from error


class OutboundQueue:
    """The FIFO queue that wakes the sender. It carries ids only."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ring(self, message_id: str, attempt: int, group: str) -> None:
        """Ask for one attempt at one message; `group` keeps a conversation in order. Raises Unavailable.

        The deduplication id has the attempt in it: SQS swallows a repeated one for five minutes.
        """
        try:
            clients.sqs().send_message(
                QueueUrl=self._url,
                MessageBody=json.dumps({"message_id": message_id, "attempt": attempt}),
                MessageGroupId=group,
                MessageDeduplicationId=f"{message_id}:{attempt}",
            )
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("SQS did not take the doorbell") from error
