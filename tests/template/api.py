"""The two APIs: their addresses, who may use them, and what API Gateway itself answers."""

import json
import re
from typing import Any, Final

from tests.template.findings import Broken, Mutation, changing, differs, setting, without
from tests.template.translated import Template, of_type, target

CONVERSATION: Final = "/api/v1/conversations/{number}/{peer}"
ADDRESSES: Final = {
    "/webhook/clicksend/sms/{token}": {"post", "get"},
    "/webhook/clicksend/sms": {"post"},
    "/webhook/clicksend/receipt/{token}": {"post"},
    "/app": {"get", "head"},
    "/app/{proxy+}": {"get", "head"},
    "/api/v1/openapi.json": {"get"},
    "/api/v1/me": {"get"},
    "/api/v1/numbers": {"get"},
    "/api/v1/conversations": {"get"},
    CONVERSATION: {"get"},
    f"{CONVERSATION}/messages": {"get", "post"},
    f"{CONVERSATION}/read": {"post"},
    f"{CONVERSATION}/block": {"post", "delete"},
    "/api/v1/messages/{message_id}": {"get"},
    "/api/v1/messages/{message_id}/resend": {"post"},
    "/api/v1/messages/{message_id}/cancel": {"post"},
    "/api/v1/changes": {"get"},
    "/api/v1/contacts/{peer}": {"get", "put", "delete"},
    "/api/v1/push-subscriptions/{subscription_id}": {"put", "delete"},
    "/api/v1/segments": {"post"},
    "/api/v1/realtime-tickets": {"post"},
    "/api/v1/admin/numbers": {"get", "put", "delete"},
    "/api/v1/admin/numbers/{number}": {"get", "put", "delete"},
    "/api/v1/admin/messages": {"get"},
    "/api/v1/admin/quarantine": {"get"},
    "/api/v1/admin/quarantine/{post_id}/replay": {"post"},
    "/api/v1/admin/opt-outs": {"get"},
    "/api/v1/admin/opt-outs/{number}/{peer}": {"delete"},
    "/api/v1/admin/health": {"get"},
    "/api/v1/admin/peers/{peer}": {"delete"},
}
OPEN: Final = ("/webhook/clicksend/", "/app", "/api/v1/openapi.json")
"""What needs no token begins with one of these: the webhook has its own, the web app's files are no secret."""
AUTHORIZER: Final = {
    "Users": {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authtype": "cognito_user_pools",
        "x-amazon-apigateway-authorizer": {
            "type": "cognito_user_pools",
            "providerARNs": [{"Fn::GetAtt": ["UserPool", "Arn"]}],
        },
    }
}
GATEWAY_RESPONSES: Final = {
    "UNAUTHORIZED": (401, "unauthenticated"),
    "EXPIRED_TOKEN": (401, "token_expired"),
    "ACCESS_DENIED": (403, "forbidden"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"),
    "RESOURCE_NOT_FOUND": (404, "not_found"),
    "REQUEST_TOO_LARGE": (413, "too_large"),
    "THROTTLED": (429, "too_many_requests"),
    "INTEGRATION_TIMEOUT": (504, "timed_out"),
    "DEFAULT_4XX": (None, "bad_request"),
    "DEFAULT_5XX": (None, "internal_error"),
}
"""Status and code. The defaults stand in for responses of several statuses, so that they set and name none."""
LEADS: Final = {"/webhook/": "InboundWebhook", "/app": "WebApp", "/api/": "AppApi"}
ROUTES: Final = {"$connect", "$disconnect", "$default", "ping"}


def api_body(template: Template) -> dict[str, Any]:
    """The API's OpenAPI document."""
    [api] = of_type(template, "AWS::ApiGateway::RestApi").values()
    body: dict[str, Any] = api["Body"]
    return body


def the_api_answers_at(template: Template) -> list[str]:
    """These addresses and methods, each by its own integration. `ANY` would let through what nobody thought of."""
    paths = api_body(template)["paths"]
    found = {path: set(methods) for path, methods in paths.items()}
    led = {path: next(one for start, one in LEADS.items() if path.startswith(start)) for path in paths}
    misled = [
        f"{method} {path} leads elsewhere"
        for path, methods in paths.items()
        for method, one in methods.items()
        if target(one.get("x-amazon-apigateway-integration", {}).get("uri")) != led[path]
    ]
    return differs("addresses", found, ADDRESSES) + misled


def all_but_the_webhook_need_a_token(template: Template) -> list[str]:
    """An ID token of our user pool; the web app's files and the document that describes the API are open as well."""
    wrong = [
        f"{method} {path} has {one.get('security')}"
        for path, methods in api_body(template)["paths"].items()
        for method, one in methods.items()
        if one.get("security") != [{"NONE" if path.startswith(OPEN) else "Users": []}]
    ]
    return wrong + differs("authorizers", api_body(template)["components"]["securitySchemes"], AUTHORIZER)


def the_gateways_own_answers_are_problems(template: Template) -> list[str]:
    """RFC 9457, as the functions' are, with a code to act on and an id to ask about."""
    responses = api_body(template)["x-amazon-apigateway-gateway-responses"]
    return differs("gateway responses", set(responses), set(GATEWAY_RESPONSES)) + [
        f"{kind}: {trouble}"
        for kind, (status, code) in GATEWAY_RESPONSES.items()
        if kind in responses
        for trouble in _trouble(responses[kind], status, code)
    ]


def _trouble(response: dict[str, Any], status: int | None, code: str) -> list[str]:
    body = json.loads(response["responseTemplates"]["application/json"])
    wanted = {"type": "about:blank", "code": code, "request_id": "$context.requestId"}
    headers = {
        name.removeprefix("gatewayresponse.header."): value for name, value in response["responseParameters"].items()
    }
    challenge = "'Bearer'" if status == 401 else None
    comes_back = code in {"too_many_requests", "timed_out", "internal_error"}
    return [
        *differs("the body", {name: body.get(name) for name in wanted}, wanted),
        *differs("the body's status", body.get("status"), status),
        *differs("the status", response.get("statusCode"), None if status is None else str(status)),
        *differs("Content-Type", headers.get("Content-Type"), "'application/problem+json'"),
        *differs("WWW-Authenticate", headers.get("WWW-Authenticate"), challenge),
        *differs("Retry-After", "Retry-After" in headers, comes_back),
        *([] if body.get("title") and body.get("detail") else ["no title or no detail"]),
    ]


def webhooks_are_throttled(template: Template) -> list[str]:
    """A flood on the webhook must not starve what shares the account's limit."""
    [stage] = of_type(template, "AWS::ApiGateway::Stage").values()
    limits = {
        (one["ResourcePath"].replace("~1", "/").removeprefix("/"), one["HttpMethod"].lower()): (
            one.get("ThrottlingRateLimit"),
            one.get("ThrottlingBurstLimit"),
        )
        for one in stage.get("MethodSettings", [])
    }
    return [
        f"{method} {path}: {limits.get((path, method))}"
        for path, methods in api_body(template)["paths"].items()
        for method in methods
        if path.startswith("/webhook/") and limits.get((path, method)) != (50, 200)
    ]


def bytes_arrive_exact(template: Template) -> list[str]:
    """Else API Gateway replaces what is not UTF-8, and quarantine would keep something else than what came."""
    return differs("binary types", api_body(template).get("x-amazon-apigateway-binary-media-types"), ["*/*"])


def the_websocket_has_its_routes(template: Template) -> list[str]:
    """All of them lead to `realtime`, which asks for the ticket at `$connect`; they are deployed once all are there."""
    routes = of_type(template, "AWS::ApiGatewayV2::Route")
    integration = of_type(template, "AWS::ApiGatewayV2::Integration")["WebSocketIntegration"]
    waits = template["Resources"]["WebSocketStage"].get("DependsOn", [])
    return [
        *differs("routes", {one["RouteKey"] for one in routes.values()}, ROUTES),
        *differs("targets", {json.dumps(one["Target"]) for one in routes.values()}, {_TARGET}),
        *differs(
            "the integration", (integration["IntegrationType"], _function(integration)), ("AWS_PROXY", "Realtime")
        ),
        *differs("the stage waits for", set(waits), set(routes)),
    ]


_TARGET: Final = json.dumps({"Fn::Sub": "integrations/${WebSocketIntegration}"})


def _function(integration: dict[str, Any]) -> str:
    """The function that an integration calls."""
    called = re.search(r"/functions/\$\{(\w+)\.Arn\}/invocations$", integration["IntegrationUri"]["Fn::Sub"])
    return called[1] if called else "nobody"


def websockets_are_throttled(template: Template) -> list[str]:
    """Whoever has no ticket costs a call of the function, too."""
    stage = of_type(template, "AWS::ApiGatewayV2::Stage")["WebSocketStage"]
    limits = {"ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200}
    return differs("limits", stage.get("DefaultRouteSettings"), limits)


CHECKS: Final = (
    the_api_answers_at,
    all_but_the_webhook_need_a_token,
    the_gateways_own_answers_are_problems,
    webhooks_are_throttled,
    bytes_arrive_exact,
    the_websocket_has_its_routes,
    websockets_are_throttled,
)


# ---------------------------------------------------------------- what breaks them


def answer_any_method(template: Template) -> None:
    """What Method: any becomes."""
    paths = api_body(template)["paths"]
    paths["/webhook/clicksend/sms"] = {"x-amazon-apigateway-any-method": paths["/webhook/clicksend/sms"]["post"]}


def securing(path: str, method: str, security: Any) -> Mutation:
    """A method with other, or without, authorizers."""
    return lambda one: api_body(one)["paths"][path][method].update(security=security)


def responding(kind: str, **values: Any) -> Mutation:
    """Another gateway response."""
    return lambda one: api_body(one)["x-amazon-apigateway-gateway-responses"][kind].update(values)


def misnaming(kind: str, **values: Any) -> Mutation:
    """A gateway response whose body says something else; None takes away."""

    def mutate(template: Template) -> None:
        templates = api_body(template)["x-amazon-apigateway-gateway-responses"][kind]["responseTemplates"]
        body = {**json.loads(templates["application/json"]), **values}
        kept = {name: value for name, value in body.items() if value is not None}
        templates["application/json"] = json.dumps(kept)

    return mutate


def lead_astray(template: Template) -> None:
    """A method of the apps that the webhook would answer."""
    paths = api_body(template)["paths"]
    integration = paths["/webhook/clicksend/sms"]["post"]["x-amazon-apigateway-integration"]
    paths["/api/v1/me"]["get"]["x-amazon-apigateway-integration"] = integration


def take_any_pool(template: Template) -> None:
    """An authorizer that trusts another user pool, too."""
    scheme = api_body(template)["components"]["securitySchemes"]["Users"]
    scheme["x-amazon-apigateway-authorizer"]["providerARNs"].append("arn:aws:cognito-idp:::userpool/other")


BROKEN: Final[Broken] = (
    (the_api_answers_at, answer_any_method),
    (the_api_answers_at, lead_astray),
    (the_api_answers_at, lambda one: api_body(one)["paths"].pop("/api/v1/me")),
    (all_but_the_webhook_need_a_token, securing("/api/v1/me", "get", [{"NONE": []}])),
    (all_but_the_webhook_need_a_token, securing("/api/v1/admin/numbers", "put", None)),
    (all_but_the_webhook_need_a_token, securing("/webhook/clicksend/sms/{token}", "post", [{"Users": []}])),
    (all_but_the_webhook_need_a_token, securing("/api/v1/me", "get", [{"Users": ["openid"]}])),
    (all_but_the_webhook_need_a_token, take_any_pool),
    (the_gateways_own_answers_are_problems, responding("UNAUTHORIZED", responseParameters={})),
    (the_gateways_own_answers_are_problems, responding("THROTTLED", statusCode="503")),
    (the_gateways_own_answers_are_problems, responding("DEFAULT_4XX", statusCode="400")),
    (the_gateways_own_answers_are_problems, misnaming("DEFAULT_5XX", status=500)),
    (the_gateways_own_answers_are_problems, misnaming("ACCESS_DENIED", request_id=None)),
    (the_gateways_own_answers_are_problems, misnaming("RESOURCE_NOT_FOUND", code=None)),
    (
        the_gateways_own_answers_are_problems,
        lambda one: api_body(one)["x-amazon-apigateway-gateway-responses"].pop("THROTTLED"),
    ),
    (webhooks_are_throttled, changing("ApiliveStage", "MethodSettings", 0, ThrottlingRateLimit=5000)),
    (webhooks_are_throttled, setting("ApiliveStage", MethodSettings=None)),
    (bytes_arrive_exact, lambda one: api_body(one).update({"x-amazon-apigateway-binary-media-types": ["image/png"]})),
    (the_websocket_has_its_routes, without("DisconnectRoute")),
    (the_websocket_has_its_routes, setting("PingRoute", Target={"Fn::Sub": "integrations/other"})),
    (the_websocket_has_its_routes, setting("WebSocketIntegration", IntegrationUri={"Fn::Sub": "${AppApi.Arn}"})),
    (the_websocket_has_its_routes, lambda one: one["Resources"]["WebSocketStage"].pop("DependsOn")),
    (websockets_are_throttled, setting("WebSocketStage", DefaultRouteSettings=None)),
)
