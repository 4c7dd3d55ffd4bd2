"""Evaluation with a minimum confidence that a threshold is breached.

Decision 17 explains the method. `window_evidence.windows_on_bad_side` compares the rate of each
window with a threshold. This module decides which threshold applies and what the verdict is.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from vdm_alerts.core.evaluation.baseline import baseline_threshold
from vdm_alerts.core.evaluation.buckets import Bucket, day_buckets, no_bucket_reaches
from vdm_alerts.core.evaluation.resolution import resolution_evidence
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.evaluation.window_evidence import window_evidence, windows_on_bad_side
from vdm_alerts.core.rules.rule import Threshold

MANY_SERIES = 1000
"""The number of series above which a rule allows each of them less error.

More series give chance more opportunities for a false alarm.
"""


def evaluate_with_confidence(
    series: SeriesEvaluation, error_probability: float, series_count: int
) -> Verdict:
    """Return the verdict of comparing the probable true rate with thresholds.

    The rate breaches a threshold if the probability that the true rate is on the threshold's good
    side is at most *error_probability*. The limit is lower if the rule evaluates more than
    `MANY_SERIES` series (*series_count*).
    """
    rule, prior = series.rule, series.prior
    thresholds = active_thresholds(series)
    first = thresholds[0]
    counted = series.counted_evidence(rule.longest_window)
    is_open = prior.severity is not None
    if not is_open and _is_clearly_healthy(series, first):
        return Healthy(series.subject, first, rule.longest_window, counted)
    buckets = day_buckets(
        series.events, series.volume, rule.lookback, rule.arrival_curve, series.as_of
    )
    allowed_error = error_probability * MANY_SERIES / max(MANY_SERIES, series_count)
    if is_open and prior.since:
        resolved = resolution_evidence(series, first, buckets, prior.since, allowed_error)
        if resolved is not None:
            return Healthy(series.subject, first, resolved.window, resolved)
    breached = _worst_breach(series, thresholds, buckets, allowed_error)
    if breached is not None:
        return breached
    if is_open or (prior.is_pending and _has_bad_window(series, first, buckets)):
        return Inconclusive(series.subject, first, rule.longest_window, counted)
    return Healthy(series.subject, first, rule.longest_window, counted)


def active_thresholds(series: SeriesEvaluation) -> Sequence[Threshold]:
    """Return the thresholds of the rule and of the baseline.

    The threshold that a worsening rate reaches first comes first.
    """
    rule, prior = series.rule, series.prior
    baseline_end = series.as_of.last_day - timedelta(days=rule.longest_window.days)
    if prior.since and prior.severity:  # The days of an open alert are not part of the baseline.
        baseline_end = min(baseline_end, prior.since.date() - timedelta(days=1))
    baseline = baseline_threshold(rule, series.events, series.volume, baseline_end)
    thresholds = [*rule.thresholds, *([baseline] if baseline else [])]
    low_is_bad = series.subject.indicator.low_is_bad
    return sorted(thresholds, key=lambda threshold: threshold.share, reverse=low_is_bad)


def _is_clearly_healthy(series: SeriesEvaluation, threshold: Threshold) -> bool:
    """Return whether a fast check shows that no window is above *threshold*."""
    rule = series.rule
    return not series.subject.indicator.low_is_bad and no_bucket_reaches(
        threshold.share,
        series.events,
        series.volume,
        rule.longest_window,
        rule.arrival_curve,
        series.as_of,
    )


def _worst_breach(
    series: SeriesEvaluation,
    thresholds: Sequence[Threshold],
    buckets: Sequence[Bucket],
    allowed_error: float,
) -> Breached | None:
    """Return the breach of the most severe threshold; None without a breach.

    At equal severity, a threshold of the rule precedes the threshold of the baseline.
    """
    worst_first = sorted(
        thresholds, key=lambda threshold: (-threshold.severity, threshold.baseline is not None)
    )
    for threshold in worst_first:
        earliest = _lookback_limit(series, threshold)
        for error, window in windows_on_bad_side(series, threshold, buckets, earliest):
            if error <= allowed_error:
                evidence = window_evidence(series, window, 1 - error, series.as_of.last_day)
                return Breached(series.subject, threshold, evidence)
    return None


def _has_bad_window(
    series: SeriesEvaluation, threshold: Threshold, buckets: Sequence[Bucket]
) -> bool:
    """Return whether the rate of any window is on the bad side of *threshold*."""
    earliest = _lookback_limit(series, threshold)
    return len(windows_on_bad_side(series, threshold, buckets, earliest)) > 0


def _lookback_limit(series: SeriesEvaluation, threshold: Threshold) -> date:
    """Return the earliest day whose counts are evidence for *threshold*.

    There is no limit up to the severity of the open alert: the days that opened an alert keep the
    alert open. Otherwise, the limit is the day on which the alert began or was resolved. That
    whole day is evaluated, because VDM counts days and not hours.
    """
    prior = series.prior
    keeps_alert_open = prior.severity is not None and threshold.severity <= prior.severity
    return date.min if keeps_alert_open or prior.since is None else prior.since.date()
