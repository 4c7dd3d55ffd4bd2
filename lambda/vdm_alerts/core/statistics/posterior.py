"""How sure counts can make one of the rate behind them.

Bounces and complaints are rare and come one by one, so that what so many of so many mails say of
the true rate is a gamma distribution: https://en.wikipedia.org/wiki/Conjugate_prior. It is the
doubt that decides, and not how sure one is: of numbers near 1, too few digits are kept.
"""

import math
from functools import lru_cache

PRIOR_EVENTS = 0.3
"""How much of one event is presumed in as much mail as has one at the line."""
JEFFREYS_PRIOR = 0.5
"""How much of one event is presumed, in no mail at all, where nothing is to be (Jeffreys)."""

_LARGE = 10_000
_TINY = 1e-300
_EXACT = 1e-16


def doubt_above(events: float, mails: float, line: float) -> float:
    """Return the probability that a rate is no more than *line*, after *events* of *mails*.

    Before any mail is seen, it is presumed to be 0.3 of the line.
    """
    return regularized_gamma_p(PRIOR_EVENTS + events, 1 + mails * line)


def doubt_below(events: float, mails: float, line: float) -> float:
    """Return the probability that a rate is no less than *line*, after *events* of *mails*.

    Before any mail is seen, it is presumed to be as far above the line as above is below it.
    """
    return 1 - regularized_gamma_p(1 / PRIOR_EVENTS + events, 1 + mails * line)


def probability_below(events: float, mails: float, line: float) -> float:
    """Return the probability that a rate is below *line*, with nothing presumed of it."""
    return regularized_gamma_p(JEFFREYS_PRIOR + events, mails * line)


def upper_bound_95(events: float, mails: float) -> float:
    """Return what a rate is at the most, with a probability of 95%, after *events* of *mails*."""
    return _bound(JEFFREYS_PRIOR + events, 1.645) / mails


def lower_bound_95(events: float, mails: float) -> float:
    """Return what a rate is at the least, with a probability of 95%, after *events* of *mails*."""
    return _bound(JEFFREYS_PRIOR + events, -1.645) / mails


def _bound(shape: float, deviations: float) -> float:
    """Return where what has a gamma distribution of *shape* is so many *deviations* off its middle.

    By the approximation of Wilson and Hilferty (https://doi.org/10.1073/pnas.17.12.684): at most
    3% too low at the upper end, and from five events on, 0.3% off at either end.
    """
    spread = 1 / (9 * shape)
    return shape * max(0.0, 1 - spread + deviations * math.sqrt(spread)) ** 3


@lru_cache
def min_events_to_breach(mails: float, line: float, doubt: float) -> int:
    """Return the fewest events of *mails* after which no more *doubt* is left, as of above."""
    most = 1
    while doubt_above(most, mails, line) > doubt:
        most *= 2
    least = most // 2
    while most - least > 1:
        middle = (least + most) // 2
        if doubt_above(middle, mails, line) > doubt:
            least = middle
        else:
            most = middle
    return most


def regularized_gamma_p(shape: float, x: float) -> float:
    """Return the probability that what has a gamma distribution of *shape*, scale 1, is below *x*.

    This is P, the regularised lower incomplete gamma function: https://dlmf.nist.gov/8.2
    """
    if x <= 0:
        return 0.0
    if shape > _LARGE:
        return _of_large(shape, x)
    # x ** shape * exp(-x) / gamma(shape), of which the factors alone are beyond a float.
    density = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    return density * _series(shape, x) if x < shape + 1 else 1 - density * _fraction(shape, x)


def _series(shape: float, x: float) -> float:
    """Return P without its density: https://dlmf.nist.gov/8.11.E4."""
    total = term = 1 / shape
    while term > total * _EXACT:
        shape += 1
        term *= x / shape
        total += term
    return total


def _fraction(shape: float, x: float) -> float:
    """Return 1 - P without its density: https://dlmf.nist.gov/8.9.E2, by Lentz's method."""
    partial = x + 1 - shape
    numerator, denominator = 1 / _TINY, 1 / partial
    total = denominator
    for step in range(1, _LARGE):
        factor = step * (shape - step)
        partial += 2
        denominator = 1 / _not_zero(partial + factor * denominator)
        numerator = _not_zero(partial + factor / numerator)
        total *= denominator * numerator
        if abs(denominator * numerator - 1) < _EXACT * 10:
            break
    return total


def _not_zero(number: float) -> float:
    return number if abs(number) > _TINY else _TINY


# How P of a large shape differs from a normal distribution: the first terms of the two series of
# https://dlmf.nist.gov/8.12.E9, whose coefficients are those of Temme (1979).
_FAR = 0.5
"""How far off, beside a large shape, is certainly beyond all that a float can tell from 0 or 1."""
_FIRST = (-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 1 / 25515)
_SECOND = (-1 / 540, -1 / 288, 1 / 378)


def _of_large(shape: float, x: float) -> float:
    """Return P of a *shape* for which `math.lgamma` keeps too few digits."""
    off = (x - shape) / shape
    if abs(off) > _FAR:
        return float(off > 0)
    eta = math.copysign(math.sqrt(2 * (off - math.log1p(off))), off)
    normal = 0.5 * math.erfc(-eta * math.sqrt(shape / 2))
    first, second = (
        sum(each * eta**power for power, each in enumerate(terms)) for terms in (_FIRST, _SECOND)
    )
    density = math.exp(-shape * eta * eta / 2) / math.sqrt(2 * math.pi * shape)
    return normal - density * (first + second / shape)
