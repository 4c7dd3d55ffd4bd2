"""Resolution: what proves that the rate of an open alert is back on the good side."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vdm_alerts.core.evaluation.buckets import Bucket
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.evaluation.window_evidence import (
    UPPER_BOUND,
    WITH_FEEDBACK,
    boundary,
    rule_windows,
    window_evidence,
    windows_on_bad_side,
)
from vdm_alerts.core.evaluation.windows import window_totals
from vdm_alerts.core.rules.rule import Threshold

RESOLVE_CONFIDENCE = 0.95
"""How probable a true rate on the good side has to be for an alert to resolve."""


def resolution_evidence(
    series: SeriesEvaluation,
    threshold: Threshold,
    buckets: Sequence[Bucket],
    since: datetime,
    error_probability: float,
) -> Evidence | None:
    """Return the evidence that an alert open *since* is over; None if there is none.

    Only whole days after the day on which the alert began count. Emails that are too few to prove
    anything resolve it too, after as many days on the good side as the longest window has. Today's
    emails keep it open if they would fire the alert again, with at most *error_probability*.
    """
    today = series.as_of.now.date()
    is_whole = series.as_of.last < today
    last = series.as_of.last - timedelta(days=not is_whole)
    days = (last - since.date()).days
    if days < series.rule.windows[0].days:
        return None
    fires_today = windows_on_bad_side(series, threshold, buckets, today)
    if any(error <= error_probability for error, _ in fires_today):
        return None
    floor = since.date() + timedelta(days=1)
    line, emails_of = (
        boundary(series, threshold),
        UPPER_BOUND if series.subject.indicator.low_is_bad else WITH_FEEDBACK,
    )
    past = buckets if is_whole else buckets[1:]
    for window in window_totals(past, rule_windows(series, floor, last), line, emails_of):
        confidence = line.probability_good(window.weighted_events, window.weighted_emails)
        if confidence >= RESOLVE_CONFIDENCE:
            return window_evidence(series, window, confidence, last)
        is_good = not threshold.is_reached_by(
            window.events / window.emails, series.subject.indicator
        )
        if is_good and days >= series.rule.longest_window.days == window.window.days:
            return window_evidence(series, window, None, last)
    return None
