"""The estimate of the account-wide rate that SES reviews."""

from datetime import timedelta

import pytest
from builders import NOW, TODAY, a_series
from hypothesis import assume, example, given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.representative_volume import RepresentativeVolume
from vdm_alerts.core.evaluation.ses_estimate import (
    PACE_WINDOW,
    AccountRateEstimate,
    estimate_account_rate,
)
from vdm_alerts.core.model.metrics import LONGEST_WINDOW, Series
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.notifications.rendering.sentences import account_sentence

END_OF_TODAY = AsOf(NOW.replace(hour=0) + timedelta(days=1), TODAY)
"""When all of today has been counted."""
DEFAULT = RepresentativeVolume(10_000)


def bounce_estimate(
    events: Series, volume: Series, representative_volume: int = 10_000
) -> AccountRateEstimate:
    representative = RepresentativeVolume(representative_volume)
    estimate = estimate_account_rate(
        Indicator.BOUNCE_RATE, events, volume, END_OF_TODAY, representative
    )
    assert estimate is not None
    return estimate


def test_ses_estimate_covers_the_days_of_a_representative_volume() -> None:
    estimate = bounce_estimate(a_series(*[50] * 30), a_series(*[900] * 30))
    assert estimate.window.days == 12
    assert str(estimate.rate) == "5.5% (600 of 10,800)"
    assert not estimate.is_short


def test_ses_estimate_is_short_when_there_are_fewer_emails_than_representative() -> None:
    estimate = bounce_estimate(a_series(1, 2), a_series(100, 100))
    assert estimate.is_short
    assert estimate.window.days == 2
    assert str(estimate.rate) == "1.5% (3 of 200)"


def test_reached_review_level_is_zero_emails_and_zero_time_away() -> None:
    estimate = bounce_estimate(a_series(*[60] * 15), a_series(*[1_000] * 15))
    assert (estimate.review.emails, estimate.review.time) == (0, timedelta())
    assert estimate.pause.emails is None, "a pace of 6% never reaches 10%"


def test_distance_to_the_pause_level_follows_the_pace_of_the_last_three_days() -> None:
    """One of the last three days has no email."""
    events = a_series(*[20] * 9, 0, 300, 300)
    estimate = bounce_estimate(events, a_series(*[1_000] * 9, 0, 2_000, 2_000))
    assert str(estimate.rate) == "7.2% (720 of 10,000)"
    # New emails at 15% replace old ones at 7.2%: (10% - 7.2%) / (15% - 7.2%) of 10,000 make 10%.
    assert estimate.pause.emails == pytest.approx(10_000 * 0.028 / 0.078, abs=1)
    # The pace is 4,000 emails in three days.
    assert estimate.pause.time is not None
    days = estimate.pause.time / timedelta(days=1)
    assert days == pytest.approx(3_590 / 4_000 * 3, rel=0.01)


def test_distance_to_the_review_level_adds_new_emails_when_the_estimate_is_short() -> None:
    estimate = bounce_estimate(
        a_series(20, 80), a_series(1_000, 1_000), representative_volume=100_000
    )
    assert estimate.review.emails == 0
    estimate = bounce_estimate(a_series(0, 20, 30, 40), a_series(1_000, 500, 500, 500))
    # The rate is 90 of 2,500 and the pace 90 of 1,500: 90 + 0.06 m = 0.05 (2,500 + m).
    assert estimate.review.emails == 3_500


def test_ses_estimate_exists_only_for_rates_that_ses_reviews() -> None:
    counts = a_series(10), a_series(100)
    assert estimate_account_rate(Indicator.OPEN_RATE, *counts, END_OF_TODAY, DEFAULT) is None
    assert (
        estimate_account_rate(Indicator.COMPLAINT_RATE, *counts, END_OF_TODAY, DEFAULT) is not None
    )


def test_ses_estimate_is_none_without_emails() -> None:
    no_email = Series({})
    assert (
        estimate_account_rate(Indicator.BOUNCE_RATE, no_email, no_email, END_OF_TODAY, DEFAULT)
        is None
    )


daily_counts = st.lists(
    st.tuples(st.integers(0, 5_000), st.floats(0, 0.12)), min_size=1, max_size=LONGEST_WINDOW.days
)
"""The emails of each day, and the fraction of them that bounced."""


def rate_after(estimate: AccountRateEstimate, emails: float, pace: float) -> float:
    """The rate that SES uses after *emails* more emails at the rate *pace*."""
    room = max(0, 10_000 - estimate.rate.volume)
    added = min(room, emails)
    events, volume = estimate.rate.events + pace * added, estimate.rate.volume + added
    replaced = min(1.0, (emails - added) / volume)
    return (1 - replaced) * events / volume + replaced * pace


@given(daily_counts)
@example([(1_000, 0.06)] * 15)
@example([(1_000, 0.01)] * 20)
@example([(1_000, 0.01)] * 20 + [(1_000, 0.08)] * 3)
@example([(300, 0.0)] * 30 + [(100, 0.06)] * 3)
def test_ses_level_is_in_sight_only_when_the_pace_leads_to_it(
    days: list[tuple[int, float]],
) -> None:
    emails = [count for count, _ in days]
    bounces = [round(count * share) for count, share in days]
    estimate = estimate_account_rate(
        Indicator.BOUNCE_RATE, a_series(*bounces), a_series(*emails), END_OF_TODAY, DEFAULT
    )
    assume(estimate is not None)
    assert estimate is not None
    recent_emails = sum(emails[-PACE_WINDOW.days :])
    recent_bounces = sum(bounces[-PACE_WINDOW.days :])
    longest = recent_emails * LONGEST_WINDOW.days / PACE_WINDOW.days
    for distance, level in ((estimate.review, 0.05), (estimate.pause, 0.1)):
        if estimate.rate.value >= level:
            assert (distance.emails, distance.time) == (0, timedelta())
        elif recent_bounces <= level * recent_emails:
            assert (distance.emails, distance.time) == (None, None)
        elif distance.emails is None:
            pace = recent_bounces / recent_emails
            assert distance.time is None
            assert rate_after(estimate, longest, pace) < level + 1e-9
        else:
            pace = recent_bounces / recent_emails
            assert distance.time is not None
            assert timedelta() < distance.time <= timedelta(days=LONGEST_WINDOW.days)
            assert rate_after(estimate, distance.emails, pace) >= level - 1e-9
            assert rate_after(estimate, distance.emails - 1, pace) < level + 1e-9
    if estimate.review.emails is not None and estimate.pause.emails is not None:
        assert estimate.review.emails <= estimate.pause.emails


def test_ses_estimate_text_states_the_rate_and_the_distance_to_both_levels() -> None:
    distant = bounce_estimate(a_series(*[10] * 20), a_series(*[1_000] * 20))
    assert account_sentence(distant, None, Indicator.BOUNCE_RATE) == (
        "SES account: the bounce rate that SES reports could not be read; estimate from VDM: 1% "
        "(100 of the latest 10,000 emails, 10 days). At the pace of the last 3 days, not on course "
        "to reach 5% (SES review) or 10% (possible sending pause)."
    )
    on_course = bounce_estimate(a_series(*[10] * 20, 80, 80, 80), a_series(*[1_000] * 23))
    assert account_sentence(on_course, None, Indicator.BOUNCE_RATE).endswith(
        "At the pace of the last 3 days, reaches 5% (SES review) after about 3,878 more emails (3 "
        "days and 21 hours)."
    )
    short = bounce_estimate(a_series(30), a_series(100))
    assert account_sentence(short, None, Indicator.BOUNCE_RATE) == (
        "SES account: the bounce rate that SES reports could not be read; estimate from VDM: 30% "
        "(30 of the latest 100 emails, 1 day, all email that VDM has counted). Above 10%, where "
        "SES might pause sending."
    )


def test_ses_level_has_no_distance_when_reaching_it_takes_too_long() -> None:
    slow_pace = bounce_estimate(a_series(*[0] * 30, 6, 6, 6), a_series(*[300] * 30, 100, 100, 100))
    assert slow_pace.review.emails is None
