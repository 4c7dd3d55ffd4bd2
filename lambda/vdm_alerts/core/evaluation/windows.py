"""The scan: how sure several windows that end now make one, and which of them the surest.

It takes buckets of any length, days or hours.
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
"""How much the rates of single hours, and of single days, differ beyond chance.

It is the coefficient of variation. One bad mailing is one event and not five hundred, so that what
a bucket says is worth no more than so much mail as has 1 / scatter² events at the line.
"""
_SETTLING = math.log(HOUR_OVERDISPERSION / DAY_OVERDISPERSION) / math.log(24)


class Boundary(NamedTuple):
    """A rate, a fraction, and whether it is *low* rates that are on its bad side.

    What is counted is the rarer of the two that a mail can come to, as that is what chance has most
    to do with: where nine mails in ten should be delivered, those that are not.
    """

    share: float
    low_is_bad: bool = False

    @property
    def counts_misses(self) -> bool:
        """Whether the mails are counted that the events did not come of."""
        return self.low_is_bad and self.share >= 0.5  # noqa: PLR2004 - the rarer half

    @property
    def rarity(self) -> float:
        """The rate, at the line, of what is counted."""
        return 1 - self.share if self.counts_misses else self.share

    def doubt(self, events: float, mails: float) -> float:
        """Return the probability that the true rate is not on the bad side."""
        if self.counts_misses:
            return posterior.doubt_above(max(0.0, mails - events), mails, self.rarity)
        return (posterior.doubt_below if self.low_is_bad else posterior.doubt_above)(
            events, mails, self.share
        )

    def probability_good(self, events: float, mails: float) -> float:
        """Return the probability that the true rate is on the good side."""
        if self.counts_misses:
            return posterior.probability_below(max(0.0, mails - events), mails, self.rarity)
        below = posterior.probability_below(events, mails, self.share)
        return 1 - below if self.low_is_bad else below


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """What there is in one *window*: *events* of so many *mails*, and what they weigh.

    Of *volume* mails that were sent in it.
    """

    window: Window
    events: int
    volume: int
    emails: float
    weighted_events: float
    weighted_emails: float


def window_totals(
    buckets: Iterable[Bucket],
    windows: Sequence[tuple[datetime, Window]],
    line: Boundary,
    mails_of: Callable[[Bucket], float],
) -> Iterator[WindowTotals]:
    """Yield what there is in each of *windows*, the shortest first, of those that have any mail.

    *windows* are the instants that they begin at; a bucket belongs to those that it is wholly in.
    *mails_of* says how much mail the events of a bucket are taken to be of.
    """
    left = sorted(buckets)
    events = volume = 0
    mails = weighed_events = weighed_mails = 0.0
    for begins, window in windows:
        while left and left[-1].begins >= begins:
            bucket = left.pop()
            own = mails_of(bucket)
            weight = 1 / (1 + _overdispersion(bucket.hours) ** 2 * own * line.rarity)
            events += bucket.events
            volume += bucket.volume
            mails += own
            weighed_events += weight * bucket.events
            weighed_mails += weight * own
        if mails:
            yield WindowTotals(window, events, volume, mails, weighed_events, weighed_mails)


def _overdispersion(hours: float) -> float:
    """Return the coefficient of variation of a bucket of so many *hours*."""
    return HOUR_OVERDISPERSION * math.pow(max(1.0, hours), -_SETTLING)
