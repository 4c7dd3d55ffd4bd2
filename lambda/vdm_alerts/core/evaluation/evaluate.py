"""Evaluation: from the counts of one scope and a rule to a verdict.

A threshold is compared with a rate in `plain` (the counted rate) or in `confidence` (the probable
true rate), as the rule's confidence says.
"""

from dataclasses import replace
from typing import assert_never

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.confidence import evaluate_with_confidence
from vdm_alerts.core.evaluation.plain import compare
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.revision import with_revision
from vdm_alerts.core.evaluation.series import SeriesEvaluation
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

NO_EMAIL_WINDOW = Window(8)
"""The days, today among them, without any email that end an open alert: at least a week."""


def evaluate_series(
    rule: Rule,
    scope: Scope,
    counts: tuple[Series | Gap, Series | Gap],
    at: AsOf,
    phase: PriorState = NO_OPEN_ALERT,
    series_count: int = 1,
) -> Verdict:
    """Return the verdict of *rule* on *counts*: the events of *scope*, and their volume.

    *phase* is what the stored alert means for this evaluation, and *series_count* how many series
    the rule evaluates. If one of the counts is missing, the verdict is `Unknown`.
    """
    rule, subject = rule.for_scope(scope), Subject(rule.indicator, scope)
    events, volume = counts
    if isinstance(events, Gap):
        return Unknown(subject, events)
    if isinstance(volume, Gap):
        return Unknown(subject, volume)
    series = SeriesEvaluation(rule, subject, events, volume, at, phase)
    if not volume.total(rule.longest_window, at.last):
        has_late_events = events.total(rule.longest_window, at.last) > 0
        if isinstance(rule.confidence, PlainComparison) or not has_late_events:
            return _evaluate_no_email(series)
    elif phase.is_about_no_email:
        series = replace(series, prior=NO_OPEN_ALERT)  # Email arrives again: that alert is over.
    verdict = _compare_with_thresholds(series, series_count)
    return (
        with_revision(verdict, rule, events, volume, at, phase.reported)
        if phase.reported
        else verdict
    )


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
    rule, last = series.rule, series.as_of.last
    threshold, window = rule.first_threshold, rule.longest_window
    if rule.missing_data is MissingData.BREACHING:
        # Today has only begun. A scope that never sent any email is not missed.
        if series.volume.newest_day and not series.volume.total(rule.lookback, last):
            return NoEmail(series.subject, threshold.severity, window)
        return Inconclusive(series.subject, threshold, window, None)
    had_email = series.prior.is_open_or_pending and series.volume.total(NO_EMAIL_WINDOW, last)
    is_over = rule.missing_data is MissingData.OK and not had_email
    return (Healthy if is_over else Inconclusive)(series.subject, threshold, window, None)
