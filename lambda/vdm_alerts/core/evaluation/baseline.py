"""The threshold that follows from the past rate of a series, its baseline."""

from datetime import date

from vdm_alerts.core.evaluation.boundary import Boundary
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import BASELINE_WINDOW, Baseline, Rule, Threshold
from vdm_alerts.core.statistics import posterior


def baseline_threshold(rule: Rule, events: Series, volume: Series, last: date) -> Threshold | None:
    """Return the WARNING threshold of the baseline that ends on *last*.

    The threshold is the rule's baseline factor times the 95% bound of the baseline rate. The bound
    adds a margin for chance. Return None in three cases: the rule has no baseline factor, the
    baseline window has no emails, or a worsening rate reaches a threshold of the rule first.
    """
    if rule.baseline_factor is None:
        return None
    emails = volume.total(BASELINE_WINDOW, last)
    if not emails:
        return None
    rate = Rate(events.total(BASELINE_WINDOW, last), emails)
    share = rule.baseline_factor * _bound(rate, low_is_bad=rule.indicator.low_is_bad)
    if rule.first_threshold.is_reached_by(share, rule.indicator):
        return None
    return Threshold(Severity.WARNING, share, Baseline(rate, BASELINE_WINDOW, rule.baseline_factor))


def _bound(rate: Rate, *, low_is_bad: bool) -> float:
    """Return the 95% bound of the true rate, on its bad side.

    This is the upper bound, or the lower bound if low rates are bad. The bound is computed from the
    rarer outcome of an email, as in `Boundary`.
    """
    if Boundary(rate.value, low_is_bad).counts_misses:
        misses = max(0, rate.volume - rate.events)
        return 1 - posterior.upper_bound_95(misses, rate.volume)
    bound = posterior.lower_bound_95 if low_is_bad else posterior.upper_bound_95
    return bound(rate.events, rate.volume)
