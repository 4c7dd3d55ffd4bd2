"""What people were told of days, once those days are counted anew."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from builders import NEWS, NOW, TODAY, a_rule, a_series, a_sure_rule

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.context import Phase
from vdm_alerts.core.evaluation.evaluate import evaluate_series
from vdm_alerts.core.evaluation.revision import Ground
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.statistics.arrival import FEEDBACK

YESTERDAY = TODAY - timedelta(days=1)
TOLD = Ground(Rate(520, 10_000), Window(1), YESTERDAY)
RULES = [a_rule(windows=(1,)), a_sure_rule()]
MAILS = a_series(10_000, 10_000)


def judged(events: Series, volume: Series, rule: Rule, told: Ground = TOLD) -> Verdict:
    evening = AsOf(datetime.combine(TODAY, time(23), NOW.tzinfo), TODAY)
    phase = Phase(NOW - timedelta(days=1), Severity.WARNING, told=told)
    return evaluate_series(rule, NEWS, (events, volume), evening, phase)


@pytest.mark.parametrize("rule", RULES)
def test_what_was_told_is_withdrawn_where_the_same_days_are_on_the_good_side_now(
    rule: Rule,
) -> None:
    fewer, more = a_series(410, 100), a_series(520, 100)
    for events, volume in ((fewer, MAILS), (more, a_series(12_700, 10_000))):
        verdict = judged(events, volume, rule)
        assert isinstance(verdict, Healthy)
        assert verdict.withdraws == Rate(520, 10_000)
        assert verdict.evidence
        assert verdict.evidence.rate.value < 0.05
        assert verdict.evidence.until == YESTERDAY


@pytest.mark.parametrize("rule", RULES)
def test_where_those_days_are_as_bad_as_they_were_nothing_is_withdrawn(rule: Rule) -> None:
    verdict = judged(a_series(520, 100), MAILS, rule)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


@pytest.mark.parametrize("rule", RULES)
def test_where_something_else_is_wrong_by_now_nothing_is_withdrawn(rule: Rule) -> None:
    assert isinstance(judged(a_series(410, 800), MAILS, rule), Breached)


@pytest.mark.parametrize("rule", RULES)
def test_a_day_that_goes_on_withdraws_nothing(rule: Rule) -> None:
    today = Ground(Rate(520, 10_000), Window(1), TODAY)
    verdict = judged(a_series(0, 410), MAILS, rule, today)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


def test_mail_that_has_not_been_heard_of_yet_withdraws_nothing() -> None:
    """Half a million mails late in the evening, of which few complaints can have come by now."""
    late = a_sure_rule(
        "c",
        indicator=Indicator.COMPLAINT_RATE,
        warning="0.1%",
        critical="0.5%",
        feedback=FEEDBACK[Indicator.COMPLAINT_RATE],
    )
    told = Ground(Rate(30, 20_000), Window(1), YESTERDAY)
    morning = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    phase = Phase(NOW - timedelta(days=1), Severity.WARNING, told=told)
    verdict = evaluate_series(late, NEWS, (a_series(30, 0), a_series(500_000, 0)), morning, phase)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)


def test_what_was_told_for_being_unusual_is_not_withdrawn_by_a_rate_below_the_line() -> None:
    usual = replace(TOLD, rate=Rate(200, 10_000))
    verdict = judged(a_series(100, 100), MAILS, RULES[1], usual)
    assert not (isinstance(verdict, Healthy) and verdict.withdraws)
