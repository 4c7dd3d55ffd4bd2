"""How sure counts make one, beside scipy and beside the figures that the method is known by."""

import math

import mpmath
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from vdm_alerts.core.statistics.posterior import (
    PRIOR_EVENTS,
    doubt_above,
    doubt_below,
    lower_bound_95,
    min_events_to_breach,
    probability_below,
    regularized_gamma_p,
    upper_bound_95,
)

DOUBT = 0.005
LOG_SHAPES = st.floats(-0.6, 9)


def exactly(shape: float, x: float) -> float:
    """The series, summed with thirty digits: https://dlmf.nist.gov/8.11.E4."""
    with mpmath.workdps(30):
        total = term = 1 / mpmath.mpf(shape)
        step = mpmath.mpf(shape)
        while term > total * mpmath.mpf(10) ** -25:
            step += 1
            term *= mpmath.mpf(x) / step
            total += term
        logarithm = shape * mpmath.log(x) - x - mpmath.loggamma(shape)
        return float(mpmath.exp(logarithm) * total)


def allowed(shape: float) -> float:
    return 1e-9 if shape <= 10_000 else 1e-7


@given(LOG_SHAPES, st.floats(-4.4, 8))
def test_gamma_distribution_matches_scipy(log_shape: float, deviations: float) -> None:
    """As far as scipy goes: below 4.5 deviations from a large shape it stops summing too soon."""
    shape = 10**log_shape
    x = shape + deviations * math.sqrt(shape)
    assume(x > 0)
    assert regularized_gamma_p(shape, x) == pytest.approx(
        special.gammainc(shape, x), rel=allowed(shape)
    )


@given(st.floats(-0.6, 3.9), st.floats(0.01, 3))
def test_gamma_distribution_matches_scipy_far_from_the_mean_of_small_shapes(
    log_shape: float, off: float
) -> None:
    shape = 10**log_shape
    true = special.gammainc(shape, off * shape)
    assume(true > 1e-290)
    assert regularized_gamma_p(shape, off * shape) == pytest.approx(true, rel=1e-9)


@pytest.mark.parametrize("shape", [10_001, 50_000.3, 1e6, 3e6])
@pytest.mark.parametrize("deviations", [-25, -12, -5, -1, 0, 0.5, 5])
def test_gamma_distribution_matches_an_exact_sum_for_large_shapes(
    shape: float, deviations: float
) -> None:
    x = shape + deviations * math.sqrt(shape)
    assert regularized_gamma_p(shape, x) == pytest.approx(exactly(shape, x), rel=1e-9)


def test_gamma_distribution_is_zero_or_one_at_its_ends() -> None:
    assert regularized_gamma_p(0.3, 0) == 0
    assert regularized_gamma_p(1e7, 1e6) == 0
    assert regularized_gamma_p(1e7, 2e7) == 1
    assert regularized_gamma_p(5, 5_000) == 1


@pytest.mark.parametrize("line", [1e-6, 0.001, 0.05])
@pytest.mark.parametrize("mails", [1, 1_000, 10**9])
def test_doubt_matches_scipy_for_one_to_a_billion_emails(line: float, mails: int) -> None:
    for events in (0, 1, round(mails * line), round(mails * line * 1.001) + 5):
        x = 1 + mails * line
        shape = PRIOR_EVENTS + events
        if x > shape - 4.4 * math.sqrt(shape):
            true = special.gammainc(shape, x)
            assert doubt_above(events, mails, line) == pytest.approx(true, rel=allowed(shape))


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (0.05, (10, 14, 41, 71, 560)),
        (0.1, (14, 21, 71, 128, 1_084)),
        (0.001, (5, 5, 6, 7, 21)),
        (0.005, (6, 6, 10, 14, 71)),
    ],
)
def test_fewest_events_for_a_breach_match_an_independent_table(
    line: float, counts: tuple[int, ...]
) -> None:
    """By the same posterior, worked out elsewhere, in a table."""
    for mails, count in zip((50, 100, 500, 1_000, 10_000), counts, strict=True):
        assert min_events_to_breach(mails, line, DOUBT) == count
        assert doubt_above(count, mails, line) <= DOUBT < doubt_above(count - 1, mails, line)


@given(st.integers(0, 200), st.integers(1, 10_000), st.floats(1e-4, 0.5), st.integers(1, 50))
def test_doubt_falls_with_more_events_and_rises_with_more_emails(
    events: int, mails: int, line: float, more: int
) -> None:
    doubt = doubt_above(events, mails, line)
    assert doubt_above(events + more, mails, line) <= doubt
    assert doubt_above(events, mails + more, line) >= doubt
    assert doubt_below(events + more, mails, line) >= doubt_below(events, mails, line)


@given(st.integers(0, 300), st.integers(1, 10_000), st.floats(1e-4, 0.5))
def test_confidence_never_falls_when_both_counts_grow_tenfold(
    events: int, mails: int, line: float
) -> None:
    for doubt in (doubt_above, doubt_below):
        if doubt(events, mails, line) < 0.5:
            assert doubt(10 * events, 10 * mails, line) <= doubt(events, mails, line) + 1e-12
    if probability_below(events, mails, line) > 0.5:
        assert (
            probability_below(10 * events, 10 * mails, line)
            >= probability_below(events, mails, line) - 1e-12
        )


def test_posterior_proves_nothing_without_emails() -> None:
    assert 0.1 < doubt_above(0, 0, 0.05) < 1
    assert 0.1 < doubt_below(0, 0, 0.05) < 1
    assert probability_below(0, 0, 0.05) == 0


@pytest.mark.parametrize(("events", "off"), [(0, 0.03), (1, 0.007), (5, 0.003), (100, 1e-4)])
def test_rate_bounds_are_near_the_gamma_quantiles(events: int, off: float) -> None:
    shape = events + 0.5
    assert upper_bound_95(events, 1_000) * 1_000 == pytest.approx(
        stats.gamma.ppf(0.95, shape), rel=off
    )
    assert 0 <= lower_bound_95(events, 1_000) <= events / 1_000 + 1e-9
    if events >= 5:
        low = stats.gamma.ppf(0.05, shape)
        assert lower_bound_95(events, 1_000) * 1_000 == pytest.approx(low, rel=off)
