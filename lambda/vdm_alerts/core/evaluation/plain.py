"""Evaluation by plain comparison: the counted rate against the threshold."""

from collections.abc import Iterator

from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Breached, Evidence, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import ONE_DAY
from vdm_alerts.core.model.rates import Rate


def compare(series: SeriesEvaluation) -> Verdict:
    """Return the verdict of comparing the counted rates with thresholds.

    The most severe threshold decides, then the window with the worst rate. A rate that reaches a
    threshold with too few emails or events is `Inconclusive`. *series* must have at least one email
    in the rule's longest window.
    """
    rule, indicator = series.rule, series.subject.indicator
    counted = list(_counted(series))
    reached = [
        (threshold, evidence)
        for threshold in rule.thresholds
        for evidence in counted
        if threshold.is_reached_by(evidence.rate.value, indicator)
    ]
    breaches = [
        (threshold, evidence)
        for threshold, evidence in reached
        if _has_enough_counts(evidence.rate, series)
    ]
    if breaches:
        threshold, evidence = max(
            breaches,
            key=lambda breach: (breach[0].severity, rule.badness(breach[1].rate.value)),
        )
        return Breached(series.subject, threshold, evidence, severity_limit=threshold.severity)
    worst = max(counted, key=lambda evidence: rule.badness(evidence.rate.value))
    verdict_type = Inconclusive if reached else Healthy
    return verdict_type(series.subject, rule.first_threshold, rule.longest_window, worst)


def _counted(series: SeriesEvaluation) -> Iterator[Evidence]:
    """Yield the counted rate of each window that has emails.

    A window of 1 day is the last day, and also the last whole day.
    """
    for window in series.rule.windows:
        last_days = {series.as_of.last_day}
        if window == ONE_DAY:
            last_days.add(series.as_of.last_whole_day.last_day)
        for last_day in sorted(last_days, reverse=True):
            evidence = series.evidence(window, last_day=last_day)
            if evidence:
                yield evidence


def _has_enough_counts(rate: Rate, series: SeriesEvaluation) -> bool:
    """Return whether *rate* meets the minimum counts of the rule.

    These are the minimum volume and the minimum number of bad events. If low rates are bad, the bad
    events are the emails without the event.
    """
    low_is_bad = series.subject.indicator.low_is_bad
    bad_events = rate.volume - rate.events if low_is_bad else rate.events
    return rate.volume >= series.rule.min_volume and bad_events >= series.rule.min_events
