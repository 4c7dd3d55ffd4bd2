"""Tests of docs/rule.schema.json against the rule language."""

import json
from pathlib import Path

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.field_types import KINDS

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "rule.schema.json").read_text())


def test_rule_schema_lists_every_indicator() -> None:
    listed = SCHEMA["properties"]["indicator"]["enum"]
    assert listed == [indicator.key for indicator in Indicator]


def test_rule_schema_lists_every_scope() -> None:
    listed = SCHEMA["properties"]["scopes"]["items"]["enum"]
    assert set(listed) == set(KINDS)
