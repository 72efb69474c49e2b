"""What must hold in the translated template: one small function for each rule, which returns what breaks it."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.template.translated import (
    BASIC_EXECUTION,
    SERVICE_ROLES,
    Properties,
    Template,
    allowed,
    each,
    functions,
    of_type,
    role_of,
    statements,
    target,
)

type Check = Callable[[Template], list[str]]

WEBHOOKS: Final = {
    "/webhook/clicksend/sms/{token}": {"post", "get"},
    "/webhook/clicksend/sms": {"post"},
    "/webhook/clicksend/receipt/{token}": {"post"},
}
SECRET_READERS: Final = {
    "CredentialsSecret": {"OutboundSender", "Sweeper"},
    "WebhookSecret": {"InboundWebhook"},
    "SigningSecret": {"AppApi", "EmailNotifier", "InboundWebhook", "OutboundSender", "StreamRelay", "Sweeper"},
}
TABLE_WRITERS: Final = {
    "InboundWebhook": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "OutboundSender": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "StreamRelay": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "Sweeper": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
    "AppApi": {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"},
    "Realtime": {"dynamodb:PutItem", "dynamodb:DeleteItem"},
    "EmailNotifier": {"dynamodb:PutItem", "dynamodb:UpdateItem"},
}
OUTPUTS: Final = {
    "ApiUrl",
    "WebhookUrl",
    "TableName",
    "EventsTopicArn",
    "OutboundQueueUrl",
    "OutboundDeadLetterQueueUrl",
    "CredentialsSecretArn",
    "WebhookSecretArn",
}
MANAGE_CONNECTIONS: Final = "execute-api:ManageConnections"
CONNECTIONS: Final = ":${AWS::AccountId}:${WebSocketApi}/live/POST/@connections/*"
DAY: Final = 86_400
PAGES: Final = re.compile(r"/api/v1/openapi\.json$|/app(/|$)|/$")
LOGGED: Final = {
    f"$context.{name}"
    for name in ("requestId", "requestTime", "httpMethod", "resourcePath", "status", "responseLength")
} | {"$context.responseLatency", "$context.error.responseType"}
"""What an access log may hold: nothing of anybody, and no address."""


def _differs(what: str, found: object, wanted: object) -> list[str]:
    return [] if found == wanted else [f"{what} is {found}, not {wanted}"]


# ---------------------------------------------------------------- who may do what


def one_role_for_each_function(template: Template) -> list[str]:
    """A role that two functions share allows each what only the other needs."""
    roles = [role_of(function) for function in functions(template).values()]
    return [f"{role} is shared" for role in sorted({one for one in roles if roles.count(one) > 1})]


def no_wildcards(template: Template) -> list[str]:
    """No action and no resource with a star, but the connections of our own WebSocket API, which API Gateway names; and
    of AWS's policies only the one for logs."""
    return [
        f"{role}: {reason}"
        for role in of_type(template, "AWS::IAM::Role")
        for statement in statements(template, role)
        for reason in _wildcards(statement)
    ] + [
        f"{role}: {arn}"
        for role, properties in of_type(template, "AWS::IAM::Role").items()
        for arn in properties.get("ManagedPolicyArns", [])
        if arn != SERVICE_ROLES + BASIC_EXECUTION
    ]


def _wildcards(statement: dict[str, Any]) -> Iterator[str]:
    yield from ("Not… allows the rest" for name in ("NotAction", "NotResource") if name in statement)
    for name in ("Action", "Resource"):
        for one in each(statement.get(name, [])):
            ours = isinstance(one, dict) and str(one.get("Fn::Sub", "")).endswith(CONNECTIONS)
            if "*" in json.dumps(one) and not (ours and each(statement["Action"]) == [MANAGE_CONNECTIONS]):
                yield json.dumps(one)


def one_function_speaks_to_the_apps(template: Template) -> list[str]:
    """Whoever else could would reach every phone. Speaking is posting: nobody may end or list connections."""
    found = {
        (function, action, json.dumps(resource))
        for function, properties in functions(template).items()
        for statement in statements(template, role_of(properties))
        for action in each(statement["Action"])
        for resource in each(statement["Resource"])
        if action.startswith("execute-api:")
    }
    return [
        f"{function} may {action} on {resource}"
        for function, action, resource in found
        if (function, action) != ("Realtime", MANAGE_CONNECTIONS) or CONNECTIONS not in resource
    ] + ([] if found else ["nobody speaks to the apps"])


def secrets_have_their_readers(template: Template) -> list[str]:
    """ClickSend's credentials for the sender, the webhook's tokens for the webhook, and nobody writes either."""
    found: dict[str, set[str]] = {secret: set() for secret in of_type(template, "AWS::SecretsManager::Secret")}
    other = []
    for function in functions(template):
        for action, resource in allowed(template, function):
            if action == "secretsmanager:GetSecretValue":
                found.setdefault(resource, set()).add(function)
            elif action.startswith("secretsmanager:"):
                other.append(f"{function} may {action}")
    return _differs("who reads secrets", found, SECRET_READERS) + other


def the_table_has_its_writers(template: Template) -> list[str]:
    """Who writes the truth, and how; who deletes has texts to erase, or connections to forget."""
    reads = re.compile(r"dynamodb:(Get|BatchGet|Query|Describe|List)")
    found = {
        function: {
            action
            for action, resource in allowed(template, function)
            if action.startswith("dynamodb:") and resource == "Table" and not reads.match(action)
        }
        for function in functions(template)
    }
    return _differs(
        "who writes the table", {name: actions for name, actions in found.items() if actions}, TABLE_WRITERS
    )


def only_the_api_and_the_schedule_invoke(template: Template) -> list[str]:
    """No address but the API's, and no stranger as its caller."""
    permissions = of_type(template, "AWS::Lambda::Permission")
    return [f"{name} is a function's own address" for name in of_type(template, "AWS::Lambda::Url")] + [
        f"{name} lets others than our API in"
        for name, one in permissions.items()
        if one["Principal"] != "apigateway.amazonaws.com"
        or not any(api in json.dumps(one.get("SourceArn")) for api in ("${__ApiId__}", "${WebSocketApi}"))
    ]


# ---------------------------------------------------------------- what must not be lost


def the_truth_is_retained(template: Template) -> list[str]:
    """Table and secrets outlive their stack, and a change that would replace them."""
    kinds = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"}
    return [
        f"{name} has no {policy}: Retain"
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
        for policy in ("DeletionPolicy", "UpdateReplacePolicy")
        if resource.get(policy) != "Retain"
    ]


def the_table_can_be_restored(template: Template) -> list[str]:
    """Point-in-time recovery."""
    specification = of_type(template, "AWS::DynamoDB::Table")["Table"].get("PointInTimeRecoverySpecification")
    return _differs("recovery", specification, {"PointInTimeRecoveryEnabled": True})


def the_table_is_protected(template: Template) -> list[str]:
    """In prod, DynamoDB itself refuses to delete the table."""
    table = of_type(template, "AWS::DynamoDB::Table")["Table"]
    return _differs("deletion protection", table.get("DeletionProtectionEnabled"), True)


def the_table_is_shaped(template: Template) -> list[str]:
    """Keys, indexes, stream, time to live and price, as `aws/items.py` and `aws/table.py` expect them."""
    table = of_type(template, "AWS::DynamoDB::Table")["Table"]
    indexes = {
        one["IndexName"]: (_keys(one), one["Projection"]["ProjectionType"]) for one in table["GlobalSecondaryIndexes"]
    }
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    return [
        *_differs("the key", _keys(table), {"HASH": "pk", "RANGE": "sk"}),
        *_differs(
            "indexes",
            indexes,
            {
                "inbox": ({"HASH": "inbox", "RANGE": "last_at"}, "ALL"),
                "log": ({"HASH": "log", "RANGE": "log_order"}, "KEYS_ONLY"),
                "due": ({"HASH": "due_shard", "RANGE": "due_at"}, "KEYS_ONLY"),
            },
        ),
        *_differs(
            "attribute types",
            types,
            {
                "pk": "S",
                "sk": "S",
                "inbox": "S",
                "last_at": "N",
                "log": "S",
                "log_order": "S",
                "due_shard": "S",
                "due_at": "N",
            },
        ),
        *_differs("the stream", table["StreamSpecification"], {"StreamViewType": "NEW_AND_OLD_IMAGES"}),
        *_differs("time to live", table["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True}),
        *_differs("billing", table["BillingMode"], "PAY_PER_REQUEST"),
    ]


def _keys(described: Properties) -> dict[str, str]:
    return {one["KeyType"]: one["AttributeName"] for one in described["KeySchema"]}


# ---------------------------------------------------------------- queues and streams


def mappings(template: Template) -> dict[str, Properties]:
    """The event source mappings."""
    return of_type(template, "AWS::Lambda::EventSourceMapping")


def queues(template: Template) -> dict[str, Properties]:
    """The queues."""
    return of_type(template, "AWS::SQS::Queue")


def the_outbound_queue_keeps_order(template: Template) -> list[str]:
    """FIFO, a group for each conversation; a deduplication id of our own, so none made of the content."""
    queue = queues(template)["OutboundQueue"]
    wanted = {"FifoQueue": True, "DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"}
    found = {name: queue.get(name) for name in wanted}
    return _differs("the outbound queue", found, wanted) + _differs(
        "content based deduplication", queue.get("ContentBasedDeduplication", False), False
    )


def queues_are_encrypted(template: Template) -> list[str]:
    """At rest, by SQS's own key."""
    return [f"{name} is not encrypted" for name, one in queues(template).items() if not one.get("SqsManagedSseEnabled")]


def messages_stay_hidden_while_worked_on(template: Template) -> list[str]:
    """AWS: a queue's visibility timeout is at least six times its function's timeout."""
    found = []
    for name, mapping in mappings(template).items():
        queue = queues(template).get(target(mapping["EventSourceArn"]))
        timeout = functions(template)[target(mapping["FunctionName"])]["Timeout"]
        if queue is not None and queue.get("VisibilityTimeout", 30) < 6 * timeout:
            found.append(f"{name}: {queue.get('VisibilityTimeout', 30)} s for a function of {timeout} s")
    return found


def every_queue_that_is_read_has_a_dead_letter_queue(template: Template) -> list[str]:
    """Of the same type, and keeping longer than its source, two weeks at least."""
    sources = {target(mapping["EventSourceArn"]) for mapping in mappings(template).values()}
    return [
        f"{name}: {reason}"
        for name in sorted(sources & queues(template).keys())
        for reason in _dead_letter_trouble(name, template)
    ]


def _dead_letter_trouble(name: str, template: Template) -> Iterator[str]:
    source = queues(template)[name]
    redrive = source.get("RedrivePolicy") or {}
    dead = queues(template).get(target(redrive.get("deadLetterTargetArn")))
    if dead is None:
        yield "no dead-letter queue"
        return
    if bool(dead.get("FifoQueue")) != bool(source.get("FifoQueue")):
        yield "the dead-letter queue is of another type"
    if dead.get("MessageRetentionPeriod", 0) < max(14 * DAY, source.get("MessageRetentionPeriod", 4 * DAY)):
        yield "the dead-letter queue forgets too soon"
    if not 3 <= redrive.get("maxReceiveCount", 0) <= 10:
        yield f"gives up after {redrive.get('maxReceiveCount')}"


def failures_are_kept_for_two_weeks(template: Template) -> list[str]:
    """The queue of what asynchronous paths could not do."""
    return _differs("retention", queues(template)["FailureQueue"].get("MessageRetentionPeriod"), 14 * DAY)


def the_stream_never_blocks(template: Template) -> list[str]:
    """A record that always fails is bisected out, tried a few times, and ends in the failure queue."""
    [mapping] = [one for one in mappings(template).values() if target(one["EventSourceArn"]) == "Table"]
    pattern = {"dynamodb": {"NewImage": {"unannounced": {"BOOL": [{"exists": True}]}}}}
    filters = [json.loads(one["Pattern"]) for one in mapping.get("FilterCriteria", {}).get("Filters", [])]
    return [
        *_differs("starting position", mapping["StartingPosition"], "TRIM_HORIZON"),
        *_differs("bisecting", mapping.get("BisectBatchOnFunctionError"), True),
        *_differs("partial answers", mapping.get("FunctionResponseTypes"), ["ReportBatchItemFailures"]),
        *_bounded("retries", mapping.get("MaximumRetryAttempts", -1), 1, 10),
        *_bounded("age of records", mapping.get("MaximumRecordAgeInSeconds", -1), 60, DAY),
        *_differs("failures go", _on_failure(mapping), "FailureQueue"),
        *_differs("the filter", filters, [pattern]),
    ]


def _bounded(what: str, found: int, least: int, most: int) -> list[str]:
    return [] if least <= found <= most else [f"{what}: {found} is not between {least} and {most}"]


def _on_failure(configured: Properties) -> str:
    return target(configured.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"))


def queue_batches_fail_in_part(template: Template) -> list[str]:
    """One bad message does not bring the others of its batch again."""
    return [
        f"{name} does not report failures one by one"
        for name, mapping in mappings(template).items()
        if target(mapping["EventSourceArn"]) in queues(template)
        and mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]
    ]


def asynchronous_calls_have_a_failure_destination(template: Template) -> list[str]:
    """A schedule that cannot invoke, and a function that was invoked and failed, both leave a trace."""
    schedules = of_type(template, "AWS::Scheduler::Schedule")
    configured = {
        target(one["FunctionName"]): one for one in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    found = []
    for name, schedule in schedules.items():
        function = target(schedule["Target"]["Arn"])
        if target(schedule["Target"].get("DeadLetterConfig", {}).get("Arn")) not in queues(template):
            found.append(f"{name} has no dead-letter queue")
        if _on_failure(configured.get(function, {})) not in queues(template):
            found.append(f"{function} has no failure destination")
    return found


def what_topics_cannot_deliver_is_kept(template: Template) -> list[str]:
    """A queue that a topic could not reach: SNS drops the message, unless the subscription says where it goes."""
    return [
        f"{name} keeps nothing that it cannot deliver"
        for name, one in of_type(template, "AWS::SNS::Subscription").items()
        if one.get("Protocol") == "sqs"
        and target((one.get("RedrivePolicy") or {}).get("deadLetterTargetArn")) not in queues(template)
    ]


def nothing_else_invokes_asynchronously(template: Template) -> list[str]:
    """A new kind of asynchronous caller needs a check of its own here."""
    kinds = {"AWS::Events::Rule", "AWS::S3::Bucket", "AWS::Pipes::Pipe"}
    return [f"{name} is a {one['Type']}" for name, one in template["Resources"].items() if one["Type"] in kinds] + [
        f"{name} calls {one.get('Protocol')}"
        for name, one in of_type(template, "AWS::SNS::Subscription").items()
        if one.get("Protocol") not in {"sqs", "email"}
    ]


# ---------------------------------------------------------------- functions and their logs


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
    return _differs("Architecture's default", template["Parameters"]["Architecture"]["Default"], "arm64") + [
        f"{name} runs on {one.get('Runtime')} {one.get('Architectures')}"
        for name, one in functions(template).items()
        if (one.get("Runtime"), one.get("Architectures")) != ("python3.13", ["arm64"])
    ]


def no_aliases(template: Template) -> list[str]:
    """A version does not change when only the layer does, so an alias would serve old code."""
    kinds = {"AWS::Lambda::Alias", "AWS::Lambda::Version"}
    return [f"{name} is a {one['Type']}" for name, one in template["Resources"].items() if one["Type"] in kinds]


def nothing_is_traced(template: Template) -> list[str]:
    """Execution logs, data traces and X-Ray would hold the token or the ticket of an address; access logs, whatever
    they are told to."""
    found = []
    for name, stage in of_type(template, "AWS::ApiGateway::Stage").items():
        settings = [stage, *stage.get("MethodSettings", [])]
        found += [
            f"{name}: {key}={one[key]}"
            for one in settings
            for key in ("LoggingLevel", "DataTraceEnabled", "TracingEnabled")
            if one.get(key, "OFF") not in (False, "OFF")
        ]
        variables = set(re.findall(r"\$context\.[\w.]+", stage.get("AccessLogSetting", {}).get("Format", "")))
        found += [f"{name} logs {one}" for one in sorted(variables - LOGGED)]
    for name, stage in of_type(template, "AWS::ApiGatewayV2::Stage").items():
        settings = [stage, stage.get("DefaultRouteSettings", {}), *stage.get("RouteSettings", {}).values()]
        found += [
            f"{name}: {key}={one[key]}"
            for one in settings
            for key in ("LoggingLevel", "DataTraceEnabled", "AccessLogSettings")
            if one.get(key, "OFF") not in (False, "OFF")
        ]
    for name, function in functions(template).items():
        variables = function.get("Environment", {}).get("Variables", {})
        found += [f"{name} sets {key}" for key in ("POWERTOOLS_LOGGER_LOG_EVENT", "POWERTOOLS_DEV") if key in variables]
        found += [f"{name} is traced"] if function.get("TracingConfig") else []
    return found


# ---------------------------------------------------------------- the API


def api_body(template: Template) -> dict[str, Any]:
    """The API's OpenAPI document."""
    [api] = of_type(template, "AWS::ApiGateway::RestApi").values()
    body: dict[str, Any] = api["Body"]
    return body


def the_api_answers_at(template: Template) -> list[str]:
    """The webhook's addresses and methods, and no others without a signed-in user but the API's description and the
    app's pages; each by its own integration. `ANY` would let through what nobody thought of."""
    paths = api_body(template)["paths"]
    found = {path: set(methods) for path, methods in paths.items() if path.startswith("/webhook/")}
    open_to_all = [
        f"{method} {path} asks for no user"
        for path, methods in paths.items()
        for method, one in methods.items()
        if path not in found and one.get("security") != [{"Users": []}] and not (method == "get" and PAGES.match(path))
    ]
    unlinked = [
        f"{method} {path} leads nowhere"
        for path, methods in paths.items()
        for method, one in methods.items()
        if target(one.get("x-amazon-apigateway-integration", {}).get("uri")) not in functions(template)
    ]
    return _differs("addresses", found, WEBHOOKS) + open_to_all + unlinked


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
    return _differs("binary types", api_body(template).get("x-amazon-apigateway-binary-media-types"), ["*/*"])


# ---------------------------------------------------------------- what is told


def outputs_are_named(template: Template) -> list[str]:
    """The names that the command line and the local stack read."""
    return [f"{name} is missing" for name in sorted(OUTPUTS - template["Outputs"].keys())]


def no_secret_is_told(template: Template) -> list[str]:
    """Values of secrets are in Secrets Manager only: not in parameters, outputs or environments."""
    told = {
        **{f"output {name}": one["Value"] for name, one in template["Outputs"].items()},
        **{f"environment of {name}": one["Environment"] for name, one in functions(template).items()},
    }
    secret = re.compile(r"resolve:|SecretString|GenerateSecret")
    named = re.compile(r"key|password|secret|token|username", re.IGNORECASE)
    return [f"{name} holds a secret" for name, value in told.items() if secret.search(json.dumps(value))] + [
        f"parameter {name} may hold a secret"
        for name, one in template["Parameters"].items()
        if one.get("NoEcho")
        or (
            named.search(name)
            and not name.endswith("Arn")
            and set(one.get("AllowedValues", ["?"])) != {"true", "false"}
        )
    ]


def the_credentials_are_born_empty(template: Template) -> list[str]:
    """The operator writes them; a template is no place for a key."""
    text = of_type(template, "AWS::SecretsManager::Secret")["CredentialsSecret"].get("SecretString")
    text = text["Fn::Sub"] if isinstance(text, dict) else text
    values = json.loads(text or "{}")
    wanted = {
        "account": "${Account}",
        "CLICKSEND_USERNAME": "",
        "CLICKSEND_API_KEY": "",
        "CLICKSEND_BASE_URL": "https://rest.clicksend.com",
    }
    return _differs("the credentials", values, wanted)


def tokens_are_long(template: Template) -> list[str]:
    """256 bits and more of letters and digits, made by Secrets Manager, and fit for a path."""
    found = []
    for name, secret in of_type(template, "AWS::SecretsManager::Secret").items():
        made = secret.get("GenerateSecretString")
        if made and (made.get("PasswordLength", 32) < 43 or not made.get("ExcludePunctuation")):
            found.append(f"{name}: {made}")
    return found


EVERYWHERE: Final[tuple[Check, ...]] = (
    one_role_for_each_function,
    no_wildcards,
    one_function_speaks_to_the_apps,
    secrets_have_their_readers,
    the_table_has_its_writers,
    only_the_api_and_the_schedule_invoke,
    the_truth_is_retained,
    the_table_can_be_restored,
    the_table_is_shaped,
    the_outbound_queue_keeps_order,
    queues_are_encrypted,
    messages_stay_hidden_while_worked_on,
    every_queue_that_is_read_has_a_dead_letter_queue,
    failures_are_kept_for_two_weeks,
    the_stream_never_blocks,
    queue_batches_fail_in_part,
    asynchronous_calls_have_a_failure_destination,
    what_topics_cannot_deliver_is_kept,
    nothing_else_invokes_asynchronously,
    each_function_has_a_log_group,
    functions_run_on,
    no_aliases,
    nothing_is_traced,
    the_api_answers_at,
    webhooks_are_throttled,
    bytes_arrive_exact,
    outputs_are_named,
    no_secret_is_told,
    the_credentials_are_born_empty,
    tokens_are_long,
)
