"""Arrival curves: how late feedback arrives after an email was sent.

VDM counts a bounce or a complaint on the day that it arrives, not on the day of the email. The
events of a day divided by the emails of the same day are therefore no meaningful rate. They are too
low in the morning, and too high after the sending has stopped. VDM Alerts divides the events of a
day by the emails from which they can come, and uses arrival curves to estimate that number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from vdm_alerts.core.model.rates import Indicator

HOURS_PER_DAY = 24.0
"""Hours in a day."""


@dataclass(frozen=True, slots=True)
class ArrivalCurve:
    """The share of feedback that has arrived, by hours since the email.

    The curve starts at (0 hours, 0) and is linear between its points. The feedback that is missing
    at the last point arrives evenly until twice the hours of that point.
    """

    points: tuple[tuple[float, float], ...]
    """Pairs of hours and shares (fractions). At least one pair. Both rise from 0."""

    @property
    def lag_days(self) -> int:
        """The days from an email to the last day that counts its feedback."""
        end_of_curve = 2 * self.points[-1][0]
        return int(-(-end_of_curve // HOURS_PER_DAY))  # Rounded up.

    def arrived_by(self, hours: float) -> float:
        """Return the share of feedback that arrives within *hours* of the email."""
        for (start, start_share), (end, end_share) in pairwise(self._all_points):
            if hours < end:
                elapsed = max(0.0, hours - start)
                return start_share + (end_share - start_share) * elapsed / (end - start)
        return 1.0

    def daily_shares(self, hours: float = HOURS_PER_DAY) -> Sequence[float]:
        """Return the shares of feedback that arrive in the first hours of a day.

        *hours* is the number of these hours.

        The first share refers to the emails that were sent in these hours. The other shares refer
        to all emails of the day before, of the day before that, and so on for `lag_days`.
        """
        return _daily_shares(self, hours)

    @property
    def _all_points(self) -> Sequence[tuple[float, float]]:
        """The points with the start and the end of the curve."""
        return [(0.0, 0.0), *self.points, (2 * self.points[-1][0], 1.0)]

    def _area(self, hours: float) -> float:
        """Return the area under the curve from 0 to *hours*, in hours."""
        points = self._all_points
        area = max(0.0, hours - points[-1][0])
        for (start, start_share), (end, _) in pairwise(points):
            if hours <= start:
                break
            segment_end = min(hours, end)
            area += (segment_end - start) * (start_share + self.arrived_by(segment_end)) / 2
        return area


@lru_cache
def _daily_shares(curve: ArrivalCurve, hours: float) -> tuple[float, ...]:
    """Return `ArrivalCurve.daily_shares`.

    This is a function because `lru_cache` should not cache a method.
    """

    def arrived_share(sent_from: float, sent_until: float, by: float) -> float:
        """Return the share of feedback that has arrived at the hour *by*.

        The emails were sent evenly from the hour *sent_from* until the hour *sent_until*.
        """
        area = curve._area(by - sent_from) - curve._area(by - sent_until)  # noqa: SLF001
        return area / (sent_until - sent_from)

    same_day = arrived_share(0, hours, hours)
    earlier_days = (
        arrived_share(-age * HOURS_PER_DAY, (1 - age) * HOURS_PER_DAY, hours)
        - arrived_share(-age * HOURS_PER_DAY, (1 - age) * HOURS_PER_DAY, 0)
        for age in range(1, curve.lag_days + 1)
    )
    return same_day, *earlier_days


_BOUNCES = ArrivalCurve(((1, 0.93), (6, 0.96), (24, 0.99)))
# SES retries for up to 50,400 seconds (14 hours) before it gives up:
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeliveryOptions.html
# Some errors, such as a full mailbox, are final at once. The shares are an assumption.
_TRANSIENT_BOUNCES = ArrivalCurve(((1, 0.3), (12, 0.4), (15, 0.98)))
# SES delivers most emails within seconds, and retries the others for hours.
_DELIVERIES = ArrivalCurve(((1, 0.98), (6, 0.99), (24, 0.999)))
_COMPLAINTS = ArrivalCurve(((1, 0.06), (6, 0.42), (24, 0.81), (48, 0.92), (72, 0.96)))
# Of all opens, 52% occur within 6 hours and 79% within a day:
# https://dev.marketingcharts.com/digital-35890
# 95% occur within a week: http://i-emailer.com/resourcecenter/email_open_velocity.html
_OPENS = ArrivalCurve(((1, 0.2), (6, 0.52), (24, 0.79), (168, 0.95)))

DEFAULT_CURVES: Mapping[Indicator, ArrivalCurve] = {
    Indicator.BOUNCE_RATE: _BOUNCES,
    Indicator.TRANSIENT_BOUNCE_RATE: _TRANSIENT_BOUNCES,
    Indicator.COMPLAINT_RATE: _COMPLAINTS,
    Indicator.DELIVERY_RATE: _DELIVERIES,
    Indicator.OPEN_RATE: _OPENS,
    Indicator.CLICK_RATE: _OPENS,
}
"""The assumed arrival curve of each indicator. A rule replaces it with its `feedback` key."""
