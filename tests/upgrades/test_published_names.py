"""The published names: in stored items, logs, metrics, settings and payloads.

`published-names.json` is the contract. Renaming a Python class or field must not change it. A
change of the contract affects users, so it needs a new schema, a migration and a changelog entry.
`make snapshots` writes the file.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, TARGET
from cli.report.test_snapshot import DOCUMENT as REPORT
from sample_notifications import sample_notifications

from vdm_alerts import settings
from vdm_alerts.adapters.aws.codec import NOT_STORED, STORED_NAMES
from vdm_alerts.adapters.aws.dynamodb_items import EVIDENCE, NO_EVIDENCE, NO_RECORD_NAMES
from vdm_alerts.core.alerts.history import STATE_NAMES, VERDICT_NAMES
from vdm_alerts.core.fleet.answers import Status
from vdm_alerts.core.fleet.fleet import FleetTarget
from vdm_alerts.core.fleet.report import FleetReport
from vdm_alerts.core.fleet.targets import target_item
from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.core.observations.run_report import PUBLISHED_FIGURES, RunReport
from vdm_alerts.handlers.evaluate_target import _answer
from vdm_alerts_cli.doctor.catalog import CHECKS

TARGET_OF_FLEET = FleetTarget(TARGET)
FLEET_REPORT = FleetReport(
    targets=1, evaluated=0, blind=(TARGET,), notifications_due=0, messages_sent=0, unsent=0
)
CONTRACT = Path(__file__).parent / "published-names.json"


def key_paths(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every key of a JSON document; `[]` stands for an item of a list."""
    match value:
        case dict():
            for key, item in value.items():
                yield f"{path}.{key}".lstrip(".")
                yield from key_paths(item, f"{path}.{key}")
        case list():
            for item in value:
                yield from key_paths(item, f"{path}[]")


def published_names() -> dict[str, Any]:
    messages = [render(notification, Links(TARGET), NOW) for notification in sample_notifications()]
    return {
        "stored fields": {
            STATE_NAMES.get(record, "/".join(names.values())): sorted(names.values())
            for record, names in STORED_NAMES.items()
        },
        "verdicts": sorted(VERDICT_NAMES.values()),
        "evidence of history items": {
            "attributes": [EVIDENCE, NO_EVIDENCE],
            "missing": sorted(NO_RECORD_NAMES.values()),
        },
        "dimensions": {dimension.key: dimension.value for dimension in Dimension},
        "indicators": [indicator.key for indicator in Indicator],
        "severities": [str(severity) for severity in Severity],
        "reasons": sorted(reason.value for reason in Reason),
        "run figures": sorted(PUBLISHED_FIGURES.values()),
        "fleet": {
            "targets in a list": sorted(target_item(TARGET_OF_FLEET)),
            "answers": sorted(_answer(TARGET_OF_FLEET, Status.BLIND)),
            "statuses": sorted(Status),
            "figures": sorted(FLEET_REPORT.published_figures()),
        },
        "environment variables": sorted(
            {*settings.VARIABLES.values(), *settings.FLEET_VARIABLES.values()}
        ),
        "message attributes": {
            message.attributes["kind"]: sorted(message.attributes) for message in messages
        },
        "payload": {
            message.attributes["kind"]: sorted(set(key_paths(json.loads(message.payload))))
            for message in messages
        },
        "checks of the doctor": sorted(check.id for check in CHECKS),
        "report": sorted(set(key_paths(REPORT))),
    }


def test_published_names_match_the_contract() -> None:
    text = json.dumps(published_names(), indent=1) + "\n"
    if os.environ.get("WRITE_SNAPSHOTS"):
        CONTRACT.write_text(text)
        pytest.skip("the contract was written, not compared")
    assert json.loads(CONTRACT.read_text()) == json.loads(text)


@pytest.mark.parametrize("record", STORED_NAMES, ids=lambda record: record.__name__)
def test_each_record_field_has_one_stored_name(record: type) -> None:
    names = STORED_NAMES[record]
    stored = {field.name for field in fields(record)} - NOT_STORED.get(record, frozenset())
    assert set(names) == stored
    assert len(set(names.values())) == len(names)


def test_each_run_figure_has_a_published_name() -> None:
    figures = {field.name for field in fields(RunReport)} - {"is_cut_short"}
    assert set(PUBLISHED_FIGURES) == figures


def test_each_setting_has_an_environment_variable() -> None:
    assert set(settings.VARIABLES) == {field.name for field in fields(settings.Settings)}
