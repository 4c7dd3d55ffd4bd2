"""The comparison of a rule's windows with a threshold.

`windows_on_bad_side` is the comparison that fires alerts with a minimum confidence. The bad side of
a threshold is above it, or below it if low rates are bad.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from operator import attrgetter, itemgetter

from vdm_alerts.core.evaluation.buckets import Bucket
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.evaluation.windows import Boundary, WindowTotals, window_totals
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.rules.rule import Threshold

EXPECTED: Callable[[Bucket], float] = attrgetter("expected_emails")
"""The estimate of emails that makes a high rate harder to prove."""
WITH_FEEDBACK: Callable[[Bucket], float] = attrgetter("emails_with_feedback")
"""The lowest estimate of emails, which makes a low rate harder to prove."""
MOST_EMAILS: Callable[[Bucket], float] = attrgetter("most_emails")
"""The highest estimate of emails, for the proof that a rate is high enough again."""

SIMILAR_VOLUME = 0.1
"""The maximum difference, as a fraction, between two email counts that evidence does not show.

The two counts are the emails with feedback expected so far and the emails sent.
"""


def windows_on_bad_side(
    series: SeriesEvaluation, threshold: Threshold, buckets: Sequence[Bucket], earliest: date
) -> Sequence[tuple[float, WindowTotals]]:
    """Return the windows whose rate is on the bad side of *threshold*.

    Each window comes with its error probability: the probability that its true rate is on the good
    side. The window with the lowest error probability comes first. Windows start at *earliest* or
    later and meet the rule's minimum volume and minimum number of bad events.
    """
    rule, boundary = series.rule, boundary_of(series, threshold)
    emails_of = WITH_FEEDBACK if boundary.low_is_bad else EXPECTED
    windows = rule_windows(series, earliest, series.as_of.last_day)
    bad_windows = []
    for window in window_totals(buckets, windows, boundary, emails_of):
        bad_events = window.emails - window.events if boundary.low_is_bad else window.events
        has_enough_counts = window.emails >= rule.min_volume and bad_events >= rule.min_events
        events, emails = window.weighted_events, window.weighted_emails
        if has_enough_counts and boundary.is_on_bad_side(events, emails):
            bad_windows.append((boundary.doubt(events, emails), window))
    return sorted(bad_windows, key=itemgetter(0))


def boundary_of(series: SeriesEvaluation, threshold: Threshold) -> Boundary:
    """Return *threshold* as the boundary between good and bad rates."""
    return Boundary(threshold.share, series.subject.indicator.low_is_bad)


def rule_windows(
    series: SeriesEvaluation, earliest: date, last: date
) -> Sequence[tuple[datetime, Window]]:
    """Return the rule's windows that end on *last*, each with its start time.

    A window that starts before *earliest* is shortened to start there. No window gets shorter than
    the rule's shortest window. The shortest window comes first, and duplicates are removed.
    """
    shortest = series.rule.windows[0].days
    longest = max((last - earliest).days + 1, shortest)
    windows = sorted({min(window, Window(longest)) for window in series.rule.windows})
    return [(datetime.combine(window.first_day(last), time(), UTC), window) for window in windows]


def window_evidence(
    series: SeriesEvaluation, window: WindowTotals, confidence: float | None, last: date
) -> Evidence:
    """Return the counts of *window*, which ends on *last*, as evidence.

    If the estimated emails differ from the emails sent by more than `SIMILAR_VOLUME`, the rate of
    the evidence is of the estimated emails.
    """
    is_similar = abs(window.emails - window.volume) <= SIMILAR_VOLUME * window.volume
    emails = window.volume if is_similar else max(1, round(window.emails))
    return Evidence(
        Rate(window.events, emails),
        window.window,
        confidence,
        series.whole_day(last),
        is_of_emails_with_feedback=not is_similar,
    )
