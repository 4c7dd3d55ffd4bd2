"""The roster in DynamoDB: several items, and items that are missing or unreadable."""

import json
import zlib
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from builders import NEWS_IDENTITY, NOW, TARGET, a_sender_record, a_table
from moto import mock_aws

from vdm_alerts.adapters.aws import dynamodb_roster
from vdm_alerts.adapters.aws.dynamodb_items import ROSTER as ROSTER_PARTITION
from vdm_alerts.adapters.aws.dynamodb_items import partition_key
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.core.model.findings import UnavailableError
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.planning.roster import SenderRoster


def incompressible_roster(count: int) -> SenderRoster:
    """Return a roster of *count* senders with random names."""
    names = (f"{hash((count, number)):x}.example.com" for number in range(count))
    return SenderRoster({Scope(identity=name): a_sender_record(1) for name in names}, read_at=NOW)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(dynamodb_roster, "PART_SIZE", 1_000)
    with mock_aws():
        yield a_table()


def test_large_roster_is_stored_in_several_items(table: Any) -> None:
    store = DynamoDbRoster(table)

    store.save(TARGET, incompressible_roster(1_000))

    items = table.scan()["Items"]
    assert len(items) > 10
    assert max(len(bytes(item["packed"])) for item in items) == 1_000
    assert store.load(TARGET) == incompressible_roster(1_000)


def test_shorter_roster_ignores_items_of_a_longer_one(table: Any) -> None:
    store = DynamoDbRoster(table)
    store.save(TARGET, incompressible_roster(1_000))

    store.save(TARGET, incompressible_roster(100))

    assert store.load(TARGET) == incompressible_roster(100)


def test_incomplete_roster_is_loaded_as_empty(table: Any) -> None:
    store = DynamoDbRoster(table)
    store.save(TARGET, incompressible_roster(1_000))

    table.delete_item(Key={"pk": partition_key(ROSTER_PARTITION, TARGET), "sk": "part#0003"})

    assert store.load(TARGET) == SenderRoster()


@pytest.mark.parametrize("packed", [b"", b"x", "text", None])
def test_unreadable_roster_is_loaded_as_empty(table: Any, packed: Any) -> None:
    key = {"pk": partition_key(ROSTER_PARTITION, TARGET), "sk": "part#0000"}
    table.put_item(Item={**key, "whole": "a", "parts": 1, "packed": packed})

    assert DynamoDbRoster(table).load(TARGET) == SenderRoster()


@pytest.mark.parametrize(
    "damage",
    [
        {"entries": []},
        {"entries": [[{"IDENTITY": 7}, None, None, 0, {}, None, None]]},
        {"entries": [[{"IDENTITY": "renamed.example"}, None, None, 0, {}, None, None]]},
        {"asked": "many"},
        {"listed": {"IDENTITY": "2026-03-12"}},
    ],
)
def test_damaged_roster_is_loaded_as_empty(table: Any, damage: dict[str, Any]) -> None:
    store = DynamoDbRoster(table)
    roster = SenderRoster({NEWS_IDENTITY: a_sender_record(7)}, {Dimension.IDENTITY: NOW})
    store.save(TARGET, roster)
    (item,) = table.scan()["Items"]
    document = json.loads(zlib.decompress(bytes(item["packed"])))
    item["packed"] = zlib.compress(json.dumps({**document, **damage}).encode())
    table.put_item(Item=item)

    assert store.load(TARGET) == SenderRoster()


def test_roster_without_a_checksum_is_loaded(table: Any) -> None:
    """An older version stored none."""
    store = DynamoDbRoster(table)
    store.save(TARGET, SenderRoster({NEWS_IDENTITY: a_sender_record(7)}))
    (item,) = table.scan()["Items"]
    del item["checksum"]
    table.put_item(Item=item)

    assert store.load(TARGET).records == {NEWS_IDENTITY: a_sender_record(7)}


def test_roster_item_without_attributes_is_loaded_as_empty(table: Any) -> None:
    table.put_item(Item={"pk": partition_key(ROSTER_PARTITION, TARGET), "sk": "part#0000"})

    assert DynamoDbRoster(table).load(TARGET) == SenderRoster()


def test_roster_has_a_partition_of_its_own(table: Any) -> None:
    DynamoDbRoster(table).save(
        TARGET, SenderRoster({NEWS_IDENTITY: a_sender_record(7)}, read_at=NOW)
    )

    assert {item["pk"] for item in table.scan()["Items"]} == {
        partition_key(ROSTER_PARTITION, TARGET)
    }


def test_call_fails_as_unavailable_when_the_table_is_missing() -> None:
    with mock_aws():
        missing: Any = boto3.resource("dynamodb").Table("missing")
        with pytest.raises(UnavailableError, match="dynamodb:Query"):
            DynamoDbRoster(missing).load(TARGET)
        with pytest.raises(UnavailableError, match="dynamodb:BatchWriteItem"):
            DynamoDbRoster(missing).save(TARGET, SenderRoster())
