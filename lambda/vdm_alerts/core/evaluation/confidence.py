"""Evaluation with a minimum confidence that a threshold is breached.

Decision 26 explains the method. The steps are in modules of their own:

* `comparison` compares the windows of a series with one threshold.
* `breaches` finds the worst threshold that is breached, or resolved.
* `open_alert` decides what newer counts mean for an open alert.
* `account_rate` decides the severity of the account's alerts.
"""

from collections.abc import Sequence
from datetime import timedelta

from vdm_alerts.core.evaluation.account_rate import account_evidence, verdict_on_account
from vdm_alerts.core.evaluation.baseline import baseline_threshold
from vdm_alerts.core.evaluation.breaches import SeriesComparisons, verdict_without_alert
from vdm_alerts.core.evaluation.comparison import cannot_breach
from vdm_alerts.core.evaluation.day_counts import DayCounts
from vdm_alerts.core.evaluation.open_alert import verdict_on_open_alert
from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Healthy, Verdict
from vdm_alerts.core.rules.rule import Threshold

MANY_SERIES = 1000
"""The number of series above which a rule allows each of them less error.

More series give chance more opportunities for a false alarm.
"""


def evaluate_with_confidence(
    series: SeriesEvaluation, error_probability: float, series_count: int
) -> Verdict:
    """Return the verdict of comparing the probable true rate with thresholds.

    *error_probability* is the error that the rule allows: see `Comparer.error`. It is lower if the
    rule evaluates more than `MANY_SERIES` series (*series_count*).
    """
    rule, open_alert = series.rule, series.prior.open_alert
    thresholds = active_thresholds(series)
    error = error_probability * MANY_SERIES / max(MANY_SERIES, series_count)
    counts = DayCounts.of_series(rule, series.events, series.volume, series.as_of)
    if not open_alert and cannot_breach(rule, counts, thresholds[0].share, error):
        window = series.compared_window
        return Healthy(series.subject, thresholds[0], window, series.evidence(window))
    comparisons = SeriesComparisons(series, counts, error)
    account_rate = account_evidence(series)
    if account_rate:
        return verdict_on_account(comparisons, thresholds, account_rate)
    if open_alert:
        return verdict_on_open_alert(comparisons, thresholds, open_alert)
    return verdict_without_alert(comparisons, thresholds)


def active_thresholds(series: SeriesEvaluation) -> Sequence[Threshold]:
    """Return the thresholds of the rule and of the baseline.

    The threshold that a worsening rate reaches first comes first. An alert that a baseline opened
    keeps that baseline.
    """
    rule, open_alert = series.rule, series.prior.open_alert
    baseline = open_alert.baseline if open_alert else None
    if baseline is None:
        baseline_end = series.as_of.last_day - timedelta(days=rule.longest_window.days)
        if open_alert:  # The days of an open alert are not part of the baseline.
            baseline_end = min(baseline_end, open_alert.since.date() - timedelta(days=1))
        baseline = baseline_threshold(rule, series.events, series.volume, baseline_end)
    thresholds = [*rule.thresholds, *([baseline] if baseline else [])]
    low_is_bad = series.subject.indicator.low_is_bad
    return sorted(thresholds, key=lambda threshold: threshold.share, reverse=low_is_bad)
