"""Delays of feedback: the share of events that has arrived some hours after the email."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from scipy import signal, special

from benchmarks.quality.worlds import Floats

DelayLaw: TypeAlias = Callable[[Floats], Floats]
"""Returns the share that has arrived by so many hours. The hours are at least 0."""

_POINTS = 240
"""The moments of a step at which its emails are taken as sent."""
_COMPLAINT_MEDIAN, _COMPLAINT_95 = 8.0, 68.0
"""The hours in which half and 95% of the complaints arrive."""
_NORMAL_95 = 1.6448536
_COMPLAINT_SIGMA = float(np.log(_COMPLAINT_95 / _COMPLAINT_MEDIAN)) / _NORMAL_95


def bounce_delays(hours: Floats) -> Floats:
    """Return the share of bounces: 92% at once, 6% exponential of 6 h, 2% of 24 h."""
    return 0.92 - 0.06 * np.expm1(-hours / 6) - 0.02 * np.expm1(-hours / 24)


def complaint_delays(hours: Floats) -> Floats:
    """Return the share of complaints: log-normal, half by 8 h and 95% by 68 h."""
    with np.errstate(divide="ignore"):
        deviations = (np.log(hours) - np.log(_COMPLAINT_MEDIAN)) / _COMPLAINT_SIGMA
    shares: Floats = special.ndtr(deviations)
    return shares


def at_once(hours: Floats) -> Floats:
    """Return the share of feedback that arrives with its email."""
    return np.ones_like(hours)


def evenly(start: float, end: float) -> DelayLaw:
    """Return the law of feedback that arrives evenly from *start* to *end* hours."""
    return lambda hours: np.clip((hours - start) / (end - start), 0, 1)


def slower(law: DelayLaw, factor: float) -> DelayLaw:
    """Return *law* with all delays multiplied by *factor*."""
    return lambda hours: law(hours / factor)


def arrival_kernel(law: DelayLaw, hours_per_step: float, steps: int) -> Floats:
    """Return the share of feedback that arrives so many steps after the email.

    The emails of a step are sent evenly in it. What is later than *steps* is left out.
    """
    moments = (np.arange(_POINTS) + 0.5) / _POINTS
    ends = (np.arange(steps)[:, None] + 1 - moments) * hours_per_step
    arrived = law(ends).mean(axis=1)
    return np.diff(arrived, prepend=0.0)


def delayed(emails: Floats, kernel: Floats) -> Floats:
    """Return what of *emails* is due in each step, by *kernel*."""
    result: Floats = signal.fftconvolve(emails, kernel[:, None], axes=0)[: len(emails)]
    # Rounding of the transform leaves tiny numbers where nothing is due.
    return np.where(result > 1e-6, result, 0.0)  # noqa: PLR2004 - far below one email
