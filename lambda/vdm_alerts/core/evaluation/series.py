"""The input of an evaluation: counts, rule and prior state of a series."""

from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.verdicts import Evidence, Subject
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class SeriesEvaluation:
    """The counts of one scope, and what is needed to evaluate them."""

    rule: Rule
    """The rule for this scope, with its override applied."""
    subject: Subject
    """The rate and scope that the verdict is about."""
    events: Series
    """The daily events, for example bounces."""
    volume: Series
    """The daily emails that the events are divided by."""
    as_of: AsOf
    """The time of the evaluation, and the last day with counts."""
    prior: PriorState
    """What the stored alert means for this evaluation."""

    def counted_evidence(self, window: Window) -> Evidence | None:
        """Return the rate as counted in *window*; None if no email was sent in it."""
        emails = self.volume.total(window, self.as_of.last_day)
        if not emails:
            return None
        rate = Rate(self.events.total(window, self.as_of.last_day), emails)
        return Evidence(rate, window, last_day=self.whole_day(self.as_of.last_day))

    def whole_day(self, last: date) -> date | None:
        """Return *last* as `Evidence.last_day`: None if *last* is today (partial)."""
        return None if last == self.as_of.now.date() else last
