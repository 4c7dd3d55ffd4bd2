"""Evaluation by plain comparison: the counted rate against the threshold."""

from vdm_alerts.core.evaluation.series import SeriesEvaluation
from vdm_alerts.core.evaluation.verdicts import Breached, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.rates import Rate


def compare(series: SeriesEvaluation) -> Verdict:
    """Return the verdict of comparing rates with thresholds; the worst window decides.

    *series* has at least one email in the rule's longest window.
    """
    rule, indicator = series.rule, series.subject.indicator
    counted = [each for window in rule.windows if (each := series.counted(window))]
    worst = max(counted, key=lambda each: rule.badness(each.rate.value))
    reached = [
        (threshold, each)
        for threshold in rule.thresholds
        for each in counted
        if threshold.is_reached_by(each.rate.value, indicator)
    ]
    enough = [(threshold, each) for threshold, each in reached if _is_enough(each.rate, series)]
    if enough:
        threshold, evidence = max(
            enough, key=lambda each: (each[0].severity, rule.badness(each[1].rate.value))
        )
        return Breached(series.subject, threshold, evidence)
    verdict = Inconclusive if reached else Healthy
    return verdict(series.subject, rule.first_threshold, rule.longest_window, worst)


def _is_enough(rate: Rate, series: SeriesEvaluation) -> bool:
    """Return whether *rate* meets the rule's minimum volume and minimum number of bad events."""
    bad = rate.volume - rate.events if series.subject.indicator.low_is_bad else rate.events
    return rate.volume >= series.rule.min_volume and bad >= series.rule.min_events
