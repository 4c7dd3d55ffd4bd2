"""How late one hears of mail, and so of how much of it one can have heard by now.

VDM counts a bounce or a complaint on the day that it arrives, not on the day of the mail. Set
against that day's mail it makes a rate of things that do not belong together: too low in the
morning, too high once the sending has stopped. So it is set against the mail that it can be of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from vdm_alerts.core.model.rates import Indicator

DAY = 24.0
"""Hours in a day."""


@dataclass(frozen=True, slots=True)
class ArrivalCurve:
    """How much of what there will be to hear of a mail has arrived so many hours after it.

    *arrived* are pairs of hours and shares, both rising from 0; between two of them it comes
    evenly, and what is left after the last one comes in as long again.
    """

    arrived: tuple[tuple[float, float], ...]

    @property
    def lag(self) -> int:
        """How many days later than its mail the last of it can be counted."""
        return int(-(-2 * self.arrived[-1][0] // DAY))

    def arrived_by(self, hours: float) -> float:
        """Return how much there is to hear has arrived so many *hours* after a mail."""
        for (begin, before), (end, after) in pairwise(self._points):
            if hours < end:
                return before + (after - before) * max(0.0, hours - begin) / (end - begin)
        return 1.0

    def daily_shares(self, hours: float = DAY) -> Sequence[float]:
        """Return how much of each day's mail one hears of in the first *hours* of a day.

        The first is the day's own mail, of those hours; then that of the day before, and so on.
        """
        return _of_day(self, hours)

    @property
    def _points(self) -> Sequence[tuple[float, float]]:
        return [(0.0, 0.0), *self.arrived, (2 * self.arrived[-1][0], 1.0)]

    def _heard(self, hours: float) -> float:
        """Return the share that has arrived, summed over the *hours* after a mail."""
        points = self._points
        total = max(0.0, hours - points[-1][0])
        for (begin, before), (end, _) in pairwise(points):
            if hours <= begin:
                break
            reached = min(hours, end)
            total += (reached - begin) * (before + self.arrived_by(reached)) / 2
        return total


@lru_cache
def _of_day(feedback: ArrivalCurve, hours: float) -> tuple[float, ...]:
    def heard(since: float, until: float, by: float) -> float:
        """Return how much of mail sent evenly from *since* *until* has been heard of *by* then."""
        summed = feedback._heard(by - since) - feedback._heard(by - until)  # noqa: SLF001
        return summed / (until - since)

    own = heard(0, hours, hours)
    earlier = (
        heard(-age * DAY, (1 - age) * DAY, hours) - heard(-age * DAY, (1 - age) * DAY, 0)
        for age in range(1, feedback.lag + 1)
    )
    return own, *earlier


_BOUNCES = ArrivalCurve(((1, 0.93), (6, 0.96), (24, 0.99)))
# SES hands most mail over within seconds, and goes on trying for hours.
_DELIVERIES = ArrivalCurve(((1, 0.98), (6, 0.99), (24, 0.999)))
_COMPLAINTS = ArrivalCurve(((1, 0.06), (6, 0.42), (24, 0.81), (48, 0.92), (72, 0.96)))
# Of opens, 52% within 6 hours and 79% within a day: https://dev.marketingcharts.com/digital-35890;
# 95% within a week: http://i-emailer.com/resourcecenter/email_open_velocity.html
_OPENS = ArrivalCurve(((1, 0.2), (6, 0.52), (24, 0.79), (168, 0.95)))

DEFAULT_CURVES: Mapping[Indicator, ArrivalCurve] = {
    Indicator.BOUNCE_RATE: _BOUNCES,
    Indicator.TRANSIENT_BOUNCE_RATE: _BOUNCES,
    Indicator.COMPLAINT_RATE: _COMPLAINTS,
    Indicator.DELIVERY_RATE: _DELIVERIES,
    Indicator.OPEN_RATE: _OPENS,
    Indicator.CLICK_RATE: _OPENS,
}
"""What is assumed of each until it is measured; a rule may say otherwise."""
