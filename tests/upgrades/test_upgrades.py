"""What an earlier version left in an account is what a later one goes on from.

A folder for each stored schema: its table as it stood on the third day of the demo's story, with
one invalid rule, and the default rules of that version, which a person may have saved as their own.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from builders import ORIGIN, a_table
from moto import mock_aws

from vdm_alerts.adapters.aws.dynamodb_state import TableStore
from vdm_alerts.core.alerts.alert import Firing
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.errors import Superseded
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.parser import parse_rule

HERE = Path(__file__).parent
VERSIONS = sorted(path for path in HERE.iterdir() if (path / "table.json").exists())


@pytest.fixture
def table() -> Iterator[Any]:
    with mock_aws():
        yield a_table()


def test_there_are_earlier_versions() -> None:
    assert [path.name for path in VERSIONS] == ["schema-1", "schema-2", "schema-4"]


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_what_it_remembered_is_remembered_and_can_be_saved_anew(version: Path, table: Any) -> None:
    for item in json.loads((version / "table.json").read_text()):
        table.put_item(Item=item)
    store = TableStore(table)
    memory = store.load(ORIGIN)
    assert memory.last_run
    assert memory.last_run.date() == date(2026, 3, 13)
    assert [finding.about for finding in memory.findings] == ["/vdm-alerts/rules/mine"]
    firing = {
        str(alert.scope): (alert.state.severity, alert.told.severity)
        for alert in memory.alerts.values()
        if isinstance(alert.state, Firing) and alert.told
    }
    assert firing == dict.fromkeys(
        ("news.example.com", "newsletter", "Hotmail"), (Severity.WARNING, Severity.WARNING)
    )
    assert memory.introduced, "people have known of it for long"
    assert memory.attempts == {}
    # Schema 3 was the first to store the last valid version of each rule.
    stores_rules = version.name >= "schema-3"
    assert sorted(memory.rules) == (["bounce-rate", "complaint-rate"] if stores_rules else [])
    store.save(ORIGIN, Memory(), replacing=memory)
    assert store.load(ORIGIN).alerts == {}, "under the same keys, so that nothing stays behind"
    with pytest.raises(Superseded):
        store.save(ORIGIN, memory, replacing=memory)


@pytest.mark.parametrize(
    "rule",
    [path for version in VERSIONS for path in sorted(version.glob("*.toml"))],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_a_rule_that_it_shipped_can_be_read(rule: Path) -> None:
    assert parse_rule(rule.stem, rule.read_text(), str(rule)).name == rule.stem
