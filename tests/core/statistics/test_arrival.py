import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES, ArrivalCurve

HALF = ArrivalCurve(((12, 0.5),))
"""Half of it evenly within twelve hours, and the other half within the twelve after."""

feedbacks = st.dictionaries(st.integers(1, 200), st.floats(0.01, 1), min_size=1, max_size=5).map(
    lambda points: ArrivalCurve(tuple(zip(sorted(points), sorted(points.values()), strict=True)))
)


def test_feedback_of_one_day_arrives_on_that_day_and_the_next() -> None:
    assert HALF.lag == 1
    assert HALF.daily_shares() == pytest.approx([0.5, 0.5])


def test_feedback_by_midday_is_a_small_share_of_the_emails_of_that_day() -> None:
    own, earlier = HALF.daily_shares(12)
    assert own == pytest.approx(0.25)
    assert earlier == pytest.approx(0.375), "of the half that was still to come"


@given(feedbacks)
def test_feedback_shares_add_up_to_one_and_are_not_negative(feedback: ArrivalCurve) -> None:
    assert sum(feedback.daily_shares()) == pytest.approx(1)
    assert all(share >= -1e-9 for share in feedback.daily_shares())


@given(feedbacks, st.floats(0.1, 23.9))
def test_feedback_of_a_partial_day_never_exceeds_that_of_the_full_day(
    feedback: ArrivalCurve, hours: float
) -> None:
    for age, (part, whole) in enumerate(
        zip(feedback.daily_shares(hours), feedback.daily_shares(), strict=True)
    ):
        if age:
            assert part <= whole + 1e-9
    assert feedback.daily_shares(hours)[0] <= feedback.daily_shares()[0] + 1e-9


def test_each_indicator_has_its_own_arrival_curve() -> None:
    assert DEFAULT_CURVES.keys() == set(Indicator)
    bounces = DEFAULT_CURVES[Indicator.BOUNCE_RATE].daily_shares()
    complaints = DEFAULT_CURVES[Indicator.COMPLAINT_RATE].daily_shares()
    assert bounces[0] > 0.9, "bounces come at once"
    assert 0.5 < complaints[0] < 0.6, "complaints do not"
