"""The two ways in which a rate breaches a threshold: a rise, and persistence."""

from datetime import date, datetime, time

import pytest
from builders import NOW, TODAY, a_confidence_rule, a_series

from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.boundary import Boundary
from vdm_alerts.core.evaluation.comparison import Comparer
from vdm_alerts.core.evaluation.day_counts import DayCounts
from vdm_alerts.core.model.rates import Indicator

EVENING = AsOf(datetime.combine(TODAY, time(22), NOW.tzinfo), TODAY)


def least_doubt(events: list[int], emails: list[int], threshold: float = 0.05) -> float:
    """The doubt of the window with the least; infinite without a window on the bad side."""
    rule = a_confidence_rule()
    counts = DayCounts.of_series(rule, a_series(*events), a_series(*emails), EVENING)
    windows = Comparer(rule, counts, Boundary(threshold), 0.02).bad_windows(date.min)
    return windows[0].doubt if windows else float("inf")


@pytest.mark.parametrize("emails", [100_000, 1_000_000])
def test_rate_just_above_the_threshold_persists_at_any_volume(emails: int) -> None:
    events = [round(emails * 0.051)]
    assert least_doubt(events * 3, [emails] * 3) > 1
    assert least_doubt(events * 7, [emails] * 7) <= 1


def test_rate_does_not_persist_if_its_later_days_are_good() -> None:
    bad_before = [6_000] * 8 + [4_000] * 6
    assert least_doubt(bad_before, [100_000] * 14) > 1


def test_rate_that_varies_between_days_needs_more_days_to_persist() -> None:
    steady, varying = [5_200] * 7, [8_200, 2_200] * 3 + [5_200]
    assert least_doubt(steady, [100_000] * 7) < least_doubt(varying, [100_000] * 7)


def test_low_usual_rate_needs_less_evidence_than_one_near_the_threshold() -> None:
    emails, today = [1_000] * 15, [70]
    assert least_doubt([5] * 14 + today, emails) <= 1 < least_doubt([45] * 14 + today, emails)


def test_bounces_that_catch_up_after_a_stall_are_no_rise() -> None:
    emails = [2_000] * 20
    stalled = [40] * 15 + [0, 0, 0, 0, 200]
    sudden = [40] * 19 + [200]
    assert least_doubt(sudden, emails) <= 1 < least_doubt(stalled, emails)


def test_window_is_shown_with_the_days_of_the_emails() -> None:
    rule = a_confidence_rule(indicator=Indicator.COMPLAINT_RATE)
    counts = DayCounts.of_series(rule, a_series(0, 300), a_series(100_000, 0), EVENING)
    window = Comparer(rule, counts, Boundary(0.001), 0.02).bad_windows(date.min)[0]
    assert (window.window.days, window.events, window.emails) == (2, 300, 100_000)
    assert window.is_breach
