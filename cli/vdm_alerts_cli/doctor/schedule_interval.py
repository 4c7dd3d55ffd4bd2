"""How often a schedule of the stack runs."""

import re
from datetime import timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_LONGEST = timedelta(days=1)
"""The longest interval of a schedule of runs: the stack accepts none that is longer."""


def interval_of(expression: str) -> timedelta:
    """Return the time between two runs of the schedule *expression*.

    Of a "cron(...)" expression, it is the longest one that the stack accepts.
    """
    rate = _RATE.fullmatch(expression)
    return timedelta(**{f"{rate[2]}s": int(rate[1])}) if rate else _LONGEST
