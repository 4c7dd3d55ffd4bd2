"""A simulated world: what senders send, what is true of them, and what VDM serves.

Time runs in steps of equal length, normally an hour. The arrays have a row for each step and a
column for each series. `serve` turns them into what VDM shows: daily UTC counters, of which today's
is still growing, with feedback booked on the day on which it arrives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vdm_alerts.core.model.rates import Indicator

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

FIRST_DAY = date(2026, 1, 5)
"""The first simulated day, a Monday."""
HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True)
class Incident:
    """A period in which the true rate of a series is above the threshold."""

    series: int
    """The column of the series."""
    start: int
    """The first step with a true rate above the threshold."""
    end: int
    """The first step after the incident."""
    peak: float
    """The highest true rate, as a fraction."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Series of a world that have figures of their own."""

    label: str
    """What the series have in common, for example "1.05 x, 100,000 a day"."""
    first: int
    """The column of the first series."""
    starts: tuple[int, ...]
    """The step at which waiting for an alert starts, of each series from the first on."""

    @property
    def columns(self) -> slice:
        """The columns of the series."""
        return slice(self.first, self.first + len(self.starts))


@dataclass(frozen=True, slots=True)
class Milestones:
    """The figures of the cohorts of a world."""

    cohorts: tuple[Cohort, ...] = ()
    within_hours: tuple[float, ...] = ()
    """The share of series with an alert is given within each of these durations."""
    open_after_hours: float | None = None
    """The share of alerts that are still open after this duration is given, too."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A change of the event counter of a past day."""

    step: int
    """The step in which VDM changes the counter."""
    day: int
    """The index of the changed day."""
    series: int
    factor: float
    """The new count divided by the old one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Simulated senders, and how VDM is read."""

    name: str
    indicator: Indicator
    threshold: float
    """The WARNING threshold, as a fraction."""
    sends: Counts
    """The emails that were sent in each step."""
    events: Counts
    """The events that arrived in each step."""
    true_rates: Floats
    """The true rate of the emails of each step. The scatter of hours is no part of it."""
    due: Floats
    """The emails of any step whose feedback is due in each step, by the true delays."""
    kernel: Floats
    """The share of feedback that arrives so many steps after its email."""
    incidents: tuple[Incident, ...] = ()
    steps_per_day: int = HOURS_PER_DAY
    warm_up_days: int = 7
    """The days at the start that are evaluated but not scored."""
    grace_hours: int = 24
    """How long an alert can follow its incident without being a false alarm."""
    is_look: Flags
    """Whether a run follows each step."""
    sends_until: Counts
    """The number of steps whose emails are counted after each step."""
    events_until: Counts
    """The number of steps whose events are counted after each step."""
    serves_today: bool = True
    """Whether VDM has counters of the day that is not over. Otherwise the first look is later."""
    revisions: tuple[Revision, ...] = ()
    milestones: Milestones = field(default_factory=Milestones)
    stops_at_first_alert: bool = False
    """Whether only the first alert of each series is of interest."""

    @property
    def steps(self) -> int:
        """The number of steps."""
        return int(self.sends.shape[0])

    @property
    def series(self) -> int:
        """The number of series."""
        return int(self.sends.shape[1])

    @property
    def hours_per_step(self) -> float:
        """The length of a step."""
        return HOURS_PER_DAY / self.steps_per_day

    @property
    def days(self) -> int:
        """The number of simulated days."""
        return self.steps // self.steps_per_day

    @property
    def scored_days(self) -> int:
        """The days after the warm-up."""
        return self.days - self.warm_up_days

    @property
    def first_scored_step(self) -> int:
        """The first step after the warm-up."""
        return self.warm_up_days * self.steps_per_day

    @property
    def look_steps(self) -> Counts:
        """The steps that a run follows."""
        return np.flatnonzero(self.is_look)

    def in_steps(self, hours: float) -> int:
        """Return *hours* as a number of steps."""
        return round(hours / self.hours_per_step)


@dataclass(frozen=True, slots=True)
class Look:
    """What a run sees: the counters of all days and series."""

    step: int
    """The step before the run."""
    now: datetime
    last_day: int
    """The index of the last day that VDM serves, today or yesterday."""
    day_events: Counts
    """The events by day and series. The array changes with the next look."""
    day_sends: Counts
    """The emails by day and series. The array changes with the next look."""

    def totals(self, days: int, skipped: int = 0) -> tuple[Counts, Counts]:
        """Return the events and emails of *days* days, by series.

        The days end with the last day, or *skipped* days before it.
        """
        end = max(0, self.last_day + 1 - skipped)
        chosen = slice(max(0, end - days), end)
        return self.day_events[chosen].sum(axis=0), self.day_sends[chosen].sum(axis=0)


def serve(world: World) -> Iterator[Look]:
    """Yield what each run sees, in order.

    A run follows its step without delay. The run at midnight sees a new day without counts.
    """
    day_events = np.zeros((world.days + 1, world.series), np.int64)
    day_sends = np.zeros_like(day_events)
    revisions = _revisions_by_step(world.revisions)
    counted_events = counted_sends = 0
    start = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
    length = timedelta(hours=world.hours_per_step)
    for step in range(world.steps):
        counted_events = _count(
            world, world.events, day_events, counted_events, world.events_until[step]
        )
        counted_sends = _count(
            world, world.sends, day_sends, counted_sends, world.sends_until[step]
        )
        for revision in revisions.get(step, ()):
            count = day_events[revision.day, revision.series]
            day_events[revision.day, revision.series] = round(float(count) * revision.factor)
        if world.is_look[step]:
            today = (step + 1) // world.steps_per_day
            last_day = today if world.serves_today else today - 1
            yield Look(step, start + (step + 1) * length, last_day, day_events, day_sends)


def _count(world: World, counts: Counts, by_day: Counts, counted: int, until: int) -> int:
    """Add the steps from *counted* until *until* to the counters *by_day*. Return *until*."""
    for step in range(counted, until):
        by_day[step // world.steps_per_day] += counts[step]
    return max(counted, int(until))


def _revisions_by_step(revisions: Sequence[Revision]) -> dict[int, list[Revision]]:
    by_step: dict[int, list[Revision]] = {}
    for revision in revisions:
        by_step.setdefault(revision.step, []).append(revision)
    return by_step
