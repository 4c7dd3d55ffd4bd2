"""The longest time between two runs of an EventBridge Scheduler schedule.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from datetime import timedelta

_RATE = re.compile(r"rate\((?:(1) (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)")
_DAILY = re.compile(r"cron\((\S+) (\S+) [*?] \* [*?] \*\)")
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?")
_DAY = timedelta(days=1)


class InvalidScheduleError(ValueError):
    """The text is not a schedule that runs every day."""


def parse_cadence(schedule: str) -> timedelta:
    """Return the longest time between two runs of *schedule*.

    *schedule* is a "rate(...)" or "cron(...)" expression. Raises InvalidScheduleError.
    """
    if rate := _RATE.fullmatch(schedule):
        return timedelta(**{f"{rate[2] or rate[4]}s": int(rate[1] or rate[3])})
    cron = _DAILY.fullmatch(schedule)
    if not cron:
        raise InvalidScheduleError(schedule)
    times = sorted(
        timedelta(hours=hour, minutes=minute)
        for hour in _expand(cron[2], 24)
        for minute in _expand(cron[1], 60)
    )
    next_times = [*times[1:], times[0] + _DAY]
    return max(later - earlier for earlier, later in zip(times, next_times, strict=True))


def _expand(field: str, end: int) -> set[int]:
    """Return the values of a cron *field* such as "*/2" or "8-18,22".

    All values must be below *end*. Raises InvalidScheduleError.
    """
    values: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise InvalidScheduleError(field)
        first, last, step = match.groups()
        start = int(first or 0)
        # "5/10" repeats until the end of the range; "5" is one value.
        until = int(last) if last else start if first and not step else end - 1
        if not start <= until < end:
            raise InvalidScheduleError(field)
        values |= set(range(start, until + 1, int(step or 1)))
    return values
