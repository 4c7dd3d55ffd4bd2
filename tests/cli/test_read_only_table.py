"""Commands that ask a question store nothing, even where loading the state would repair it."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import RUN, STATE, UNSCOPED_STATE, partition_key
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.model.target import Target
from vdm_alerts_cli.connection import Connection
from vdm_alerts_cli.read_only_table import read_only_table

TARGET = Target("111122223333", "eu-west-1")
ALERT = {"sk": "alert#1", "rule": "bounce-rate"}


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    with mock_aws():
        session = boto3.Session(region_name="eu-west-1")
        session.resource("dynamodb").create_table(
            TableName="memory",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Connection(session, "eu-west-1", TARGET.account)


def stored(connection: Connection) -> list[Any]:
    table = connection.session.resource("dynamodb").Table("memory")
    return sorted(table.scan()["Items"], key=lambda item: (item["pk"], item["sk"]))


@pytest.mark.parametrize(
    "run",
    [
        {"pk": UNSCOPED_STATE, "sk": RUN, "version": 3},
        {"pk": partition_key(STATE, TARGET), "sk": RUN, "version": "three"},
        {"pk": partition_key(STATE, TARGET), "sk": RUN, "version": 3, "numbers": {"a": 1}},
    ],
    ids=["older partition", "damaged version", "incidents in the run item"],
)
def test_loading_changes_no_item(connection: Connection, run: dict[str, Any]) -> None:
    writable = connection.session.resource("dynamodb").Table("memory")
    writable.put_item(Item=run)
    writable.put_item(Item={**ALERT, "pk": run["pk"]})
    before = stored(connection)

    DynamoDbState(read_only_table(connection, "memory")).load(TARGET)

    assert stored(connection) == before


def test_other_load_would_change_items(connection: Connection) -> None:
    """The items above are of the kind that a load repairs."""
    writable = connection.session.resource("dynamodb").Table("memory")
    writable.put_item(Item={"pk": UNSCOPED_STATE, "sk": RUN, "version": 3})
    before = stored(connection)

    DynamoDbState(writable).load(TARGET)

    assert stored(connection) != before


def test_every_write_is_left_out(connection: Connection) -> None:
    table = read_only_table(connection, "memory")
    table.put_item(Item={"pk": "a", "sk": "b"})
    table.delete_item(Key={"pk": "a", "sk": "b"})
    with table.batch_writer() as batch:
        batch.put_item(Item={"pk": "a", "sk": "c"})
    table.meta.client.transact_write_items(
        TransactItems=[{"Put": {"TableName": "memory", "Item": {"pk": "a", "sk": "d"}}}]
    )
    assert stored(connection) == []
    assert (
        table.query(KeyConditionExpression="pk = :a", ExpressionAttributeValues={":a": "a"})[
            "Items"
        ]
        == []
    )
