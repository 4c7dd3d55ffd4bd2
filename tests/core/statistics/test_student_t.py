"""Student's t distribution agrees with scipy."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from vdm_alerts.core.statistics.student_t import upper_tail


@settings(max_examples=500)
@example(1e-7, 15)
@given(st.floats(-50, 50), st.floats(0.5, 100))
def test_upper_tail_agrees_with_scipy(value: float, degrees: float) -> None:
    assert upper_tail(value, degrees) == pytest.approx(stats.t.sf(value, degrees), rel=1e-9)


@pytest.mark.parametrize(("degrees", "quantile"), [(1, 12.706), (3, 3.182), (13, 2.160)])
def test_upper_tail_has_the_tabulated_quantiles(degrees: int, quantile: float) -> None:
    assert upper_tail(quantile, degrees) == pytest.approx(0.025, abs=1e-4)
