"""The posterior, compared with scipy, with exact sums and with an independent table."""

import math
from collections.abc import Callable

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


def exact_gamma_p(shape: float, x: float) -> float:
    """Return the series of https://dlmf.nist.gov/8.11.E4, summed with 30 digits."""
    with mpmath.workdps(30):
        total = term = 1 / mpmath.mpf(shape)
        step = mpmath.mpf(shape)
        while term > total * mpmath.mpf(10) ** -25:
            step += 1
            term *= mpmath.mpf(x) / step
            total += term
        logarithm = shape * mpmath.log(x) - x - mpmath.loggamma(shape)
        return float(mpmath.exp(logarithm) * total)


def relative_tolerance(shape: float) -> float:
    return 1e-9 if shape <= 10_000 else 1e-7


@given(LOG_SHAPES, st.floats(-4.4, 8))
def test_gamma_distribution_matches_scipy(log_shape: float, deviations: float) -> None:
    """Below -4.5 deviations from a large shape, scipy stops summing too early."""
    shape = 10**log_shape
    x = shape + deviations * math.sqrt(shape)
    assume(x > 0)
    assert regularized_gamma_p(shape, x) == pytest.approx(
        special.gammainc(shape, x), rel=relative_tolerance(shape)
    )


@given(st.floats(-0.6, 3.9), st.floats(0.01, 3))
def test_gamma_distribution_matches_scipy_far_from_the_mean_of_small_shapes(
    log_shape: float, ratio: float
) -> None:
    shape = 10**log_shape
    expected = special.gammainc(shape, ratio * shape)
    assume(expected > 1e-290)
    assert regularized_gamma_p(shape, ratio * shape) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("shape", [10_001, 50_000.3, 1e6, 3e6])
@pytest.mark.parametrize("deviations", [-25, -12, -5, -1, 0, 0.5, 5])
def test_gamma_distribution_matches_an_exact_sum_for_large_shapes(
    shape: float, deviations: float
) -> None:
    x = shape + deviations * math.sqrt(shape)
    assert regularized_gamma_p(shape, x) == pytest.approx(exact_gamma_p(shape, x), rel=1e-9)


def test_gamma_distribution_is_zero_or_one_at_its_ends() -> None:
    assert regularized_gamma_p(0.3, 0) == 0
    assert regularized_gamma_p(1e7, 1e6) == 0
    assert regularized_gamma_p(1e7, 2e7) == 1
    assert regularized_gamma_p(5, 5_000) == 1


@pytest.mark.parametrize("threshold", [1e-6, 0.001, 0.05])
@pytest.mark.parametrize("emails", [1, 1_000, 10**9])
@pytest.mark.parametrize(
    "events_for",
    [
        lambda _: 0,
        lambda _: 1,
        round,
        lambda expected_events: round(expected_events * 1.001) + 5,
    ],
    ids=["no event", "1 event", "at the threshold", "above the threshold"],
)
def test_doubt_matches_scipy_or_an_exact_sum_for_one_to_a_billion_emails(
    threshold: float, emails: int, events_for: Callable[[float], int]
) -> None:
    """Below -4.4 deviations from the shape scipy is not exact, so the exact sum is expected."""
    events = events_for(emails * threshold)
    shape, x = PRIOR_EVENTS + events, 1 + emails * threshold
    is_scipy_exact = x > shape - 4.4 * math.sqrt(shape)
    expected = special.gammainc(shape, x) if is_scipy_exact else exact_gamma_p(shape, x)
    assert doubt_above(events, emails, threshold) == pytest.approx(
        expected, rel=relative_tolerance(shape)
    )


@pytest.mark.parametrize(
    ("threshold", "counts"),
    [
        (0.05, (10, 14, 41, 71, 560)),
        (0.1, (14, 21, 71, 128, 1_084)),
        (0.001, (5, 5, 6, 7, 21)),
        (0.005, (6, 6, 10, 14, 71)),
    ],
)
def test_fewest_events_for_a_breach_match_an_independent_table(
    threshold: float, counts: tuple[int, ...]
) -> None:
    """The table was calculated elsewhere from the same posterior."""
    for emails, count in zip((50, 100, 500, 1_000, 10_000), counts, strict=True):
        assert min_events_to_breach(emails, threshold, DOUBT) == count
        assert (
            doubt_above(count, emails, threshold)
            <= DOUBT
            < doubt_above(count - 1, emails, threshold)
        )


@given(st.integers(0, 200), st.integers(1, 10_000), st.floats(1e-4, 0.5), st.integers(1, 50))
def test_doubt_falls_with_more_events_and_rises_with_more_emails(
    events: int, emails: int, threshold: float, added: int
) -> None:
    doubt = doubt_above(events, emails, threshold)
    assert doubt_above(events + added, emails, threshold) <= doubt
    assert doubt_above(events, emails + added, threshold) >= doubt
    assert doubt_below(events + added, emails, threshold) >= doubt_below(events, emails, threshold)


def doubt_not_below(events: float, emails: float, threshold: float) -> float:
    return 1 - probability_below(events, emails, threshold)


@given(st.integers(0, 300), st.integers(1, 10_000), st.floats(1e-4, 0.5))
def test_confidence_never_falls_when_both_counts_grow_tenfold(
    events: int, emails: int, threshold: float
) -> None:
    functions = (doubt_above, doubt_below, doubt_not_below)
    doubts = [(doubt, doubt(events, emails, threshold)) for doubt in functions]
    small_doubts = [(doubt, value) for doubt, value in doubts if value < 0.5]
    assume(small_doubts)
    for doubt, value in small_doubts:
        assert doubt(10 * events, 10 * emails, threshold) <= value + 1e-12


def test_posterior_proves_nothing_without_emails() -> None:
    assert 0.1 < doubt_above(0, 0, 0.05) < 1
    assert 0.1 < doubt_below(0, 0, 0.05) < 1
    assert probability_below(0, 0, 0.05) == 0


@pytest.mark.parametrize(("events", "tolerance"), [(0, 0.03), (1, 0.007), (5, 0.003), (100, 1e-4)])
def test_rate_bounds_are_near_the_gamma_quantiles(events: int, tolerance: float) -> None:
    shape = events + 0.5
    assert upper_bound_95(events, 1_000) * 1_000 == pytest.approx(
        stats.gamma.ppf(0.95, shape), rel=tolerance
    )
    assert 0 <= lower_bound_95(events, 1_000) <= events / 1_000 + 1e-9
    if events >= 5:
        quantile = stats.gamma.ppf(0.05, shape)
        assert lower_bound_95(events, 1_000) * 1_000 == pytest.approx(quantile, rel=tolerance)
