"""docs/operations.md lists every alarm, and shows the figures of the simulated CloudWatch."""

import re
from pathlib import Path

import pytest
from alarm_stories import RUNS, STORIES, emails
from templates import fleet_template

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ALARMS, FIGURES = PAGE.split("\n## How many emails to expect\n")
ROWS = {
    story: [int(count) for count in counts.split(" | ")]
    for story, counts in re.findall(r"^\| ([^|`]+?) \| ([\d |]+) \|$", FIGURES, re.MULTILINE)
}


def test_page_has_a_row_for_each_alarm_of_the_stack() -> None:
    alarms = fleet_template().find_resources("AWS::CloudWatch::Alarm").values()
    names = [each["Properties"]["AlarmName"].removeprefix("vdm-alerts-") for each in alarms]
    assert sorted(re.findall(r"^\| `([\w-]+)` \|", ALARMS, re.MULTILINE)) == sorted(names)


def test_page_has_a_column_for_each_schedule_and_a_row_for_each_story() -> None:
    assert re.findall(r"`([a-z]+\([^`]+\))`", FIGURES) == list(RUNS)
    assert list(ROWS) == list(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_row_has_the_figures_of_the_simulator(story: str) -> None:
    assert ROWS[story] == [len(emails(story, schedule)) for schedule in RUNS]
