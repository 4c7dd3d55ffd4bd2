"""Further worlds: senders, feedback, and reading that differ from the standard senders.

A world that is a variant of the standard senders changes one thing. The other worlds have senders
of one kind, for example weekly campaigns. Unless a function says otherwise, their true rates are
far below the threshold, so that each alert is a false alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.quality.delays import (
    DelayLaw,
    arrival_kernel,
    at_once,
    bounce_delays,
    complaint_delays,
    delayed,
    evenly,
    slower,
)
from benchmarks.quality.senders import (
    BOUNCES,
    COMPLAINTS,
    DAYS,
    KERNEL_HOURS,
    WARM_UP_DAYS,
    Senders,
    every_step,
    gamma_noise,
    standard_world,
)
from benchmarks.quality.worlds import (
    HOURS_PER_DAY,
    Cohort,
    Counts,
    Floats,
    Incident,
    Milestones,
    Revision,
    World,
)
from vdm_alerts.core.model.rates import Indicator

THRESHOLDS = {
    Indicator.BOUNCE_RATE: 0.05,
    Indicator.TRANSIENT_BOUNCE_RATE: 0.05,
    Indicator.COMPLAINT_RATE: 0.001,
}
WEEK_HOURS = 7 * HOURS_PER_DAY
WEEKDAYS = 7
MONTH_DAYS = 28
RATE_CV = 0.15
"""The scatter of the true rate from campaign to campaign."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A share of the feedback, and how late it arrives."""

    delays: DelayLaw
    share: float | Floats = 1.0
    """The share of the feedback, or that of each series."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Emails of one kind, with their true rates and their feedback."""

    emails: Floats
    """The expected emails by step and series."""
    rates: Floats
    """The true rates by step and series."""
    feedback: tuple[Feedback, ...]
    hour_scatter: float = 0.0
    """The CV of the rate of a step beyond its true rate."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the worlds of this module have in common."""

    name: str
    indicator: Indicator
    days: int = DAYS
    steps_per_day: int = HOURS_PER_DAY
    warm_up_days: int = WARM_UP_DAYS

    @property
    def threshold(self) -> float:
        """The WARNING threshold, as a fraction."""
        return THRESHOLDS[self.indicator]

    @property
    def steps(self) -> int:
        """The number of steps."""
        return self.days * self.steps_per_day


def build(frame: Frame, streams: Sequence[Stream], random: np.random.Generator) -> World:
    """Return a world of *streams* of email without incidents."""
    hours = HOURS_PER_DAY / frame.steps_per_day
    shape = streams[0].emails.shape
    sends, true_events = np.zeros(shape, np.int64), np.zeros(shape)
    arriving, due = np.zeros(shape), np.zeros(shape)
    kernels: list[Floats] = []
    for stream in streams:
        emails = random.poisson(stream.emails)
        sends += emails
        true_events += emails * stream.rates
        scattered = emails * stream.rates * gamma_noise(random, stream.hour_scatter, shape)
        for part in stream.feedback:
            kernel = arrival_kernel(part.delays, hours, round(KERNEL_HOURS / hours))
            kernels.append(kernel)
            arriving += delayed(scattered * part.share, kernel)
            due += delayed(np.asarray(emails * part.share, np.float64), kernel)
    true_rates = np.divide(true_events, sends, out=np.zeros(shape), where=sends > 0)
    return World(
        name=frame.name,
        indicator=frame.indicator,
        threshold=frame.threshold,
        sends=sends,
        events=random.poisson(arriving),
        true_rates=true_rates,
        due=due,
        kernel=kernels[0],
        steps_per_day=frame.steps_per_day,
        warm_up_days=frame.warm_up_days,
        is_look=np.ones(frame.steps, np.bool_),
        sends_until=every_step(frame.steps),
        events_until=every_step(frame.steps),
    )


# Campaigns


def campaigns(
    frame: Frame,
    random: np.random.Generator,
    sizes: Floats,
    rates: Floats,
    period_days: int = WEEKDAYS,
    feedback: tuple[Feedback, ...] = (Feedback(bounce_delays),),
    first_hour: int = 0,
) -> Stream:
    """Return a campaign of each series in each period, sent within two hours.

    Each series has a day and an hour of its own, from *first_hour* on. *sizes* are the emails of a
    campaign, which vary by 20%, and *rates* the mean true rates.
    """
    series = len(sizes)
    emails = np.zeros((frame.steps, series))
    true_rates = np.zeros_like(emails)
    starts = random.integers(0, period_days, series) * HOURS_PER_DAY
    starts += random.integers(first_hour, HOURS_PER_DAY, series)
    for number, start in enumerate(starts.tolist()):
        for hour in range(start, frame.steps - 1, period_days * HOURS_PER_DAY):
            sent = slice(hour, hour + 2)
            emails[sent, number] = sizes[number] / 2 * np.exp(random.normal(0, 0.2))
            true_rates[sent, number] = rates[number] * gamma_noise(random, RATE_CV, (1,))[0]
    return Stream(emails, true_rates, feedback)


def other_email(
    frame: Frame, daily: Floats, rate: float, delays: DelayLaw = bounce_delays
) -> Stream:
    """Return *daily* emails of each series, sent evenly."""
    emails = np.tile(daily / frame.steps_per_day, (frame.steps, 1))
    return Stream(emails, np.full_like(emails, rate), (Feedback(delays),))


def log_uniform(random: np.random.Generator, low: float, high: float, series: int) -> Floats:
    """Return numbers whose logarithms are uniform."""
    return np.exp(random.uniform(np.log(low), np.log(high), series))


def low_rates(random: np.random.Generator, median: float, highest: float, series: int) -> Floats:
    """Return log-normal rates around *median*, at most *highest*."""
    return np.minimum(median * np.exp(0.5 * random.standard_normal(series)), highest)


def late_bounces(
    seed: int, series: int, name: str, period_days: int = WEEKDAYS, *, trickle: bool = False
) -> World:
    """Return campaigns of which 5 to 15% of the bounces spread over the week after.

    2,000 to 200,000 emails, of which about 1% bounce. A trickle is 10 to 300 other emails a day.
    """
    random = np.random.default_rng(seed)
    days = DAYS if period_days == WEEKDAYS else WARM_UP_DAYS + 2 * MONTH_DAYS
    frame = Frame(name, Indicator.BOUNCE_RATE, days)
    late = random.uniform(0.05, 0.15, series)
    feedback = (
        Feedback(at_once, 1 - late),
        Feedback(evenly(0, WEEK_HOURS), late),
    )
    sizes = log_uniform(random, 2_000, 200_000, series)
    rates = low_rates(random, 0.01, frame.threshold / 2, series)
    streams = [campaigns(frame, random, sizes, rates, period_days, feedback)]
    if trickle:
        streams.append(other_email(frame, log_uniform(random, 10, 300, series), 0.01))
    return build(frame, streams, random)


def weekly_complaints(seed: int, series: int, name: str, *, trickle: bool = False) -> World:
    """Return weekly campaigns of 2,000 to 200,000 emails, with complaints at 0.01 to 0.05%.

    A trickle is 10 to 300 other emails a day.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, Indicator.COMPLAINT_RATE)
    sizes = log_uniform(random, 2_000, 200_000, series)
    rates = random.uniform(0.000_1, 0.000_5, series)
    feedback = (Feedback(complaint_delays),)
    streams = [campaigns(frame, random, sizes, rates, feedback=feedback)]
    if trickle:
        daily = log_uniform(random, 10, 300, series)
        streams.append(other_email(frame, daily, COMPLAINTS.base_rate, complaint_delays))
    return replace(build(frame, streams, random), grace_hours=COMPLAINTS.grace_hours)


def deferred(
    seed: int, series: int, name: str, indicator: Indicator, *, other: str = "none"
) -> World:
    """Return weekly campaigns whose bounces come after retries of 12 to 14 hours.

    They have 2,000 to 200,000 emails, of which 1 to 4% bounce. They are sent from 12:00 UTC on, so
    that the bounces come on the next day. *other* email is "none", a "trickle" of 10 to 300 a day,
    or "2%" of a campaign a day.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, indicator)
    sizes = log_uniform(random, 2_000, 200_000, series)
    rates = random.uniform(0.01, 0.04, series)
    feedback = (Feedback(evenly(12, 14)),)
    streams = [campaigns(frame, random, sizes, rates, feedback=feedback, first_hour=12)]
    if other == "trickle":
        streams.append(other_email(frame, log_uniform(random, 10, 300, series), 0.01))
    elif other == "2%":
        streams.append(other_email(frame, 0.02 * sizes, 0.01))
    return build(frame, streams, random)


def small_after_large(seed: int, series: int, name: str) -> World:
    """Return a small campaign two days after each weekly large one.

    The large one has 20,000 to 200,000 emails, and 5 to 15% of its bounces spread over the week
    after. The small one has 0.5 to 10% of these emails.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, Indicator.BOUNCE_RATE)
    late = random.uniform(0.05, 0.15, series)
    feedback = (Feedback(at_once, 1 - late), Feedback(evenly(0, WEEK_HOURS), late))
    sizes = log_uniform(random, 20_000, 200_000, series)
    rates = low_rates(random, 0.01, frame.threshold / 2, series)
    large = campaigns(frame, random, sizes, rates, feedback=feedback)
    shift = 2 * HOURS_PER_DAY
    emails = np.zeros_like(large.emails)
    emails[shift:] = large.emails[:-shift] * log_uniform(random, 0.005, 0.1, series)
    small_rates = np.zeros_like(emails)
    small_rates[shift:] = large.rates[:-shift]
    return build(frame, [large, Stream(emails, small_rates, large.feedback)], random)


def midnight_batch(seed: int, series: int, name: str) -> World:
    """Return daily batches at 00:00 UTC, looked at every 10 minutes.

    1,000 to 100,000 emails in 10 minutes, of which 1 to 3% bounce.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, Indicator.BOUNCE_RATE, days=21, steps_per_day=144)
    emails = np.zeros((frame.steps, series))
    emails[:: frame.steps_per_day] = log_uniform(random, 1_000, 100_000, series)
    rates = np.tile(random.uniform(0.01, 0.03, series), (frame.steps, 1))
    return build(frame, [Stream(emails, rates, (Feedback(bounce_delays),))], random)


# Rates just above and below the threshold


STEADY_VOLUMES = (10_000, 100_000, 1_000_000)
STEADY_DAYS = 28
EARLIER_MULTIPLE = 0.6
"""The rate before a steady rate starts, as a multiple of the threshold."""
STEADY_MULTIPLES = (1.02, 1.05, 1.1)


def steady(
    seed: int,
    series: int,
    name: str,
    senders: Senders,
    multiples: Sequence[float],
    volumes: Sequence[int],
) -> World:
    """Return senders whose rate rises to a steady rate near the threshold.

    They send the same emails in each hour. The rate is 0.6 times the threshold in the warm-up, and
    a multiple of *multiples* in the 28 days after it. There are *series* of each multiple and
    volume. Only the first alert counts.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, senders.indicator, days=WARM_UP_DAYS + STEADY_DAYS)
    start = WARM_UP_DAYS * HOURS_PER_DAY
    cells = [(multiple, volume) for multiple in multiples for volume in volumes]
    daily = np.repeat([float(volume) for _, volume in cells], series)
    shape = (frame.steps, 1)
    rates = np.tile(np.repeat([multiple * frame.threshold for multiple, _ in cells], series), shape)
    rates[:start] = EARLIER_MULTIPLE * frame.threshold
    stream = Stream(
        np.tile(daily / HOURS_PER_DAY, shape),
        rates,
        (Feedback(senders.delays),),
        senders.hour_scatter,
    )
    cohorts = tuple(
        Cohort(f"{multiple:g} x, {volume:,} a day", number * series, (start,) * series)
        for number, (multiple, volume) in enumerate(cells)
    )
    days = (7, 14, STEADY_DAYS)
    return replace(
        build(frame, [stream], random),
        milestones=Milestones(cohorts, tuple(day * 24.0 for day in days)),
        stops_at_first_alert=True,
    )


CAMPAIGN_START = 8 * HOURS_PER_DAY
"""The start of a single campaign; the hour of its day differs by series."""
CAMPAIGN_DAYS = 18
OPEN_AFTER_HOURS = 6.0 * HOURS_PER_DAY


def one_campaign(
    seed: int,
    series: int,
    name: str,
    senders: Senders,
    multiples: Sequence[float],
    sizes: Sequence[int],
    *,
    trickle: bool = False,
) -> World:
    """Return a single campaign of each series, sent in one hour, above the threshold.

    There are *series* of each multiple of the threshold and size. Each series has its own hour of
    the day. A trickle is 100 other emails a day with the usual rate, before and after. Each
    campaign counts as an incident of a week.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, senders.indicator, days=CAMPAIGN_DAYS)
    cells = [(multiple, size) for multiple in multiples for size in sizes]
    columns = np.arange(len(cells) * series)
    starts = CAMPAIGN_START + random.integers(0, HOURS_PER_DAY, len(columns))
    emails = np.zeros((frame.steps, len(columns)))
    rates = np.zeros_like(emails)
    emails[starts, columns] = np.repeat([float(size) for _, size in cells], series)
    rates[starts, columns] = np.repeat([rate * frame.threshold for rate, _ in cells], series)
    streams = [Stream(emails, rates, (Feedback(senders.delays),))]
    if trickle:
        daily = np.full(len(columns), 100.0)
        streams.append(other_email(frame, daily, senders.base_rate, senders.delays))
    cohorts = tuple(
        Cohort(f"{multiple:g} x, {size:,} emails", first, tuple(starts[first : first + series]))
        for first, (multiple, size) in zip(columns[::series].tolist(), cells, strict=True)
    )
    incidents = tuple(
        Incident(column, start, start + WEEK_HOURS, float(rates[start, column]))
        for column, start in enumerate(starts.tolist())
    )
    return replace(
        build(frame, streams, random),
        grace_hours=senders.grace_hours,
        incidents=incidents,
        milestones=Milestones(cohorts, (1.0, 6.0, 24.0, 72.0), OPEN_AFTER_HOURS),
    )


# Variants of the standard senders

REVISED_SHARE = 0.25
"""The share of days that are revised."""
MISSED_SHARE = 0.2
"""The share of runs that are missed."""


def stalled(seed: int, series: int, name: str, senders: Senders) -> World:
    """Return standard senders without incidents whose feedback stops once.

    It stops for 3 to 6 days, and then everything arrives in one hour.
    """
    world = standard_world(replace(senders, name=name, incident_share=0.0), seed, series)
    random = np.random.default_rng(seed + 10_000)
    events = world.events.copy()
    for number in range(series):
        length = int(random.integers(3 * HOURS_PER_DAY, 6 * HOURS_PER_DAY + 1))
        start = int(random.integers(world.first_scored_step, world.steps - length))
        end = start + length
        if end < world.steps:
            events[end, number] += events[start:end, number].sum()
        events[start:end, number] = 0
    return replace(world, events=events)


def sends_late(seed: int, series: int, name: str) -> World:
    """Return standard senders whose emails are counted 2 h later than the events."""
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    return replace(world, sends_until=_lagging(world, 2))


def batches_sends_late(seed: int, series: int, name: str) -> World:
    """Return daily batches whose emails are counted 2 h later than the events.

    1,000 to 100,000 emails in an hour of the day that differs by series, of which 1 to 3% bounce.
    """
    random = np.random.default_rng(seed)
    frame = Frame(name, Indicator.BOUNCE_RATE)
    sizes = log_uniform(random, 1_000, 100_000, series)
    sends_at = random.integers(0, HOURS_PER_DAY, series)
    is_sending = np.arange(frame.steps)[:, None] % HOURS_PER_DAY == sends_at
    rates = np.tile(random.uniform(0.01, 0.03, series), (frame.steps, 1))
    stream = Stream(is_sending * sizes, rates, (Feedback(bounce_delays),))
    world = build(frame, [stream], random)
    return replace(world, sends_until=_lagging(world, 2))


def counters_late(seed: int, series: int, name: str) -> World:
    """Return standard senders whose counters are all 6 h late."""
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    until = _lagging(world, 6)
    return replace(world, sends_until=until, events_until=until)


def _lagging(world: World, lag: int) -> Counts:
    """Return the counted steps with a *lag* in steps."""
    return np.maximum(0, every_step(world.steps) - lag)


def revised(seed: int, series: int, name: str) -> World:
    """Return standard senders of which one day in four is revised two days later.

    The events of the day become 40% fewer or more.
    """
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    random = np.random.default_rng(seed + 10_000)
    revisions = [
        Revision(
            (day + 2) * HOURS_PER_DAY + int(random.integers(0, HOURS_PER_DAY)),
            day,
            number,
            float(random.choice([0.6, 1.4])),
        )
        for day, number in np.argwhere(
            random.random((world.days - 2, series)) < REVISED_SHARE
        ).tolist()
    ]
    return replace(world, revisions=tuple(revisions))


def looks_every(seed: int, series: int, name: str, hours: int) -> World:
    """Return standard senders that are looked at every few *hours*."""
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    return replace(world, is_look=every_step(world.steps) % hours == 0)


def runs_missed(seed: int, series: int, name: str) -> World:
    """Return standard senders of which one run in five is missed."""
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    random = np.random.default_rng(seed + 10_000)
    return replace(world, is_look=random.random(world.steps) >= MISSED_SHARE)


def today_not_served(seed: int, series: int, name: str) -> World:
    """Return standard senders of whom VDM serves whole days only."""
    world = standard_world(replace(BOUNCES, name=name), seed, series)
    is_look = every_step(world.steps) >= HOURS_PER_DAY  # Nothing is served before.
    return replace(world, serves_today=False, is_look=is_look)


def with_slower_feedback(senders: Senders, name: str, factor: float) -> Senders:
    """Return *senders* with all delays multiplied by *factor*."""
    return replace(senders, name=name, delays=slower(senders.delays, factor))
