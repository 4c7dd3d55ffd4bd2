"""Evaluation with a minimum confidence: is the true rate beyond a threshold."""

from collections.abc import Sequence
from datetime import date, timedelta

from vdm_alerts.core.evaluation.baseline import baseline_threshold
from vdm_alerts.core.evaluation.buckets import day_buckets, no_bucket_reaches
from vdm_alerts.core.evaluation.resolution import resolution_evidence
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.evaluation.window_evidence import window_evidence, windows_on_bad_side
from vdm_alerts.core.rules.rule import Threshold

MANY_SERIES = 1000
"""From this many series on, a rule allows less error for each: chance has more opportunities."""


def evaluate_with_confidence(
    series: SeriesEvaluation, error_probability: float, series_count: int
) -> Verdict:
    """Return the verdict of comparing the probable true rate with each active threshold.

    A threshold is breached if the probability that the true rate is not beyond it is at most
    *error_probability*, or less if the rule evaluates very many series (*series_count*).
    """
    rule, at = series.rule, series.as_of
    thresholds = active_thresholds(series)
    first, counted = thresholds[0], series.counted(rule.longest_window)
    is_open = series.prior.severity is not None
    if not is_open and _is_clearly_good(series, first):
        return Healthy(series.subject, first, rule.longest_window, counted)
    buckets = day_buckets(series.events, series.volume, rule.lookback, rule.arrival_curve, at)
    allowed = error_probability * MANY_SERIES / max(MANY_SERIES, series_count)
    if is_open and series.prior.since:
        resolved = resolution_evidence(series, first, buckets, series.prior.since, allowed)
        if resolved:
            return Healthy(series.subject, first, resolved.window, resolved)
    worst_first = sorted(thresholds, key=lambda each: (-each.severity, each.baseline is not None))
    for threshold in worst_first:
        floor = _lookback_limit(series, threshold)
        for error, window in windows_on_bad_side(series, threshold, buckets, floor):
            if error <= allowed:
                evidence = window_evidence(series, window, 1 - error, at.last)
                return Breached(series.subject, threshold, evidence)
    is_near = is_open or (
        series.prior.is_pending
        and any(windows_on_bad_side(series, first, buckets, _lookback_limit(series, first)))
    )
    return (Inconclusive if is_near else Healthy)(
        series.subject, first, rule.longest_window, counted
    )


def active_thresholds(series: SeriesEvaluation) -> Sequence[Threshold]:
    """Return the rule's thresholds and that of the baseline, the one reached first at the head."""
    rule, phase = series.rule, series.prior
    last = series.as_of.last - timedelta(days=rule.longest_window.days)
    if phase.since and phase.severity:  # The days of an open alert are no baseline.
        last = min(last, phase.since.date() - timedelta(days=1))
    baseline = baseline_threshold(rule, series.events, series.volume, last)
    thresholds = [*rule.thresholds, *([baseline] if baseline else [])]
    is_low = series.subject.indicator.low_is_bad
    return sorted(thresholds, key=lambda each: each.share, reverse=is_low)


def _is_clearly_good(series: SeriesEvaluation, threshold: Threshold) -> bool:
    rule = series.rule
    return not series.subject.indicator.low_is_bad and no_bucket_reaches(
        threshold.share,
        series.events,
        series.volume,
        rule.longest_window,
        rule.arrival_curve,
        series.as_of,
    )


def _lookback_limit(series: SeriesEvaluation, threshold: Threshold) -> date:
    """Return the day before which nothing is evidence for *threshold* any more.

    What opened an alert keeps it open. The day on which it began is evaluated together with the
    days after it, because counts have no hours.
    """
    phase = series.prior
    holds = phase.severity is not None and threshold.severity <= phase.severity
    return date.min if holds or phase.since is None else phase.since.date()
