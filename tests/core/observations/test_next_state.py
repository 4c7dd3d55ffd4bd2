"""Tests of the state that a run leaves."""

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import HOUR, NEWS_IDENTITY, NOW, TODAY, a_rule, firing

from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.findings import FindingSource
from vdm_alerts.core.model.metrics import ACCOUNT
from vdm_alerts.core.observations.next_state import next_state
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText

OLD_TEXT, NEW_TEXT = RuleText("old", "/rules/bounce-rate"), RuleText("new", "/rules/bounce-rate")
BEFORE = StoredState(
    alerts={firing(ACCOUNT).key: firing(ACCOUNT)},
    service_sequence=3,
    last_run=NOW - HOUR,
    sequences={"bounce-rate-20260312T0900Z": 2},
    rules={"bounce-rate": OLD_TEXT},
    transient_since={"ses:GetAccount": NOW - HOUR},
    summary_sent=True,
    subscribers=1,
    expected_subscribers=SubscriberCount(1, NOW - HOUR),
    version=7,
)
TWO_BEFORE = SubscriberCount(2, NOW - HOUR)
OBSERVATION = Observation(
    rule_set=RuleSet({"bounce-rate": a_rule()}, texts={"bounce-rate": NEW_TEXT}),
    reading=None,
    subscribers=2,
    findings=(),
    transient_since={"ses:ListTenants": NOW},
    days_without_vdm=frozenset({TODAY}),
    sent_last_day=1_200,
)


def test_next_state_has_the_alerts_and_observations_of_the_run() -> None:
    alert = firing(NEWS_IDENTITY)
    assert next_state(BEFORE, OBSERVATION, [alert], NOW) == replace(
        BEFORE,
        alerts={alert.key: alert},
        last_run=NOW,
        rules={"bounce-rate": NEW_TEXT},
        transient_since={"ses:ListTenants": NOW},
        subscribers=2,
        expected_subscribers=SubscriberCount(2, NOW),
        days_without_vdm=frozenset({TODAY}),
        sent_last_day=1_200,
        week=WeekFigures(NOW, runs=1, longest_gap=3_600),
    )


def test_next_state_drops_requests_that_a_weekly_summary_has_answered() -> None:
    before = replace(
        BEFORE,
        weekly_requests=frozenset({TODAY, TODAY - timedelta(days=7)}),
        week=WeekFigures(NOW, summary_day=TODAY - timedelta(days=7)),
    )

    assert next_state(before, OBSERVATION, [], NOW).weekly_requests == frozenset({TODAY})


def test_next_state_counts_unreadable_sources_since_the_last_run() -> None:
    observation = replace(OBSERVATION, unreadable_sources={FindingSource.RULES})

    week = next_state(BEFORE, observation, [], NOW).week

    assert week.unreadable_sources == {"rules": 3_600}


def test_next_state_keeps_the_stored_rules_when_the_rules_are_unreadable() -> None:
    unreadable = replace(OBSERVATION, rule_set=None)
    assert next_state(BEFORE, unreadable, [], NOW).rules == {"bounce-rate": OLD_TEXT}


@pytest.mark.parametrize(
    ("expected", "confirmed", "next_expected"),
    [
        pytest.param(None, 2, SubscriberCount(2, NOW), id="first count"),
        pytest.param(TWO_BEFORE, 2, SubscriberCount(2, NOW), id="same"),
        pytest.param(TWO_BEFORE, 3, SubscriberCount(3, NOW), id="higher"),
        pytest.param(TWO_BEFORE, 1, TWO_BEFORE, id="lower"),
        pytest.param(TWO_BEFORE, 0, TWO_BEFORE, id="none left"),
        pytest.param(TWO_BEFORE, None, TWO_BEFORE, id="not counted"),
        pytest.param(None, None, None, id="never counted"),
    ],
)
def test_expected_subscribers_stay_when_fewer_or_unknown_subscribers_are_counted(
    expected: SubscriberCount | None, confirmed: int | None, next_expected: SubscriberCount | None
) -> None:
    before = replace(BEFORE, expected_subscribers=expected)
    observation = replace(OBSERVATION, subscribers=confirmed)
    assert next_state(before, observation, [], NOW).expected_subscribers == next_expected
