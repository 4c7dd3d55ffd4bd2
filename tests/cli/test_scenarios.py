"""Every scenario that ships, told in this process, as the desk's `simulate` does."""

from pathlib import Path

import pytest

from vdm_alerts_cli.demo import STORY
from vdm_alerts_cli.simulate import RULES, play, texts_in
from vdm_local.scenario import load_scenario

STORIES = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
SHIPPED = texts_in(RULES)


def test_every_run_of_the_demos_story_tells_what_it_says_it_tells() -> None:
    for played in play(load_scenario(STORY), SHIPPED):
        assert played.told == played.run.expected_reasons, played.run.story
        assert (played.summary.series_unknown, played.summary.findings) == (0, 0)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_life_of_an_alert_is_as_its_stories_have_it(path: Path) -> None:
    for played in play(load_scenario(path), SHIPPED):
        said = [one.subject for one in played.messages]
        assert played.told == played.run.expected_reasons, (
            f"{played.run.at}: {played.run.story} {said}"
        )


def test_the_demos_story_has_each_kind_of_message_once_and_silent_runs_between() -> None:
    runs = load_scenario(STORY).runs
    told = [reason for run in runs for reason in run.expected_reasons]
    assert told == ["SUMMARY", "FIRING", "ESCALATED", "REPEAT", "RESOLVED", "FIRING"]
    assert sum(not run.expected_reasons for run in runs) >= 5
