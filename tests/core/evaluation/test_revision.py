"""Later counts of the days that a notification reported."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from builders import (
    NEWS_IDENTITY,
    NOW,
    TODAY,
    a_confidence_rule,
    a_rule,
    a_series,
    an_open_alert,
)

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

YESTERDAY = TODAY - timedelta(days=1)
REPORTED_FIGURES = ReportedFigures(Rate(520, 10_000), Window(1), YESTERDAY)
PLAIN_RULE = a_rule(windows=(2,))
CONFIDENCE_RULE = a_confidence_rule()
RULES = [PLAIN_RULE, CONFIDENCE_RULE]
EMAILS = a_series(10_000, 10_000)


def verdict_on(
    events: Series, volume: Series, rule: Rule, reported: ReportedFigures = REPORTED_FIGURES
) -> Verdict:
    end_of_today = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
    prior = an_open_alert(NOW - timedelta(days=1), reported=reported)
    return evaluate_series(rule, NEWS_IDENTITY, (events, volume), end_of_today, prior)


def is_revision(verdict: Verdict) -> bool:
    return isinstance(verdict, Healthy) and verdict.withdrawn_rate is not None


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_is_revised_when_the_same_days_are_now_below_the_threshold(
    rule: Rule,
) -> None:
    verdict = verdict_on(a_series(410, 100), EMAILS, rule)
    assert isinstance(verdict, Healthy)
    assert verdict.withdrawn_rate == Rate(520, 10_000)
    assert verdict.evidence is not None
    assert verdict.evidence.rate.value < 0.05
    assert verdict.evidence.last_day == YESTERDAY


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    "events", [520, 519], ids=["the rest of the day is good", "and one bounce is gone"]
)
def test_notified_rate_is_not_revised_by_counts_that_grow(rule: Rule, events: int) -> None:
    more_emails = a_series(30_000, 10_000)
    assert not is_revision(verdict_on(a_series(events, 100), more_emails, rule))


def test_notified_delivery_rate_is_revised_when_emails_are_taken_back() -> None:
    rule = a_confidence_rule("d", indicator=Indicator.DELIVERY_RATE, warning="90%", critical="50%")
    reported = ReportedFigures(Rate(8_000, 10_000), Window(1), YESTERDAY)
    prior = an_open_alert(NOW - timedelta(days=1), reported=reported)
    as_of = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
    for emails, is_revised in ((8_200, True), (10_000, False)):
        counts = (a_series(8_000, 5_000), a_series(emails, 5_000))
        assert is_revision(evaluate_series(rule, NEWS_IDENTITY, counts, as_of, prior)) == is_revised


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_is_not_revised_when_the_same_days_are_still_above_the_threshold(
    rule: Rule,
) -> None:
    assert not is_revision(verdict_on(a_series(520, 100), EMAILS, rule))


@pytest.mark.parametrize("rule", RULES)
def test_verdict_stays_breached_when_a_later_day_is_above_the_threshold(rule: Rule) -> None:
    assert isinstance(verdict_on(a_series(410, 800), EMAILS, rule), Breached)


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_of_today_is_not_revised_before_the_day_ends(
    rule: Rule,
) -> None:
    today = ReportedFigures(Rate(520, 10_000), Window(1), TODAY)
    assert not is_revision(verdict_on(a_series(0, 410), EMAILS, rule, today))


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
    prior = an_open_alert(NOW - timedelta(days=1), reported=reported)
    verdict = evaluate_series(
        rule, NEWS_IDENTITY, (a_series(30, 0), a_series(500_000, 0)), morning, prior
    )
    assert isinstance(verdict, Inconclusive)


def test_rate_notified_for_its_baseline_is_not_revised_by_a_rate_below_the_threshold() -> None:
    reported = replace(REPORTED_FIGURES, rate=Rate(200, 10_000))
    assert not is_revision(verdict_on(a_series(100, 100), EMAILS, CONFIDENCE_RULE, reported))
