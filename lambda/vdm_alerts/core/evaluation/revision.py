"""Revision: later counts that contradict the figures of a notification."""

from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.buckets import AsOf, day_buckets
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.rules.rule import MinimumConfidence, Rule


@dataclass(frozen=True, slots=True)
class ReportedFigures:
    """The figures that a notification stated."""

    rate: Rate
    """The rate in the window, as counted at that time."""
    window: Window
    """The window of the rate."""
    last_day: date
    """The last day of the window."""


def with_revision(
    verdict: Verdict,
    rule: Rule,
    events: Series,
    volume: Series,
    as_of: AsOf,
    reported: ReportedFigures,
) -> Verdict:
    """Return *verdict*, or a verdict that withdraws the *reported* rate.

    The latter verdict is `Healthy`. The rate is withdrawn if all of these are true:

    * *verdict* is `Healthy` or `Inconclusive`.
    * The reported days have ended.
    * The reported rate reached the rule's first threshold.
    * Later counts put the same days on the good side of that threshold.

    Late feedback withdraws no rate: only emails whose feedback has arrived are counted.
    """
    if not isinstance(verdict, Healthy | Inconclusive) or as_of.now.date() <= reported.last_day:
        return verdict
    rate = _recounted(rule, events, volume, as_of, reported)
    threshold = rule.first_threshold
    if rate is None or threshold.is_reached_by(rate.value, rule.indicator):
        return verdict
    if not threshold.is_reached_by(reported.rate.value, rule.indicator):
        # The notification was about the baseline or another threshold, so it stays true.
        return verdict
    evidence = Evidence(rate, reported.window, last_day=reported.last_day)
    return Healthy(
        verdict.subject, threshold, reported.window, evidence, withdrawn_rate=reported.rate
    )


def _recounted(
    rule: Rule, events: Series, volume: Series, as_of: AsOf, reported: ReportedFigures
) -> Rate | None:
    """Return the rate of the *reported* days, as they are counted now.

    Return None if the days have no emails. A rule with a minimum confidence counts only emails
    whose feedback has arrived.
    """
    event_count = events.total(reported.window, reported.last_day)
    emails = volume.total(reported.window, reported.last_day)
    if isinstance(rule.confidence, MinimumConfidence) and not rule.indicator.low_is_bad:
        end_of_reported_days = AsOf(as_of.now, reported.last_day)
        buckets = day_buckets(
            events, volume, reported.window, rule.arrival_curve, end_of_reported_days
        )
        emails = min(emails, int(sum(bucket.emails_with_feedback for bucket in buckets)))
    return Rate(event_count, emails) if emails else None
