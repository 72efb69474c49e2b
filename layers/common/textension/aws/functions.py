"""Other functions of the stack, asked directly."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from textension.aws import clients
from textension.errors import Unavailable


class Replayer:
    """`inbound_webhook`, asked to take a quarantined post in again: it has the secrets that this needs."""

    def __init__(self, function: str) -> None:
        self._function = function

    def replay(self, account: str, post_id: str) -> dict[str, Any] | None:
        """What became of the post: `outcome`, `id`, `reason`; None where it is not there. Raises Unavailable."""
        payload = json.dumps({"replay": {"account": account, "post_id": post_id}}).encode()
        try:
            answer = clients.lambda_().invoke(FunctionName=self._function, Payload=payload)
        except (ClientError, BotoCoreError) as error:
            raise Unavailable("inbound_webhook did not answer") from error
        if answer.get("FunctionError"):
            raise Unavailable("inbound_webhook failed: see its log")
        replayed: dict[str, Any] = json.loads(answer["Payload"].read())
        return replayed if replayed["outcome"] else None
