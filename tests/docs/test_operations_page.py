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


@pytest.mark.parametrize("name", ["no-subscribers", "blind-targets"])
def test_hours_of_an_alarm_are_one_to_two_of_its_periods(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` .*", ALARMS, re.MULTILINE)
    first, last = re.findall(r"for (\d) to (\d) hours", row)[0]
    alarms = fleet_template().find_resources("AWS::CloudWatch::Alarm").values()
    (alarm,) = (
        each["Properties"]
        for each in alarms
        if each["Properties"]["AlarmName"] == f"vdm-alerts-{name}"
    )
    periods = {each["MetricStat"]["Period"] for each in alarm["Metrics"] if "MetricStat" in each}
    assert periods == {int(first) * 3600}
    assert alarm["EvaluationPeriods"] == int(last) // int(first)


def test_page_has_a_column_for_each_schedule_and_a_row_for_each_story() -> None:
    assert re.findall(r"`([a-z]+\([^`]+\))`", FIGURES) == list(RUNS)
    assert list(ROWS) == list(STORIES)


@pytest.mark.parametrize("story", STORIES)
def test_row_has_the_figures_of_the_simulator(story: str) -> None:
    assert ROWS[story] == [len(emails(story, schedule)) for schedule in RUNS]
