"""Buckets: the events of a day or hour, and the emails they can belong to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from operator import le, mul
from typing import NamedTuple

from vdm_alerts.core.model.metrics import Series, Window
from vdm_alerts.core.statistics.arrival import HOURS_PER_DAY, ArrivalCurve

MIN_HOURS = 0.1
"""The minimum length of the last day in hours, so that no division by zero occurs."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The time of an evaluation, and the last day that it has counts of."""

    now: datetime
    """The time of the evaluation, in UTC."""
    last_day: date
    """The last UTC day with known counts: today (partial), or an earlier whole day."""

    @property
    def start_of_last_day(self) -> datetime:
        """The start of the last day."""
        return datetime.combine(self.last_day, time(), UTC)

    @property
    def hours(self) -> float:
        """The counted hours of the last day, from `MIN_HOURS` to 24."""
        return min(
            HOURS_PER_DAY, max(MIN_HOURS, (self.now - self.start_of_last_day) / timedelta(hours=1))
        )


class Bucket(NamedTuple):
    """The counts of a day or an hour, and the emails behind its events.

    Feedback arrives late, so the events of a bucket can belong to earlier emails. There are several
    estimates of these emails. An evaluation uses the one that makes its claim harder to prove.
    """

    start: datetime
    """The start of the bucket, in UTC."""
    hours: float
    """The length of the bucket in hours."""
    events: int
    """The events that were counted in the bucket."""
    volume: int
    """The emails that were sent in the bucket."""
    expected_emails: float
    """The emails, also of earlier buckets, whose feedback is expected in this bucket.

    Too high if feedback arrives later than assumed, or if all emails were sent at the same time.
    """
    emails_with_feedback: float
    """The emails of this bucket whose feedback has arrived even if all were sent at its end.

    Too low if the emails were sent earlier.
    """

    @property
    def most_emails(self) -> float:
        """The maximum number of emails that the events can belong to."""
        return max(self.expected_emails, self.volume)


def day_buckets(
    events: Series, volume: Series, window: Window, feedback: ArrivalCurve, as_of: AsOf
) -> Sequence[Bucket]:
    """Return the days of *window* as buckets, the last day first.

    *feedback* is the arrival curve of the events. The last day can be partial.
    """
    daily_events = events.daily(window.days, as_of.last_day)
    daily_emails = volume.daily(window.days + feedback.lag_days, as_of.last_day)
    hours_since_midnight = (as_of.now - as_of.start_of_last_day) / timedelta(hours=1)
    buckets = []
    for age in range(window.days):
        hours = as_of.hours if age == 0 else HOURS_PER_DAY
        end = len(daily_emails) - age
        # The day itself is the last entry; the others are days whose feedback is still arriving.
        emails = daily_emails[end - feedback.lag_days - 1 : end]
        expected = sum(map(mul, feedback.daily_shares(hours), reversed(emails)))
        hours_since_end = hours_since_midnight + (age - 1) * HOURS_PER_DAY
        with_feedback = emails[-1] * feedback.arrived_by(hours_since_end)
        start = as_of.start_of_last_day - timedelta(days=age)
        buckets.append(
            Bucket(start, hours, daily_events[-1 - age], emails[-1], expected, with_feedback)
        )
    return buckets


def no_bucket_reaches(
    share: float,
    events: Series,
    volume: Series,
    window: Window,
    feedback: ArrivalCurve,
    as_of: AsOf,
) -> bool:
    """Return whether the rate of each day is certainly at most *share*.

    *share* is a fraction. This check is a fast replacement for building the `day_buckets`. It can
    return False although every rate is low. It counts only the day's own emails, which is the
    minimum of `Bucket.expected_emails`. If no day is above *share*, no window of these days is
    above it.
    """
    emails = volume.daily(window.days, as_of.last_day)
    whole_day_limit = share * feedback.daily_shares()[0]
    last_day_limit = share * feedback.daily_shares(as_of.hours)[0]
    event_limits = [whole_day_limit * day_emails for day_emails in emails[:-1]]
    event_limits.append(last_day_limit * emails[-1])
    return all(map(le, events.daily(window.days, as_of.last_day), event_limits))
