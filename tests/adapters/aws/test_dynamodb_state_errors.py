"""State in DynamoDB: unreadable items, a missing table, and more than one page of items."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from builders import HOTMAIL, HOUR, NEWS_IDENTITY, NOW, TARGET, a_table, firing
from hostile_server import serving
from moto import mock_aws

from vdm_alerts.adapters.aws import dynamodb_state
from vdm_alerts.adapters.aws.codec import SCHEMA, encode
from vdm_alerts.adapters.aws.dynamodb_items import (
    CHECKSUM,
    LEASE,
    STATE,
    key_text,
    partition_key,
    run_item,
    with_checksum,
)
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState, query_partition
from vdm_alerts.adapters.aws.time_limit import limit_request_time
from vdm_alerts.core.alerts.alert import Alert
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.model.findings import OperationFailedError, UnavailableError
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule_set import RuleText

UNTIL = NOW + HOUR / 4
RUN_ITEM_WITHOUT_CHECKSUM = {
    name: value
    for name, value in run_item(TARGET, StoredState(version=1)).items()
    if name != CHECKSUM
}
"""A run item of an earlier version, in which each field is checked on its own."""
RULE = RuleText('indicator = "bounce_rate"', "/vdm-alerts/rules/bounce-rate")


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


@pytest.mark.parametrize(
    "later",
    [
        {"sk": "alert#x", "record": {**encode(firing()), "schema": SCHEMA + 1}},
        {"sk": "rule#x", "record": {**encode(RULE), "schema": SCHEMA + 1}},
        {"sk": "plan#x", "record": {"schema": 3}},
        {**run_item(TARGET, StoredState()), "schema": SCHEMA + 1},
        with_checksum({**run_item(TARGET, StoredState()), "findings": [{"schema": SCHEMA + 1}]}),
    ],
)
def test_load_fails_with_a_finding_when_an_item_is_of_a_later_schema(
    table: Any, later: dict[str, Any]
) -> None:
    table.put_item(Item={"pk": partition_key(STATE, TARGET), **later})

    with pytest.raises(OperationFailedError, match="alert history is unreadable") as caught:
        DynamoDbState(table).load(TARGET)

    assert not caught.value.finding.transient


@pytest.mark.parametrize(
    "damaged",
    [
        {"sk": "alert#x", "record": {"schema": 2}},
        {"sk": "alert#x"},
        {"sk": "alert#x", "record": "x"},
        {"sk": f"alert#{key_text(firing().key)}"},
        {"sk": f"alert#{key_text(firing().key)}", "record": encode(firing(HOTMAIL))},
        {"sk": "rule#x", "record": {"schema": 3, "text": ""}},
        {"sk": "rule#x", "record": {"schema": 3, "text": 7, "source": "x"}},
        {"sk": "run", "last_run": "2026-03-12T09:00:00+00:00"},
        *(
            {**RUN_ITEM_WITHOUT_CHECKSUM, **fields}
            for fields in (
                {"last_run": "2026-03-12"},
                {"schema": "four"},
                {"trouble_sequence": -1},
                {"findings": ["VDM"]},
                {"numbers": {"id": True}},
                {"attempts": ["id"]},
                {"attempts": {"id": {"schema": 3, "sequence": 1}}},
                {"passing": {"ses:GetAccount": "2026-03-12"}},
                {"introduced": "no"},
                {"subscribers": "1"},
                {"days_without_vdm": "2026-03-12"},
                {"expected_subscribers": {"schema": 4, "confirmed": 1}},
            )
        ),
    ],
)
def test_damaged_item_is_a_finding_that_names_it(table: Any, damaged: dict[str, Any]) -> None:
    store = DynamoDbState(table)
    healthy = store.save(
        TARGET,
        StoredState({firing(ACCOUNT).key: firing(ACCOUNT)}, last_run=NOW, rules={"mine": RULE}),
        replacing=StoredState(),
    )
    table.put_item(Item={"pk": partition_key(STATE, TARGET), **damaged})

    state = store.load(TARGET)

    (finding,) = state.damage
    assert finding.key == f"item {damaged['sk']}"
    assert state.alerts[firing(ACCOUNT).key] == firing(ACCOUNT)
    assert state.rules == healthy.rules
    saved = store.save(TARGET, replace(state, damage=()), replacing=state)
    assert store.load(TARGET).alerts == saved.alerts


@pytest.mark.parametrize("version", ["-1", "newest", False, 0, -1, Decimal("1.5"), 10**20, []])
def test_damaged_version_is_repaired_and_reported(table: Any, version: Any) -> None:
    store = DynamoDbState(table)
    table.put_item(Item={**run_item(TARGET, StoredState(last_run=NOW)), "version": version})

    state = store.load(TARGET)

    assert [finding.key for finding in state.damage] == ["item run"]
    saved = store.save(TARGET, replace(state, damage=()), replacing=state)
    assert saved.version > state.version
    assert store.load(TARGET) == saved


def test_alert_of_a_damaged_item_has_no_history_until_it_is_saved_anew(table: Any) -> None:
    store, alert = DynamoDbState(table), firing(notified=Severity.WARNING)
    store.save(TARGET, StoredState({alert.key: alert}), replacing=StoredState())
    key = {"pk": partition_key(STATE, TARGET), "sk": f"alert#{key_text(alert.key)}"}
    table.put_item(Item={**key, "record": {"schema": 4}})

    state = store.load(TARGET)
    store.save(TARGET, state, replacing=state)

    assert state.alerts == {alert.key: Alert(*alert.key, history_lost=True)}
    assert table.get_item(Key=key)["Item"]["record"] == {"schema": 4}
    repaired = replace(state, alerts={alert.key: alert}, damage=())
    store.save(TARGET, repaired, replacing=store.load(TARGET))
    assert store.load(TARGET).alerts == {alert.key: alert}
    assert store.load(TARGET).damage == ()


@pytest.mark.parametrize("damage", [{"sequence": "2"}, {"attempt": []}, {"schema": "x"}])
def test_numbers_of_a_damaged_incident_continue_after_a_gap(
    table: Any, damage: dict[str, Any]
) -> None:
    store = DynamoDbState(table)
    state = StoredState(sequences={"incident": 2, "other": 1}, version=0)
    saved = store.save(TARGET, replace(state, last_run=NOW), replacing=StoredState())
    for _ in range(3):
        saved = store.save(TARGET, saved, replacing=saved)
    key = {"pk": partition_key(STATE, TARGET), "sk": "incident#incident"}
    table.put_item(Item={**table.get_item(Key=key)["Item"], **damage})

    loaded = store.load(TARGET)

    assert loaded.sequences == {"incident": saved.version, "other": 1}
    assert [finding.key for finding in loaded.damage] == ["item incident#incident"]


def test_missing_run_item_is_reported_and_sends_no_second_summary(table: Any) -> None:
    store, alert = DynamoDbState(table), firing(notified=Severity.WARNING)
    store.save(TARGET, StoredState({alert.key: alert}), replacing=StoredState())
    table.delete_item(Key={"pk": partition_key(STATE, TARGET), "sk": "run"})

    loaded = store.load(TARGET)

    assert (loaded.alerts, loaded.summary_sent) == ({alert.key: alert}, True)
    assert [finding.key for finding in loaded.damage] == ["item run"]


def test_days_without_vdm_are_all_days_when_they_are_damaged(table: Any) -> None:
    damaged = {**run_item(TARGET, StoredState(last_run=NOW)), "days_without_vdm": [7]}
    table.put_item(Item=damaged)

    days = DynamoDbState(table).load(TARGET).days_without_vdm

    assert (len(days), max(days)) == (60, NOW.date())


@pytest.mark.parametrize(
    "damage", [{}, {"until": "never"}, {"until": 10**11}, {"until": True}, {"until": None}]
)
def test_damaged_lease_blocks_no_run(
    table: Any, damage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    key = {"pk": partition_key(LEASE, TARGET), "sk": "lease"}
    table.put_item(Item={**key, "owner": "dead", **damage})

    with DynamoDbState(table).lease(TARGET, UNTIL, NOW):
        pass

    assert "damaged lease replaced" in caplog.text


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


class EndlessTable:
    """A table whose every page of a query names a further page."""

    def __init__(self, items: list[Any], keys: list[str]) -> None:
        self._items = items
        self._keys = iter(keys)

        self.meta = SimpleNamespace(client=boto3.client("dynamodb"))

    def query(self, **_: object) -> Any:
        return {"Items": self._items, "LastEvaluatedKey": {"pk": "p", "sk": next(self._keys)}}


@pytest.mark.parametrize(
    ("items", "keys"),
    [([{"sk": "a"}], ["a", "a"]), ([{"sk": "a"}], ["a", "b", "a"]), ([], ["a"])],
    ids=["repeated key", "circle", "empty page"],
)
def test_pages_that_do_not_advance_are_an_error_of_the_query(
    items: list[Any], keys: list[str]
) -> None:
    table: Any = EndlessTable(items, keys)
    with pytest.raises(UnavailableError, match="dynamodb:Query failed: its pages do not advance"):
        query_partition(table, "p")


def test_pages_without_an_end_end_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb_state, "QUERY_TIME", timedelta(seconds=0.5))
    pages = 0

    def name_a_further_page(connection: Any, _: Any) -> None:
        nonlocal pages
        pages += 1
        key = {"pk": {"S": "p"}, "sk": {"S": f"{pages:09}"}}
        body = json.dumps({"Items": [key], "LastEvaluatedKey": key}).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with serving(name_a_further_page) as url:
        resource: Any = boto3.resource("dynamodb", endpoint_url=url)
        table = resource.Table("vdm-alerts")
        limit_request_time(table.meta.client, 10)
        with pytest.raises(UnavailableError, match="dynamodb:Query failed: The time for reading"):
            DynamoDbRoster(table).load(TARGET)
    assert pages > 1
