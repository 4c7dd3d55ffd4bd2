"""What a series has been itself, and the line beyond which it is not itself any more."""

from datetime import date

from vdm_alerts.core.evaluation.windows import Boundary
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import BASELINE_WINDOW, Baseline, Rule, Threshold
from vdm_alerts.core.statistics import posterior


def baseline_threshold(rule: Rule, events: Series, volume: Series, last: date) -> Threshold | None:
    """Return the line beyond which this series is not what it was until *last*, if *rule* asks.

    As much is allowed for as what is usual may be off by chance. None where there was no mail
    before, or where a threshold of the rule is reached sooner.
    """
    if rule.baseline_factor is None:
        return None
    mails = volume.total(BASELINE_WINDOW, last)
    if not mails:
        return None
    rate = Rate(events.total(BASELINE_WINDOW, last), mails)
    share = rule.baseline_factor * _bound(rate, low=rule.indicator.low_is_bad)
    if rule.first_threshold.is_reached_by(share, rule.indicator):
        return None
    return Threshold(Severity.WARNING, share, Baseline(rate, BASELINE_WINDOW, rule.baseline_factor))


def _bound(rate: Rate, *, low: bool) -> float:
    """Return what *rate* may be by chance: at the most, or for a *low* line, at the least.

    The rarer of the two that a mail can come to is counted, as a line counts them.
    """
    if Boundary(rate.value, low).counts_misses:
        misses = max(0, rate.volume - rate.events)
        return 1 - posterior.upper_bound_95(misses, rate.volume)
    bound = posterior.lower_bound_95 if low else posterior.upper_bound_95
    return bound(rate.events, rate.volume)
