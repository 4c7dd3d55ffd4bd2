"""The emails that the events of the last days can come from."""

from datetime import datetime, time, timedelta

import pytest
from builders import NOW, TODAY, a_confidence_rule, a_series

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.day_counts import DayCounts
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

NOON = AsOf(datetime.combine(TODAY, time(12), NOW.tzinfo), TODAY)


def counts_of(
    emails: list[int],
    events: list[int],
    as_of: AsOf = NOON,
    indicator: Indicator = Indicator.BOUNCE_RATE,
) -> DayCounts:
    rule = a_confidence_rule(indicator=indicator)
    return DayCounts.of_series(rule, a_series(*events), a_series(*emails), as_of)


def test_bounces_of_a_day_without_campaign_can_come_from_the_last_campaign() -> None:
    """A campaign four days ago, and 40 other emails a day."""
    counts = counts_of([50_000, 40, 40, 40, 40], [200, 12, 14, 9, 3])
    assert counts.days_since_sending == 4
    assert counts.possible_emails(1) == 50_000
    assert counts.period_of_emails(1) == 5


def test_bounces_of_a_steady_sender_come_from_the_emails_of_the_same_days() -> None:
    counts = counts_of([1_000] * 10, [10] * 10)
    assert counts.days_since_sending == 0
    assert counts.possible_emails(4) == pytest.approx(4_000, rel=0.02)
    assert counts.period_of_emails(4) == 4


def test_oldest_bounces_of_a_window_can_come_from_a_campaign_before_it() -> None:
    counts = counts_of([46_000, 0, 0, 0, 0, 0, 0, 23_000], [0, 2_000, 0, 0, 0, 0, 0, 0])
    assert counts.possible_emails(7) == 69_000
    assert counts.period_of_emails(7) == 8


def test_today_is_a_day_of_sending_by_its_pace() -> None:
    small_hours = AsOf(datetime.combine(TODAY, time(1), NOW.tzinfo), TODAY)
    for emails, days in ((400, 1), (500, 0)):
        counts = counts_of([100_000, emails], [500, 30], small_hours)
        assert counts.days_since_sending == days


def test_more_bounces_than_emails_today_come_from_earlier_emails() -> None:
    assert counts_of([10_000, 3], [100, 5], NOW_AT_MIDNIGHT).days_since_sending == 1


NOW_AT_MIDNIGHT = AsOf(datetime.combine(TODAY, time(0, 5), NOW.tzinfo), TODAY)


def test_transient_bounces_of_today_come_from_yesterday() -> None:
    transient = Indicator.TRANSIENT_BOUNCE_RATE
    counts = counts_of([40_000, 40_000], [40, 740], indicator=transient)
    assert counts.days_since_sending == 1
    assert DEFAULT_CURVES[transient].arrived_by(12) < 0.5 < DEFAULT_CURVES[transient].arrived_by(14)


def test_late_deliveries_never_make_a_delivery_rate_look_low() -> None:
    """40,000 emails just before midnight. The last counted day is theirs, then the day after."""
    delivery = Indicator.DELIVERY_RATE
    next_morning = AsOf(NOW + timedelta(days=1), TODAY)
    sunday = counts_of([0, 40_000], [0, 20_000], next_morning, delivery)
    assert sunday.possible_emails(1) == 0
    monday = counts_of([40_000, 0], [20_000, 19_900], next_morning, delivery)
    assert monday.possible_emails(2) == pytest.approx(40_000, rel=0.01)


def test_few_hours_of_email_vary_more_than_many() -> None:
    steady = counts_of([1_000] * 15, [0] * 15)
    assert steady.concentration(1) > steady.concentration(7)
    on_few_days = counts_of([10_000, 0, 0, 0] * 4 + [1_000], [0] * 17)
    assert on_few_days.concentration(1) > steady.concentration(1)
