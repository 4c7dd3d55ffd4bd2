"""Run lengths of CUSUM charts, computed exactly, beside published ones.

A CUSUM adds up what exceeds an allowance, never below 0, and signals at a limit. Its run length is
the number of observations until the signal. The mean run length follows from the Markov chain of
the sum: https://doi.org/10.1093/biomet/59.3.539 (Brook and Evans, 1972).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.quality.worlds import Floats


@dataclass(frozen=True, slots=True)
class RunLength:
    """A computed mean run length beside the published one."""

    chart: str
    computed: float
    published: float
    tolerance: float
    """Half a unit of the last published digit."""
    source: str

    @property
    def agrees(self) -> bool:
        """Whether both are equal to the published precision."""
        return abs(self.computed - self.published) <= self.tolerance


ATTR_CUSUM = "CRAN attrCUSUM"
LUCAS = "Lucas 1985"
REYNOLDS = "another Markov chain, in the form of Reynolds and Stoumbos 1999"


def run_lengths() -> Sequence[RunLength]:
    """Return all run lengths that are compared."""
    poisson_4 = _poisson(4)
    lucas_good, lucas_bad = _poisson(1.88), _poisson(1.88 + 0.9627 * math.sqrt(1.88))
    binomial: Floats = stats.binom.pmf(np.arange(11), 10, 0.45)
    return [
        _count("Poisson(4), k 5, h 8", poisson_4, (5, 8, 0), 171.7792, ATTR_CUSUM),
        _count("Poisson(4), k 5, h 9", poisson_4, (5, 9, 0), 270.0112, ATTR_CUSUM),
        _count("Bin(10, 0.45), k 5, h 8", binomial, (5, 8, 0), 193.16, ATTR_CUSUM),
        _count("Poisson(1.88), k 2, h 6", lucas_good, (2, 6, 0), 37.2, LUCAS),
        _count("Poisson(1.88), k 2, h 6, head start 3", lucas_good, (2, 6, 3), 29.19, LUCAS),
        _count("Poisson(3.2), k 2, h 6", lucas_bad, (2, 6, 0), 5.49, LUCAS),
        _count("Poisson(3.2), k 2, h 6, head start 3", lucas_bad, (2, 6, 3), 3.33, LUCAS),
        _bernoulli(0.05, (14, 139), 105_056, REYNOLDS),
        _bernoulli(0.097744, (14, 139), 337.55, REYNOLDS),
        _bernoulli(0.001, (402, 1_239), 100_148, REYNOLDS),
        _bernoulli(0.005003, (402, 1_239), 1_129, REYNOLDS),
    ]


def count_cusum(probabilities: Floats, allowance: int, limit: int, head_start: int = 0) -> float:
    """Return the mean run length of C = max(0, C + X - *allowance*), signal at C >= *limit*.

    *probabilities* are those of X = 0, 1, 2, and so on. The sum starts at *head_start*.
    """
    moves = np.zeros((limit, limit))
    for state in range(limit):
        for count, probability in enumerate(probabilities):
            target = max(0, state + count - allowance)
            if target < limit:
                moves[state, target] += probability
    return float(_mean_steps(moves)[head_start])


def bernoulli_cusum(rate: float, allowance: int, limit: int) -> float:
    """Return the mean run length of B = max(0, B) + X - 1/m, signal at B >= h.

    X is 1 with the probability *rate*. *allowance* is m, and *limit* is m * h. The states are the
    whole numbers m * B, from -1 on.
    """
    moves = np.zeros((limit + 1, limit + 1))
    for state in range(-1, limit):
        start = max(0, state)
        moves[state + 1, start] += 1 - rate
        target = start + allowance - 1
        if target < limit:
            moves[state + 1, target + 1] += rate
    return float(_mean_steps(moves)[1])


def _mean_steps(moves: Floats) -> Floats:
    """Return the mean steps until the chain with the transient *moves* ends, by start."""
    steps = np.linalg.solve(np.eye(len(moves)) - moves, np.ones(len(moves)))
    return np.asarray(steps, np.float64)


def _poisson(mean: float) -> Floats:
    """Return the Poisson probabilities of 0 to 99."""
    probabilities: Floats = stats.poisson.pmf(np.arange(100), mean)
    return probabilities


def _count(
    chart: str,
    probabilities: Floats,
    design: tuple[int, int, int],
    published: float,
    source: str,
) -> RunLength:
    computed = count_cusum(probabilities, *design)
    return RunLength(chart, computed, published, _tolerance(published), source)


def _bernoulli(rate: float, design: tuple[int, int], published: float, source: str) -> RunLength:
    allowance, limit = design
    chart = f"Bernoulli({rate:g}), m {allowance}, m h {limit}"
    computed = bernoulli_cusum(rate, allowance, limit)
    return RunLength(chart, computed, published, _tolerance(published), source)


def _tolerance(published: float) -> float:
    digits = repr(published).partition(".")[2]
    return 0.5 * 10 ** -len(digits) if digits.strip("0") else 0.5
