"""The smallest counts that can breach a rule.

Smaller counts need no further query.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.evaluation.comparison import MAX_ERROR_FACTOR
from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.rules.rule import MinimumConfidence, Rule
from vdm_alerts.core.statistics import posterior

ROUNDING_TOLERANCE = 1e-9
"""Subtracted before rounding up: in binary fractions, 0.07 of 100 is slightly more than 7."""


@dataclass(frozen=True, slots=True)
class MinimumCounts:
    """The smallest counts that can breach a rule or one of its overrides."""

    rule: Rule
    events: int
    """The fewest events that can breach the rule, in however few emails."""
    emails: int
    """The fewest emails that can breach the rule."""

    @classmethod
    def for_rule(cls, rule: Rule) -> "MinimumCounts":
        """Return the smallest counts that can breach *rule* or an override."""
        variants: Sequence[Rule] = (rule, *(override.rule for override in rule.overrides))
        return cls(
            rule,
            events=min(map(_fewest_events, variants)),
            emails=min(map(_fewest_emails, variants)),
        )

    def are_reached_by_emails(self, sent: Series, last: date) -> bool:
        """Return whether the emails *sent* through *last* can breach the rule.

        Feedback in a window may be about older emails, as old as the arrival curve is long. An
        email may be delivered one day after it was sent.
        """
        days = self.rule.lookback.days + 1 + self.rule.arrival_curve.lag_days
        return sent.total(Window(days), last) >= self.emails

    def are_reached_by_events(self, events: int) -> bool:
        """Return whether *events* can breach the rule, at some volume.

        *events* is their number within `Rule.lookback`. Too few events of a scope are also too few
        for each part of the scope.
        """
        return self.rule.indicator.low_is_bad or events >= self.events


def _fewest_events(rule: Rule) -> int:
    threshold = rule.first_threshold.share
    match rule.confidence:
        case MinimumConfidence(error_probability=error_probability):
            # A threshold from the baseline may be as low as any.
            lowest_threshold = 0.0 if rule.baseline_factor else threshold
            breaching = posterior.min_events_to_breach(
                rule.min_volume, lowest_threshold, MAX_ERROR_FACTOR * error_probability
            )
        case _:
            breaching = math.ceil(threshold * rule.min_volume - ROUNDING_TOLERANCE)
    return max(rule.min_events, breaching)


def _fewest_emails(rule: Rule) -> int:
    # A low rate is bad, for example of opens, also if there are no events at all.
    fewest_events = 0 if rule.indicator.low_is_bad else _fewest_events(rule)
    return max(rule.min_volume, fewest_events)
