"""Evaluation: from the counts of one scope and a rule to a verdict.

A rate is compared with a threshold by one of two methods, which the rule's `confidence` selects:

* `plain.compare` compares the counted rate (`confidence = "none"`).
* `confidence.evaluate_with_confidence` compares the probable true rate.
"""

from dataclasses import replace
from typing import assert_never

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.confidence import evaluate_with_confidence
from vdm_alerts.core.evaluation.plain import compare
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.revision import with_revision
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.verdicts import (
    Healthy,
    Inconclusive,
    NoEmail,
    Subject,
    Unknown,
    Verdict,
)
from vdm_alerts.core.model.metrics import Scope, Series, Window
from vdm_alerts.core.model.rates import Gap
from vdm_alerts.core.rules.rule import MinimumConfidence, MissingData, PlainComparison, Rule

RESOLVE_WITHOUT_EMAIL = Window(8)
"""The days without email, including today, that resolve an open alert: at least a week."""


def evaluate_series(
    rule: Rule,
    scope: Scope,
    counts: tuple[Series | Gap, Series | Gap],
    as_of: AsOf,
    prior: PriorState = NO_OPEN_ALERT,
    series_count: int = 1,
    ses_rates: SesRates | None = None,
) -> Verdict:
    """Return the verdict of *rule* on *scope*.

    *counts* are the daily events of *scope* and their volume, in emails. *prior* is what the stored
    alert means for this evaluation. *series_count* is the number of series that the rule evaluates.
    *ses_rates* is what SES itself reported of the account's rate, if *scope* is the account.
    If either count is a `Gap`, the verdict is `Unknown`.
    """
    rule, subject = rule.for_scope(scope), Subject(rule.indicator, scope)
    events, volume = counts
    if isinstance(events, Gap):
        return Unknown(subject, events)
    if isinstance(volume, Gap):
        return Unknown(subject, volume)
    series = SeriesEvaluation(rule, subject, events, volume, as_of, prior, ses_rates)
    if not volume.total(series.compared_window, as_of.last_day):
        has_late_events = events.total(rule.longest_window, as_of.last_day) > 0
        if isinstance(rule.confidence, PlainComparison) or not has_late_events:
            return _evaluate_no_email(series)
    open_alert = prior.open_alert
    if open_alert and open_alert.is_about_no_email:
        # Email arrives again: that alert is over.
        series, open_alert = replace(series, prior=NO_OPEN_ALERT), None
    verdict = _compare_with_thresholds(series, series_count)
    if open_alert is None or open_alert.reported is None:
        return verdict
    return with_revision(verdict, rule, events, volume, as_of, open_alert.reported)


def _compare_with_thresholds(series: SeriesEvaluation, series_count: int) -> Verdict:
    match series.rule.confidence:
        case PlainComparison():
            return compare(series)
        case MinimumConfidence(error_probability=error_probability):
            return evaluate_with_confidence(series, error_probability, series_count)
        case _:
            assert_never(series.rule.confidence)


def _evaluate_no_email(series: SeriesEvaluation) -> Verdict:
    """Return the verdict on a scope without email in any window of the rule."""
    rule, last = series.rule, series.as_of.last_day
    threshold, window = rule.first_threshold, series.compared_window
    inconclusive = Inconclusive(series.subject, threshold, window, None)
    if rule.missing_data is MissingData.BREACHING:
        # A scope that never sent an email is not expected to send.
        has_sent_before = series.volume.newest_day is not None
        # Today is partial, so it does not count as one of the days without email.
        days = Window(rule.longest_window.days + series.as_of.is_today_counted)
        if has_sent_before and not series.volume.total(days, last):
            return NoEmail(series.subject, threshold.severity, window)
        return inconclusive
    is_doubtful = series.prior.open_alert or series.prior.is_pending
    had_email = is_doubtful and series.volume.total(RESOLVE_WITHOUT_EMAIL, last)
    if rule.missing_data is MissingData.OK and not had_email:
        return Healthy(series.subject, threshold, window, None)
    return inconclusive
