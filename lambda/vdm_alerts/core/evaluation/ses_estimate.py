"""An estimate of the account-wide rate that Amazon SES reviews.

SES uses a "representative volume" of email, whatever period that takes. SES publishes neither that
volume nor which emails it excludes, so the real rate differs from this estimate.
Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate

SES_LEVELS: Mapping[Indicator, tuple[float, float]] = {
    Indicator.BOUNCE_RATE: (0.05, 0.1),
    Indicator.COMPLAINT_RATE: (0.001, 0.005),
}
"""The review level and the pause level of SES for each rate, as fractions.

Source: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
"""
PACE_WINDOW = Window(3)
"""The days, including today, that the current pace is measured over."""


@dataclass(frozen=True, slots=True)
class DistanceToLevel:
    """The distance of the account from a level of SES, at the current pace."""

    level: float
    """The review level or the pause level, as a fraction."""
    emails: int | None
    """The emails until the level is reached; 0 if it is reached, None if the pace never gets there.

    A level that is more than `LONGEST_WINDOW` away counts as never reached.
    """
    time: timedelta | None
    """The time that these emails take at the current pace; None exactly if `emails` is None."""


@dataclass(frozen=True, slots=True)
class AccountRateEstimate:
    """An estimated account rate, and its distance to the levels of SES."""

    rate: Rate
    """The rate over the last representative volume."""
    window: Window
    """The days that the representative volume took."""
    is_short: bool
    """Whether VDM has fewer emails than the representative volume."""
    review: DistanceToLevel
    """The distance to the level at which SES reviews an account."""
    pause: DistanceToLevel
    """The distance to the level at which SES may pause sending."""


def estimate_account_rate(
    indicator: Indicator, events: Series, volume: Series, as_of: AsOf, representative_volume: int
) -> AccountRateEstimate | None:
    """Return the estimate of the account-wide rate *indicator*.

    The estimate covers the last *representative_volume* emails, in whole days, and all known days
    if VDM has fewer emails. Return None if SES has no levels for *indicator*, or if VDM has no
    emails.
    """
    if indicator not in SES_LEVELS:
        return None
    window = representative_window(volume, as_of.last_day, representative_volume)
    if window is None:
        return None
    emails = volume.total(window, as_of.last_day)
    rate = Rate(events.total(window, as_of.last_day), emails)
    pace = _Pace(
        events.total(PACE_WINDOW, as_of.last_day),
        volume.total(PACE_WINDOW, as_of.last_day),
        timedelta(days=PACE_WINDOW.days - 1, hours=as_of.hours),
    )
    review, pause = (
        pace.distance(rate, level, representative_volume) for level in SES_LEVELS[indicator]
    )
    return AccountRateEstimate(rate, window, emails < representative_volume, review, pause)


def representative_window(
    volume: Series, last_day: date, representative_volume: int
) -> Window | None:
    """Return the days through *last_day* that have *representative_volume* emails.

    These are all known days if VDM has fewer emails, and None if it has none.
    """
    known_emails = volume.total(LONGEST_WINDOW, last_day)
    if not known_emails:
        return None
    daily_emails = reversed(volume.daily(LONGEST_WINDOW.days, last_day))
    needed_emails = min(known_emails, representative_volume)
    totals = enumerate(accumulate(daily_emails), start=1)
    return next(Window(days) for days, emails in totals if emails >= needed_emails)


@dataclass(frozen=True, slots=True)
class _Pace:
    """The counts of the pace window."""

    events: int
    emails: int
    duration: timedelta
    """The time since the start of the window; the last day is partial."""

    def distance(self, rate: Rate, level: float, representative_volume: int) -> DistanceToLevel:
        """Return the distance from *rate* to *level* at this pace."""
        if rate.value >= level:
            return DistanceToLevel(level, 0, timedelta())
        if not self.emails or self.events / self.emails <= level:
            return DistanceToLevel(level, None, None)
        needed = self._emails_to_level(rate, level, representative_volume)
        pace_windows = needed / self.emails
        if pace_windows * (self.duration / timedelta(days=1)) > LONGEST_WINDOW.days:
            return DistanceToLevel(level, None, None)
        return DistanceToLevel(level, math.ceil(needed - 1e-9), self.duration * pace_windows)

    def _emails_to_level(self, rate: Rate, level: float, representative_volume: int) -> float:
        """Return the emails at this pace until *rate* reaches *level*.

        New emails are added until there are *representative_volume*. After that, each new email
        replaces an old email, and the old emails are taken to have the average rate.
        """
        current = self.events / self.emails
        room = max(0, representative_volume - rate.volume)
        # Solves (events + current * x) / (volume + x) = level for x new emails.
        added = (level * rate.volume - rate.events) / (current - level)
        if added <= room:
            return added
        # Solves average + (current - average) * x / full = level for x replaced emails.
        full = rate.volume + room
        average = (rate.events + current * room) / full
        return room + full * (level - average) / (current - average)
