"""What a rule's windows show: which are on the bad side of a threshold, and how surely."""

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

EXPECTED: Callable[[Bucket], float] = attrgetter("expected")
WITH_FEEDBACK: Callable[[Bucket], float] = attrgetter("with_feedback")
UPPER_BOUND: Callable[[Bucket], float] = attrgetter("upper_bound")

SIMILAR_VOLUME = 0.1
"""By which share the emails with feedback may differ from the emails sent without being shown."""


def boundary(series: SeriesEvaluation, threshold: Threshold) -> Boundary:
    """Return *threshold* as a boundary between good and bad rates of *series*."""
    return Boundary(threshold.share, series.subject.indicator.low_is_bad)


def rule_windows(
    series: SeriesEvaluation, floor: date, last: date
) -> Sequence[tuple[datetime, Window]]:
    """Return the start of each of the rule's windows that end on *last*, and the window.

    A window that begins before *floor* is cut off there, but none becomes shorter than the shortest
    window of the rule.
    """
    shortest = series.rule.windows[0].days
    longest = max((last - floor).days + 1, shortest)
    cut = sorted({min(window, Window(longest)) for window in series.rule.windows})
    return [(datetime.combine(window.first_day(last), time(), UTC), window) for window in cut]


def windows_on_bad_side(
    series: SeriesEvaluation, threshold: Threshold, buckets: Sequence[Bucket], floor: date
) -> Sequence[tuple[float, WindowTotals]]:
    """Return the windows whose rate is on the bad side of *threshold*, the surest first.

    Each comes with the probability that its true rate is on the good side.
    """
    rule, line = series.rule, boundary(series, threshold)
    # Emails without feedback so far make a high rate look higher, and a low rate lower.
    emails_of = WITH_FEEDBACK if line.low_is_bad else EXPECTED
    bad_windows = []
    for window in window_totals(
        buckets, rule_windows(series, floor, series.as_of.last), line, emails_of
    ):
        events, emails = window.weighted_events, window.weighted_emails
        bad = window.emails - window.events if line.low_is_bad else window.events
        is_enough = window.emails >= rule.min_volume and bad >= rule.min_events
        if is_enough and (events < line.share * emails) == line.low_is_bad:
            bad_windows.append((line.doubt(events, emails), window))
    return sorted(bad_windows, key=itemgetter(0))


def window_evidence(
    series: SeriesEvaluation, window: WindowTotals, sure: float | None, last: date
) -> Evidence:
    """Return the counts of *window* that ends on *last*, as evidence with confidence *sure*.

    If the emails with feedback so far differ from the emails sent, the rate is of the former.
    """
    is_similar = abs(window.emails - window.volume) <= SIMILAR_VOLUME * window.volume
    emails = window.volume if is_similar else max(1, round(window.emails))
    rate = Rate(window.events, emails)
    return Evidence(
        rate, window.window, sure, series.until(last), is_of_emails_with_feedback=not is_similar
    )
