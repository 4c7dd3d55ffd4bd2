"""Every scenario that ships, told in this process."""

from pathlib import Path

import pytest
from story import SCENARIOS, tell

from vdm_local.scenario import load_scenario


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_of_a_scenario_tells_what_it_says_it_tells(path: Path) -> None:
    for run, summary, messages in tell(path):
        assert tuple(one.attributes["reason"] for one in messages) == run.tells, run.story
        assert (summary.series_unknown, summary.findings) == (0, 0)


def test_the_demos_story_has_each_kind_of_message_once_and_silent_runs_between() -> None:
    runs = load_scenario(SCENARIOS / "newsletter.toml").runs
    told = [reason for run in runs for reason in run.tells]
    assert told == ["SUMMARY", "FIRING", "ESCALATED", "REPEAT", "RESOLVED", "FIRING"]
    assert sum(not run.tells for run in runs) >= 5
