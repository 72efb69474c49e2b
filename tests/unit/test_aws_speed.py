"""What makes moto faster changes nothing that it answers (`tests/aws_speed.py` has put it in place already)."""

import random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.conftest import OWNER, REGION, Backend, of_aws


def put(aws: Backend, pk: str, sk: str, **more: Any) -> dict[str, Any]:
    """A write of a plain item, for a transaction."""
    return {"Put": {"TableName": aws.table_name, "Item": {"pk": {"S": pk}, "sk": {"S": sk}, **more}}}


def test_items_are_in_the_order_of_their_keys(aws: Backend) -> None:
    keys = [(f"{number}", f"{other}") for number in (1, 10, 2) for other in ("b", "B", "10", "9", "")]
    random.shuffle(keys)
    for pk, sk in keys:
        of_aws("dynamodb").put_item(**put(aws, f"order {pk}", f"at {sk}")["Put"])

    found = get_backend("dynamodb")[OWNER][REGION].tables[aws.table_name].all_items()

    assert [(one.hash_key, one.range_key) for one in found] == sorted((one.hash_key, one.range_key) for one in found)
    texts = [(item["pk"], item["sk"]) for item in (one.to_regular_json() for one in found)]
    assert [key for key in texts if key[0].startswith("order ")] == sorted(
        (f"order {pk}", f"at {sk}") for pk, sk in keys
    )


@pytest.mark.parametrize(
    ("less", "more"), [({"N": "9"}, {"N": "10"}), ({"S": "10"}, {"S": "9"}), ({"N": "-1.5"}, {"N": "1e1"})]
)
def test_numbers_are_compared_as_numbers_and_texts_as_texts(less: dict[str, str], more: dict[str, str]) -> None:
    assert DynamoType(less) < DynamoType(more)


def test_a_transaction_that_fails_leaves_table_and_stream_as_they_were(aws: Backend) -> None:
    client = of_aws("dynamodb")
    client.transact_write_items(TransactItems=[put(aws, "one", "item", n={"N": "1"})])
    items, stream = aws.items(), records(aws)
    refused = put(aws, "two", "item")
    refused["Put"]["ConditionExpression"] = "attribute_exists(pk)"

    with pytest.raises(ClientError, match="TransactionCanceled"):
        client.transact_write_items(TransactItems=[put(aws, "one", "item", n={"N": "2"}), refused])

    assert (aws.items(), records(aws)) == (items, stream)
    client.transact_write_items(TransactItems=[put(aws, "three", "item")])
    assert len(records(aws)) == len(stream) + 1


def records(aws: Backend) -> list[Any]:
    """What the table's stream has."""
    shard = get_backend("dynamodb")[OWNER][REGION].tables[aws.table_name].stream_shard
    assert shard is not None
    return [one.to_json() for one in shard.items]
