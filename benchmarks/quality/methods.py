"""What people use to alert on rates today, on the same counts and at the same looks.

Their alerts have the severity WARNING only. A method that reads hours gets the true counts of each
step, which VDM does not serve. It gets them when VDM would have counted them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.quality.scoring import cusum_threshold
from benchmarks.quality.worlds import HOURS_PER_DAY, Counts, Flags, Floats, Look, World

FLOOR = 1_000
"""The least emails of a rate, where a method has a floor."""
CLOUDWATCH_DAYS, CLOUDWATCH_BREACHES = 5, 3
"""A CloudWatch alarm on "3 out of 5 datapoints", which are days."""
WILSON_DEVIATIONS = 1.96
"""The quantile of the usual 95% Wilson interval."""
BURN_RATES = ((14.4, 1, 1), (6.0, 6, 1), (1.0, 72, 6))
"""Factor, and long and short window in hours, as in the SRE workbook of Google.

The short window of the workbook is a twelfth of the long one. Here it is at least an hour. Source:
https://sre.google/workbook/alerting-on-slos/
"""
CUSUM_FACTOR = 2.0
"""The rate that the CUSUM looks for, as a multiple of the threshold."""
CUSUM_DAYS = 100
"""The days to a false alarm of the CUSUM while the true rate is the threshold.

Calibrated: standard senders then get 0.1 to 0.4 false alarms in 1,000 days of a series.
"""


class Baseline(ABC):
    """A method without severities."""

    def __init__(self, world: World) -> None:
        self.world = world

    def severities(self, look: Look) -> Counts:
        """Return the severity of each series at *look*: 0, or 1 for WARNING."""
        return self.firing(look).astype(np.int64)

    @abstractmethod
    def firing(self, look: Look) -> Flags:
        """Return which series have an alert at *look*."""

    def reaches(self, events: Counts, emails: Counts, least: int = 1, factor: float = 1) -> Flags:
        """Return whether the rate reaches *factor* times the threshold.

        A rate of fewer than *least* emails does not.
        """
        reached: Flags = (emails >= least) & (events >= factor * self.world.threshold * emails)
        return reached


class RatioOfDays(Baseline):
    """The rate of a number of days."""

    def __init__(self, world: World, days: int, skipped: int = 0, floor: int = 1) -> None:
        super().__init__(world)
        self.days = days
        self.skipped = skipped
        """The days that are left out at the end, for example 1 for today."""
        self.floor = floor

    def firing(self, look: Look) -> Flags:
        """Return which rates reach the threshold."""
        return self.reaches(*look.totals(self.days, self.skipped), self.floor)


class LastWholeDay(RatioOfDays):
    """The rate of the last day that is over."""

    def __init__(self, world: World) -> None:
        super().__init__(world, 1, skipped=1 if world.serves_today else 0)


class DaysOfDays(Baseline):
    """A CloudWatch alarm on the rates of days that are over: M out of N of them."""

    def firing(self, look: Look) -> Flags:
        """Return which series have enough days that reach the threshold."""
        skipped = 1 if self.world.serves_today else 0
        breaches = np.zeros(self.world.series, np.int64)
        for age in range(CLOUDWATCH_DAYS):
            breaches += self.reaches(*look.totals(1, skipped + age))
        enough: Flags = breaches >= CLOUDWATCH_BREACHES
        return enough


class WilsonBound(Baseline):
    """The lower bound of the Wilson interval of the rate of 7 days."""

    def firing(self, look: Look) -> Flags:
        """Return which lower bounds reach the threshold."""
        events, emails = look.totals(7)
        total = np.maximum(emails, 1)
        share = np.minimum(events / total, 1.0)
        square = WILSON_DEVIATIONS**2
        margin = WILSON_DEVIATIONS * np.sqrt(share * (1 - share) / total + square / (4 * total**2))
        bound = (share + square / (2 * total) - margin) / (1 + square / total)
        reached: Flags = (emails > 0) & (bound >= self.world.threshold)
        return reached


class OnHours(Baseline):
    """A method that reads the true counts of hours."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.all_events = _cumulated(world.events)
        self.all_sends = _cumulated(world.sends)

    def last_hours(self, look: Look, hours: float) -> tuple[Counts, Counts]:
        """Return the events and emails of the last *hours* that are counted."""
        steps = self.world.in_steps(hours)
        events_until = int(self.world.events_until[look.step])
        sends_until = int(self.world.sends_until[look.step])
        events = self.all_events[events_until] - self.all_events[max(0, events_until - steps)]
        sends = self.all_sends[sends_until] - self.all_sends[max(0, sends_until - steps)]
        return events, sends


class RatioOf24Hours(OnHours):
    """The rate of the last 24 hours, like an alarm on the CloudWatch metrics of SES."""

    def firing(self, look: Look) -> Flags:
        """Return which rates reach the threshold."""
        return self.reaches(*self.last_hours(look, HOURS_PER_DAY))


class BurnRate(OnHours):
    """Burn rates in a long and a short window, with the threshold as the error budget."""

    def firing(self, look: Look) -> Flags:
        """Return which series burn too fast in both windows of any pair."""
        firing = np.zeros(self.world.series, np.bool_)
        for factor, long, short in BURN_RATES:
            is_long = self.reaches(*self.last_hours(look, long), factor=factor)
            firing |= is_long & self.reaches(*self.last_hours(look, short), factor=factor)
        return firing


class PoissonCusum(Baseline):
    """A CUSUM of the events of each hour, which knows the true delays of feedback.

    It looks for `CUSUM_FACTOR` times the threshold. Its threshold h gives one false alarm in
    `CUSUM_DAYS` days of the series' own mean emails while the true rate is the threshold. An alert
    ends when the sum, which is limited to h, is back at 0.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        good, bad = world.threshold, CUSUM_FACTOR * world.threshold
        daily = world.sends.sum(axis=0) / world.days
        self.gains: Floats = world.events * np.log(bad / good) - world.due * (bad - good)
        self.limits = np.array(
            [cusum_threshold(max(1.0, emails) * CUSUM_DAYS, good, bad) for emails in daily]
        )
        self.sums = np.zeros(world.series)
        self.is_firing = np.zeros(world.series, np.bool_)
        self.counted = 0

    def firing(self, look: Look) -> Flags:
        """Return which sums have reached their limit and are not back at 0."""
        until = int(self.world.events_until[look.step])
        for step in range(self.counted, until):
            self.sums = np.clip(self.sums + self.gains[step], 0.0, self.limits)
            self.is_firing |= self.sums >= self.limits
            self.is_firing &= self.sums > 0
        self.counted = max(self.counted, until)
        return self.is_firing.copy()


def _cumulated(counts: Counts) -> Counts:
    total = np.zeros((counts.shape[0] + 1, counts.shape[1]), np.int64)
    np.cumsum(counts, axis=0, out=total[1:])
    return total


BASELINES: Mapping[str, Callable[[World], Baseline]] = {
    "ratio, last whole day": LastWholeDay,
    "ratio, 7 days": lambda world: RatioOfDays(world, 7),
    "ratio, 7 days, >= 1,000 sends": lambda world: RatioOfDays(world, 7, floor=FLOOR),
    "ratio, today, >= 1,000 sends": lambda world: RatioOfDays(world, 1, floor=FLOOR),
    "3 of 5 days": DaysOfDays,
    "ratio, 24 hours": RatioOf24Hours,
    "Wilson bound, 7 days": WilsonBound,
    "burn rates": BurnRate,
    "CUSUM on true hours": PoissonCusum,
}
"""The methods by name."""
