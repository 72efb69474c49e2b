"""What must not be lost: the table, the secrets, the users."""

from typing import Final

from tests.template.findings import Broken, changing, differs, setting
from tests.template.translated import Properties, Template, of_type

RETAINED: Final = {"AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool"}
INDEXES: Final = {
    "inbox": ({"HASH": "inbox", "RANGE": "last_at"}, "ALL"),
    "log": ({"HASH": "log", "RANGE": "log_order"}, "KEYS_ONLY"),
    "due": ({"HASH": "due_shard", "RANGE": "due_at"}, "KEYS_ONLY"),
}
TYPES: Final = {
    "pk": "S",
    "sk": "S",
    "inbox": "S",
    "last_at": "N",
    "log": "S",
    "log_order": "S",
    "due_shard": "S",
    "due_at": "N",
}


def the_truth_is_retained(template: Template) -> list[str]:
    """Table, secrets and users outlive their stack, and a change that would replace them."""
    return [
        f"{name} has no {policy}: Retain"
        for name, resource in template["Resources"].items()
        if resource["Type"] in RETAINED
        for policy in ("DeletionPolicy", "UpdateReplacePolicy")
        if resource.get(policy) != "Retain"
    ]


def the_table_can_be_restored(template: Template) -> list[str]:
    """Point-in-time recovery."""
    specification = of_type(template, "AWS::DynamoDB::Table")["Table"].get("PointInTimeRecoverySpecification")
    return differs("recovery", specification, {"PointInTimeRecoveryEnabled": True})


def the_table_is_protected(template: Template) -> list[str]:
    """In prod, DynamoDB itself refuses to delete the table."""
    table = of_type(template, "AWS::DynamoDB::Table")["Table"]
    return differs("deletion protection", table.get("DeletionProtectionEnabled"), True)


def the_users_are_protected(template: Template) -> list[str]:
    """In prod, Cognito itself refuses to delete the user pool."""
    pool = of_type(template, "AWS::Cognito::UserPool")["UserPool"]
    return differs("deletion protection", pool.get("DeletionProtection"), "ACTIVE")


def the_table_is_shaped(template: Template) -> list[str]:
    """Keys, indexes, stream, time to live and price, as `aws/items.py` and `aws/table.py` expect them."""
    table = of_type(template, "AWS::DynamoDB::Table")["Table"]
    indexes = {
        one["IndexName"]: (_keys(one), one["Projection"]["ProjectionType"]) for one in table["GlobalSecondaryIndexes"]
    }
    types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
    return [
        *differs("the key", _keys(table), {"HASH": "pk", "RANGE": "sk"}),
        *differs("indexes", indexes, INDEXES),
        *differs("attribute types", types, TYPES),
        *differs("the stream", table["StreamSpecification"], {"StreamViewType": "NEW_AND_OLD_IMAGES"}),
        *differs("time to live", table["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True}),
        *differs("billing", table["BillingMode"], "PAY_PER_REQUEST"),
    ]


def _keys(described: Properties) -> dict[str, str]:
    return {one["KeyType"]: one["AttributeName"] for one in described["KeySchema"]}


CHECKS: Final = (the_truth_is_retained, the_table_can_be_restored, the_table_is_shaped)
IN_PROD: Final = (the_table_is_protected, the_users_are_protected)

BROKEN: Final[Broken] = (
    (the_truth_is_retained, lambda one: one["Resources"]["WebhookSecret"].pop("UpdateReplacePolicy")),
    (the_truth_is_retained, lambda one: one["Resources"]["UserPool"].update(DeletionPolicy="Delete")),
    (the_table_can_be_restored, setting("Table", PointInTimeRecoverySpecification=None)),
    (the_table_is_protected, setting("Table", DeletionProtectionEnabled=False)),
    (the_users_are_protected, setting("UserPool", DeletionProtection="INACTIVE")),
    (the_table_is_shaped, changing("Table", "GlobalSecondaryIndexes", 1, Projection={"ProjectionType": "ALL"})),
    (the_table_is_shaped, changing("Table", "GlobalSecondaryIndexes", 1, IndexName="messages")),
    (the_table_is_shaped, setting("Table", StreamSpecification={"StreamViewType": "KEYS_ONLY"})),
)
