"""What one writes who follows the documentation of Powertools and AWS: for comparison only, deployed nowhere.

A resolver with validation, the idempotency utility on a table, a boto3 resource made outside of the handler, an HTTP
client: as in Powertools' pages on the REST API event handler and on idempotency, and AWS's on Lambda best practices.
"""

import os
from typing import Any

import boto3
import requests
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.parameters import get_secret
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver(enable_validation=True)
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
persistence = DynamoDBPersistenceLayer(table_name=os.environ["TABLE_NAME"])
config = IdempotencyConfig(event_key_jmespath="message_id")
session = requests.Session()


class Text(BaseModel):
    """A text as ClickSend posts it."""

    message_id: str = Field(min_length=1)
    from_: str = Field(alias="from")
    to: str
    body: str


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="text", config=config, persistence_store=persistence
)
def store(text: dict[str, Any]) -> dict[str, Any]:
    """Write a text down, once."""
    table.put_item(Item={"pk": f"CONVERSATION#{text['from']}", "sk": text["message_id"], **text})
    return text


@app.post("/webhook")
def webhook(text: Text) -> dict[str, str]:
    """One text."""
    store(text=text.model_dump(by_alias=True))
    metrics.add_metric("Received", MetricUnit.Count, 1)
    return {"message": "ok"}


@app.post("/send")
def send(text: Text) -> dict[str, Any]:
    """One reply, sent at once."""
    key = get_secret(os.environ["CREDENTIALS_SECRET_ARN"])
    answer = session.post(
        "https://rest.clicksend.com/v3/sms/send",
        json={"messages": [text.model_dump(by_alias=True)]},
        headers={"Authorization": f"Basic {key}"},
        timeout=10,
    )
    answer.raise_for_status()
    return dict(answer.json())


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A REST API's proxy event."""
    return app.resolve(event, context)
