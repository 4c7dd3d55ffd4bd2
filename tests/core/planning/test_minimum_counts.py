"""Tests of the smallest counts that can breach a rule."""

from dataclasses import replace

import pytest
from builders import TODAY, a_confidence_rule, a_rule, a_series

from vdm_alerts.core.model.metrics import Dimension
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.planning.minimum_counts import MinimumCounts
from vdm_alerts.core.rules.patterns import ScopeMatcher
from vdm_alerts.core.rules.rule import Override, Rule

LOW_IS_BAD = a_rule(indicator=Indicator.DELIVERY_RATE, warning="95%", critical="90%")


@pytest.mark.parametrize(
    ("rule", "events", "emails"),
    [
        pytest.param(a_rule(min_volume=200, min_events=5), 10, 200, id="threshold of min_volume"),
        pytest.param(a_rule(min_volume=200, min_events=50), 50, 200, id="min_events"),
        pytest.param(a_rule(min_volume=10, min_events=50), 50, 50, id="emails are not fewer"),
        pytest.param(
            a_rule(warning="7%", min_volume=100, min_events=1), 7, 100, id="binary fractions"
        ),
        pytest.param(a_confidence_rule(min_volume=200), 16, 200, id="confidence"),
        pytest.param(
            a_confidence_rule(min_volume=200, baseline_factor=3.0), 3, 200, id="any baseline"
        ),
        pytest.param(LOW_IS_BAD, 190, 200, id="low is bad"),
    ],
)
def test_minimum_counts_follow_from_the_rule(rule: Rule, events: int, emails: int) -> None:
    minimum = MinimumCounts.for_rule(rule)
    assert (minimum.events, minimum.emails) == (events, emails)


def test_minimum_counts_are_those_of_the_lowest_override() -> None:
    rule = a_rule(min_volume=200, min_events=20)
    overrides = tuple(
        Override(ScopeMatcher({Dimension.IDENTITY: pattern}), changed)
        for pattern, changed in {
            "a.*": replace(rule, min_volume=100, min_events=30),
            "b.*": replace(rule, min_volume=300, min_events=15),
        }.items()
    )
    minimum = MinimumCounts.for_rule(replace(rule, overrides=overrides))
    assert (minimum.events, minimum.emails) == (15, 100)


def test_events_can_always_breach_a_rule_about_low_rates() -> None:
    assert MinimumCounts.for_rule(LOW_IS_BAD).are_reached_by_events(0)
    minimum = MinimumCounts.for_rule(a_rule(min_volume=200, min_events=5))
    assert not minimum.are_reached_by_events(9)
    assert minimum.are_reached_by_events(10)


def test_emails_before_the_window_count_as_long_as_their_feedback_can_arrive() -> None:
    rule = a_rule(windows=(3,), min_volume=200)
    minimum = MinimumCounts.for_rule(rule)
    days = 3 + 1 + 1 + rule.arrival_curve.lag_days
    assert minimum.are_reached_by_emails(a_series(200, *[0] * (days - 1)), TODAY)
    assert not minimum.are_reached_by_emails(a_series(199, *[0] * (days - 1)), TODAY)
    assert not minimum.are_reached_by_emails(a_series(200, *[0] * days), TODAY)
