"""The rates that SES itself reports in CloudWatch: notation, and the value of each hour."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from vdm_alerts.core.rules.quoting import quote
from vdm_local.daily_counts import HOURS_PER_DAY, MAX_DAYS

_TOKEN = re.compile(r"(?:(?P<rate>\d{1,3}(?:\.\d+)?)%|-)(?:x(?P<times>\d+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class DailyRates:
    """The rate that SES reports on each day of a scenario, in each hour of the day."""

    rates: tuple[float | None, ...] = ()
    """Fractions; None for a day on which SES reports none."""

    def hourly(self, begins: date) -> Iterator[tuple[datetime, float]]:
        """Yield the rate of each hour from the day *begins* on, with the start of the hour."""
        for number, rate in enumerate(self.rates):
            if rate is not None:
                midnight = datetime.combine(begins + timedelta(days=number), time(), UTC)
                yield from ((midnight + timedelta(hours=hour), rate) for hour in _HOURS)


NO_RATES = DailyRates()
"""The rates of an account that SES has reported none for."""
_HOURS = range(HOURS_PER_DAY)


def parse_rates(text: object) -> DailyRates:
    """Return the rates of a text such as "2.1%x14 -x2 5.5%".

    Raises ValueError.
    """
    if not isinstance(text, str):
        message = f'{quote(text)} is not a row of rates. Use a text, for example "2.1%x7 - 5%".'
        raise ValueError(message)  # noqa: TRY004 - cattrs treats every error of a value alike
    rates: list[float | None] = []
    for token in text.split():
        match = _TOKEN.fullmatch(token)
        percentage = float(match["rate"]) if match and match["rate"] else None
        if match is None or (percentage is not None and percentage > 100):  # noqa: PLR2004
            message = (
                f"{quote(token)} is not a rate. Use a percentage, for example 2.1%, for 7 days "
                "2.1%x7, or - for a day without a rate."
            )
            raise ValueError(message)
        times = int(match["times"] or 1)
        if len(rates) + times > MAX_DAYS:
            message = f"{quote(token)} makes the row too long. Use at most {MAX_DAYS:,} days."
            raise ValueError(message)
        rates += [None if percentage is None else percentage / 100] * times
    return DailyRates(tuple(rates))
