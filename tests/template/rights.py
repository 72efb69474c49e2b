"""Who may do what: roles, secrets, the table, invocations, mails, connections."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.findings import Broken, allowing, arn, changing, differs, properties, setting
from tests.template.translated import (
    BASIC_EXECUTION,
    SERVICE_ROLES,
    Template,
    allowed,
    each,
    functions,
    of_type,
    role_of,
    statements,
    target,
)

SECRET_READERS: Final = {
    "CredentialsSecret": {"OutboundSender", "Sweeper"},
    "WebhookSecret": {"InboundWebhook"},
    "SigningSecret": {"InboundWebhook", "OutboundSender", "StreamRelay", "Sweeper", "AppApi", "EmailNotifier"},
    "PushSecret": {"PushNotifier"},
}
_PUT_AND_UPDATE: Final = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
TABLE_WRITERS: Final = {
    "InboundWebhook": {*_PUT_AND_UPDATE, "dynamodb:DeleteItem"},  # of quarantined posts only, see below
    "OutboundSender": _PUT_AND_UPDATE,
    "StreamRelay": {"dynamodb:UpdateItem", "dynamodb:BatchWriteItem"},  # batches of changes only, see below
    # What is caught up must not have been erased.
    "Sweeper": {*_PUT_AND_UPDATE, "dynamodb:ConditionCheckItem", "dynamodb:BatchWriteItem"},
    "EmailNotifier": _PUT_AND_UPDATE,
    "AppApi": {*_PUT_AND_UPDATE, "dynamodb:DeleteItem"},
    "Realtime": {"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"},
    "PushNotifier": {"dynamodb:PutItem", "dynamodb:DeleteItem"},
}
CONNECTIONS: Final = {
    "Effect": "Allow",
    "Action": "execute-api:ManageConnections",
    "Resource": {
        "Fn::Sub": "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${WebSocketApi}"
        "/live/POST/@connections/*"
    },
}
"""The one star: API Gateway names the connections, so no list of them can stand in a template."""
INVOKERS: Final = {"AppApiRole": {"InboundWebhook"}, "SweeperEachMinuteRole": {"Sweeper"}}
# Of a function's resource policy, by AWS; and what a statement of it is longer than its permission, at most: names that
# CloudFormation makes (of a stack with a long name), a region, an account's number.
POLICY_LIMIT: Final = 20_480
NAMES: Final = 420


def one_role_for_each_function(template: Template) -> list[str]:
    """A role that two functions share allows each what only the other needs."""
    roles = [role_of(function) for function in functions(template).values()]
    return [f"{role} is shared" for role in sorted({one for one in roles if roles.count(one) > 1})]


def no_wildcards(template: Template) -> list[str]:
    """No action and no resource with a star but the connections', and of AWS's policies only the one for logs."""
    return [
        f"{role}: {reason}"
        for role in of_type(template, "AWS::IAM::Role")
        for statement in statements(template, role)
        if _bare(statement) != CONNECTIONS
        for reason in _wildcards(statement)
    ] + [
        f"{role}: {policy}"
        for role, found in of_type(template, "AWS::IAM::Role").items()
        for policy in found.get("ManagedPolicyArns", [])
        if policy != SERVICE_ROLES + BASIC_EXECUTION
    ]


def _bare(statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != "Sid"}


def _wildcards(statement: dict[str, Any]) -> Iterator[str]:
    yield from ("Not… allows the rest" for name in ("NotAction", "NotResource") if name in statement)
    for name in ("Action", "Resource"):
        for one in each(statement.get(name, [])):
            if "*" in json.dumps(one) and not (name == "Resource" and _mails_as_one_sender(statement, one)):
                yield json.dumps(one)


def _mails_as_one_sender(statement: dict[str, Any], resource: Any) -> bool:
    """SES asks for the identities of both sides, whom nobody can list: the sender's address is what is bound."""
    identities = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"
    bound = statement.get("Condition", {}).get("StringEquals", {}).get("ses:FromAddress")
    return bool(bound) and resource == {"Fn::Sub": identities}


def one_function_speaks_to_connections(template: Template) -> list[str]:
    """`realtime`, and to those of our own API only."""
    found = {
        role: [_bare(one) for one in statements(template, role) if "execute-api:" in json.dumps(one["Action"])]
        for role in of_type(template, "AWS::IAM::Role")
    }
    return differs("who manages connections", {name: one for name, one in found.items() if one}, _MANAGES)


_MANAGES: Final = {"RealtimeRole": [CONNECTIONS]}


def mails_leave_as_one_sender(template: Template) -> list[str]:
    """Where mail is sent at all, `email_notifier` sends it, from the parameter's address; raw mail takes two rights."""
    found = [
        (role, set(each(one["Action"])), one.get("Condition", {}).get("StringEquals", {}))
        for role in of_type(template, "AWS::IAM::Role")
        for one in statements(template, role)
        if "ses:" in json.dumps(one["Action"])
    ]
    sender = functions(template)["EmailNotifier"]["Environment"]["Variables"]["EMAIL_FROM"]
    wanted = ("EmailNotifierRole", {"ses:SendEmail", "ses:SendRawEmail"}, {"ses:FromAddress": sender})
    return differs("who mails", found, [wanted] if template["Conditions"]["SendsEmail"] else [])


def secrets_have_their_readers(template: Template) -> list[str]:
    """ClickSend's credentials for those who call it, the webhook's tokens for the webhook, and nobody writes either."""
    found: dict[str, set[str]] = {secret: set() for secret in of_type(template, "AWS::SecretsManager::Secret")}
    other = []
    for function in functions(template):
        for action, resource in allowed(template, function):
            if action == "secretsmanager:GetSecretValue":
                found.setdefault(resource, set()).add(function)
            elif action.startswith("secretsmanager:"):
                other.append(f"{function} may {action}")
    return differs("who reads secrets", found, SECRET_READERS) + other


def the_table_has_its_writers(template: Template) -> list[str]:
    """Who writes the truth, and how. The apps' API deletes (an erasure, a contact), `realtime` forgets connections,
    `push_notifier` browsers that are gone."""
    reads = re.compile(r"dynamodb:(Get|BatchGet|Query|Describe|List)")
    found = {
        function: {
            action
            for action, resource in allowed(template, function)
            if action.startswith("dynamodb:") and resource == "Table" and not reads.match(action)
        }
        for function in functions(template)
    }
    return differs("who writes the table", {name: actions for name, actions in found.items() if actions}, TABLE_WRITERS)


def the_webhook_removes_quarantined_posts_only(template: Template) -> list[str]:
    """They leave the quarantine when they were taken in after all."""
    found = [
        one.get("Condition") for one in statements(template, "InboundWebhookRole") if "DeleteItem" in str(one["Action"])
    ]
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["QUARANTINE#*"]}}
    return differs("what the webhook removes", found, [only])


def batches_write_changes_only(template: Template) -> list[str]:
    """A batch asks no conditions and may delete: it reaches nothing but what an app that was offline asks for."""
    only = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["CHANGES#*"]}}
    return [
        f"{role} may write anything in batches"
        for role in of_type(template, "AWS::IAM::Role")
        for one in statements(template, role)
        if "BatchWriteItem" in str(one["Action"]) and one.get("Condition") != only
    ]


def strangers_reach_one_parameter(template: Template) -> list[str]:
    """Anybody may ask the web app's function, so there is nothing that it could give away: no table, no secret."""
    return differs("what the web app may do", allowed(template, "WebApp"), {("ssm:GetParameter", "PushPublicKey")})


def only_the_apis_and_the_schedule_invoke(template: Template) -> list[str]:
    """No address but the APIs', no stranger as their caller, and one function that calls another: for the replay."""
    found = {
        role: {target(resource) for one in statements(template, role) if _invokes(one) for resource in _named(one)}
        for role in of_type(template, "AWS::IAM::Role")
    }
    return (
        [f"{name} is a function's own address" for name in of_type(template, "AWS::Lambda::Url")]
        + [
            f"{name} lets others than our APIs in"
            for name, one in of_type(template, "AWS::Lambda::Permission").items()
            if one["Principal"] != "apigateway.amazonaws.com"
            or _api_of(one) != _API_OF.get(target(one["FunctionName"]))
        ]
        + differs("who invokes", {name: one for name, one in found.items() if one}, INVOKERS)
    )


_API_OF: Final = {"InboundWebhook": "Api", "AppApi": "Api", "WebApp": "Api", "Realtime": "WebSocketApi"}


def _invokes(statement: dict[str, Any]) -> bool:
    return any(action.startswith("lambda:") for action in each(statement["Action"]))


def _named(statement: dict[str, Any]) -> list[Any]:
    return each(statement["Resource"])


def _api_of(permission: dict[str, Any]) -> str | None:
    """The API whose calls a permission admits: what stands in its ARN after the account."""
    match permission.get("SourceArn"):
        case {"Fn::Sub": [str(text), {"__ApiId__": {"Ref": str(api)}}]} if ":${AWS::AccountId}:${__ApiId__}/" in text:
            return api
        case {"Fn::Sub": str(text)}:
            found = re.search(r":execute-api:\$\{AWS::Region\}:\$\{AWS::AccountId\}:\$\{(\w+)\}/", text)
            return found[1] if found else None
    return None


def resource_policies_fit(template: Template) -> list[str]:
    """SAM adds a permission for each method; AWS takes 20 KB of them for one function, and says so at the deploy."""
    sizes: dict[str, int] = {}
    for one in of_type(template, "AWS::Lambda::Permission").values():
        function = target(one["FunctionName"])
        sizes[function] = sizes.get(function, 0) + NAMES + len(json.dumps(one["SourceArn"]).split("/", 1)[1])
    return [f"{name}: about {size} of {POLICY_LIMIT} bytes" for name, size in sizes.items() if size > POLICY_LIMIT]


CHECKS: Final = (
    one_role_for_each_function,
    no_wildcards,
    one_function_speaks_to_connections,
    mails_leave_as_one_sender,
    secrets_have_their_readers,
    the_table_has_its_writers,
    the_webhook_removes_quarantined_posts_only,
    batches_write_changes_only,
    strangers_reach_one_parameter,
    only_the_apis_and_the_schedule_invoke,
    resource_policies_fit,
)


# ---------------------------------------------------------------- what breaks them


def share_a_role(template: Template) -> None:
    """Two functions, one role."""
    properties(template, "Sweeper")["Role"] = properties(template, "StreamRelay")["Role"]


def use_an_event_of_sams(template: Template) -> None:
    """What SAM does for a function with an event of type SQS."""
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    properties(template, "OutboundSenderRole")["ManagedPolicyArns"].append(policy)


def add_methods(template: Template) -> None:
    """As many methods as fit no more."""
    one = template["Resources"]["AppApiMePermissionlive"]
    template["Resources"].update({f"AppApiMe{number}Permissionlive": one for number in range(20)})


def statement_of(template: Template, role: str, sid: str) -> dict[str, Any]:
    """A statement, to be broken."""
    return next(one for one in statements(template, role) if one.get("Sid") == sid)


_ALL_CONNECTIONS: Final = {"Fn::Sub": str(CONNECTIONS["Resource"]["Fn::Sub"]).replace("POST", "*")}  # type: ignore[index]

BROKEN: Final[Broken] = (
    (one_role_for_each_function, share_a_role),
    (no_wildcards, use_an_event_of_sams),
    (no_wildcards, allowing("Sweeper", "sqs:SendMessage", "*")),
    (no_wildcards, allowing("Sweeper", "dynamodb:*", arn("Table"))),
    (no_wildcards, allowing("Sweeper", "dynamodb:Query", {"Fn::Sub": "${Table.Arn}/index/*"})),
    (no_wildcards, allowing("EmailNotifier", "ses:SendEmail", {"Fn::Sub": "arn:aws:ses:::identity/*"})),
    (no_wildcards, lambda one: statement_of(one, "RealtimeRole", "Connections").update(Resource=_ALL_CONNECTIONS)),
    (no_wildcards, lambda one: statement_of(one, "RealtimeRole", "Connections").update(Action="execute-api:*")),
    (one_function_speaks_to_connections, allowing("AppApi", "execute-api:ManageConnections", arn("WebSocketApi"))),
    (mails_leave_as_one_sender, lambda one: statement_of(one, "EmailNotifierRole", "Mail").pop("Condition")),
    (
        mails_leave_as_one_sender,
        lambda one: statement_of(one, "EmailNotifierRole", "Mail").update(Action="ses:SendEmail"),
    ),
    (mails_leave_as_one_sender, allowing("AppApi", "ses:SendEmail", arn("EmailConfigurationSet"))),
    (
        secrets_have_their_readers,
        allowing("InboundWebhook", "secretsmanager:GetSecretValue", {"Ref": "CredentialsSecret"}),
    ),
    (secrets_have_their_readers, allowing("AppApi", "secretsmanager:GetSecretValue", {"Ref": "WebhookSecret"})),
    (
        secrets_have_their_readers,
        allowing("OutboundSender", "secretsmanager:PutSecretValue", {"Ref": "CredentialsSecret"}),
    ),
    (secrets_have_their_readers, allowing("WebApp", "secretsmanager:GetSecretValue", {"Ref": "PushSecret"})),
    (the_table_has_its_writers, allowing("StreamRelay", "dynamodb:DeleteItem", arn("Table"))),
    (the_table_has_its_writers, allowing("Realtime", "dynamodb:UpdateItem", arn("Table"))),
    (
        the_webhook_removes_quarantined_posts_only,
        lambda one: statement_of(one, "InboundWebhookRole", "Replayed").pop("Condition"),
    ),
    (batches_write_changes_only, lambda one: statement_of(one, "StreamRelayRole", "Changes").pop("Condition")),
    (strangers_reach_one_parameter, allowing("WebApp", "dynamodb:GetItem", arn("Table"))),
    (only_the_apis_and_the_schedule_invoke, setting("InboundWebhookSmsPostPermissionlive", Principal="*")),
    (only_the_apis_and_the_schedule_invoke, setting("RealtimeInvoke", SourceArn=None)),
    (
        only_the_apis_and_the_schedule_invoke,
        changing(
            "RealtimeInvoke", SourceArn={"Fn::Sub": "arn:aws:execute-api:${AWS::Region}:${AWS::AccountId}:*/live"}
        ),
    ),
    (only_the_apis_and_the_schedule_invoke, allowing("AppApi", "lambda:InvokeFunction", arn("OutboundSender"))),
    (only_the_apis_and_the_schedule_invoke, allowing("Realtime", "lambda:InvokeFunction", arn("InboundWebhook"))),
    (resource_policies_fit, add_methods),
)
