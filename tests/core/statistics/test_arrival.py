import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.statistics.arrival import FEEDBACK, Feedback

HALF = Feedback(((12, 0.5),))
"""Half of it evenly within twelve hours, and the other half within the twelve after."""

feedbacks = st.dictionaries(st.integers(1, 200), st.floats(0.01, 1), min_size=1, max_size=5).map(
    lambda points: Feedback(tuple(zip(sorted(points), sorted(points.values()), strict=True)))
)


def test_of_a_days_mail_one_hears_on_the_day_and_on_the_next() -> None:
    assert HALF.lag == 1
    assert HALF.of_day() == pytest.approx([0.5, 0.5])


def test_of_the_beginning_of_a_day_one_has_heard_little_of_its_own_mail() -> None:
    own, earlier = HALF.of_day(12)
    assert own == pytest.approx(0.25)
    assert earlier == pytest.approx(0.375), "of the half that was still to come"


@given(feedbacks)
def test_all_of_it_arrives_and_nothing_twice(feedback: Feedback) -> None:
    assert sum(feedback.of_day()) == pytest.approx(1)
    assert all(share >= -1e-9 for share in feedback.of_day())


@given(feedbacks, st.floats(0.1, 23.9))
def test_a_day_that_goes_on_is_heard_of_more_and_more(feedback: Feedback, hours: float) -> None:
    for age, (part, whole) in enumerate(
        zip(feedback.of_day(hours), feedback.of_day(), strict=True)
    ):
        if age:
            assert part <= whole + 1e-9
    assert feedback.of_day(hours)[0] <= feedback.of_day()[0] + 1e-9


def test_every_indicator_has_its_own() -> None:
    assert FEEDBACK.keys() == set(Indicator)
    bounces = FEEDBACK[Indicator.BOUNCE_RATE].of_day()
    complaints = FEEDBACK[Indicator.COMPLAINT_RATE].of_day()
    assert bounces[0] > 0.9, "bounces come at once"
    assert 0.5 < complaints[0] < 0.6, "complaints do not"
