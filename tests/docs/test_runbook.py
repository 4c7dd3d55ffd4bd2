"""docs/runbook.md has each section that a notification or an alarm names."""

import re
from pathlib import Path

import pytest
from templates import fleet_template

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.notifications.rendering.runbook import (
    RUNBOOK_FILE,
    SERVICE_SECTION,
    alarm_section,
    indicator_section,
    section_address,
)

PAGE = (Path(__file__).parents[2] / RUNBOOK_FILE).read_text()
TITLES = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("indicator", Indicator, ids=lambda indicator: indicator.key)
def test_runbook_has_a_section_for_each_indicator(indicator: Indicator) -> None:
    assert indicator_section(indicator) in TITLES


def test_runbook_has_a_section_for_problems_of_the_service() -> None:
    assert SERVICE_SECTION in TITLES


def test_runbook_has_exactly_one_section_for_each_alarm() -> None:
    """The logical ID of an alarm is "Watchdog", its construct ID, and a hash of 8 characters."""
    alarms = fleet_template().find_resources("AWS::CloudWatch::Alarm")
    names = [logical_id[len("Watchdog") : -8] for logical_id in alarms]
    titles = [title for title in TITLES if title.startswith(alarm_section(""))]
    assert sorted(titles) == sorted(alarm_section(name) for name in names)


@pytest.mark.parametrize("title", TITLES)
def test_anchor_of_a_section_is_the_one_that_github_makes(title: str) -> None:
    """GitHub makes an anchor of lowercase letters, digits, and hyphens in place of spaces."""
    anchor = section_address(title, "https://wiki.example.com").partition("#")[2]
    assert anchor == re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
