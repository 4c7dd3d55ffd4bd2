"""What a series has been itself, and the line beyond which it is not itself any more."""

from datetime import date

from vdm_alerts.core import posterior
from vdm_alerts.core.metrics import Series, Window
from vdm_alerts.core.rates import Rate
from vdm_alerts.core.rules import Rule, Severity, Threshold, Usual
from vdm_alerts.core.scan import Line

BEFORE = Window(28)
"""The days that what is usual is taken from, before those that are judged."""


def usual_line(rule: Rule, events: Series, volume: Series, last: date) -> Threshold | None:
    """Return the line beyond which this series is not what it was until *last*, if *rule* asks.

    As much is allowed for as what is usual may be off by chance. None where there was no mail
    before, or where a threshold of the rule is reached sooner.
    """
    if rule.unusual is None:
        return None
    mails = volume.total(BEFORE, last)
    if not mails:
        return None
    rate = Rate(events.total(BEFORE, last), mails)
    share = rule.unusual * _bound(rate, low=rule.indicator.low_is_bad)
    if rule.first_line.is_reached_by(share, rule.indicator):
        return None
    return Threshold(Severity.WARNING, share, Usual(rate, BEFORE, rule.unusual))


def _bound(rate: Rate, *, low: bool) -> float:
    """Return what *rate* may be by chance: at the most, or for a *low* line, at the least.

    The rarer of the two that a mail can come to is counted, as a line counts them.
    """
    if Line(rate.value, low).counts_misses:
        misses = max(0, rate.volume - rate.events)
        return 1 - posterior.at_the_most(misses, rate.volume)
    bound = posterior.at_the_least if low else posterior.at_the_most
    return bound(rate.events, rate.volume)
