"""Two stacks live side by side in one AWS account and region."""

import json

from tests import template_yaml


def test_nothing_has_a_name_that_a_second_stack_would_take_too() -> None:
    resources = template_yaml.load()["Resources"]
    names = {"TableName", "QueueName", "TopicName", "FunctionName", "LogGroupName", "RoleName", "LayerName"}
    mappings = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"}  # which name the function that is called
    named = {
        logical
        for logical, one in resources.items()
        if one["Type"] not in mappings and names & set(one.get("Properties", {}))
    }
    assert named == set()
    assert resources["Sweeper"]["Properties"]["Events"]["EachMinute"]["Properties"]["OmitName"] is True


def test_what_has_a_name_is_named_for_its_stack() -> None:
    resources = template_yaml.load()["Resources"]
    named = {
        logical: json.dumps(one["Properties"][name])
        for logical, one in resources.items()
        for name in ("Name", "UserPoolName")
        if name in one.get("Properties", {})
    }

    assert named.keys() == {"Api", "UserPool", "WebSocketApi", "EmailConfigurationSet", "PushPublicKey"}
    assert [logical for logical, name in named.items() if "AWS::StackName" not in name] == []
