"""One series to evaluate: its counts, its rule, and what is stored of its alert."""

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
    """The counts of one scope, to be evaluated by *rule*, which is the rule for that scope."""

    rule: Rule
    subject: Subject
    events: Series
    volume: Series
    as_of: AsOf
    prior: PriorState
    """What the stored alert means for this evaluation."""

    def counted(self, window: Window) -> Evidence | None:
        """Return the rate as counted in *window*; None if no email was sent in it."""
        emails = self.volume.total(window, self.as_of.last)
        if not emails:
            return None
        rate = Rate(self.events.total(window, self.as_of.last), emails)
        return Evidence(rate, window, last_day=self.until(self.as_of.last))

    def until(self, last: date) -> date | None:
        """Return *last* as evidence states it: None for today, which is not over."""
        return None if last == self.as_of.now.date() else last
