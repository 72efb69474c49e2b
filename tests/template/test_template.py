"""The template, as CloudFormation gets it: what no emulator shows, and AWS would show only when it hurts."""

import copy
import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.template import checks
from tests.template.checks import CONNECTIONS, EVERYWHERE, Check
from tests.template.translated import Template, functions, of_type, role_of, statements, translate

ENVIRONMENTS = ("local", "staging", "prod")

translated = functools.cache(translate)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
def test_it_holds(check: Check, environment: str) -> None:
    assert check(translated(Environment=environment)) == []


def test_every_check_is_used() -> None:
    public = {name for name, one in vars(checks).items() if getattr(one, "__module__", "") == checks.__name__}
    lookups = {"mappings", "queues", "api_body", "the_table_is_protected"}

    assert {name for name in public if not name.startswith("_")} - lookups - {"Check"} == {
        check.__name__ for check in EVERYWHERE
    }


def test_prod_protects_the_table_and_others_do_not() -> None:
    protected = {one: checks.the_table_is_protected(translated(Environment=one)) == [] for one in ENVIRONMENTS}

    assert protected == {"local": False, "staging": False, "prod": True}


def test_the_endpoint_is_set_where_an_emulator_is_given_only() -> None:
    emulated = translated(AwsEndpointUrl="http://127.0.0.1:4566")

    for template, expected in ((translated(), None), (emulated, "http://127.0.0.1:4566")):
        for function in functions(template).values():
            assert function["Environment"]["Variables"].get("AWS_ENDPOINT_URL") == expected


def test_the_architecture_is_a_choice() -> None:
    intel = functions(translated(Architecture="x86_64"))

    assert {tuple(one["Architectures"]) for one in intel.values()} == {("x86_64",)}


def test_mail_goes_out_as_one_address_only_and_only_where_one_is_given() -> None:
    sender = "texts@example.com"
    mailing = {
        logical: [
            one for one in statements(template, role_of(functions(template)[logical])) if one.get("Sid") == "Mail"
        ]
        for template in (translated(EmailFrom=sender),)
        for logical in functions(template)
    }

    assert {logical for logical, found in mailing.items() if found} == {"EmailNotifier"}
    [mail] = mailing["EmailNotifier"]
    assert sorted(mail["Action"]) == ["ses:SendEmail", "ses:SendRawEmail"]
    assert mail["Condition"] == {"StringEquals": {"ses:FromAddress": sender}}
    assert "ses:" not in json.dumps(translated()["Resources"]["EmailNotifierRole"])


# ---------------------------------------------------------------- each check can fail


def properties(template: Template, name: str) -> dict[str, Any]:
    """A resource's properties, to be broken."""
    found: dict[str, Any] = template["Resources"][name]["Properties"]
    return found


def allow(template: Template, function: str, action: str, resource: Any) -> None:
    """Let a function do more."""
    role = template["Resources"][role_of(functions(template)[function])]["Properties"]
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    role["Policies"][0]["PolicyDocument"]["Statement"].append(statement)


def share_a_role(template: Template) -> None:
    """Two functions, one role."""
    properties(template, "Sweeper")["Role"] = properties(template, "StreamRelay")["Role"]


def use_an_event_of_sams(template: Template) -> None:
    """What SAM does for a function with an event of type SQS."""
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    properties(template, "OutboundSenderRole")["ManagedPolicyArns"].append(arn)


def retain_nothing(template: Template) -> None:
    """The default of CloudFormation."""
    del template["Resources"]["WebhookSecret"]["UpdateReplacePolicy"]


def project_all(template: Template) -> None:
    """An index that copies every text."""
    properties(template, "Table")["GlobalSecondaryIndexes"][1]["Projection"]["ProjectionType"] = "ALL"


def forget_the_dead_letter_queue(template: Template) -> None:
    """A queue that drops what it cannot deliver."""
    del properties(template, "OutboundQueue")["RedrivePolicy"]


def shorten_the_dead_letters(template: Template) -> None:
    """The default of SQS."""
    del properties(template, "OutboundDeadLetterQueue")["MessageRetentionPeriod"]


def mix_queue_types(template: Template) -> None:
    """A FIFO queue whose dead letters go into a standard one."""
    del properties(template, "OutboundDeadLetterQueue")["FifoQueue"]


def alias_a_function(template: Template) -> None:
    """What AutoPublishAlias adds."""
    template["Resources"]["SweeperAliaslive"] = {"Type": "AWS::Lambda::Alias", "Properties": {}}


def answer_any_method(template: Template) -> None:
    """What Method: any becomes."""
    paths = checks.api_body(template)["paths"]
    paths["/webhook/clicksend/sms"] = {"x-amazon-apigateway-any-method": paths["/webhook/clicksend/sms"]["post"]}


def setting(resource: str, **values: Any) -> Callable[[Template], None]:
    """A mutation that sets properties of one resource; None takes them away."""

    def mutate(template: Template) -> None:
        kept = {**properties(template, resource), **values}
        template["Resources"][resource]["Properties"] = {key: one for key, one in kept.items() if one is not None}

    return mutate


def stage_setting(**values: Any) -> Callable[[Template], None]:
    """A mutation of the stage's first method setting."""

    def mutate(template: Template) -> None:
        properties(template, "ApiliveStage")["MethodSettings"][0] |= values

    return mutate


KEY = '{"account": "${Account}", "CLICKSEND_USERNAME": "me", "CLICKSEND_API_KEY": "0A1B"}'
DYNAMIC = "{{resolve:secretsmanager:credentials}}"

MUTATIONS: list[tuple[Check, Callable[[Template], None]]] = [
    (checks.one_role_for_each_function, share_a_role),
    (checks.no_wildcards, use_an_event_of_sams),
    (checks.no_wildcards, lambda one: allow(one, "Sweeper", "sqs:SendMessage", "*")),
    (checks.no_wildcards, lambda one: allow(one, "Sweeper", "dynamodb:*", {"Fn::GetAtt": ["Table", "Arn"]})),
    (
        checks.no_wildcards,
        lambda one: allow(one, "Realtime", "execute-api:Invoke", {"Fn::Sub": f"arn:aws:execute-api{CONNECTIONS}"}),
    ),
    (
        checks.one_function_speaks_to_the_apps,
        lambda one: allow(
            one, "Sweeper", "execute-api:ManageConnections", {"Fn::Sub": f"arn:aws:execute-api{CONNECTIONS}"}
        ),
    ),
    (
        checks.one_function_speaks_to_the_apps,
        lambda one: allow(
            one, "Realtime", "execute-api:ManageConnections", "arn:aws:execute-api:x:1:other/live/POST/y"
        ),
    ),
    (
        checks.secrets_have_their_readers,
        lambda one: allow(one, "InboundWebhook", "secretsmanager:GetSecretValue", {"Ref": "CredentialsSecret"}),
    ),
    (
        checks.secrets_have_their_readers,
        lambda one: allow(one, "OutboundSender", "secretsmanager:PutSecretValue", {"Ref": "CredentialsSecret"}),
    ),
    (
        checks.the_table_has_its_writers,
        lambda one: allow(one, "StreamRelay", "dynamodb:DeleteItem", {"Fn::GetAtt": ["Table", "Arn"]}),
    ),
    (
        checks.only_the_api_and_the_schedule_invoke,
        setting("InboundWebhookSmsPostPermissionlive", Principal="*"),
    ),
    (checks.only_the_api_and_the_schedule_invoke, setting("RealtimeInvoke", SourceArn=None)),
    (checks.the_truth_is_retained, retain_nothing),
    (checks.the_table_can_be_restored, setting("Table", PointInTimeRecoverySpecification=None)),
    (checks.the_table_is_protected, setting("Table", DeletionProtectionEnabled=False)),
    (checks.the_table_is_shaped, project_all),
    (checks.the_table_is_shaped, setting("Table", StreamSpecification={"StreamViewType": "KEYS_ONLY"})),
    (checks.the_outbound_queue_keeps_order, setting("OutboundQueue", FifoThroughputLimit=None)),
    (checks.queues_are_encrypted, setting("FailureQueue", SqsManagedSseEnabled=None)),
    (checks.messages_stay_hidden_while_worked_on, setting("OutboundSender", Timeout=31)),
    (checks.messages_stay_hidden_while_worked_on, setting("OutboundQueue", VisibilityTimeout=None)),
    (checks.every_queue_that_is_read_has_a_dead_letter_queue, forget_the_dead_letter_queue),
    (checks.every_queue_that_is_read_has_a_dead_letter_queue, shorten_the_dead_letters),
    (checks.every_queue_that_is_read_has_a_dead_letter_queue, mix_queue_types),
    (checks.failures_are_kept_for_two_weeks, setting("FailureQueue", MessageRetentionPeriod=345600)),
    (checks.the_stream_never_blocks, setting("StreamRelayTableStream", MaximumRetryAttempts=None)),
    (checks.the_stream_never_blocks, setting("StreamRelayTableStream", DestinationConfig=None)),
    (checks.the_stream_never_blocks, setting("StreamRelayTableStream", FilterCriteria=None)),
    (checks.the_stream_never_blocks, setting("StreamRelayTableStream", BisectBatchOnFunctionError=False)),
    (checks.queue_batches_fail_in_part, setting("OutboundSenderOutboundQueue", FunctionResponseTypes=None)),
    (checks.asynchronous_calls_have_a_failure_destination, setting("SweeperEventInvokeConfig", DestinationConfig=None)),
    (
        checks.asynchronous_calls_have_a_failure_destination,
        lambda one: properties(one, "SweeperEachMinute")["Target"].pop("DeadLetterConfig"),
    ),
    (
        checks.nothing_else_invokes_asynchronously,
        lambda one: one["Resources"].update(Fan={"Type": "AWS::S3::Bucket"}),
    ),
    (checks.nothing_else_invokes_asynchronously, setting("RealtimeSubscription", Protocol="lambda")),
    (checks.what_topics_cannot_deliver_is_kept, setting("RealtimeSubscription", RedrivePolicy=None)),
    (checks.each_function_has_a_log_group, setting("SweeperLogs", RetentionInDays=None)),
    (checks.each_function_has_a_log_group, setting("Sweeper", LoggingConfig=None)),
    (checks.functions_run_on, setting("Sweeper", Runtime="python3.12")),
    (checks.no_aliases, alias_a_function),
    (checks.nothing_is_traced, stage_setting(LoggingLevel="INFO")),
    (checks.nothing_is_traced, stage_setting(DataTraceEnabled=True)),
    (checks.nothing_is_traced, setting("ApiliveStage", AccessLogSetting={"Format": "$context.path"})),
    (checks.nothing_is_traced, setting("WebSocketStage", AccessLogSettings={"Format": "$context.requestId"})),
    (checks.nothing_is_traced, setting("WebSocketStage", DefaultRouteSettings={"DataTraceEnabled": True})),
    (checks.nothing_is_traced, setting("InboundWebhook", TracingConfig={"Mode": "Active"})),
    (checks.the_api_answers_at, answer_any_method),
    (checks.webhooks_are_throttled, stage_setting(ThrottlingRateLimit=5000)),
    (checks.webhooks_are_throttled, setting("ApiliveStage", MethodSettings=None)),
    (
        checks.bytes_arrive_exact,
        lambda one: checks.api_body(one).update({"x-amazon-apigateway-binary-media-types": ["image/png"]}),
    ),
    (checks.outputs_are_named, lambda one: one["Outputs"].pop("WebhookUrl")),
    (checks.no_secret_is_told, lambda one: one["Outputs"]["TableName"].update(Value=DYNAMIC)),
    (checks.no_secret_is_told, lambda one: one["Parameters"].update(ApiKey={"Type": "String"})),
    (checks.the_credentials_are_born_empty, setting("CredentialsSecret", SecretString={"Fn::Sub": KEY})),
    (
        checks.tokens_are_long,
        lambda one: properties(one, "WebhookSecret")["GenerateSecretString"].update(PasswordLength=16),
    ),
]


@pytest.mark.parametrize(("check", "mutate"), MUTATIONS, ids=[check.__name__ for check, _ in MUTATIONS])
def test_it_is_noticed_when_it_does_not_hold(check: Check, mutate: Callable[[Template], object]) -> None:
    broken = copy.deepcopy(translated(Environment="prod"))
    mutate(broken)

    assert check(broken) != []


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, _ in MUTATIONS} == {*EVERYWHERE, checks.the_table_is_protected}


def test_a_wildcard_in_the_text_of_a_reference_is_noticed() -> None:
    broken = copy.deepcopy(translated())
    allow(broken, "Sweeper", "dynamodb:Query", {"Fn::Sub": "${Table.Arn}/index/*"})

    assert checks.no_wildcards(broken) == ['SweeperRole: {"Fn::Sub": "${Table.Arn}/index/*"}']


def test_each_role_is_some_functions_or_the_schedules() -> None:
    template = translated()
    roles = {role_of(function) for function in functions(template).values()}

    assert of_type(template, "AWS::IAM::Role").keys() == {*roles, "SweeperEachMinuteRole"}
