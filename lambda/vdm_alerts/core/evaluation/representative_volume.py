"""The volume of email that SES is assumed to calculate the rates of an account from.

SES does not publish it. But the rates that SES reports show which volume reproduces them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS, SesRates
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series, Window
from vdm_alerts.core.model.rates import Indicator, SesRate
from vdm_alerts.core.rules.rule import REPRESENTATIVE_VOLUME

CANDIDATES = (REPRESENTATIVE_VOLUME, 1_000, 2_000, 5_000, 20_000, 50_000, 100_000)
"""The volumes that are compared, the default first: at the same fit, it stays."""
MIN_DAYS = 7
"""The fewest days with a rate of SES that show whether a volume fits."""
TOLERANCE = 0.1
"""The average difference of a volume that fits, as a share of the review level of SES.

It is 0.5 percentage points of a bounce rate. A smaller difference changes no decision.
"""


@dataclass(frozen=True, slots=True)
class RepresentativeVolume:
    """The volume of email that an estimate covers."""

    emails: int
    fits: bool | None = None
    """Whether estimates from it agree with the rates of SES; None if that is not known yet."""


DEFAULT_VOLUME = RepresentativeVolume(REPRESENTATIVE_VOLUME)
"""The volume that is assumed until the rates of SES show another."""


def representative_volume(
    own_volume: int | None,
    indicator: Indicator,
    events: Series,
    volume: Series,
    rates: SesRates | None,
    as_of: AsOf,
) -> RepresentativeVolume:
    """Return the volume of the estimates of *indicator*, and whether it agrees with *rates*.

    It is *own_volume*, the one that a rule sets. Without one, it is the candidate whose estimates
    from *events* and *volume* differ least from *rates*, if they agree, and else the default.
    """
    default = own_volume or REPRESENTATIVE_VOLUME
    days = list(_daily_rates(rates, as_of)) if rates else []
    if len(days) < MIN_DAYS:
        return RepresentativeVolume(default)

    def difference(emails: int) -> float:
        return _average_difference(emails, events, volume, days)

    best = own_volume or min(CANDIDATES, key=difference)
    fits = difference(best) <= TOLERANCE * SES_LEVELS[indicator][0]
    return RepresentativeVolume(best if fits else default, fits)


def representative_window(volume: Series, last_day: date, emails: int) -> Window | None:
    """Return the days through *last_day* in which *volume* has *emails* emails.

    These are all known days if VDM has fewer emails, and None if it has none.
    """
    known_emails = volume.total(LONGEST_WINDOW, last_day)
    if not known_emails:
        return None
    daily_emails = reversed(volume.daily(LONGEST_WINDOW.days, last_day))
    needed_emails = min(known_emails, emails)
    totals = enumerate(accumulate(daily_emails), start=1)
    return next(Window(days) for days, total in totals if total >= needed_emails)


def _daily_rates(rates: SesRates, as_of: AsOf) -> Iterator[SesRate]:
    """Yield the last rate of each whole day that VDM has counts of, newest first."""
    day = as_of.last_whole_day.last_day
    for rate in rates.history:
        if rate.at.date() <= day:
            yield rate
            day = rate.at.date() - timedelta(days=1)


def _average_difference(
    emails: int, events: Series, volume: Series, days: Sequence[SesRate]
) -> float:
    """Return the average difference of the estimates over *emails* from the rates of SES."""
    return sum(
        abs(_estimate(emails, events, volume, rate.at.date()) - rate.value) for rate in days
    ) / len(days)


def _estimate(emails: int, events: Series, volume: Series, day: date) -> float:
    """Return the estimated rate at the end of *day*; 0 if VDM has no email until then."""
    window = representative_window(volume, day, emails)
    if window is None:
        return 0.0
    return events.total(window, day) / volume.total(window, day)
