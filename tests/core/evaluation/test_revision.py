"""Later counts of the days that a notification reported."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from builders import NEWS_IDENTITY, NOW, TODAY, a_confidence_rule, a_rule, a_series

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

YESTERDAY = TODAY - timedelta(days=1)
REPORTED_FIGURES = ReportedFigures(Rate(520, 10_000), Window(1), YESTERDAY)
PLAIN_RULE = a_rule(windows=(1,))
CONFIDENCE_RULE = a_confidence_rule()
RULES = [PLAIN_RULE, CONFIDENCE_RULE]
VERDICTS_WITHOUT_REVISION = [(PLAIN_RULE, Healthy), (CONFIDENCE_RULE, Inconclusive)]
EMAILS = a_series(10_000, 10_000)


def verdict_on(
    events: Series, volume: Series, rule: Rule, reported: ReportedFigures = REPORTED_FIGURES
) -> Verdict:
    end_of_today = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
    prior = PriorState(NOW - timedelta(days=1), Severity.WARNING, reported=reported)
    return evaluate_series(rule, NEWS_IDENTITY, (events, volume), end_of_today, prior)


def is_revision(verdict: Verdict) -> bool:
    return isinstance(verdict, Healthy) and verdict.withdrawn_rate is not None


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_is_revised_when_the_same_days_are_now_below_the_threshold(
    rule: Rule,
) -> None:
    fewer_events = (a_series(410, 100), EMAILS)
    more_emails = (a_series(520, 100), a_series(12_700, 10_000))
    for events, volume in (fewer_events, more_emails):
        verdict = verdict_on(events, volume, rule)
        assert isinstance(verdict, Healthy)
        assert verdict.withdrawn_rate == Rate(520, 10_000)
        assert verdict.evidence is not None
        assert verdict.evidence.rate.value < 0.05
        assert verdict.evidence.last_day == YESTERDAY


@pytest.mark.parametrize(("rule", "expected"), VERDICTS_WITHOUT_REVISION)
def test_notified_rate_is_not_revised_when_the_same_days_are_still_above_the_threshold(
    rule: Rule, expected: type[Verdict]
) -> None:
    verdict = verdict_on(a_series(520, 100), EMAILS, rule)
    assert type(verdict) is expected
    assert not is_revision(verdict)


@pytest.mark.parametrize("rule", RULES)
def test_verdict_stays_breached_when_a_later_day_is_above_the_threshold(rule: Rule) -> None:
    assert isinstance(verdict_on(a_series(410, 800), EMAILS, rule), Breached)


@pytest.mark.parametrize(("rule", "expected"), VERDICTS_WITHOUT_REVISION)
def test_notified_rate_of_today_is_not_revised_before_the_day_ends(
    rule: Rule, expected: type[Verdict]
) -> None:
    today = ReportedFigures(Rate(520, 10_000), Window(1), TODAY)
    verdict = verdict_on(a_series(0, 410), EMAILS, rule, today)
    assert type(verdict) is expected
    assert not is_revision(verdict)


def test_notified_rate_is_not_revised_by_emails_whose_feedback_has_not_arrived() -> None:
    """500,000 emails, sent late in the evening; few complaints are expected so far."""
    rule = a_confidence_rule(
        "c",
        indicator=Indicator.COMPLAINT_RATE,
        warning="0.1%",
        critical="0.5%",
        arrival_curve=DEFAULT_CURVES[Indicator.COMPLAINT_RATE],
    )
    reported = ReportedFigures(Rate(30, 20_000), Window(1), YESTERDAY)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    prior = PriorState(NOW - timedelta(days=1), Severity.WARNING, reported=reported)
    verdict = evaluate_series(
        rule, NEWS_IDENTITY, (a_series(30, 0), a_series(500_000, 0)), morning, prior
    )
    assert isinstance(verdict, Inconclusive)


def test_rate_notified_for_its_baseline_is_not_revised_by_a_rate_below_the_threshold() -> None:
    reported = replace(REPORTED_FIGURES, rate=Rate(200, 10_000))
    verdict = verdict_on(a_series(100, 100), EMAILS, CONFIDENCE_RULE, reported)
    assert isinstance(verdict, Inconclusive)
