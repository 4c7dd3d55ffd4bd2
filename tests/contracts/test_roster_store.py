"""What every RosterStore does, whichever it is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import NEWS, NOW, ORIGIN, a_table, an_entry
from fakes import FakeRosters
from moto import mock_aws

from vdm_alerts.adapters.aws import dynamodb_roster as adapter
from vdm_alerts.adapters.aws.dynamodb_items import ROSTER as ROSTER_PARTITION
from vdm_alerts.adapters.aws.dynamodb_items import partition_key
from vdm_alerts.adapters.aws.dynamodb_roster import TableRoster
from vdm_alerts.core.model.findings import Unavailable
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.planning.roster import Entry, Roster
from vdm_alerts.ports import RosterStore

ROSTER = Roster(
    entries={
        NEWS: an_entry(7, drilled=("bounce-rate",), refused=True),
        Scope(tenant="täglich", isp="Hotmail"): Entry(),
    },
    listed={Dimension.IDENTITY: NOW},
    swept=NOW,
    asked=12,
    unclaimed=3,
    today_refused=NOW.date(),
)


@pytest.fixture(params=["in memory", "in DynamoDB"])
def store(request: pytest.FixtureRequest) -> Iterator[RosterStore]:
    if request.param == "in memory":
        yield FakeRosters()
    else:
        with mock_aws():
            yield TableRoster(a_table())


def test_before_the_first_reading_nobody_is_known(store: RosterStore) -> None:
    assert store.load(ORIGIN) == Roster()


def test_what_was_saved_is_what_is_loaded(store: RosterStore) -> None:
    store.save(ORIGIN, ROSTER)
    assert store.load(ORIGIN) == ROSTER
    later = replace(ROSTER, entries={NEWS: an_entry()})
    store.save(ORIGIN, later)
    assert store.load(ORIGIN) == later


def many(count: int) -> Roster:
    """Names of chance, which do not compress."""
    names = (f"{hash((count, each)):x}.example.com" for each in range(count))
    return Roster({Scope(identity=name): an_entry(1) for name in names}, swept=NOW)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(adapter, "PART", 1_000)
    with mock_aws():
        yield a_table()


def test_a_roster_too_large_for_an_item_is_kept_in_parts(table: Any) -> None:
    store = TableRoster(table)
    store.save(ORIGIN, many(1_000))
    items = table.scan()["Items"]
    assert len(items) > 10
    assert max(len(bytes(item["packed"])) for item in items) == 1_000
    assert store.load(ORIGIN) == many(1_000)


def test_a_shorter_roster_is_not_mixed_with_what_a_longer_one_left(table: Any) -> None:
    store = TableRoster(table)
    store.save(ORIGIN, many(1_000))
    store.save(ORIGIN, many(100))
    assert store.load(ORIGIN) == many(100)


def test_a_save_that_was_broken_off_is_no_roster(table: Any) -> None:
    store = TableRoster(table)
    store.save(ORIGIN, many(1_000))
    table.delete_item(Key={"pk": partition_key(ROSTER_PARTITION, ORIGIN), "sk": "part#0003"})
    assert store.load(ORIGIN) == Roster()


@pytest.mark.parametrize("packed", [b"", b"x", "text", None])
def test_a_roster_that_cannot_be_read_is_made_anew(table: Any, packed: Any) -> None:
    item = {
        "pk": partition_key(ROSTER_PARTITION, ORIGIN),
        "sk": "part#0000",
        "whole": "a",
        "parts": 1,
        "packed": packed,
    }
    table.put_item(Item=item)
    assert TableRoster(table).load(ORIGIN) == Roster()
    table.put_item(Item={"pk": partition_key(ROSTER_PARTITION, ORIGIN), "sk": "part#0000"})
    assert TableRoster(table).load(ORIGIN) == Roster()


def test_a_roster_is_no_part_of_what_alerts_are_remembered_in(table: Any) -> None:
    TableRoster(table).save(ORIGIN, ROSTER)
    assert {item["pk"] for item in table.scan()["Items"]} == {
        partition_key(ROSTER_PARTITION, ORIGIN)
    }


def test_a_table_that_is_not_there_is_unavailable() -> None:
    with mock_aws():
        gone: Any = boto3.resource("dynamodb").Table("gone")
        with pytest.raises(Unavailable, match="dynamodb:Query"):
            TableRoster(gone).load(ORIGIN)
        with pytest.raises(Unavailable, match="dynamodb:BatchWriteItem"):
            TableRoster(gone).save(ORIGIN, ROSTER)
