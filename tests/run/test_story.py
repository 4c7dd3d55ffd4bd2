"""Every scenario that ships, told in this process."""

from pathlib import Path

import pytest
from story import SCENARIOS, tell

from vdm_local.scenario import load_scenario

STORIES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_run_of_a_scenario_that_ships_tells_what_it_says_it_tells(path: Path) -> None:
    for run, summary, messages in tell(path):
        assert tuple(one.attributes["reason"] for one in messages) == run.tells, run.story
        assert (summary.series_unknown, summary.findings) == (0, 0)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_life_of_an_alert_is_as_its_stories_have_it(path: Path) -> None:
    for run, _, messages in tell(path):
        told = tuple(one.attributes.get("reason", "SERVICE") for one in messages)
        assert told == run.tells, f"{run.at}: {run.story} {[one.subject for one in messages]}"


def test_the_demos_story_has_each_kind_of_message_once_and_silent_runs_between() -> None:
    runs = load_scenario(SCENARIOS / "newsletter.toml").runs
    told = [reason for run in runs for reason in run.tells]
    assert told == ["SUMMARY", "FIRING", "ESCALATED", "REPEAT", "RESOLVED", "FIRING"]
    assert sum(not run.tells for run in runs) >= 5
