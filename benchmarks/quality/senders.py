"""The standard senders: many ordinary series, some of which have an incident.

* Emails a day: log-normal over the senders, median 1,500, sigma 2, limited to 5 to 500,000. Hours
  follow a rhythm by day and week with gamma noise. 30% of the senders send 90% of their emails in
  bursts: on average one burst a day, which lasts an hour.
* True rates: log-normal around a base rate, at most half of the threshold. 4% of the series live at
  0.6 to 0.9 of the threshold instead. The rate of a day scatters with a coefficient of variation
  (CV) of 0.15, which is part of the true rate. That of an hour scatters with 0.3, which is not.
* 30% of the series have one incident, with a peak of 1.5 to 10 times the threshold, log-uniform. It
  is a step of 12 to 120 h (half of them), a linear drift of 24 to 96 h whose peak is held for 24 h,
  or a spike of 1 to 4 h at 3 to 10 times the usual emails. 10% of the other series have a step to
  0.5 to 0.8 of the threshold, which must not alert.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.delays import (
    DelayLaw,
    arrival_kernel,
    bounce_delays,
    complaint_delays,
    delayed,
)
from benchmarks.quality.worlds import HOURS_PER_DAY, Counts, Floats, Incident, World
from vdm_alerts.core.model.rates import Indicator

DAYS = 37
"""Seven days of warm-up and thirty scored days."""
WARM_UP_DAYS = 7
KERNEL_HOURS = 14 * HOURS_PER_DAY
"""Feedback that is later than this is left out. It is less than 0.1% of the complaints."""
RESOLVE_HOURS = 72
"""Incidents end so early that their grace, and so many hours more, are simulated."""
EXCURSION_SHARE = 0.1
"""The share of series without an incident that have an excursion below the threshold."""
BURSTY_SHARE = 0.3
"""The share of series that send in bursts."""
STEPS, STEPS_AND_DRIFTS = 0.5, 0.75
"""The share of incidents that are steps, and that are steps or drifts. The others are spikes."""
HOLD_HOURS = 24
"""How long a drift stays at its peak."""
SATURDAY = 5
"""The index of the first day of a weekend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Senders:
    """The parameters of standard senders."""

    name: str
    indicator: Indicator
    threshold: float
    base_rate: float
    """The median of the true rates."""
    delays: DelayLaw
    grace_hours: int
    """How long an alert can follow its incident without being a false alarm."""
    rate_sigma: float = 0.5
    """Sigma of the true rates, in log-normal units."""
    hour_scatter: float = 0.3
    """The CV of the rate of an hour."""
    day_scatter: float = 0.15
    """The CV of the rate of a day."""
    near_share: float = 0.04
    """The share of series that live at 0.6 to 0.9 of the threshold."""
    incident_share: float = 0.3
    """The share of series with an incident."""


BOUNCES = Senders(
    name="bounce",
    indicator=Indicator.BOUNCE_RATE,
    threshold=0.05,
    base_rate=0.01,
    delays=bounce_delays,
    grace_hours=24,
)
COMPLAINTS = Senders(
    name="complaint",
    indicator=Indicator.COMPLAINT_RATE,
    threshold=0.001,
    base_rate=0.000_15,
    delays=complaint_delays,
    grace_hours=72,
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The expected emails and the true rates of senders, and their incidents."""

    emails: Floats
    """The expected emails of each hour."""
    rates: Floats
    """The true rate of each hour."""
    incidents: Sequence[Incident]


def standard_world(senders: Senders, seed: int, series: int) -> World:
    """Return a world of *series* standard senders."""
    random = np.random.default_rng(seed)
    traffic = _traffic(senders, random, series)
    return world_of(senders, traffic, random)


def world_of(senders: Senders, traffic: Traffic, random: np.random.Generator) -> World:
    """Return the world of *traffic*, looked at every hour."""
    hours = len(traffic.emails)
    sends = random.poisson(traffic.emails)
    kernel = arrival_kernel(senders.delays, 1.0, KERNEL_HOURS)
    scattered = traffic.rates * gamma_noise(random, senders.hour_scatter, traffic.rates.shape)
    # The number of events of an hour is a Poisson number. It stays one when delays distribute it.
    events = random.poisson(delayed(sends * scattered, kernel))
    return World(
        name=senders.name,
        indicator=senders.indicator,
        threshold=senders.threshold,
        sends=sends,
        events=events,
        true_rates=traffic.rates,
        due=delayed(sends.astype(float), kernel),
        kernel=kernel,
        incidents=tuple(traffic.incidents),
        warm_up_days=WARM_UP_DAYS,
        grace_hours=senders.grace_hours,
        is_look=np.ones(hours, np.bool_),
        sends_until=every_step(hours),
        events_until=every_step(hours),
    )


def every_step(steps: int) -> Counts:
    """Return, for each step, that all steps up to it are counted."""
    return np.arange(1, steps + 1, dtype=np.int64)


def gamma_noise(random: np.random.Generator, scatter: float, shape: tuple[int, ...]) -> Floats:
    """Return gamma numbers with a mean of 1 and the CV *scatter*."""
    if not scatter:
        return np.ones(shape)
    return random.gamma(scatter**-2, scatter**2, shape)


def _traffic(senders: Senders, random: np.random.Generator, series: int) -> Traffic:
    hours = DAYS * HOURS_PER_DAY
    daily = np.clip(1_500 * np.exp(2.0 * random.standard_normal(series)), 5, 500_000)
    emails = daily / HOURS_PER_DAY * _rhythm(random, hours, series)
    rates = np.minimum(
        senders.base_rate * np.exp(senders.rate_sigma * random.standard_normal(series)),
        senders.threshold / 2,
    )
    near = random.random(series) < senders.near_share
    rates = np.where(near, senders.threshold * random.uniform(0.6, 0.9, series), rates)
    day_factors = gamma_noise(random, senders.day_scatter, (DAYS, series))
    true_rates = rates * np.repeat(day_factors, HOURS_PER_DAY, axis=0)
    has_incident = random.random(series) < senders.incident_share
    has_excursion = ~has_incident & (random.random(series) < EXCURSION_SHARE)
    incidents = []
    for number in range(series):
        if has_incident[number]:
            column = true_rates[:, number]
            incident = _add_incident(senders, random, number, column, emails[:, number])
            incidents.append(incident)
        elif has_excursion[number]:
            _add_excursion(senders, random, true_rates[:, number])
    return Traffic(emails, true_rates, incidents)


def _rhythm(random: np.random.Generator, hours: int, series: int) -> Floats:
    """Return the emails of each hour relative to the mean."""
    hour = np.arange(hours)[:, None]
    noise = random.gamma(4, 1 / 4, (hours, series))
    by_day = 1 + 0.7 * np.sin(2 * np.pi * (hour - random.uniform(0, 24, series)) / HOURS_PER_DAY)
    is_weekend = hour // HOURS_PER_DAY % 7 >= SATURDAY
    by_week = np.where(is_weekend, random.uniform(0.3, 1.0, series), 1.0)
    steady = by_day * by_week * noise
    bursts = (random.random((hours, series)) < 1 / HOURS_PER_DAY) * HOURS_PER_DAY
    bursty = 0.1 * steady + 0.9 * bursts * noise
    return np.where(random.random(series) < BURSTY_SHARE, bursty, steady)


def _add_incident(
    senders: Senders, random: np.random.Generator, number: int, rates: Floats, emails: Floats
) -> Incident:
    """Add an incident to the *rates* and *emails* of series *number*. Return it."""
    threshold = senders.threshold
    peak = threshold * float(np.exp(random.uniform(np.log(1.5), np.log(10))))
    kind = random.random()
    if kind < STEPS:
        profile = np.full(random.integers(12, 121), peak)
    elif kind < STEPS_AND_DRIFTS:
        rise = np.linspace(float(rates.mean()), peak, random.integers(24, 97))
        profile = np.concatenate([rise, np.full(HOLD_HOURS, peak)])
    else:
        profile = np.full(random.integers(1, 5), peak)
    last_start = len(rates) - len(profile) - senders.grace_hours - RESOLVE_HOURS
    start = int(random.integers(WARM_UP_DAYS * HOURS_PER_DAY, last_start))
    end = start + len(profile)
    if kind >= STEPS_AND_DRIFTS:
        emails[start:end] = random.uniform(3, 10) * emails.mean()
    rates[start:end] = profile
    crossing = start + int(np.argmax(profile > threshold))
    return Incident(number, crossing, end, peak)


def _add_excursion(senders: Senders, random: np.random.Generator, rates: Floats) -> None:
    """Add a step to *rates* that stays below the threshold."""
    length = int(random.integers(12, 121))
    start = int(random.integers(WARM_UP_DAYS * HOURS_PER_DAY, len(rates) - length))
    rates[start : start + length] = senders.threshold * random.uniform(0.5, 0.8)
