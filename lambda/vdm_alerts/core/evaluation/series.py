"""The input of an evaluation: counts, rule and prior state of a series."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.verdicts import Evidence, Subject
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, ONE_DAY, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.rules.rule import Rule

MAX_STATED_CONFIDENCE: Mapping[Indicator, float] = {Indicator.COMPLAINT_RATE: 0.95}
"""The highest confidence that a verdict states, for each indicator that has one of its own.

Of simulated alerts with a higher calculated confidence, so many were true: `benchmarks` measures
98.4% for bounces and 95.6% for complaints, whose feedback is later and rarer.
"""
DEFAULT_MAX_STATED_CONFIDENCE = 0.99
"""The highest confidence that a verdict about another indicator states."""


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
    ses_rates: SesRates | None = None
    """What SES itself reported of this rate; None if that is unreadable, or not of the account."""

    @property
    def compared_window(self) -> Window:
        """The longest window of the rule, and the last whole day if that is today alone."""
        longest = self.rule.longest_window
        is_today_alone = longest == ONE_DAY and self.as_of.is_today_counted
        return Window(2) if is_today_alone else longest

    def evidence(
        self, window: Window, confidence: float | None = None, last_day: date | None = None
    ) -> Evidence | None:
        """Return the rate as counted in *window*; None if no email was sent in it.

        The window ends with *last_day*, by default with the last day that has counts. If it has
        more events than emails, it begins earlier: these events come from earlier emails.
        """
        last_day = last_day or self.as_of.last_day
        if not self.volume.total(window, last_day):
            return None
        rate = self._rate(window, last_day)
        highest = MAX_STATED_CONFIDENCE.get(self.rule.indicator, DEFAULT_MAX_STATED_CONFIDENCE)
        while rate.events > rate.volume and window < LONGEST_WINDOW:
            window = Window(window.days + 1)
            rate = self._rate(window, last_day)
        return Evidence(
            rate,
            window,
            None if confidence is None else min(confidence, highest),
            None if last_day == self.as_of.now.date() else last_day,
        )

    def _rate(self, window: Window, last_day: date) -> Rate:
        return Rate(self.events.total(window, last_day), self.volume.total(window, last_day))
