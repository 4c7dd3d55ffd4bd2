"""Tests of the time of an evaluation."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from builders import NOW

from vdm_alerts.core.evaluation.as_of import is_settled


@pytest.mark.parametrize(
    ("day", "settled"),
    [
        pytest.param("2026-03-12", False, id="today"),
        pytest.param("2026-03-11", False, id="yesterday"),
        pytest.param("2026-03-10", False, id="ended 33 hours ago"),
        pytest.param("2026-03-09", True, id="ended 57 hours ago"),
    ],
)
def test_day_is_settled_48_hours_after_its_end(day: str, *, settled: bool) -> None:
    assert is_settled(date.fromisoformat(day), NOW) is settled
    at_the_limit = datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=3)
    assert is_settled(date.fromisoformat(day), at_the_limit)
    assert not is_settled(date.fromisoformat(day), at_the_limit - timedelta(seconds=1))
