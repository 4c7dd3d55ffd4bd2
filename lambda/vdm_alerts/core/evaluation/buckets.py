"""Days, or hours, each with the mail that what was counted in it can be of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import le, mul
from typing import NamedTuple

from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.statistics.arrival import DAY, ArrivalCurve

MIN_HOURS = 0.1
"""How much of a day has gone by at the least, so that there is something to divide by."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """An instant, and the last day whose counts are known at it, whole or as far as it has come."""

    now: datetime
    last: date

    @property
    def midnight(self) -> datetime:
        """The beginning of the last day."""
        return datetime.combine(self.last, time(), UTC)

    @property
    def hours(self) -> float:
        """How much of the last day has been counted, in hours."""
        return min(DAY, max(MIN_HOURS, (self.now - self.midnight) / timedelta(hours=1)))


class Bucket(NamedTuple):
    """What was counted from an instant on, for so many *hours*.

    *expected* is the mail that the events can be of, as far as one should have heard of it by now.
    *heard* is the mail of these hours that one must have heard of, even if all of it was sent at
    their end. The former is too much where feedback is later than assumed or mail comes in one go,
    the latter too little: whichever cannot prove by that what is not so, is the one to take.
    """

    begins: datetime
    hours: float
    events: int
    volume: int
    expected: float
    with_feedback: float

    @property
    def upper_bound(self) -> float:
        """The most mail that the events can be of."""
        return max(self.expected, self.volume)


def day_buckets(
    events: Series, volume: Series, window: Window, feedback: ArrivalCurve, at: AsOf
) -> Sequence[Bucket]:
    """Return the days of *window*, the last one first and as far as it has come."""
    counted = events.daily(window.days, at.last)
    mails = volume.daily(window.days + feedback.lag, at.last)
    since_midnight = (at.now - at.midnight) / timedelta(hours=1)
    buckets = []
    for age in range(window.days):
        hours = at.hours if age == 0 else DAY
        until = len(mails) - age
        sent = mails[until - feedback.lag - 1 : until]
        expected = sum(map(mul, feedback.daily_shares(hours), reversed(sent)))
        heard = sent[-1] * feedback.arrived_by(since_midnight + (age - 1) * DAY)
        begins = at.midnight - timedelta(days=age)
        buckets.append(Bucket(begins, hours, counted[-1 - age], sent[-1], expected, heard))
    return buckets


def no_bucket_reaches(
    line: float, events: Series, volume: Series, window: Window, feedback: ArrivalCurve, at: AsOf
) -> bool:
    """Say quickly, without the buckets, that none of the `day_buckets` has a rate above *line*.

    It may not say so of some that have none. In a day one can hear at least of its own mail; and
    where no part of a window is above the line, neither is the whole.
    """
    mails = volume.daily(window.days, at.last)
    whole, today = line * feedback.daily_shares()[0], line * feedback.daily_shares(at.hours)[0]
    most = [whole * each for each in mails[:-1]]
    most.append(today * mails[-1])
    return all(map(le, events.daily(window.days, at.last), most))
