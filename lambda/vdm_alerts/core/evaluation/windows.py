"""Windows: the weighted counts of the buckets of each window of a rule.

The buckets can be days or hours. Decision 17 explains the weights.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vdm_alerts.core.evaluation.buckets import Bucket
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.statistics import posterior

HOUR_OVERDISPERSION, DAY_OVERDISPERSION = 0.3, 0.1
"""The coefficient of variation of the rate of an hour, and of a day, beyond chance.

One bad campaign is one event, not five hundred. So no bucket has more weight than the emails that
have 1 / overdispersion² events at the threshold: 100 events for a day.
"""
_OVERDISPERSION_EXPONENT = math.log(HOUR_OVERDISPERSION / DAY_OVERDISPERSION) / math.log(24)


class Boundary(NamedTuple):
    """The rate that separates good rates from bad rates.

    The rarer outcome of an email is counted, because chance affects it most. If 90% of emails
    should be delivered, the emails that are not delivered are counted.
    """

    share: float
    """The rate, as a fraction."""
    low_is_bad: bool = False
    """Whether the rates below the boundary are bad, and not the rates above it."""

    @property
    def counts_misses(self) -> bool:
        """Whether the emails without the event are counted, as the rarer ones."""
        return self.low_is_bad and self.share >= 0.5  # noqa: PLR2004 - the rarer half

    @property
    def rarity(self) -> float:
        """The rate, at the boundary, of the outcome that is counted."""
        return 1 - self.share if self.counts_misses else self.share

    def is_on_bad_side(self, events: float, emails: float) -> bool:
        """Return whether *events* of *emails* are on the bad side.

        A rate at the boundary is on the upper side.
        """
        is_below = events < self.share * emails
        return is_below == self.low_is_bad

    def doubt(self, events: float, emails: float) -> float:
        """Return the error probability of the claim that the true rate is bad.

        This is the probability that the true rate is on the good side. The prior presumes a good
        rate: see `posterior.doubt_above` and `posterior.doubt_below`.
        """
        if self.counts_misses:
            return posterior.doubt_above(max(0.0, emails - events), emails, self.rarity)
        doubt = posterior.doubt_below if self.low_is_bad else posterior.doubt_above
        return doubt(events, emails, self.share)

    def probability_good(self, events: float, emails: float) -> float:
        """Return the confidence that the true rate is on the good side.

        Unlike in `doubt`, the prior presumes nothing: see `posterior.probability_below`.
        """
        if self.counts_misses:
            return posterior.probability_below(max(0.0, emails - events), emails, self.rarity)
        below = posterior.probability_below(events, emails, self.share)
        return 1 - below if self.low_is_bad else below


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """The totals of the buckets in one window."""

    window: Window
    """The window."""
    events: int
    """The events that were counted in the window."""
    volume: int
    """The emails that were sent in the window."""
    emails: float
    """The estimated emails that the events belong to. Greater than 0."""
    weighted_events: float
    """The events, multiplied by the weight of each bucket."""
    weighted_emails: float
    """The estimated emails, multiplied by the weight of each bucket."""


def window_totals(
    buckets: Iterable[Bucket],
    windows: Sequence[tuple[datetime, Window]],
    boundary: Boundary,
    emails_of: Callable[[Bucket], float],
) -> Iterator[WindowTotals]:
    """Yield the totals of each window that has emails, the shortest first.

    *windows* are the windows with their start times, the shortest first. A bucket belongs to every
    window that contains it completely. *emails_of* returns the estimated emails that the events of
    a bucket belong to.
    """
    remaining = sorted(buckets)
    events = volume = 0
    emails = weighted_events = weighted_emails = 0.0
    for start, window in windows:
        while remaining and remaining[-1].start >= start:
            bucket = remaining.pop()
            bucket_emails = emails_of(bucket)
            overdispersion = _overdispersion(bucket.hours)
            weight = 1 / (1 + overdispersion**2 * bucket_emails * boundary.rarity)
            events += bucket.events
            volume += bucket.volume
            emails += bucket_emails
            weighted_events += weight * bucket.events
            weighted_emails += weight * bucket_emails
        if emails:
            yield WindowTotals(window, events, volume, emails, weighted_events, weighted_emails)


def _overdispersion(hours: float) -> float:
    """Return the coefficient of variation of a bucket of *hours* hours."""
    return HOUR_OVERDISPERSION * math.pow(max(1.0, hours), -_OVERDISPERSION_EXPONENT)
