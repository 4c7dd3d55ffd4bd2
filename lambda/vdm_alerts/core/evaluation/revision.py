"""Revision: counts of a notification that VDM has reduced since."""

from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.verdicts import Evidence, Healthy, Inconclusive, Verdict
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.rules.rule import Rule


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
    * VDM has reduced a count of these days, and without the part that is gone the reported rate
      is on the good side of that threshold.
    * So is the rate of these days as it is counted now.

    Counts that grow, such as late feedback or the emails of the rest of the day, withdraw nothing.
    """
    if not isinstance(verdict, Healthy | Inconclusive) or as_of.now.date() <= reported.last_day:
        return verdict
    event_count = events.total(reported.window, reported.last_day)
    emails = volume.total(reported.window, reported.last_day)
    if not emails:
        return verdict
    rate = Rate(event_count, emails)
    without_reduced = Rate(
        min(event_count, reported.rate.events), min(emails, reported.rate.volume)
    )
    threshold = rule.first_threshold
    if not threshold.is_reached_by(reported.rate.value, rule.indicator):
        # The notification was about the baseline or another threshold, so it stays true.
        return verdict
    if any(threshold.is_reached_by(each.value, rule.indicator) for each in (rate, without_reduced)):
        return verdict
    evidence = Evidence(rate, reported.window, last_day=reported.last_day)
    return Healthy(
        verdict.subject, threshold, reported.window, evidence, withdrawn_rate=reported.rate
    )
