"""The upper tail of Student's t distribution: https://dlmf.nist.gov/8.17."""

import math

from vdm_alerts.core.statistics.posterior import not_zero

_MAX_STEPS = 500
_PRECISION = 1e-14


def upper_tail(value: float, degrees: float) -> float:
    """Return the probability that a t-distributed variable exceeds *value*.

    *degrees* are the degrees of freedom. They are greater than 0 and may be a fraction.
    """
    square = value * value
    outside, inside = degrees / (degrees + square), square / (degrees + square)
    tail = _regularized_beta(outside, inside, degrees / 2, 0.5) / 2
    return tail if value >= 0 else 1 - tail


def _regularized_beta(x: float, rest: float, a: float, b: float) -> float:
    """Return the regularized incomplete beta function of *x*, *a* and *b*.

    *rest* is 1 - x. It is an argument because a difference of nearly equal numbers loses digits.
    """
    if x <= 0 or rest <= 0:
        return float(x > 0)
    log_factor = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    factor = math.exp(log_factor + a * math.log(x) + b * math.log(rest))
    if x < (a + 1) / (a + b + 2):
        return factor * _continued_fraction(x, a, b) / a
    return 1 - factor * _continued_fraction(rest, b, a) / b


def _continued_fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of https://dlmf.nist.gov/8.17.E22, by the method of Lentz."""
    numerator, denominator = 1.0, 1 / not_zero(1 - (a + b) * x / (a + 1))
    total = denominator
    for step in range(1, _MAX_STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for term in (even, odd):
            denominator = 1 / not_zero(1 + term * denominator)
            numerator = not_zero(1 + term / numerator)
            total *= denominator * numerator
        if abs(denominator * numerator - 1) < _PRECISION:
            break
    return total
