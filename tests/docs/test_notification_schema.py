"""docs/notification.schema.json, compared with the code and with payloads.

Every other test checks the payloads that it renders or receives, by a fixture in tests/conftest.py.
"""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import NOW, TARGET
from jsonschema import Draft202012Validator
from notification_schema import KINDS, SCHEMA, is_valid, violations
from sample_notifications import sample_notifications

from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering import payload
from vdm_alerts.core.notifications.rendering.content import Content
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render

SAMPLES: dict[str, Any] = {
    sample["kind"]: sample
    for sample in (
        json.loads(render(notification, Links(TARGET), NOW).payload)
        for notification in sample_notifications()
    )
}
DELETED = object()


def fields(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the schema of each field in *schema*."""
    if isinstance(schema, dict):
        if isinstance(listed := schema.get("properties"), dict):
            yield from listed.items()
        for value in schema.values():
            yield from fields(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from fields(item)


def changed(sample: Any, path: str, value: object) -> Any:
    """Return a copy of *sample* with *value* at *path*, for example "affected.0.rate"."""
    document = copy.deepcopy(sample)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = document
    for part in parents:
        place = place[part]
    if value is DELETED:
        del place[last]
    else:
        place[last] = value
    return document


def test_schema_is_valid_and_describes_each_field() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    consts = {"kind"}
    undescribed = {
        name
        for name, schema in fields(SCHEMA)
        if "description" not in schema and "$ref" not in schema and name not in consts
    }
    assert not undescribed
    assert all(
        "description" in SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
        for _, schema in fields(SCHEMA)
        if "$ref" in schema
    )


def test_schema_has_the_values_of_the_code() -> None:
    listed = {name: set(schema["enum"]) for name, schema in fields(SCHEMA) if "enum" in schema}
    reasons = {reason.value for reason in Reason}
    assert listed["indicator"] == {indicator.key for indicator in Indicator}
    assert set(KINDS["incident"]["properties"]["reason"]["enum"]) == reasons
    assert set(SCHEMA["$defs"]["affected"]["properties"]["reason"]["enum"]) == {*reasons, None}
    assert set(SCHEMA["properties"]["severity"]["enum"]) == {"OK", *map(str, Severity)}
    assert set(SCHEMA["$defs"]["scope"]["properties"]) == {each.value for each in Dimension}
    assert set(KINDS) == set(SCHEMA["properties"]["kind"]["enum"])
    assert SCHEMA["properties"]["schema"]["const"] == payload.PAYLOAD_SCHEMA


@pytest.mark.parametrize("kind", SAMPLES)
def test_reader_accepts_a_payload_with_fields_that_are_not_in_the_schema(kind: str) -> None:
    assert is_valid(SAMPLES[kind])
    extended = SAMPLES[kind] | {"new_field": 1}
    assert is_valid(extended)
    assert any("new_field" in each for each in violations(extended))


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("incident", "schema", 1),
        ("incident", "severity", "INFO"),
        ("incident", "at", "2026-03-12T09:00:00"),
        ("incident", "headline", DELETED),
        ("incident", "contributor", DELETED),
        ("incident", "contributor", {}),
        ("incident", "reason", "ENDED"),
        ("incident", "affected.0.rate", "7%"),
        ("incident", "affected.0.confidence", 99.9),
        ("incident", "affected.0.last_day", "today"),
        ("incident", "affected.0.scope", {"ISP": 5}),
        ("incident", "estimate.review.level", 5),
        ("incident", "trend.rates", []),
        ("incident", "provider.volume", 0),
        ("incident", "steps.0.command", None),
        ("incident", "links.0.address", None),
        ("summary", "incidents.0.steps", DELETED),
        ("summary", "incidents_total", -1),
        ("summary", "reason", "FIRING"),
        ("service", "findings.0.fix.text", DELETED),
        ("service", "findings.0.severity", "OK"),
        ("service", "fixed.0.key", None),
    ],
)
def test_payload_is_invalid_when_a_field_is_wrong(kind: str, path: str, value: object) -> None:
    wrong = changed(SAMPLES[kind], path, value)
    assert not is_valid(wrong)
    assert list(violations(wrong))


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("incident", "affected.0.limit"),
        ("incident", "contributor.scope.DOMAIN"),
        ("incident", "estimate.pause.mails"),
        ("summary", "incidents.0.sure"),
        ("service", "findings.0.what"),
        ("service", "affected"),
    ],
)
def test_violation_is_reported_when_a_field_is_not_in_the_schema(kind: str, path: str) -> None:
    """Otherwise, the code could add fields that nobody can read about."""
    assert list(violations(changed(SAMPLES[kind], path, 1)))


def test_fixture_reports_each_rendered_payload_that_is_invalid(
    payload_violations: list[str],
) -> None:
    payload.payload_text({"kind": "service"}, NOW, "subject", Content("headline", ("text",)), {})
    assert any("'findings' is a required property" in each for each in payload_violations)
    payload_violations.clear()
