"""The latest daily rates of a scope, which show what led to an alert."""

from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Rate

TREND_DAYS = 7
"""The days of a trend."""


@dataclass(frozen=True, slots=True)
class Trend:
    """The latest daily rates of a scope."""

    rates: tuple[Rate | None, ...]
    """One rate per day, the oldest first; None for a day without email."""
    last_day: date
    """The day of the last rate."""


def trend_of(events: Series, volume: Series, last_day: date) -> Trend:
    """Return the rates of the `TREND_DAYS` days through *last_day*, which may be partial."""
    counts = zip(
        events.daily(TREND_DAYS, last_day), volume.daily(TREND_DAYS, last_day), strict=True
    )
    rates = (Rate(count, emails) if emails else None for count, emails in counts)
    return Trend(tuple(rates), last_day)
