"""What operators are told, and each optional parameter's effect on the template."""

import copy
import functools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from textension.account_check import EVERY
from textension_cli import doctor

from tests import template_yaml
from tests.template import api, operations, running
from tests.template.operations import EVERYWHERE, Check
from tests.template.translated import Template, functions, of_type, target, translate

translated = functools.cache(translate)
KEY = "arn:aws:kms:ap-southeast-2:123456789012:key/00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("environment", ["local", "prod"])
@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
def test_it_holds(check: Check, environment: str) -> None:
    assert check(translated(Environment=environment, Alarms="all")) == []


def edit(name: str, **values: Any) -> Callable[[Template], None]:
    """A mutation that sets properties of one resource."""
    return lambda template: template["Resources"][name]["Properties"].update(values)


def remove(name: str) -> Callable[[Template], None]:
    """A mutation that takes a resource away."""
    return lambda template: template["Resources"].pop(name)


def draw_nobodys_figure(template: Template) -> None:
    """A widget with a metric that no function publishes."""
    body = template["Resources"]["OperationsDashboard"]["Properties"]["DashboardBody"]
    body["Fn::Sub"] = body["Fn::Sub"].replace("InboundStored", "InboundLost")


MUTATIONS: list[tuple[Check, Callable[[Template], None]]] = [
    (operations.every_dead_letter_queue_has_an_alarm, remove("FailureQueueAlarm")),
    (operations.every_dead_letter_queue_has_an_alarm, edit("EmailDeadLetterQueueAlarm", Threshold=100)),
    (operations.every_function_has_an_alarm, remove("SweeperErrorsAlarm")),
    (operations.every_function_has_an_alarm, remove("FunctionThrottlesAlarm")),
    (operations.every_alarm_tells_somebody, edit("OldestDueAlarm", AlarmActions=[])),
    (operations.every_alarm_tells_somebody, edit("OldestDueAlarm", AlarmDescription="It waits.")),
    (operations.every_alarm_has_its_page, edit("OldestDueAlarm", AlarmDescription="See docs/alarms.md#nothing")),
    (operations.silence_of_the_sweeper_is_an_alarm, edit("OldestDueAlarm", TreatMissingData="notBreaching")),
    (operations.figures_are_those_that_functions_give, edit("InboundRefusedAlarm", MetricName="InboundRefusals")),
    (operations.figures_are_those_that_functions_give, draw_nobodys_figure),
    (operations.the_dashboard_shows_everything, remove("OperationsDashboard")),
]


@pytest.mark.parametrize(("check", "mutate"), MUTATIONS, ids=[check.__name__ for check, _ in MUTATIONS])
def test_it_is_noticed_when_it_does_not_hold(check: Check, mutate: Callable[[Template], object]) -> None:
    broken = copy.deepcopy(translated(Alarms="all"))
    mutate(broken)

    assert check(broken) != []


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for check, _ in MUTATIONS} == set(EVERYWHERE)


@pytest.mark.parametrize("choice", ["essential", "all"])
def test_alarms_cost_what_the_docs_and_the_parameter_say(choice: str) -> None:
    chosen = operations.alarms(translated(Alarms=choice)).values()
    count = sum(len(list(operations.watched(one))) for one in chosen)
    parameter = translated()["Parameters"]["Alarms"]["Description"]
    costs = (template_yaml.ROOT / "docs" / "costs.md").read_text()

    assert re.search(rf"\b{count}\b", parameter)
    assert f"{count} alarm metrics" in costs


def test_the_essential_alarms_are_all_but_those_of_single_functions() -> None:
    more = operations.alarms(translated(Alarms="all")).keys() - operations.alarms(translated()).keys()

    assert more == {f"{name}ErrorsAlarm" for name in functions(translated())}


# ---------------------------------------------------------------- optional parameters


def test_without_alarms_and_dashboard_the_topic_is_all_that_is_left() -> None:
    quiet = translated(Alarms="none", Dashboard="false")

    assert of_type(quiet, "AWS::CloudWatch::Alarm") == of_type(quiet, "AWS::CloudWatch::Dashboard") == {}
    assert "OperationsTopic" in of_type(quiet, "AWS::SNS::Topic")
    assert quiet["Outputs"]["OperationsTopicArn"]["Value"] == {"Ref": "OperationsTopic"}


def test_a_low_balance_rings_below_the_amount_that_was_asked_for_and_zero_asks_for_nothing() -> None:
    alarm = operations.alarms(translated(LowBalance="25"))["ClickSendBalanceAlarm"]

    assert (alarm["Threshold"], alarm["ComparisonOperator"], alarm["Statistic"]) == (
        "25",
        "LessThanThreshold",
        "Minimum",
    )
    assert operations.alarms(translated())["ClickSendBalanceAlarm"]["Threshold"] == doctor.LOW_BALANCE
    assert "ClickSendBalanceAlarm" not in operations.alarms(translated(LowBalance="0"))
    assert "ClickSendAccountUnusableAlarm" in operations.alarms(translated(LowBalance="0"))
    assert "ClickSendBalanceAlarm" not in operations.alarms(translated(Alarms="none"))


def test_looks_at_clicksend_that_fail_ring_by_themselves_and_silence_no_alarm() -> None:
    alarms = operations.alarms(translated())

    assert {alarms[f"ClickSend{name}Alarm"]["TreatMissingData"] for name in ("Balance", "AccountUnusable")} == {
        "ignore"
    }
    # Each ten minutes one figure: an alarm's period holds at least one.
    assert min(alarms[f"ClickSend{name}Alarm"]["Period"] for name in ("Balance", "AccountUnusable")) * 1000 > EVERY


def test_alarms_are_mailed_where_there_is_an_address() -> None:
    told = of_type(translated(OperationsEmail="ops@example.com"), "AWS::SNS::Subscription")["OperationsSubscription"]

    assert told == {"TopicArn": {"Ref": "OperationsTopic"}, "Protocol": "email", "Endpoint": "ops@example.com"}
    assert "OperationsSubscription" not in translated()["Resources"]


def test_access_logs_are_off_and_hold_no_address_when_on() -> None:
    logging = translated(AccessLogs="true")
    [stage] = of_type(logging, "AWS::ApiGateway::Stage").values()
    line = json.loads(re.sub(r'"\$context\.[\w.]+"', "null", stage["AccessLogSetting"]["Format"]))

    assert target(stage["AccessLogSetting"]["DestinationArn"]) == "ApiAccessLogs"
    assert {"resource", "status", "method"} <= line.keys()
    assert running.nothing_is_traced(logging) == []
    assert of_type(logging, "AWS::Logs::LogGroup")["ApiAccessLogs"]["RetentionInDays"] == "30"
    assert "AccessLogSetting" not in next(iter(of_type(translated(), "AWS::ApiGateway::Stage").values()))
    assert "ApiAccessLogs" not in translated()["Resources"]


def test_no_stack_touches_the_accounts_own_api_gateway_settings() -> None:
    for template in (translated(), translated(AccessLogs="true")):
        assert of_type(template, "AWS::ApiGateway::Account") == {}


def test_a_name_of_ones_own_becomes_the_address_everywhere() -> None:
    named = translated(DomainName="texts.example.com", CertificateArn="arn:aws:acm:ap-southeast-2:1:certificate/x")
    [domain] = of_type(named, "AWS::ApiGateway::DomainName").values()
    [mapping] = of_type(named, "AWS::ApiGateway::BasePathMapping").values()

    assert domain["SecurityPolicy"] == "TLS_1_2"
    assert (target(mapping["DomainName"]), target(mapping["RestApiId"])) == ("Domain", "Api")
    assert "BasePath" not in mapping
    for output in ("ApiUrl", "WebhookUrl"):
        assert named["Outputs"][output]["Value"]["Fn::Sub"].startswith("https://${DomainName}")
    assert named["Outputs"]["AppUrl"]["Value"] == {"Fn::Sub": "https://${DomainName}/app/"}
    mail = functions(named)["EmailNotifier"]["Environment"]["Variables"]
    assert mail["APP_URL"] == {"Fn::Sub": "https://${DomainName}/app/"}
    assert named["Outputs"]["DomainTarget"]["Value"] == {"Fn::GetAtt": ["Domain", "RegionalDomainName"]}
    assert {"Domain", "DomainMapping"}.isdisjoint(translated()["Resources"])
    assert "DomainTarget" not in translated()["Outputs"]


def test_the_public_url_goes_before_a_name_of_ones_own() -> None:
    both = translated(DomainName="texts.example.com", CertificateArn="arn:aws:acm:x", PublicUrl="https://example.com")

    variables = functions(both)["EmailNotifier"]["Environment"]["Variables"]
    assert variables["APP_URL"] == {"Fn::Sub": "${PublicUrl}/app/"}


def test_waf_is_before_the_api_and_samples_nothing() -> None:
    guarded = translated(Waf="true", WafRequestsPerFiveMinutes="500")
    [acl] = of_type(guarded, "AWS::WAFv2::WebACL").values()
    [association] = of_type(guarded, "AWS::WAFv2::WebACLAssociation").values()
    rules = {one["Name"]: one["Statement"] for one in acl["Rules"]}

    for one in (acl, *acl["Rules"]):
        assert one["VisibilityConfig"]["SampledRequestsEnabled"] is False
    rate = rules["rate"]["RateBasedStatement"]
    assert rate["Limit"] == "500"
    assert rate["ScopeDownStatement"]["NotStatement"]["Statement"]["ByteMatchStatement"]["SearchString"].startswith(
        "/webhook/clicksend/"
    )
    assert rules["size"]["SizeConstraintStatement"]["FieldToMatch"] == {"Body": {"OversizeHandling": "MATCH"}}
    assert "/stages/${Api" in association["ResourceArn"]["Fn::Sub"] or "live" in association["ResourceArn"]["Fn::Sub"]
    assert {"WebAcl", "WebAclAssociation"}.isdisjoint(translated()["Resources"])


def test_the_apps_methods_are_throttled_and_the_webhooks_stay_theirs() -> None:
    slow = translated(AppRequestsPerSecond="7", AppRequestsBurst="9")
    [stage] = of_type(slow, "AWS::ApiGateway::Stage").values()
    [rest] = [one for one in stage["MethodSettings"] if one["HttpMethod"] == "*"]

    assert rest == {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": "7",
        "ThrottlingBurstLimit": "9",
    }
    assert api.webhooks_are_throttled(slow) == []


def test_concurrency_is_kept_for_the_webhook_only_where_asked_for() -> None:
    kept = {
        name: one.get("ReservedConcurrentExecutions")
        for name, one in functions(translated(WebhookConcurrency="20")).items()
    }

    assert {name: count for name, count in kept.items() if count} == {"InboundWebhook": "20"}
    assert not any("ReservedConcurrentExecutions" in one for one in functions(translated()).values())


def test_a_key_of_ones_own_is_used_for_everything_that_rests() -> None:
    locked = translated(KmsKeyArn=KEY)

    table = of_type(locked, "AWS::DynamoDB::Table")["Table"]
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for queue in of_type(locked, "AWS::SQS::Queue").values():
        assert (queue["KmsMasterKeyId"], queue["SqsManagedSseEnabled"]) == (KEY, False)
    assert {one["KmsMasterKeyId"] for one in of_type(locked, "AWS::SNS::Topic").values()} == {KEY}
    assert {one["KmsKeyId"] for one in of_type(locked, "AWS::SecretsManager::Secret").values()} == {KEY}
    assert KEY not in json.dumps(translated())


def test_texts_are_kept_as_long_as_asked_for_by_all_that_store_them() -> None:
    given = {
        name: one["Environment"]["Variables"].get("MESSAGE_RETENTION_DAYS")
        for name, one in functions(translated(MessageRetentionDays="365")).items()
    }
    stores = {"InboundWebhook", "AppApi"}

    assert given == {name: "365" if name in stores else None for name in given}
    assert functions(translated())["AppApi"]["Environment"]["Variables"]["MESSAGE_RETENTION_DAYS"] == "0"


@pytest.mark.parametrize(
    ("days", "taken"),
    [
        ("0", True),
        ("30", True),
        ("365", True),
        ("9999", True),
        ("29", False),
        ("-1", False),
        ("10000", False),
        ("", False),
    ],
)
def test_a_retention_of_less_than_thirty_days_is_refused(days: str, taken: bool) -> None:
    pattern = translated()["Parameters"]["MessageRetentionDays"]["AllowedPattern"]

    assert bool(re.fullmatch(pattern, days)) is taken


def test_logs_are_kept_as_long_as_asked_for() -> None:
    groups = of_type(translated(LogRetentionDays="365"), "AWS::Logs::LogGroup")

    assert {one["RetentionInDays"] for one in groups.values()} == {"365"}
