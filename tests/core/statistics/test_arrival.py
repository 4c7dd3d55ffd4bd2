import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES, ArrivalCurve

HALF_WITHIN_12_HOURS = ArrivalCurve(((12, 0.5),))
"""Half of the feedback arrives within 12 hours, the other half within the next 12 hours."""

arrival_curves = st.dictionaries(
    st.integers(1, 200), st.floats(0.01, 1), min_size=1, max_size=5
).map(lambda points: ArrivalCurve(tuple(zip(sorted(points), sorted(points.values()), strict=True))))


def test_feedback_of_one_day_arrives_on_that_day_and_the_next() -> None:
    assert HALF_WITHIN_12_HOURS.lag_days == 1
    assert HALF_WITHIN_12_HOURS.daily_shares() == pytest.approx([0.5, 0.5])


def test_feedback_by_midday_is_a_small_share_of_the_emails_of_that_day() -> None:
    same_day, day_before = HALF_WITHIN_12_HOURS.daily_shares(12)
    assert same_day == pytest.approx(0.25)
    assert day_before == pytest.approx(0.375), "the rest of the feedback of the day before"


@given(arrival_curves)
def test_feedback_shares_add_up_to_one_and_are_not_negative(curve: ArrivalCurve) -> None:
    assert sum(curve.daily_shares()) == pytest.approx(1)
    assert all(share >= -1e-9 for share in curve.daily_shares())


@given(arrival_curves, st.floats(0.1, 23.9))
def test_feedback_of_a_partial_day_never_exceeds_that_of_the_full_day(
    curve: ArrivalCurve, hours: float
) -> None:
    partial_day, full_day = curve.daily_shares(hours), curve.daily_shares()
    for partial_share, full_share in zip(partial_day, full_day, strict=True):
        assert partial_share <= full_share + 1e-9


def test_each_indicator_has_its_own_arrival_curve() -> None:
    assert DEFAULT_CURVES.keys() == {indicator.counted for indicator in Indicator}
    bounces = DEFAULT_CURVES[Indicator.BOUNCE_RATE].daily_shares()
    complaints = DEFAULT_CURVES[Indicator.COMPLAINT_RATE].daily_shares()
    assert bounces[0] > 0.9, "most bounces arrive on the day of the email"
    assert 0.5 < complaints[0] < 0.6, "many complaints arrive later"
