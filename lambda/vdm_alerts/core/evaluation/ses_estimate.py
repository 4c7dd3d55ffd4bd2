"""An estimate of the rate by which Amazon SES itself judges the account.

SES takes "a representative volume" of mail, however far back that reaches, and says neither how
much that is nor which mail it leaves out: so this is an estimate, and the real figure differs.
Source: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboardmessages.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate, percent
from vdm_alerts.core.model.timefmt import format_duration

SES_LEVELS: Mapping[Indicator, tuple[float, float]] = {
    Indicator.BOUNCE_RATE: (0.05, 0.1),
    Indicator.COMPLAINT_RATE: (0.001, 0.005),
}
"""The rates from which SES reviews an account, and from which it may pause it.

Source: https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html
"""
PACE_WINDOW = Window(3)
"""The days, today among them, that the present pace is taken from."""


@dataclass(frozen=True, slots=True)
class DistanceToLevel:
    """How far a *limit* (a fraction) is away at the present pace: so many *mails*, in that *time*.

    Both are nothing where it is reached already, and None where that pace does not lead to it.
    """

    level: float
    emails: int | None
    time: timedelta | None

    @property
    def is_on_course(self) -> bool:
        """Whether it is reached, or will be."""
        return self.emails is not None

    def __str__(self) -> str:
        at = percent(self.level)
        if self.emails is None or self.time is None:
            return f"{at}, which is not in sight at the pace of the last {PACE_WINDOW}"
        if not self.emails:
            return f"{at}, which is reached"
        far = f"{self.emails:,} mails or {format_duration(self.time)} away"
        return f"{at}, which is {far} at the pace of the last {PACE_WINDOW}"


@dataclass(frozen=True, slots=True)
class AccountRateEstimate:
    """A rate over the last representative volume, which took *window*.

    *review* and *pause* are how far SES's limits are away. *is_short* says that VDM knows of less
    mail than that volume.
    """

    rate: Rate
    window: Window
    is_short: bool
    review: DistanceToLevel
    pause: DistanceToLevel

    def __str__(self) -> str:
        short = ", all that VDM knows of" if self.is_short else ""
        what = (
            "Amazon SES judges the account as a whole. An estimate of the rate it goes by: "
            f"{self.rate}, over the last {self.window}{short}; the real one may differ."
        )
        if self.review.is_on_course or self.pause.is_on_course:
            return (
                f"{what} It reviews an account at {self.review}, and may pause it at {self.pause}."
            )
        review, pause = percent(self.review.level), percent(self.pause.level)
        return (
            f"{what} At the pace of the last {PACE_WINDOW} that comes neither to {review}, where "
            f"SES reviews an account, nor to {pause}, where it may pause it."
        )


def estimate_account_rate(
    indicator: Indicator, events: Series, volume: Series, at: AsOf, representative: int
) -> AccountRateEstimate | None:
    """Return the estimate of *indicator* over the last *representative* mails, in whole days.

    None where SES judges no such rate, or VDM knows of no mail.
    """
    if indicator not in SES_LEVELS:
        return None
    known = volume.total(LONGEST_WINDOW, at.last)
    if not known:
        return None
    every = (Window(days) for days in range(1, LONGEST_WINDOW.days + 1))
    least = min(known, representative)
    window = next(each for each in every if volume.total(each, at.last) >= least)
    mails = volume.total(window, at.last)
    rate = Rate(events.total(window, at.last), mails)
    pace = _Pace(
        events.total(PACE_WINDOW, at.last),
        volume.total(PACE_WINDOW, at.last),
        timedelta(days=PACE_WINDOW.days - 1, hours=at.hours),
    )
    review, pause = (pace.distance(rate, limit, representative) for limit in SES_LEVELS[indicator])
    return AccountRateEstimate(rate, window, mails < representative, review, pause)


@dataclass(frozen=True, slots=True)
class _Pace:
    """What has lately been counted, in so much time."""

    events: int
    emails: int
    took: timedelta

    def distance(self, rate: Rate, limit: float, representative: int) -> DistanceToLevel:
        """Return how long it takes from *rate* to *limit*.

        New mail adds to what SES looks at until that is *representative*, and then takes the place
        of old mail, which is taken to have had the rate of all of it.
        """
        if rate.value >= limit:
            return DistanceToLevel(limit, 0, timedelta())
        if not self.emails or self.events / self.emails <= limit:
            return DistanceToLevel(limit, None, None)
        now = self.events / self.emails
        room = max(0, representative - rate.volume)
        needed = (limit * rate.volume - rate.events) / (now - limit)
        if needed > room:
            full = rate.volume + room
            had = (rate.events + now * room) / full
            needed = room + full * (limit - had) / (now - had)
        if needed / self.emails * (self.took / timedelta(days=1)) > LONGEST_WINDOW.days:
            return DistanceToLevel(limit, None, None)  # That is as good as never.
        return DistanceToLevel(limit, math.ceil(needed - 1e-9), self.took * (needed / self.emails))
