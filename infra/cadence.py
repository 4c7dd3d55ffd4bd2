"""The time between two runs of an EventBridge Scheduler schedule.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from collections.abc import Sequence
from datetime import timedelta

SHORTEST_INTERVAL = timedelta(minutes=5)
"""The shortest time between two runs that VDM Alerts accepts. VDM counts whole days."""

_UNKNOWN = "is not a supported schedule"
_RATE = re.compile(r"rate\((?:(1) (minute|hour|day)|([2-9]|[1-9][0-9]{1,3}) (minute|hour|day)s)\)")
# Scheduler requires "?" in one of the two day fields, and rejects it in both.
_DAILY = re.compile(r"cron\((\S+) (\S+) (?:\* \* \?|\? \* \*) \*\)")
_WEEKLY = re.compile(
    r"rate\(7 days\)|cron\([0-5]?[0-9] ([01]?[0-9]|2[0-3]) \? \* "
    r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT) \*\)"
)
_EVERY = re.compile(r"\*(?:/([1-9][0-9]?))?")
_PART = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?(?:/([1-9][0-9]?))?")
_DAY = timedelta(days=1)


class InvalidScheduleError(ValueError):
    """The schedule is invalid. The message completes a sentence about it."""


def parse_cadence(schedule: str) -> timedelta:
    """Return the longest time between two runs of *schedule*.

    *schedule* is a "rate(...)" or "cron(...)" expression. Raises InvalidScheduleError if it does
    not run every day, if EventBridge Scheduler rejects it, or if it runs too often.
    """
    intervals = _intervals(schedule)
    if min(intervals) < SHORTEST_INTERVAL:
        minutes = SHORTEST_INTERVAL // timedelta(minutes=1)
        raise InvalidScheduleError(
            f"runs more often than every {minutes} minutes, although VDM counts whole days"
        )
    return max(intervals)


def shortest_interval(schedule: str) -> timedelta:
    """Return the shortest time between two runs of *schedule*.

    Raises InvalidScheduleError like `parse_cadence`.
    """
    parse_cadence(schedule)
    return min(_intervals(schedule))


def is_weekly(schedule: str) -> bool:
    """Return whether *schedule* runs once a week, in a form that EventBridge Scheduler accepts."""
    return _WEEKLY.fullmatch(schedule) is not None


def _intervals(schedule: str) -> Sequence[timedelta]:
    """Return the times between the runs of a day. Raises InvalidScheduleError."""
    if rate := _RATE.fullmatch(schedule):
        return [timedelta(**{f"{rate[2] or rate[4]}s": int(rate[1] or rate[3])})]
    cron = _DAILY.fullmatch(schedule)
    if not cron:
        raise InvalidScheduleError(_UNKNOWN)
    times = sorted(
        timedelta(hours=hour, minutes=minute)
        for hour in _expand(cron[2], 24)
        for minute in _expand(cron[1], 60)
    )
    next_times = [*times[1:], times[0] + _DAY]
    return [later - earlier for earlier, later in zip(times, next_times, strict=True)]


def _expand(field: str, end: int) -> set[int]:
    """Return the values of a cron *field* such as "*/2" or "8-18,22".

    All values, and all increments, must be below *end*. Raises InvalidScheduleError.
    """
    if every := _EVERY.fullmatch(field):
        return set(_steps(0, end - 1, every[1], end))
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise InvalidScheduleError(_UNKNOWN)
        first, last, step = match.groups()
        # "5/10" repeats until the end of the range; "5" is one value.
        until = int(last) if last else end - 1 if step else int(first)
        values.update(_steps(int(first), until, step, end))
    return values


def _steps(first: int, last: int, step: str | None, end: int) -> range:
    """Return every *step*-th value from *first* to *last*. Raises InvalidScheduleError."""
    increment = int(step or 1)
    if not first <= last < end or increment >= end:
        raise InvalidScheduleError(_UNKNOWN)
    return range(first, last + 1, increment)
