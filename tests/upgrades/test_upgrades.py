"""A later version continues from the table that an earlier version left.

There is a folder for each stored schema. It contains the table after the third day of the demo
scenario, with one invalid rule, and the default rules of that version. A user may have saved these
rules as custom rules. `record_table.py` records the table.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from builders import LEASE, NEWS_IDENTITY, TARGET, a_table
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_items import STATE, partition_key
from vdm_alerts.adapters.aws.dynamodb_roster import DynamoDbRoster
from vdm_alerts.adapters.aws.dynamodb_state import DynamoDbState
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.verdict_record import NoRecord
from vdm_alerts.core.model.errors import StaleStateError
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.planning.roster import SenderRecord, SenderRoster
from vdm_alerts.core.rules.parser import parse_rule

HERE = Path(__file__).parent
UNSCOPED_VERSIONS = [HERE / "schema-1", HERE / "schema-2", HERE / "schema-4"]
"""The folders of tables in which targets do not have their own partitions."""
VERSIONS = [*UNSCOPED_VERSIONS, HERE / "schema-5"]
"""All folders, one for each schema of which a table is recorded."""
DEFAULT_RULES = ("bounce-rate", "complaint-rate")
"""The default rules of every version in VERSIONS."""


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


def old_items(version: Path) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads((version / "table.json").read_text())
    return items


def test_every_upgrade_fixture_is_tested() -> None:
    assert sorted(path.parent for path in HERE.glob("*/table.json")) == VERSIONS
    rules = [version / f"{name}.toml" for version in VERSIONS for name in DEFAULT_RULES]
    assert sorted(HERE.glob("*/*.toml")) == rules


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_state_of_an_earlier_version_is_loaded_and_saved_again(version: Path, table: Any) -> None:
    for item in old_items(version):
        table.put_item(Item=item)
    store = DynamoDbState(table)
    state = store.load(TARGET)
    assert state.last_run is not None
    assert state.last_run.date() == date(2026, 3, 13)
    assert [finding.key for finding in state.findings] == ["/vdm-alerts/rules/mine"]
    assert len(state.alerts) == 3
    firing = {
        str(alert.scope): (alert.state.severity, alert.last_notified.severity)
        for alert in state.alerts.values()
        if isinstance(alert.state, Firing) and alert.last_notified is not None
    }
    assert firing == dict.fromkeys(
        ("news.example.com", "newsletter", "Hotmail"), (Severity.WARNING, Severity.WARNING)
    )
    assert state.summary_sent, "an earlier version has no first summary, and its users need none"
    assert state.attempts == {}
    # Schema 3 was the first to store the last valid version of each rule.
    stores_rules = int(version.name.removeprefix("schema-")) >= 3
    assert sorted(state.rules) == (["bounce-rate", "complaint-rate"] if stores_rules else [])
    store.save(TARGET, StoredState(), replacing=state)
    assert store.load(TARGET).alerts == {}, "alerts keep their keys, so every item is deleted"
    with pytest.raises(StaleStateError):
        store.save(TARGET, state, replacing=state)


def test_incidents_of_an_earlier_version_move_to_items_of_their_own(table: Any) -> None:
    for item in old_items(HERE / "schema-4"):
        table.put_item(Item=item)
    store = DynamoDbState(table)
    before = store.load(TARGET)
    assert before.sequences == {"bounce-rate-20260312T0900Z": 1}
    assert store.load(TARGET) == before, "an interrupted move starts again"
    saved = store.save(TARGET, replace(before, subscribers=7), replacing=before)
    assert store.load(TARGET) == saved
    assert saved.sequences == before.sequences
    run = table.get_item(Key={"pk": partition_key(STATE, TARGET), "sk": "run"})["Item"]
    assert "numbers" not in run


def test_history_of_an_earlier_version_is_read_without_evidence(table: Any) -> None:
    for item in old_items(HERE / "schema-5"):
        table.put_item(Item=item)
    recent = DynamoDbState(table).transitions_since(
        TARGET, datetime(2026, 1, 1, tzinfo=UTC), with_evidence=True
    )
    assert recent.is_complete
    assert len(recent.items) == 3
    assert {change.record for change in recent.items} == {NoRecord.NOT_STORED}


def stored_keys(table: Any) -> set[tuple[str, str]]:
    return {(item["pk"], item["sk"]) for item in table.scan()["Items"]}


@pytest.fixture(params=UNSCOPED_VERSIONS, ids=lambda path: path.name)
def old_table(request: pytest.FixtureRequest, table: Any) -> Any:
    """The table of an earlier version, in which targets do not have their own partitions."""
    for item in old_items(request.param):
        table.put_item(Item=item)
    return table


def test_state_of_an_older_table_moves_to_the_partition_of_the_target(old_table: Any) -> None:
    before = {sk for pk, sk in stored_keys(old_table) if pk == "memory"}
    DynamoDbState(old_table).load(TARGET)
    after = stored_keys(old_table)
    moved = {sk for pk, sk in after if pk == partition_key(STATE, TARGET)}
    assert {sk for sk in moved if not sk.startswith("incident#")} == before
    assert "memory" not in {pk for pk, _ in after}


def test_state_of_an_older_table_moves_once(old_table: Any) -> None:
    first = DynamoDbState(old_table).load(TARGET)
    assert DynamoDbState(old_table).load(TARGET) == first


def test_interrupted_move_starts_again_with_the_older_state(old_table: Any) -> None:
    leftover = {"pk": partition_key(STATE, TARGET), "sk": "alert#leftover", "record": {}}
    old_table.put_item(Item=leftover)
    state = DynamoDbState(old_table).load(TARGET)
    assert len(state.alerts) == 3
    assert (leftover["pk"], leftover["sk"]) not in stored_keys(old_table)


def test_move_is_rejected_when_an_older_run_saves_meanwhile(
    old_table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = old_table.meta.client
    transact = client.transact_write_items
    run = old_table.get_item(Key={"pk": "memory", "sk": "run"})["Item"]

    def save_then_transact(**arguments: Any) -> Any:
        old_table.put_item(Item={**run, "version": int(run.get("version", 0)) + 1})
        return transact(**arguments)

    monkeypatch.setattr(client, "transact_write_items", save_then_transact)
    with pytest.raises(StaleStateError):
        DynamoDbState(old_table).load(TARGET)
    monkeypatch.undo()
    assert len(DynamoDbState(old_table).load(TARGET).alerts) == 3


def test_move_rejects_a_later_save_by_an_older_run(old_table: Any) -> None:
    """An older version saves only if its run item is unchanged, and the move deletes that item."""
    DynamoDbState(old_table).load(TARGET)
    assert "Item" not in old_table.get_item(Key={"pk": "memory", "sk": "run"})


def test_states_of_two_targets_are_kept_apart(table: Any) -> None:
    other = Target("444455556666", "us-east-1")
    store = DynamoDbState(table)
    store.save(TARGET, StoredState(summary_sent=True), replacing=StoredState())
    assert store.load(other) == StoredState()
    with (
        store.lease(TARGET, LEASE.until, LEASE.taken),
        store.lease(other, LEASE.until, LEASE.taken),
    ):
        store.save(other, StoredState(subscribers=2), replacing=StoredState())
    assert (store.load(TARGET).summary_sent, store.load(other).summary_sent) == (True, False)


def test_roster_of_an_older_table_is_read_until_the_next_save(table: Any) -> None:
    roster = SenderRoster({NEWS_IDENTITY: SenderRecord(volume=7)})
    DynamoDbRoster(table).save(TARGET, roster)
    for item in table.scan()["Items"]:
        table.put_item(Item={**item, "pk": "roster"})
        table.delete_item(Key={"pk": item["pk"], "sk": item["sk"]})
    assert DynamoDbRoster(table).load(TARGET) == roster
    DynamoDbRoster(table).save(TARGET, SenderRoster())
    assert DynamoDbRoster(table).load(TARGET) == SenderRoster()


@pytest.mark.parametrize("name", DEFAULT_RULES)
@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_default_rule_of_an_earlier_version_can_be_parsed(version: Path, name: str) -> None:
    rule = version / f"{name}.toml"
    assert parse_rule(name, rule.read_text(), str(rule)).name == name
