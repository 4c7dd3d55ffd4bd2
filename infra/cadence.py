"""How often a schedule wakes the function, from the way that EventBridge Scheduler writes it.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from datetime import timedelta

_RATE = re.compile(r"rate\((?:(1) (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)")
_DAILY = re.compile(r"cron\((\S+) (\S+) [*?] \* [*?] \*\)")
_PART = re.compile(r"(?:\*|(\d+)(?:-(\d+))?)(?:/([1-9]\d*))?")
_DAY = timedelta(days=1)


class NoSchedule(ValueError):
    """The text is no schedule, or none that wakes the function every day."""


def cadence(schedule: str) -> timedelta:
    """Return the longest time between two wake-ups by *schedule*, "rate(...)" or "cron(...)".

    Raises NoSchedule.
    """
    if rate := _RATE.fullmatch(schedule):
        return timedelta(**{f"{rate[2] or rate[4]}s": int(rate[1] or rate[3])})
    daily = _DAILY.fullmatch(schedule)
    if not daily:
        raise NoSchedule(schedule)
    times = sorted(
        timedelta(hours=hour, minutes=minute)
        for hour in _expanded(daily[2], 24)
        for minute in _expanded(daily[1], 60)
    )
    again = [*times[1:], times[0] + _DAY]
    return max(later - earlier for earlier, later in zip(times, again, strict=True))


def _expanded(field: str, end: int) -> set[int]:
    """Return what a *field* of cron stands for, such as "*/2" or "8-18,22", all below *end*.

    Raises NoSchedule.
    """
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise NoSchedule(field)
        first, last, step = match.groups()
        start = int(first or 0)
        # "5/10" goes on to the end, "5" does not.
        until = int(last) if last else start if first and not step else end - 1
        if not start <= until < end:
            raise NoSchedule(field)
        found |= set(range(start, until + 1, int(step or 1)))
    return found
