"""State in DynamoDB: unreadable items, a missing table, and more than one page of items."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from builders import HOUR, NEWS_IDENTITY, NOW, TARGET, a_table, firing
from moto import mock_aws

from vdm_alerts.adapters.aws.codec import encode
from vdm_alerts.adapters.aws.dynamodb_items import STATE, partition_key, run_item
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.rules.rule_set import RuleText

UNTIL = NOW + HOUR
RULE = RuleText('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


@pytest.mark.parametrize(
    "damaged",
    [
        {"sk": "alert#x", "record": {"schema": 2}},
        {"sk": "alert#x", "record": {"schema": 1, "rule": "r", "state": {"is": "Dozing"}}},
        {"sk": "alert#x"},
        {"sk": "run", "last_run": "2026-03-12T09:00:00+00:00"},
        {"sk": "alert#x", "record": "x"},
        {"sk": "alert#x", "record": {**encode(firing()), "schema": 5}},
        {"sk": "rule#x", "record": {"schema": 3, "text": ""}},
        {"sk": "rule#x", "record": {**encode(RULE), "schema": 5}},
        {"sk": "plan#x", "record": {"schema": 3}},
        {"sk": "run", "findings": [], "trouble_sequence": 1, "last_run": "yesterday"},
        {**run_item(TARGET, StoredState()), "schema": 5},
        {**run_item(TARGET, StoredState()), "version": "the newest"},
        {**run_item(TARGET, StoredState()), "attempts": ["id"]},
        {**run_item(TARGET, StoredState()), "attempts": {"id": {"schema": 3, "sequence": 1}}},
    ],
)
def test_load_fails_with_a_finding_when_an_item_is_unreadable(
    table: Any, damaged: dict[str, Any]
) -> None:
    table.put_item(Item={"pk": partition_key(STATE, TARGET), **damaged})

    with pytest.raises(OperationFailedError, match="What was remembered cannot be read") as caught:
        DynamoDbState(table).load(TARGET)

    assert not caught.value.finding.transient


def test_state_of_more_than_one_page_is_loaded_completely(table: Any) -> None:
    """A page of a query has at most 1 MB."""
    store = DynamoDbState(table)
    alerts = [
        replace(firing(replace(NEWS_IDENTITY, identity=f"{number}.example")), incident="x" * 30_000)
        for number in range(60)
    ]
    store.save(TARGET, StoredState({alert.key: alert for alert in alerts}), replacing=StoredState())

    assert len(store.load(TARGET).alerts) == 60


def test_run_does_not_fail_when_the_lease_cannot_be_released(table: Any) -> None:
    with DynamoDbState(table).lease(TARGET, UNTIL, NOW):
        table.delete()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.load(TARGET),
        lambda store: store.save(TARGET, StoredState(), replacing=StoredState()),
        lambda store: store.lease(TARGET, UNTIL, NOW).__enter__(),
    ],
    ids=["load", "save", "lease"],
)
def test_call_fails_as_unavailable_when_the_table_is_missing(
    call: Callable[[DynamoDbState], object],
) -> None:
    with mock_aws():
        missing: Any = boto3.resource("dynamodb").Table("missing")
        with pytest.raises(UnavailableError, match="dynamodb:"):
            call(DynamoDbState(missing))
