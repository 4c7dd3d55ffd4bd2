"""What people were told of days whose counts have changed since."""

from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.buckets import AsOf, day_buckets
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.rules.rule import MinimumConfidence, Rule


@dataclass(frozen=True, slots=True)
class ReportedFigures:
    """The figures that people were told: a *rate*, in *window* ending on the day *last*."""

    rate: Rate
    window: Window
    last: date


def with_revision(
    verdict: Verdict, rule: Rule, events: Series, volume: Series, at: AsOf, told: ReportedFigures
) -> Verdict:
    """Return *verdict*; or that what people were *told* is withdrawn, where it is.

    It is once the days that it was of are over, the same *rule* finds nothing wrong any more, and
    the rate in those very days has come to the good side of the first threshold. Of the mail, only
    what one must have heard of counts: feedback that is late withdraws nothing.
    """
    if not isinstance(verdict, Healthy | Inconclusive) or at.now.date() <= told.last:
        return verdict
    rate = _recounted(rule, events, volume, at, told)
    line = rule.first_threshold
    if rate is None or line.is_reached_by(rate.value, rule.indicator):
        return verdict
    if not line.is_reached_by(told.rate.value, rule.indicator):
        return verdict  # It was told for what is usual, or by another line: that was no such claim.
    evidence = Evidence(rate, told.window, last_day=told.last)
    return Healthy(verdict.subject, line, told.window, evidence, withdraws=told.rate)


def _recounted(
    rule: Rule, events: Series, volume: Series, at: AsOf, told: ReportedFigures
) -> Rate | None:
    """Return the rate in the days of *told* as they are counted now; None where there was no mail.

    A day that has not been counted whole yet withdraws nothing either.
    """
    counted, mails = (each.total(told.window, told.last) for each in (events, volume))
    if isinstance(rule.confidence, MinimumConfidence) and not rule.indicator.low_is_bad:
        ended = AsOf(at.now, told.last)
        buckets = day_buckets(events, volume, told.window, rule.arrival_curve, ended)
        mails = min(mails, int(sum(bucket.with_feedback for bucket in buckets)))
    return Rate(counted, mails) if mails else None
