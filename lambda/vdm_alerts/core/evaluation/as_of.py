"""The time of an evaluation, and how much of the last day is counted."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from vdm_alerts.core.statistics.arrival import HOURS_PER_DAY

MIN_HOURS = 0.1
"""The minimum length of the last day in hours, so that no division by zero occurs."""

SETTLING_TIME = timedelta(hours=48)
"""How long after its end the counts of a day can still change.

AWS states no such time. Public code of an operator treats a day as final 48 hours after its end.
"""


def is_settled(day: date, now: datetime) -> bool:
    """Return whether the counts of *day* are final at *now*."""
    return now - AsOf(now, day).end_of_last_day >= SETTLING_TIME


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
    def end_of_last_day(self) -> datetime:
        """The end of the last day."""
        return self.start_of_last_day + timedelta(days=1)

    @property
    def hours_since_start(self) -> float:
        """The hours since the start of the last day, which may exceed 24."""
        return (self.now - self.start_of_last_day) / timedelta(hours=1)

    @property
    def hours(self) -> float:
        """The counted hours of the last day, from `MIN_HOURS` to 24."""
        return min(HOURS_PER_DAY, max(MIN_HOURS, self.hours_since_start))

    @property
    def is_today_counted(self) -> bool:
        """Whether the last day is today, which is partial."""
        return self.last_day == self.now.date()

    @property
    def last_whole_day(self) -> "AsOf":
        """The same time, without the counts of today."""
        if not self.is_today_counted:
            return self
        return AsOf(self.now, self.last_day - timedelta(days=1))
