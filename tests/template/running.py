"""Functions, what they log, and what is not logged."""

import json
import re
from typing import Final

from tests.template.findings import Broken, changing, differs, properties, setting
from tests.template.translated import Template, functions, of_type, target


def each_function_has_a_log_group(template: Template) -> list[str]:
    """Its own, with an end to what it keeps."""
    groups = of_type(template, "AWS::Logs::LogGroup")
    named = {name: target(one.get("LoggingConfig", {}).get("LogGroup")) for name, one in functions(template).items()}
    shared = [group for group in named.values() if list(named.values()).count(group) > 1]
    return [
        f"{name}: {group} is missing, shared or endless"
        for name, group in named.items()
        if group not in groups or group in shared or not groups[group].get("RetentionInDays")
    ]


def functions_run_on(template: Template) -> list[str]:
    """Python 3.13, on the processor that the parameter names, by default Graviton."""
    return differs("Architecture's default", template["Parameters"]["Architecture"]["Default"], "arm64") + [
        f"{name} runs on {one.get('Runtime')} {one.get('Architectures')}"
        for name, one in functions(template).items()
        if (one.get("Runtime"), one.get("Architectures")) != ("python3.13", ["arm64"])
    ]


def no_aliases(template: Template) -> list[str]:
    """A version does not change when only the layer does, so an alias would serve old code."""
    kinds = {"AWS::Lambda::Alias", "AWS::Lambda::Version"}
    return [f"{name} is a {one['Type']}" for name, one in template["Resources"].items() if one["Type"] in kinds]


def nothing_is_traced(template: Template) -> list[str]:
    """Execution logs, data traces and X-Ray would all hold the token or the ticket of an address; an access log, if it
    held more than these variables."""
    found = []
    for kind in ("AWS::ApiGateway::Stage", "AWS::ApiGatewayV2::Stage"):
        for name, stage in of_type(template, kind).items():
            settings = [
                stage,
                *stage.get("MethodSettings", []),
                stage.get("DefaultRouteSettings", {}),
                *stage.get("RouteSettings", {}).values(),
            ]
            found += [f"{name}: {key}={one[key]}" for one in settings for key in _TRACES if _is_on(one.get(key))]
            variables = set(re.findall(r"\$context\.[\w.]+", stage.get("AccessLogSetting", {}).get("Format", "")))
            found += [f"{name} logs {one}" for one in sorted(variables - _LOGGED)]
    for name, function in functions(template).items():
        given = function.get("Environment", {}).get("Variables", {})
        found += [f"{name} sets {key}" for key in ("POWERTOOLS_LOGGER_LOG_EVENT", "POWERTOOLS_DEV") if key in given]
        found += [f"{name} is traced"] if function.get("TracingConfig") else []
    return found


_TRACES: Final = ("LoggingLevel", "DataTraceEnabled", "TracingEnabled", "AccessLogSettings")
_LOGGED: Final = {
    f"$context.{name}"
    for name in ("requestId", "requestTime", "httpMethod", "resourcePath", "status", "responseLength")
} | {"$context.responseLatency", "$context.error.responseType"}
"""What an access log may hold: nothing of anybody, and no address."""


def _is_on(value: object) -> bool:
    return value not in (None, False, "OFF")


def nothing_refers_to_itself(template: Template) -> list[str]:
    """CloudFormation finds a circle of references when it deploys, and sam validate does not find all of them."""
    waiting = {name: _references(one, template) - {name} for name, one in template["Resources"].items()}
    while ready := {name for name, needs in waiting.items() if not needs & waiting.keys()}:
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    return [f"{name} waits for itself" for name in sorted(waiting)]


def _references(resource: dict[str, object], template: Template) -> set[str]:
    text = json.dumps({name: value for name, value in resource.items() if name != "Type"})
    found = re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)[.}]', text)
    depends = resource.get("DependsOn", [])
    named = {one for three in found for one in three} | set(depends if isinstance(depends, list) else [depends])
    return {str(name) for name in template["Resources"] if name in named}


CHECKS: Final = (
    each_function_has_a_log_group,
    functions_run_on,
    no_aliases,
    nothing_is_traced,
    nothing_refers_to_itself,
)


# ---------------------------------------------------------------- what breaks them


def alias_a_function(template: Template) -> None:
    """What AutoPublishAlias adds."""
    template["Resources"]["SweeperAliaslive"] = {"Type": "AWS::Lambda::Alias", "Properties": {}}


def tell_a_function_its_address(template: Template) -> None:
    """The API needs the function, and the function the API's address."""
    variables = properties(template, "AppApi")["Environment"]["Variables"]
    variables["API_URL"] = {"Fn::Sub": "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/live"}


BROKEN: Final[Broken] = (
    (each_function_has_a_log_group, setting("SweeperLogs", RetentionInDays=None)),
    (each_function_has_a_log_group, setting("Sweeper", LoggingConfig=None)),
    (functions_run_on, setting("Sweeper", Runtime="python3.12")),
    (no_aliases, alias_a_function),
    (nothing_is_traced, changing("ApiliveStage", "MethodSettings", 0, LoggingLevel="INFO")),
    (nothing_is_traced, changing("ApiliveStage", "MethodSettings", 0, DataTraceEnabled=True)),
    (nothing_is_traced, setting("ApiliveStage", AccessLogSetting={"Format": "$context.path"})),
    (nothing_is_traced, changing("WebSocketStage", "DefaultRouteSettings", LoggingLevel="ERROR")),
    (nothing_is_traced, setting("WebSocketStage", RouteSettings={"$connect": {"DataTraceEnabled": True}})),
    (nothing_is_traced, setting("WebSocketStage", AccessLogSettings={"Format": "$context.requestId"})),
    (nothing_is_traced, setting("InboundWebhook", TracingConfig={"Mode": "Active"})),
    (nothing_refers_to_itself, tell_a_function_its_address),
)
