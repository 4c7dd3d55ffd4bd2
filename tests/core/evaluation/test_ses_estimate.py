from datetime import timedelta

import pytest
from builders import NOW, TODAY, a_series
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.evaluation.buckets import AsOf
from vdm_alerts.core.evaluation.ses_estimate import PACE, Estimate, estimate
from vdm_alerts.core.model.metrics import Series
from vdm_alerts.core.model.rates import Indicator

MIDNIGHT = AsOf(NOW.replace(hour=0) + timedelta(days=1), TODAY)
"""When all of today has been counted."""


def estimated(events: Series, volume: Series, representative: int = 10_000) -> Estimate:
    found = estimate(Indicator.BOUNCE_RATE, events, volume, MIDNIGHT, representative)
    assert found is not None
    return found


def test_it_reaches_back_as_far_as_a_representative_volume_does() -> None:
    found = estimated(a_series(*[50] * 30), a_series(*[900] * 30))
    assert found.window.days == 12
    assert str(found.rate) == "5.5% (600 of 10,800)"
    assert not found.is_short


def test_it_says_where_there_is_not_so_much_mail() -> None:
    found = estimated(a_series(1, 2), a_series(100, 100))
    assert found.is_short
    assert found.window.days == 2
    assert str(found.rate) == "1.5% (3 of 200)"


def test_a_limit_that_is_reached_is_nothing_away() -> None:
    found = estimated(a_series(*[60] * 15), a_series(*[1_000] * 15))
    assert (found.review.mails, found.review.time) == (0, timedelta())
    assert not found.pause.is_in_sight, "at 6%, it is never 10%"


def test_how_far_a_limit_is_away_at_the_present_pace() -> None:
    """At the pace of the last three days, of which one had no mail at all."""
    events = a_series(*[20] * 9, 0, 300, 300)
    found = estimated(events, a_series(*[1_000] * 9, 0, 2_000, 2_000))
    assert str(found.rate) == "7.2% (720 of 10,000)"
    # Of 10,000 at 7.2%, so many at 15% make 10%: (10% - 7.2%) / (15% - 7.2%), each for an old one.
    assert found.pause.mails == pytest.approx(10_000 * 0.028 / 0.078, abs=1)
    # At 4,000 mails in three days.
    assert found.pause.time is not None
    days = found.pause.time / timedelta(days=1)
    assert days == pytest.approx(3_590 / 4_000 * 3, rel=0.01)


def test_where_there_was_little_mail_what_comes_is_added_to_it() -> None:
    found = estimated(a_series(20, 80), a_series(1_000, 1_000), representative=100_000)
    assert found.review.mails == 0
    found = estimated(a_series(0, 20, 30, 40), a_series(1_000, 500, 500, 500))
    # 90 of 2,500 now; at 90 of 1,500, after m more: 90 + 0.06 m = 0.05 (2,500 + m).
    assert found.review.mails == 3_500


def test_it_is_of_the_rates_that_ses_judges_alone() -> None:
    counts = a_series(10), a_series(100)
    assert estimate(Indicator.OPEN_RATE, *counts, MIDNIGHT, 10_000) is None
    assert estimate(Indicator.COMPLAINT_RATE, *counts, MIDNIGHT, 10_000) is not None


def test_of_no_mail_there_is_none() -> None:
    none = Series({})
    assert estimate(Indicator.BOUNCE_RATE, none, none, MIDNIGHT, 10_000) is None


counts = st.lists(st.integers(0, 5_000), min_size=1, max_size=60)


@given(counts, counts)
def test_a_limit_is_ahead_only_where_the_pace_leads_to_it(
    mails: list[int], events: list[int]
) -> None:
    found = estimate(Indicator.BOUNCE_RATE, a_series(*events), a_series(*mails), MIDNIGHT, 10_000)
    if found is None:
        return
    sent = sum(mails[-PACE.days :])
    bounced = sum(events[-PACE.days :])
    for ahead, limit in ((found.review, 0.05), (found.pause, 0.1)):
        if found.rate.value >= limit:
            assert ahead.mails == 0
        elif bounced <= limit * sent:
            assert not ahead.is_in_sight
        elif ahead.mails is not None:
            assert ahead.mails > 0
            assert ahead.time
            assert timedelta() < ahead.time <= timedelta(days=60)
    if found.review.mails and found.pause.mails:
        assert found.review.mails <= found.pause.mails


def test_it_says_what_it_is_and_how_far_it_is_to_the_limits() -> None:
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


def test_what_would_take_longer_than_anybody_can_tell_is_not_in_sight() -> None:
    slowly = estimated(a_series(*[0] * 30, 6, 6, 6), a_series(*[300] * 30, 100, 100, 100))
    assert slowly.review.mails is None
