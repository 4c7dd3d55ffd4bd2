"""Resolution: evidence that the rate of an open alert is healthy again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vdm_alerts.core.evaluation.buckets import Bucket
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.evaluation.window_evidence import (
    MOST_EMAILS,
    WITH_FEEDBACK,
    boundary_of,
    rule_windows,
    window_evidence,
    windows_on_bad_side,
)
from vdm_alerts.core.evaluation.windows import window_totals
from vdm_alerts.core.rules.rule import Threshold

RESOLVE_CONFIDENCE = 0.95
"""The minimum probability that the true rate is on the good side for an alert to resolve."""


def resolution_evidence(
    series: SeriesEvaluation,
    threshold: Threshold,
    buckets: Sequence[Bucket],
    since: datetime,
    error_probability: float,
) -> Evidence | None:
    """Return the evidence that resolves an alert open *since*, or None.

    Only whole days after the start day of the alert count. A window resolves the alert in two ways:

    * Its true rate is on the good side of *threshold* with `RESOLVE_CONFIDENCE`.
    * It is the longest window, the alert is at least as old, and its counted rate is good. So an
      alert with few emails resolves too.

    Today's emails keep the alert open if they would fire it again with at most *error_probability*.
    """
    as_of, rule, indicator = series.as_of, series.rule, series.subject.indicator
    today = as_of.now.date()
    if as_of.last_day < today:
        last, whole_days = as_of.last_day, buckets
    else:
        last, whole_days = as_of.last_day - timedelta(days=1), buckets[1:]
    days_after_start = (last - since.date()).days
    if days_after_start < rule.windows[0].days:
        return None
    bad_today = windows_on_bad_side(series, threshold, buckets, today)
    if any(error <= error_probability for error, _ in bad_today):
        return None
    boundary = boundary_of(series, threshold)
    # The estimate of emails that makes a healthy rate harder to prove.
    emails_of = MOST_EMAILS if indicator.low_is_bad else WITH_FEEDBACK
    windows = rule_windows(series, since.date() + timedelta(days=1), last)
    for window in window_totals(whole_days, windows, boundary, emails_of):
        confidence = boundary.probability_good(window.weighted_events, window.weighted_emails)
        if confidence >= RESOLVE_CONFIDENCE:
            return window_evidence(series, window, confidence, last)
        is_good = not threshold.is_reached_by(window.events / window.emails, indicator)
        if is_good and days_after_start >= rule.longest_window.days == window.window.days:
            return window_evidence(series, window, None, last)
    return None
