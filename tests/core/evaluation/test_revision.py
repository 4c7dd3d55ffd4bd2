"""What people were told of days, once those days are counted anew."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from builders import NEWS, NOW, TODAY, a_rule, a_series, a_sure_rule

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

YESTERDAY = TODAY - timedelta(days=1)
TOLD = ReportedFigures(Rate(520, 10_000), Window(1), YESTERDAY)
RULES = [a_rule(windows=(1,)), a_sure_rule()]
MAILS = a_series(10_000, 10_000)


def judged(events: Series, volume: Series, rule: Rule, told: ReportedFigures = TOLD) -> Verdict:
    evening = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
    phase = PriorState(NOW - timedelta(days=1), Severity.WARNING, reported=told)
    return evaluate_series(rule, NEWS, (events, volume), evening, phase)


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_is_revised_when_the_same_days_are_now_below_the_threshold(
    rule: Rule,
) -> None:
    fewer, more = a_series(410, 100), a_series(520, 100)
    for events, volume in ((fewer, MAILS), (more, a_series(12_700, 10_000))):
        verdict = judged(events, volume, rule)
        assert isinstance(verdict, Healthy)
        assert verdict.withdraws == Rate(520, 10_000)
        assert verdict.evidence
        assert verdict.evidence.rate.value < 0.05
        assert verdict.evidence.last_day == YESTERDAY


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_is_not_revised_when_the_same_days_are_still_above_the_threshold(
    rule: Rule,
) -> None:
    verdict = judged(a_series(520, 100), MAILS, rule)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


@pytest.mark.parametrize("rule", RULES)
def test_verdict_stays_breached_when_a_later_day_is_above_the_threshold(rule: Rule) -> None:
    assert isinstance(judged(a_series(410, 800), MAILS, rule), Breached)


@pytest.mark.parametrize("rule", RULES)
def test_notified_rate_of_today_is_not_revised_before_the_day_ends(rule: Rule) -> None:
    today = ReportedFigures(Rate(520, 10_000), Window(1), TODAY)
    verdict = judged(a_series(0, 410), MAILS, rule, today)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


def test_notified_rate_is_not_revised_by_emails_whose_feedback_has_not_arrived() -> None:
    """Half a million mails late in the evening, of which few complaints can have come by now."""
    late = a_sure_rule(
        "c",
        indicator=Indicator.COMPLAINT_RATE,
        warning="0.1%",
        critical="0.5%",
        arrival_curve=DEFAULT_CURVES[Indicator.COMPLAINT_RATE],
    )
    told = ReportedFigures(Rate(30, 20_000), Window(1), YESTERDAY)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    phase = PriorState(NOW - timedelta(days=1), Severity.WARNING, reported=told)
    verdict = evaluate_series(late, NEWS, (a_series(30, 0), a_series(500_000, 0)), morning, phase)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


def test_rate_notified_for_its_baseline_is_not_revised_by_a_rate_below_the_threshold() -> None:
    usual = replace(TOLD, rate=Rate(200, 10_000))
    verdict = judged(a_series(100, 100), MAILS, RULES[1], usual)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)
