"""The single values of stored records, each checked when it is read."""

import math
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

YEARS = range(2000, 9000)
"""The years of a stored time. Others are damage, and cannot be calculated with."""
MAX_WHOLE_NUMBER = 10**15
"""The largest stored number. DynamoDB stores 38 digits of larger ones."""

D = TypeVar("D", bound=date)


def text(value: object) -> str:
    """Return *value*, which must be a string. Raises TypeError."""
    if not isinstance(value, str):
        message = f"{value!r:.40} is not a string"
        raise TypeError(message)
    return value


def flag(value: object) -> bool:
    """Return *value*, which must be a Boolean. Raises TypeError."""
    if not isinstance(value, bool):
        message = f"{value!r:.40} is not a Boolean"
        raise TypeError(message)
    return value


def whole_number(value: object) -> int:
    """Return *value* as an integer of at least 0, at most `MAX_WHOLE_NUMBER`.

    boto3 returns numbers as Decimal. Raises TypeError or ValueError.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        message = f"{value!r:.40} is not a number"
        raise TypeError(message)
    if not 0 <= value <= MAX_WHOLE_NUMBER or value != int(value):
        message = f"{value!r:.40} is not a whole number from 0 to {MAX_WHOLE_NUMBER}"
        raise ValueError(message)
    return int(value)


def day(value: object) -> date:
    """Return *value* as a date in `YEARS`. Raises TypeError or ValueError."""
    return _in_years(date.fromisoformat(text(value)))


def time(value: object) -> datetime:
    """Return *value* as a time with an offset, in `YEARS`. Raises TypeError or ValueError."""
    parsed = datetime.fromisoformat(text(value))
    if parsed.tzinfo is None:
        message = f"{value} is not a time with an offset"
        raise ValueError(message)
    return _in_years(parsed)


def _in_years(parsed: D) -> D:
    if parsed.year not in YEARS:
        message = f"{parsed.isoformat()} is not in the years from {YEARS[0]} to {YEARS[-1]}"
        raise ValueError(message)
    return parsed


def fraction(value: object) -> float:
    """Return *value*, the text of a float, as a finite float of at least 0."""
    number = float(text(value))
    if not math.isfinite(number) or number < 0:
        message = f"{value!r:.40} is not a finite number of at least 0"
        raise ValueError(message)
    return number
