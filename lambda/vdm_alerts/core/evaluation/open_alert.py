"""What newer counts mean for an open alert.

An alert resolves only on evidence, and its severity falls only on evidence.
"""

from collections.abc import Sequence
from dataclasses import replace

from vdm_alerts.core.evaluation.breaches import SeriesComparisons
from vdm_alerts.core.evaluation.prior_state import OpenAlert
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Threshold


def verdict_on_open_alert(
    comparisons: SeriesComparisons, thresholds: Sequence[Threshold], alert: OpenAlert
) -> Verdict:
    """Return the verdict on a series with an open alert."""
    series, first = comparisons.series, thresholds[0]
    resolved = comparisons.resolved(first, alert.since, alert.opened_from)
    if resolved:
        return Healthy(series.subject, first, resolved.window, resolved)
    limit = severity_by_email(comparisons, thresholds, alert)
    breach = _worst_breach(comparisons, thresholds, alert, limit or alert.severity)
    if breach:
        return replace(breach, severity_limit=limit)
    bad_windows = comparisons.bad_windows(first, comparisons.earliest_day)
    if bad_windows:
        window, last_day = bad_windows[0].window, bad_windows[0].last_day
    else:
        window, last_day = series.compared_window, None
    evidence = series.evidence(window, last_day=last_day)
    return Inconclusive(series.subject, first, window, evidence, limit)


def severity_by_email(
    comparisons: SeriesComparisons, thresholds: Sequence[Threshold], alert: OpenAlert
) -> Severity | None:
    """Return the highest severity that newer email still allows; None for the present one."""
    lower = [each.severity for each in thresholds if each.severity < alert.severity]
    if not lower:
        return None
    present = [
        each for each in comparisons.series.rule.thresholds if each.severity == alert.severity
    ]
    is_resolved = all(
        comparisons.resolved(each, alert.severity_since, alert.opened_from) for each in present
    )
    return max(lower) if is_resolved else None


def _worst_breach(
    comparisons: SeriesComparisons,
    thresholds: Sequence[Threshold],
    alert: OpenAlert,
    limit: Severity,
) -> Breached | None:
    """Return the worst breach; None without a breach.

    The days that opened an alert keep it open, with a severity of at most *limit*. After its
    severity fell, only newer counts are evidence for a higher one.
    """
    earliest = comparisons.earliest_day
    has_fallen = alert.severity_since > alert.since
    newest = max(earliest, alert.severity_since.date()) if has_fallen else earliest
    higher = [each for each in thresholds if each.severity > alert.severity]
    others = [each for each in thresholds if each.severity <= limit]
    return comparisons.worst_breach(higher, newest) or comparisons.worst_breach(others, earliest)
