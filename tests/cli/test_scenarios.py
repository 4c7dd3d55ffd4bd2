"""Every scenario of the repository, simulated with the default rules."""

from pathlib import Path

import pytest

from vdm_alerts_cli.demo import DEMO_SCENARIO
from vdm_alerts_cli.rule_files import DEFAULT_RULES, read_rules
from vdm_alerts_cli.simulate import simulate
from vdm_local.scenario import load_scenario

SCENARIOS = sorted((Path(__file__).parents[1] / "scenarios").glob("*.toml"))
RULES = read_rules(DEFAULT_RULES)


def test_demo_scenario_sends_the_expected_notifications() -> None:
    for result in simulate(load_scenario(DEMO_SCENARIO), RULES):
        assert result.reasons == result.run.expected_reasons, result.run.story
        assert (result.summary.series_unknown, result.summary.findings) == (0, 0)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario_sends_the_expected_notifications(path: Path) -> None:
    for result in simulate(load_scenario(path), RULES):
        subjects = [message.subject for message in result.messages]
        assert result.reasons == result.run.expected_reasons, (
            f"{result.run.at}: {result.run.story} {subjects}"
        )


def test_demo_scenario_has_each_kind_of_notification_and_runs_without_any() -> None:
    runs = load_scenario(DEMO_SCENARIO).runs
    reasons = [reason for run in runs for reason in run.expected_reasons]
    assert reasons == ["SUMMARY", "FIRING", "ESCALATED", "REPEAT", "WEEKLY", "RESOLVED", "FIRING"]
    assert sum(not run.expected_reasons for run in runs) >= 5
