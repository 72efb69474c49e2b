"""boto3 clients: made when first used, once, with time-outs that fit a webhook's deadline."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

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
def cloudformation() -> CloudFormationClient:
    """CloudFormation, for the command line."""
    return boto3.client("cloudformation", config=CONFIG)


@functools.cache
def cognito() -> CognitoIdentityProviderClient:
    """Cognito's user pools, for the command line: it answers when the mail is out, which takes longer than others."""
    return boto3.client("cognito-idp", config=CONFIG.merge(Config(read_timeout=10)))


@functools.cache
def dynamodb() -> DynamoDBClient:
    """DynamoDB."""
    return boto3.client("dynamodb", config=CONFIG)


@functools.cache
def lambda_() -> LambdaClient:
    """Lambda. What it is asked to do takes longer than a table's answer."""
    return boto3.client("lambda", config=CONFIG.merge(Config(read_timeout=15, retries={"total_max_attempts": 1})))


@functools.cache
def secretsmanager() -> SecretsManagerClient:
    """Secrets Manager."""
    return boto3.client("secretsmanager", config=CONFIG)


@functools.cache
def sesv2() -> SESV2Client:
    """SES."""
    return boto3.client("sesv2", config=PATIENT)


@functools.cache
def sns() -> SNSClient:
    """SNS."""
    return boto3.client("sns", config=CONFIG)


@functools.cache
def sqs() -> SQSClient:
    """SQS."""
    return boto3.client("sqs", config=CONFIG)


@functools.cache
def ssm() -> SSMClient:
    """Systems Manager, for its parameters."""
    return boto3.client("ssm", config=CONFIG)


@functools.cache
def connections(url: str) -> ApiGatewayManagementApiClient:
    """API Gateway's side of the WebSockets of one API; `url` is the API's address with its stage."""
    return boto3.client("apigatewaymanagementapi", endpoint_url=url, config=POSTING)
