"""Which thresholds a series breaches, and which its newer email no longer breaches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vdm_alerts.core.evaluation.boundary import Boundary
from vdm_alerts.core.evaluation.comparison import Comparer, Comparison
from vdm_alerts.core.evaluation.day_counts import DayCounts
from vdm_alerts.core.evaluation.resolution import resolution_evidence
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Healthy, Inconclusive, Verdict
from vdm_alerts.core.rules.rule import Threshold


@dataclass(frozen=True, slots=True)
class SeriesComparisons:
    """Compares one series with any threshold."""

    series: SeriesEvaluation
    counts: DayCounts
    """The counts of the series."""
    error: float
    """The error that the rule allows: see `Comparer.error`."""

    @property
    def earliest_day(self) -> date:
        """The first day that is evidence: the day on which the last alert was resolved."""
        healthy_since = self.series.prior.healthy_since
        return healthy_since.date() if healthy_since else date.min

    def bad_windows(self, threshold: Threshold, earliest: date) -> Sequence[Comparison]:
        """Return the windows on the bad side of *threshold*, the least doubt first.

        Windows start at *earliest* or later.
        """
        boundary = Boundary(threshold.share, self.series.rule.indicator.low_is_bad)
        comparer = Comparer(self.series.rule, self.counts, boundary, self.error)
        return comparer.bad_windows(earliest)

    def worst_breach(self, thresholds: Sequence[Threshold], earliest: date) -> Breached | None:
        """Return the breach of the most severe threshold; None without a breach.

        At equal severity, a threshold of the rule precedes the threshold of the baseline.
        """
        worst_first = sorted(
            thresholds, key=lambda threshold: (-threshold.severity, threshold.baseline is not None)
        )
        for threshold in worst_first:
            least_doubt = next(iter(self.bad_windows(threshold, earliest)), None)
            if least_doubt and least_doubt.is_breach:
                return Breached(self.series.subject, threshold, self._evidence(least_doubt))
        return None

    def resolved(self, threshold: Threshold, since: datetime, opened_from: date) -> Evidence | None:
        """Return the evidence that email since *since* is on the good side of *threshold*.

        None if there is no such evidence, or if a part of it breaches *threshold*. *opened_from* is
        the first day of the window that opened the alert.
        """
        evidence = resolution_evidence(self.series, self.counts, threshold, since, opened_from)
        if evidence is None:
            return None
        first_day = evidence.window.first_day(self.series.as_of.last_day)
        return None if self.worst_breach([threshold], first_day) else evidence

    def _evidence(self, comparison: Comparison) -> Evidence:
        confidence = 1 - comparison.doubt * self.error
        evidence = self.series.evidence(comparison.window, confidence, comparison.last_day)
        assert evidence  # A comparison has emails.
        return evidence


def verdict_without_alert(
    comparisons: SeriesComparisons, thresholds: Sequence[Threshold]
) -> Verdict:
    """Return the verdict on a series that has no open alert."""
    series, earliest = comparisons.series, comparisons.earliest_day
    breach = comparisons.worst_breach(thresholds, earliest)
    if breach:
        return replace(breach, severity_limit=breach.severity)
    window = series.compared_window
    evidence = series.evidence(window)
    if series.prior.is_pending and comparisons.bad_windows(thresholds[0], earliest):
        return Inconclusive(series.subject, thresholds[0], window, evidence)
    return Healthy(series.subject, thresholds[0], window, evidence)
