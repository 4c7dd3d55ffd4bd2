"""The smallest counts with which a rule can be breached, so that fewer need no further query."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.rules.rule import MinimumConfidence, Rule
from vdm_alerts.core.statistics import posterior


@dataclass(frozen=True, slots=True)
class MinimumCounts:
    """The smallest counts with which *rule* can be breached, in any scope and by any override."""

    rule: Rule
    events: int
    """Fewest events that can breach the rule, in however few emails."""
    emails: int
    """Fewest emails with which that can happen."""

    @classmethod
    def of(cls, rule: Rule) -> "MinimumCounts":
        """Return the smallest counts that can breach *rule* or one of its overrides."""
        variants: Sequence[Rule] = (rule, *(override.rule for override in rule.overrides))
        is_low = rule.indicator.low_is_bad
        return cls(
            rule,
            events=min(map(_fewest_events, variants)),
            emails=min(
                max(each.min_volume, 0 if is_low else _fewest_events(each)) for each in variants
            ),
        )

    def are_reached_by_emails(self, sent: Series, last: date) -> bool:
        """Return whether the rate can matter, whatever it is, with the emails *sent* by *last*.

        Feedback in a window may be about an email sent as long before it as the arrival curve is
        long, and an email may be delivered one day after it was sent.
        """
        late = Window(self.rule.lookback.days + 1 + self.rule.arrival_curve.lag)
        return sent.total(late, last) >= self.emails

    def are_reached_by_events(self, events: int) -> bool:
        """Return whether *events* within `Rule.reach`, of an unknown volume, can be a breach.

        The same holds for every part of the emails: too few events for all of them are too few for
        each part.
        """
        return self.rule.indicator.low_is_bad or events >= self.events


def _fewest_events(rule: Rule) -> int:
    threshold = rule.first_threshold.share
    match rule.confidence:
        case MinimumConfidence(error_probability=error_probability):
            # A rate above the baseline may be as low as any.
            lowest = 0.0 if rule.baseline_factor else threshold
            enough = posterior.min_events_to_breach(rule.min_volume, lowest, error_probability)
        case _:
            # Binary fractions: 0.07 of 100 is slightly more than 7.
            enough = math.ceil(threshold * rule.min_volume - 1e-9)
    return max(rule.min_events, enough)
