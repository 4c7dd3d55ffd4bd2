"""Resolution: evidence that newer email is on the good side of a threshold."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from vdm_alerts.core.evaluation.boundary import Boundary
from vdm_alerts.core.evaluation.day_counts import DayCounts
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.model.metrics import ONE_DAY, Window
from vdm_alerts.core.rules.rule import Threshold
from vdm_alerts.core.statistics.arrival import HOURS_PER_DAY

RESOLVE_CONFIDENCE = 0.85
"""The minimum probability that the true rate is on the good side for an alert to resolve."""
MIN_VOLUME_SHARE = 0.1
"""The emails that resolve an alert, at least, as a share of the largest day that opened it.

Otherwise a few other emails would resolve what a campaign opened.
"""
USUAL_PACE_DAYS = 7
"""The days before today from which the usual number of emails is calculated."""
CHECK_HOURS = 1.0
"""How long an alert recovers, at least, by evidence of today: see `lifecycle.TODAY_CHECK`."""
MOST_FEEDBACK = 0.5
"""The share of feedback that is most of it."""
WEEK = Window(7)
"""The window that resolves an alert by its counted rate, unless the rule has a longer one."""


def resolution_evidence(
    series: SeriesEvaluation,
    counts: DayCounts,
    threshold: Threshold,
    since: datetime,
    opened_from: date,
) -> Evidence | None:
    """Return the evidence that the rate has been good since *since*, or None.

    *since* is when the alert, or its severity, began. *opened_from* is the first day of the window
    that opened it. Windows that begin after the day of *since* count, today included. A window is
    evidence in two ways:

    * Its true rate is on the good side of *threshold* with `RESOLVE_CONFIDENCE`, and it has enough
      emails: see `MIN_VOLUME_SHARE`.
    * It is the longest window, at least a `WEEK`. So an alert with few emails resolves too.

    The counted rate of a window that is evidence is good, too.
    """
    boundary = Boundary(threshold.share, series.rule.indicator.low_is_bad)
    for candidate, window in _candidates(series, counts):
        last_day = candidate.as_of.last_day
        if window.first_day(last_day) <= since.date():
            continue
        evidence = series.evidence(window, _confidence(candidate, boundary, window.days), last_day)
        if evidence is None or evidence.rate.value > 1:
            continue  # Events of the wrong days prove nothing.
        if threshold.is_reached_by(evidence.rate.value, counts.indicator):
            continue
        assert evidence.confidence is not None
        has_enough_emails = _has_enough_emails(series, window, last_day, opened_from)
        if has_enough_emails and evidence.confidence >= RESOLVE_CONFIDENCE:
            return evidence
        if window >= max(WEEK, series.rule.longest_window):
            return replace(evidence, confidence=None)
    return None


def _candidates(series: SeriesEvaluation, counts: DayCounts) -> Iterator[tuple[DayCounts, Window]]:
    """Yield the windows that can be evidence, each with the counts that end with its last day.

    A window of 1 day is today, and also the last whole day. A window of a week or more ends with
    the last whole day. So it has each day of the week, whose rates can differ.
    """
    whole_days = counts.through_last_whole_day
    for window in sorted({*series.rule.windows, max(WEEK, series.rule.longest_window)}):
        if window < WEEK:
            yield counts, window
        if window == ONE_DAY or window >= WEEK:
            yield whole_days, window


def _has_enough_emails(
    series: SeriesEvaluation, window: Window, last_day: date, opened_from: date
) -> bool:
    """Return whether *window* has enough emails: see `MIN_VOLUME_SHARE`.

    They are compared with the largest day from *opened_from* until the window.
    """
    day_before = window.first_day(last_day) - timedelta(days=1)
    days = max(1, (day_before - opened_from).days + 1)
    largest = max(series.volume.daily(days, day_before))
    return series.volume.total(window, last_day) >= MIN_VOLUME_SHARE * largest


def _confidence(counts: DayCounts, boundary: Boundary, days: int) -> float:
    """Return the probability that the true rate of the last *days* days is good."""
    possible = sum(_emails_to_compare(counts)[:days])
    counted = boundary.counted(counts.events_in(days), possible)
    weight = counts.weight(days, possible * boundary.rarity)
    return boundary.probability_good(weight * counted, weight * possible)


def _emails_to_compare(counts: DayCounts) -> Sequence[float]:
    """Return the emails of each day that the events are compared with.

    The estimate makes a good rate harder to prove. If high rates are bad, today's emails above the
    usual pace may have been sent a moment ago. They count only if most feedback arrives within
    `CHECK_HOURS`.
    """
    if counts.indicator.low_is_bad:
        return list(map(max, counts.expected_emails, counts.emails))
    is_fast = counts.curve.arrived_by(CHECK_HOURS) >= MOST_FEEDBACK
    if is_fast or not counts.as_of.is_today_counted:
        return counts.expected_emails
    today, *other_days = counts.expected_emails
    hours = counts.as_of.hours
    usual = counts.emails_in(USUAL_PACE_DAYS, before=1) / USUAL_PACE_DAYS * hours / HOURS_PER_DAY
    sudden = max(0.0, counts.emails[0] - usual)
    return [today - sudden * counts.curve.daily_shares(hours)[0], *other_days]
