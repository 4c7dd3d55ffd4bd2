"""Names that outlive the code: what tables, logs, metrics and payloads already hold.

`published-names.json` is the contract. Renaming a Python class or field must leave it as it is.
A change to it is a change for users: it needs a new schema, a migration and a changelog entry.
`make snapshots` writes it again.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import HOTMAIL, NEWS, NOW, TARGET, a_rule, breached, evidence, firing

from vdm_alerts import settings
from vdm_alerts.adapters.aws.codec import NOT_STORED, STORED_NAMES
from vdm_alerts.core.alerts.history import STATE_NAMES
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate, DistanceToLevel
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import Dimension, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.incidents import incident_notifications
from vdm_alerts.core.notifications.notification import (
    Notification,
    first_summary,
    service_notification,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.rendering.message import render
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.run_report import PUBLISHED_FIGURES, RunReport
from vdm_alerts.core.planning.contributor import Contributor

CONTRACT = Path(__file__).parent / "published-names.json"


def notices() -> Iterator[Notification]:
    """One notification of each kind, each with everything that it can carry."""
    alerts = [replace(firing(), last_notified=None), firing(HOTMAIL, Severity.CRITICAL)]
    culprit = Contributor(NEWS.at("Hotmail"), 0.9, evidence("20%"))
    (incident,) = incident_notifications(
        alerts,
        {"bounce-rate": a_rule()},
        {alert.key: breached() for alert in alerts},
        {alert.key: culprit for alert in alerts},
        {},
        {},
        NOW,
    )
    ahead = DistanceToLevel(0.1, 900, timedelta(hours=9))
    estimate = AccountRateEstimate(
        Rate(600, 10_000), Window(2), is_short=False, review=ahead, pause=ahead
    )
    incident = replace(incident, estimate=estimate)
    yield incident
    yield first_summary([incident], Coverage(("bounce-rate",), {(): 1}), {})
    gone = Finding("VDM", "VDM is off", "Enable VDM")
    service = service_notification([Finding("ses:GetAccount", "denied", "allow it")], [gone], 1)
    assert service
    yield service


def key_paths(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every key of a JSON document; `[]` stands for an item of a list."""
    match value:
        case dict():
            for key, each in value.items():
                yield f"{path}.{key}".lstrip(".")
                yield from key_paths(each, f"{path}.{key}")
        case list():
            for each in value:
                yield from key_paths(each, f"{path}[]")


def published_names() -> dict[str, Any]:
    messages = [render(notice, TARGET, NOW) for notice in notices()]
    return {
        "stored fields": {
            STATE_NAMES.get(record, "/".join(names.values())): sorted(names.values())
            for record, names in STORED_NAMES.items()
        },
        "dimensions": {each.key: each.value for each in Dimension},
        "indicators": [each.key for each in Indicator],
        "severities": [str(each) for each in Severity],
        "reasons": sorted(each.value for each in Reason),
        "run figures": sorted(PUBLISHED_FIGURES.values()),
        "environment variables": sorted(settings.VARIABLES.values()),
        "message attributes": {
            each.attributes["kind"]: sorted(each.attributes) for each in messages
        },
        "payload": {
            each.attributes["kind"]: sorted(set(key_paths(json.loads(each.payload))))
            for each in messages
        },
    }


def test_published_names_match_the_contract() -> None:
    text = json.dumps(published_names(), indent=1) + "\n"
    if os.environ.get("WRITE_SNAPSHOTS"):
        CONTRACT.write_text(text)
    assert json.loads(CONTRACT.read_text()) == json.loads(text)


@pytest.mark.parametrize("record", STORED_NAMES, ids=lambda record: record.__name__)
def test_each_record_field_has_one_stored_name(record: type) -> None:
    names = STORED_NAMES[record]
    stored = {field.name for field in fields(record)} - NOT_STORED.get(record, frozenset())
    assert set(names) == stored
    assert len(set(names.values())) == len(names)


def test_each_run_figure_has_a_published_name() -> None:
    assert set(PUBLISHED_FIGURES) == {field.name for field in fields(RunReport)}


def test_each_setting_has_an_environment_variable() -> None:
    assert set(settings.VARIABLES) == {field.name for field in fields(settings.Settings)}
