"""API Gateway's answers and checks of a REST API, where ministack's are not AWS's.

- Gateway responses: it does not read those of an imported body, which is where SAM puts the template's.
- A function that fails: its 502 does not go through the gateway responses.
- A function that answers without a body, as with 204: it breaks the connection off.
- Cognito authorizer: it lets access tokens in. AWS takes those only for methods with scopes, of which we have none.
- Claims: AWS joins a list by commas, and writes the two times in words.
"""

import time
from typing import Any

from ministack.services import apigateway_v1

GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"

type Answer = tuple[int, dict[str, Any], bytes]


class FunctionFailed(Exception):
    """A function ended without an answer that API Gateway could pass on."""


def apply() -> None:
    """Put everything in place."""
    _read_gateway_responses()
    _answer_for_failed_functions()
    _take_id_tokens_only()
    apigateway_v1._stringify_claims = claims_in_words


def _read_gateway_responses() -> None:
    import_rest_api = apigateway_v1._import_rest_api

    def with_gateway_responses(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id = str(import_rest_api(spec, base_data))
        for kind, response in (spec.get(GATEWAY_RESPONSES) or {}).items():
            status, _, body = apigateway_v1._put_gateway_response(api_id, kind, response)
            if status >= 400:
                raise ValueError(f"the gateway response {kind} is not taken: {body!r}")
        return api_id

    apigateway_v1._import_rest_api = with_gateway_responses


def _answer_for_failed_functions() -> None:
    shape, invoke = apigateway_v1._lambda_proxy_response, apigateway_v1._invoke_lambda_proxy_v1

    def shape_or_fail(result: dict[str, Any]) -> tuple[dict[str, Any], None]:
        response, error = shape(result)
        if error:
            raise FunctionFailed
        return {**response, "body": response.get("body") or ""}, None

    async def answering(*call: Any, **more: Any) -> Any:
        try:
            return await invoke(*call, **more)
        except FunctionFailed:
            return bad_gateway(*call)

    apigateway_v1._lambda_proxy_response = shape_or_fail
    apigateway_v1._invoke_lambda_proxy_v1 = answering


def bad_gateway(*call: Any) -> Answer:
    """The answer for a call of `_invoke_lambda_proxy_v1` whose function failed."""
    _, api_id, stage_name, stage, resource, _, _, headers, _, query_params, path_params = call
    request = {
        "api_id": api_id,
        "stage_name": stage_name,
        "stage": stage,
        "headers": headers or {},
        "query_params": query_params or {},
        "path_params": path_params or {},
        "resource_path": resource["path"],
        "request_id": apigateway_v1.new_uuid(),
    }
    error = apigateway_v1._gw_error("DEFAULT_5XX", "Internal server error")
    _, answer_headers, body = apigateway_v1._gateway_error_response(error, request)
    return 502, answer_headers, body


def _take_id_tokens_only() -> None:
    validate = apigateway_v1._validate_cognito_authorizer

    async def id_tokens_only(authorizer: Any, method: dict[str, Any], *rest: Any) -> Any:
        claims, error = await validate(authorizer, method, *rest)
        if claims and not method.get("authorizationScopes") and claims.get("token_use") != "id":
            return None, apigateway_v1._gw_error("UNAUTHORIZED", "Unauthorized")
        return claims, error

    apigateway_v1._validate_cognito_authorizer = id_tokens_only


def claims_in_words(claims: dict[str, Any] | None) -> dict[str, str]:
    """A token's claims as a function gets them: texts, all of them."""
    return {name: _in_words(name, value) for name, value in (claims or {}).items() if value is not None}


def _in_words(name: str, value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(str(one) for one in value)
        case int() if name in {"exp", "iat"}:
            return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
    return str(value)
