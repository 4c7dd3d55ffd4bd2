"""An estimate of the account-wide rate that Amazon SES reviews.

SES uses a "representative volume" of email, whatever period that takes. SES publishes neither that
volume nor which emails it excludes, so the rate that SES reports differs from this estimate.
Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
"""

import math
from dataclasses import dataclass
from datetime import timedelta

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.representative_volume import (
    DEFAULT_VOLUME,
    RepresentativeVolume,
    representative_window,
)
from vdm_alerts.core.evaluation.ses_rates import SES_LEVELS
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate

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
    representative: RepresentativeVolume = DEFAULT_VOLUME
    """The representative volume, and whether it agrees with the rates that SES reports."""


def estimate_account_rate(
    indicator: Indicator,
    events: Series,
    volume: Series,
    as_of: AsOf,
    representative: RepresentativeVolume,
    ses_rate: SesRate | None = None,
) -> AccountRateEstimate | None:
    """Return the estimate of the account-wide rate *indicator*.

    The estimate covers the last emails, as many as *representative*, in whole days, and all known
    days if VDM has fewer emails. The distances start at *ses_rate*, the fresh rate of SES, if there
    is one. Return None if SES has no levels for *indicator*, or if VDM has no emails.
    """
    if indicator not in SES_LEVELS:
        return None
    window = representative_window(volume, as_of.last_day, representative.emails)
    if window is None:
        return None
    emails = volume.total(window, as_of.last_day)
    rate = Rate(events.total(window, as_of.last_day), emails)
    pace = _Pace(
        events.total(PACE_WINDOW, as_of.last_day),
        volume.total(PACE_WINDOW, as_of.last_day),
        timedelta(days=PACE_WINDOW.days - 1, hours=as_of.hours),
    )
    value = ses_rate.value if ses_rate else rate.value
    review, pause = (
        pace.distance(value, emails, level, representative.emails)
        for level in SES_LEVELS[indicator]
    )
    is_short = emails < representative.emails
    return AccountRateEstimate(rate, window, is_short, review, pause, representative)


@dataclass(frozen=True, slots=True)
class _Pace:
    """The counts of the pace window."""

    events: int
    emails: int
    duration: timedelta
    """The time since the start of the window; the last day is partial."""

    def distance(
        self, rate: float, volume: int, level: float, representative_volume: int
    ) -> DistanceToLevel:
        """Return the distance from *rate*, of *volume* emails, to *level* at this pace."""
        if rate >= level:
            return DistanceToLevel(level, 0, timedelta())
        if not self.emails or self.events / self.emails <= level:
            return DistanceToLevel(level, None, None)
        needed = self._emails_to_level(rate, volume, level, representative_volume)
        pace_windows = needed / self.emails
        if pace_windows * (self.duration / timedelta(days=1)) > LONGEST_WINDOW.days:
            return DistanceToLevel(level, None, None)
        return DistanceToLevel(level, math.ceil(needed - 1e-9), self.duration * pace_windows)

    def _emails_to_level(
        self, rate: float, volume: int, level: float, representative_volume: int
    ) -> float:
        """Return the emails at this pace until *rate* reaches *level*.

        New emails are added until there are *representative_volume*. After that, each new email
        replaces an old email, and the old emails are taken to have the average rate.
        """
        current = self.events / self.emails
        room = max(0, representative_volume - volume)
        # Solves (events + current * x) / (volume + x) = level for x new emails.
        added = (level - rate) * volume / (current - level)
        if added <= room:
            return added
        # Solves average + (current - average) * x / full = level for x replaced emails.
        full = volume + room
        average = (rate * volume + current * room) / full
        return room + full * (level - average) / (current - average)
