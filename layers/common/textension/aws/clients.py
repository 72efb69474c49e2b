"""AWS's clients: made when first used, once, with time-outs that fit a webhook's deadline.

By botocore, which is what boto3's clients are: boto3 adds S3's transfers and resources, a quarter of a cold start.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.session import Session, get_session

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

# Two attempts of at most 2 s each: with any one dependency hung the webhook still answers within 5 s, well under
# the shortest time-out (15 s) that ClickSend's help ever gave.
CONFIG = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=10,
)

# A frame that was not taken at once is not worth waiting for: the apps close their gaps by /changes.
POSTS_AT_ONCE: Final = 32
POSTING: Final = CONFIG.merge(
    Config(retries={"mode": "standard", "total_max_attempts": 1}, max_pool_connections=POSTS_AT_ONCE)
)
# SES may take longer over a mail, and a time-out that comes too early sends it twice.
PATIENT: Final = CONFIG.merge(Config(read_timeout=5))


@functools.cache
def _session() -> Session:
    return get_session()


def _client(service: str, config: Config = CONFIG, **address: str) -> Any:
    factory: Any = _session().create_client  # its stubs know no service by name
    return factory(service, config=config, **address)


@functools.cache
def cloudformation() -> CloudFormationClient:
    """CloudFormation, for the command line."""
    client: CloudFormationClient = _client("cloudformation")
    return client


@functools.cache
def cognito() -> CognitoIdentityProviderClient:
    """Cognito's user pools, for the command line: it answers when the mail is out, which takes longer than others."""
    client: CognitoIdentityProviderClient = _client("cognito-idp", CONFIG.merge(Config(read_timeout=10)))
    return client


@functools.cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB."""
    client: DynamoDBClient = _client("dynamodb")
    return client


@functools.cache
def lambda_() -> LambdaClient:
    """Lambda. What it is asked to do takes longer than a table's answer."""
    client: LambdaClient = _client("lambda", CONFIG.merge(Config(read_timeout=15, retries={"total_max_attempts": 1})))
    return client


@functools.cache
def secretsmanager() -> SecretsManagerClient:
    """Secrets Manager."""
    client: SecretsManagerClient = _client("secretsmanager")
    return client


@functools.cache
def sesv2() -> SESV2Client:
    """SES."""
    client: SESV2Client = _client("sesv2", PATIENT)
    return client


@functools.cache
def sns() -> SNSClient:
    """SNS."""
    client: SNSClient = _client("sns")
    return client


@functools.cache
def sqs() -> SQSClient:
    """SQS."""
    client: SQSClient = _client("sqs")
    return client


@functools.cache
def ssm() -> SSMClient:
    """Systems Manager, for its parameters."""
    client: SSMClient = _client("ssm")
    return client


@functools.cache
def connections(url: str) -> ApiGatewayManagementApiClient:
    """API Gateway's side of the WebSockets of one API; `url` is the API's address with its stage."""
    client: ApiGatewayManagementApiClient = _client("apigatewaymanagementapi", POSTING, endpoint_url=url)
    return client
