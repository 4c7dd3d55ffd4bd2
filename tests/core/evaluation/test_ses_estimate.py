from datetime import timedelta

import pytest
from builders import NOW, TODAY, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.ses_estimate import (
    PACE_WINDOW,
    AccountRateEstimate,
    estimate_account_rate,
)
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Indicator

MIDNIGHT = AsOf(NOW.replace(hour=0) + timedelta(days=1), TODAY)
"""When all of today has been counted."""


def estimated(events: Series, volume: Series, representative: int = 10_000) -> AccountRateEstimate:
    found = estimate_account_rate(Indicator.BOUNCE_RATE, events, volume, MIDNIGHT, representative)
    assert found is not None
    return found


def test_ses_estimate_covers_the_days_of_a_representative_volume() -> None:
    found = estimated(a_series(*[50] * 30), a_series(*[900] * 30))
    assert found.window.days == 12
    assert str(found.rate) == "5.5% (600 of 10,800)"
    assert not found.is_short


def test_ses_estimate_is_short_when_there_are_fewer_emails_than_representative() -> None:
    found = estimated(a_series(1, 2), a_series(100, 100))
    assert found.is_short
    assert found.window.days == 2
    assert str(found.rate) == "1.5% (3 of 200)"


def test_reached_review_level_is_zero_emails_and_zero_time_away() -> None:
    found = estimated(a_series(*[60] * 15), a_series(*[1_000] * 15))
    assert (found.review.emails, found.review.time) == (0, timedelta())
    assert not found.pause.is_on_course, "at 6%, it is never 10%"


def test_distance_to_the_pause_level_follows_the_pace_of_the_last_three_days() -> None:
    """At the pace of the last three days, of which one had no mail at all."""
    events = a_series(*[20] * 9, 0, 300, 300)
    found = estimated(events, a_series(*[1_000] * 9, 0, 2_000, 2_000))
    assert str(found.rate) == "7.2% (720 of 10,000)"
    # Of 10,000 at 7.2%, so many at 15% make 10%: (10% - 7.2%) / (15% - 7.2%), each for an old one.
    assert found.pause.emails == pytest.approx(10_000 * 0.028 / 0.078, abs=1)
    # At 4,000 mails in three days.
    assert found.pause.time is not None
    days = found.pause.time / timedelta(days=1)
    assert days == pytest.approx(3_590 / 4_000 * 3, rel=0.01)


def test_distance_to_the_review_level_adds_new_emails_when_the_estimate_is_short() -> None:
    found = estimated(a_series(20, 80), a_series(1_000, 1_000), representative=100_000)
    assert found.review.emails == 0
    found = estimated(a_series(0, 20, 30, 40), a_series(1_000, 500, 500, 500))
    # 90 of 2,500 now; at 90 of 1,500, after m more: 90 + 0.06 m = 0.05 (2,500 + m).
    assert found.review.emails == 3_500


def test_ses_estimate_exists_only_for_rates_that_ses_reviews() -> None:
    counts = a_series(10), a_series(100)
    assert estimate_account_rate(Indicator.OPEN_RATE, *counts, MIDNIGHT, 10_000) is None
    assert estimate_account_rate(Indicator.COMPLAINT_RATE, *counts, MIDNIGHT, 10_000) is not None


def test_ses_estimate_is_none_without_emails() -> None:
    none = Series({})
    assert estimate_account_rate(Indicator.BOUNCE_RATE, none, none, MIDNIGHT, 10_000) is None


counts = st.lists(st.integers(0, 5_000), min_size=1, max_size=60)


@given(counts, counts)
def test_ses_level_is_in_sight_only_when_the_pace_leads_to_it(
    mails: list[int], events: list[int]
) -> None:
    found = estimate_account_rate(
        Indicator.BOUNCE_RATE, a_series(*events), a_series(*mails), MIDNIGHT, 10_000
    )
    if found is None:
        return
    sent = sum(mails[-PACE_WINDOW.days :])
    bounced = sum(events[-PACE_WINDOW.days :])
    for ahead, limit in ((found.review, 0.05), (found.pause, 0.1)):
        if found.rate.value >= limit:
            assert ahead.emails == 0
        elif bounced <= limit * sent:
            assert not ahead.is_on_course
        elif ahead.emails is not None:
            assert ahead.emails > 0
            assert ahead.time
            assert timedelta() < ahead.time <= timedelta(days=60)
    if found.review.emails and found.pause.emails:
        assert found.review.emails <= found.pause.emails


def test_ses_estimate_text_states_the_rate_and_the_distance_to_both_levels() -> None:
    far = estimated(a_series(*[10] * 20), a_series(*[1_000] * 20))
    assert str(far) == (
        "Amazon SES judges the account as a whole. An estimate of the rate it goes by: 1% (100 of "
        "10,000), over the last 10 days; the real one may differ. At the pace of the last 3 days "
        "that comes neither to 5%, where SES reviews an account, nor to 10%, where it may pause it."
    )
    soon = estimated(a_series(*[10] * 20, 80, 80, 80), a_series(*[1_000] * 23))
    assert str(soon).endswith(
        "the real one may differ. It reviews an account at 5%, which is 3,878 mails or 3 days and "
        "21 hours away at the pace of the last 3 days, and may pause it at 10%, which is not in "
        "sight at the pace of the last 3 days."
    )
    short = estimated(a_series(30), a_series(100))
    assert "30% (30 of 100), over the last day, all that VDM knows of; the real one" in str(short)
    assert str(short).endswith(
        "at 5%, which is reached, and may pause it at 10%, which is reached."
    )


def test_ses_level_has_no_distance_when_reaching_it_takes_too_long() -> None:
    slowly = estimated(a_series(*[0] * 30, 6, 6, 6), a_series(*[300] * 30, 100, 100, 100))
    assert slowly.review.emails is None
