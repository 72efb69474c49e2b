"""What the local stack's API Gateway does that ministack's own does not: asked of ministack, in its environment."""

from typing import Final

import pytest

from tests.local.emulator import printed

# An API with one method that needs a token, and one whose function fails.
ASK: Final = """
import asyncio, json
from ministack.services import apigateway_v1
from local import emulator_api_gateway

emulator_api_gateway.apply()

def response(code, **more):
    headers = {"gatewayresponse.header.Content-Type": "'application/problem+json'"}
    template = '{"code": "%s", "request_id": "$context.requestId"}' % code
    return {"responseParameters": headers, "responseTemplates": {"application/json": template}, **more}

def method(**more):
    return {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": "x:lambda:path/fails/invocations"}, **more}

POOL = "arn:aws:cognito-idp:ap-southeast-2:000000000000:userpool/ap-southeast-2_pool"
USERS = {"type": "cognito_user_pools", "providerARNs": [POOL]}
SCHEME = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authorizer": USERS}
SPEC = {
    "info": {"title": "api"},
    "x-amazon-apigateway-gateway-responses": {
        "UNAUTHORIZED": response("unauthenticated", statusCode="401"),
        "MISSING_AUTHENTICATION_TOKEN": response("not_found", statusCode="404"),
        "DEFAULT_5XX": response("internal_error"),
    },
    "components": {"securitySchemes": {"Users": SCHEME}},
    "paths": {"/me": {"get": method(security=[{"Users": []}])}, "/open": {"get": method()}},
}

async def failing(*_call, **_more):
    return {"error": True, "body": {"errorMessage": "secret words"}}, None

apigateway_v1._call_lambda_raw = failing
api_id = apigateway_v1._import_rest_api(SPEC)
apigateway_v1._create_deployment(api_id, {"stageName": "live"})

async def ask(path):
    status, headers, body = await apigateway_v1.handle_execute(api_id, "live", "GET", path, {}, b"", {})
    return status, headers["Content-Type"], json.loads(body)

for path in ("/me", "/open", "/nowhere"):
    print(json.dumps(asyncio.run(ask(path))))
"""

CLAIMS: Final = """
import json
from local.emulator_api_gateway import claims_in_words

print(json.dumps(claims_in_words({
    "cognito:groups": ["admin", "staff"], "exp": 1795503815, "iat": 1795502915, "auth_time": 1795502915,
    "email_verified": True, "email": "101@example.com", "nothing": None,
})))
"""


@pytest.fixture(scope="module")
def answers() -> dict[str, tuple[int, str, dict[str, str]]]:
    """Status, type and body by path."""
    return dict(zip(("/me", "/open", "/nowhere"), map(tuple, printed(ASK)), strict=True))


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/me", 401, "unauthenticated"), ("/nowhere", 404, "not_found"), ("/open", 502, "internal_error")],
)
def test_gateway_responses_of_the_body_are_given(
    answers: dict[str, tuple[int, str, dict[str, str]]], path: str, status: int, code: str
) -> None:
    found, kind, body = answers[path]

    assert (found, kind, body["code"]) == (status, "application/problem+json", code)
    assert len(body["request_id"]) == 36


def test_claims_are_texts_as_a_rest_api_has_them() -> None:
    assert printed(CLAIMS) == [
        {
            "cognito:groups": "admin,staff",
            "exp": "Tue Nov 24 07:03:35 UTC 2026",
            "iat": "Tue Nov 24 06:48:35 UTC 2026",
            "auth_time": "1795502915",
            "email_verified": "true",
            "email": "101@example.com",
        }
    ]
