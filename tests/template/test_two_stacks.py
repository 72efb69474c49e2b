"""Two stacks live side by side in one AWS account and region."""

from tests import template_yaml


def test_nothing_has_a_name_that_a_second_stack_would_take_too() -> None:
    resources = template_yaml.load()["Resources"]
    names = {"TableName", "QueueName", "TopicName", "FunctionName", "LogGroupName", "RoleName", "LayerName"}
    # These name the function that they feed, or let somebody call.
    refer = {"AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission"}
    named = {
        logical
        for logical, one in resources.items()
        if one["Type"] not in refer and names & set(one.get("Properties", {}))
    }
    assert named == set()
    assert resources["Sweeper"]["Properties"]["Events"]["EachMinute"]["Properties"]["OmitName"] is True
