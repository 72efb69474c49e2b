"""How much waits in a queue."""

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable


def depth(url: str) -> int:
    """The messages in a queue, about. Raises Unavailable."""
    try:
        answer = clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("SQS did not tell the queue's depth") from error
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
