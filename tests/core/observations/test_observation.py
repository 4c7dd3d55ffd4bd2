"""Tests of what a run knows before it evaluates the rules."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from accounts import SHOP_IDENTITY, FakeAccount, a_reading
from builders import HOUR, NEWS_IDENTITY, NOW, TODAY, a_rule, a_sender_record, a_series, firing

from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.observations.metric_reading import MetricReading
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.planning.queries import ACCOUNT_SENT_QUERY
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.rules.patterns import ScopePatterns
from vdm_alerts.core.rules.rule_set import RuleSet

RULE = a_rule()
INVALID = Finding("/rules/bounce-rate", "The rule is invalid", "Fix it")
ONLY_SHOP = ScopePatterns({Dimension.IDENTITY: ("shop.*",)})


def an_observation(rule_set: RuleSet | None, reading: MetricReading | None = None) -> Observation:
    return Observation(rule_set, reading, subscribers=1, findings=())


@pytest.mark.parametrize(
    ("rule_set", "reason"),
    [
        pytest.param(RuleSet({RULE.name: RULE}), "", id="monitored"),
        pytest.param(None, "", id="rules unreadable"),
        pytest.param(RuleSet({}, invalid={RULE.name: INVALID}), "", id="rule invalid"),
        pytest.param(RuleSet({}), "Rule bounce-rate was deleted", id="rule deleted"),
        pytest.param(
            RuleSet({RULE.name: a_rule(indicator=Indicator.COMPLAINT_RATE)}),
            "Rule bounce-rate was changed and monitors another rate now",
            id="other indicator",
        ),
        pytest.param(
            RuleSet({RULE.name: replace(RULE, include=ONLY_SHOP)}),
            "Rule bounce-rate was changed and no longer covers news.example.com",
            id="scope not covered",
        ),
    ],
)
def test_alert_is_closed_only_when_its_rule_is_known_not_to_apply(
    rule_set: RuleSet | None, reason: str
) -> None:
    assert an_observation(rule_set).closed_because(firing(NEWS_IDENTITY).key) == reason


@pytest.mark.parametrize(
    ("scope", "listed_hours_ago", "reason"),
    [
        pytest.param(
            NEWS_IDENTITY,
            0,
            "Identity news.example.com was deleted from this account",
            id="deleted",
        ),
        pytest.param(NEWS_IDENTITY, 1, "", id="stored list"),
        pytest.param(SHOP_IDENTITY, 0, "", id="listed"),
        pytest.param(ACCOUNT, 0, "", id="no sender"),
    ],
)
def test_alert_is_closed_when_the_list_of_this_run_lacks_its_sender(
    scope: Scope, listed_hours_ago: int, reason: str
) -> None:
    listed_at = {Dimension.IDENTITY: NOW - listed_hours_ago * HOUR}
    account = FakeAccount(roster=SenderRoster({SHOP_IDENTITY: a_sender_record()}, listed_at))
    reading = a_reading(account.plan, {}, queries_made=0)
    observation = an_observation(RuleSet({RULE.name: RULE}), reading)
    assert observation.closed_because(firing(scope).key) == reason


@pytest.mark.parametrize(
    ("newest_day", "last_day"),
    [(TODAY, None), (TODAY - timedelta(days=1), TODAY - timedelta(days=1))],
    ids=["today", "yesterday"],
)
def test_last_day_is_stated_only_when_today_has_no_counts(
    newest_day: date, last_day: date | None
) -> None:
    answers = {ACCOUNT_SENT_QUERY: a_series(10, ending=newest_day)}
    reading = a_reading(FakeAccount().plan, answers, queries_made=1)
    assert an_observation(RuleSet({}), reading).last_day == last_day
