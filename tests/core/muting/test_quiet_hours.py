import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.muting.quiet_hours import QuietHours, parse_quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
"""Zones with summer time, with half an hour of summer time, with an odd offset, and UTC."""

times_of_day = st.times().map(lambda local_time: local_time.replace(second=0, microsecond=0))
any_quiet_hours = st.builds(
    QuietHours, times_of_day, times_of_day, st.sampled_from(ZONES).map(ZoneInfo)
).filter(lambda hours: hours.start != hours.end)
timestamps = st.integers(0, 10**9).map(lambda number: datetime.fromtimestamp(number * 3, UTC))


def parsed(text: str) -> QuietHours:
    hours = parse_quiet_hours(text)
    assert hours is not None
    return hours


def quiet_minutes(text: str, day: date) -> int:
    """Return the number of quiet minutes of *day* in UTC."""
    midnight = datetime.combine(day, time(), UTC)
    hours = parsed(text)
    return sum(hours.include(midnight + timedelta(minutes=minute)) for minute in range(24 * 60))


@pytest.mark.parametrize("nothing", ["", "none"])
def test_quiet_hours_are_none_when_they_are_not_set(nothing: str) -> None:
    assert parse_quiet_hours(nothing) is None


@pytest.mark.parametrize(
    ("text", "local_time", "is_quiet"),
    [
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "00:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("12:30-13:15", "12:29", False),
        ("12:30-13:15", "12:30", True),
        ("12:30-13:15", "13:15", False),
        ("7:00 - 8:00", "07:30", True),
        ("00:00-23:59", "23:59", False),
    ],
)
def test_quiet_hours_include_the_first_minute_and_exclude_the_end_minute(
    text: str, local_time: str, is_quiet: bool
) -> None:
    for day in (date(2026, 1, 15), date(2026, 7, 15)):  # Winter time and summer time.
        now = datetime.combine(day, time.fromisoformat(local_time), BERLIN)
        assert parsed(f"{text} Europe/Berlin").include(now.astimezone(UTC)) == is_quiet


def test_quiet_night_is_one_hour_shorter_or_longer_when_the_clock_changes() -> None:
    """The clock in Berlin changes on 29 March and on 25 October 2026, at 01:00 UTC."""
    night = "22:00-07:00 Europe/Berlin"
    assert quiet_minutes(night, date(2026, 3, 28)) == 9 * 60
    spring, autumn = (
        sum(parsed(night).include(noon + timedelta(minutes=minute)) for minute in range(24 * 60))
        for noon in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
    )
    assert (spring, autumn) == (8 * 60, 10 * 60)


def test_quiet_hours_end_at_the_clock_change_when_their_end_time_is_skipped() -> None:
    hours = parsed("01:00-02:30 Europe/Berlin")
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)  # The clock goes from 01:59 to 03:00.
    assert hours.include(change - timedelta(minutes=1))
    assert not hours.include(change)


def test_quiet_hours_apply_twice_when_the_hour_is_repeated() -> None:
    hours = parsed("02:15-02:45 Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [hours.include(first + timedelta(minutes=minute)) for minute in (0, 30, 60, 90)] == [
        True,
        False,
        True,
        False,
    ]


@given(any_quiet_hours, timestamps)
def test_every_time_is_either_in_quiet_hours_or_in_their_complement(
    hours: QuietHours, now: datetime
) -> None:
    complement = QuietHours(hours.end, hours.start, hours.zone)
    assert hours.include(now) != complement.include(now)


@given(any_quiet_hours, timestamps, st.sampled_from(ZONES))
def test_quiet_hours_do_not_depend_on_the_utc_offset_of_the_timestamp(
    hours: QuietHours, now: datetime, other_zone: str
) -> None:
    assert hours.include(now) == hours.include(now.astimezone(ZoneInfo(other_zone)))


@given(any_quiet_hours, timestamps)
def test_quiet_hours_that_end_before_midnight_are_a_range_of_local_times(
    hours: QuietHours, now: datetime
) -> None:
    start, end = sorted((hours.start, hours.end))
    local_time = now.astimezone(hours.zone).time()
    assert QuietHours(start, end, hours.zone).include(now) == (start <= local_time < end)


@given(any_quiet_hours)
def test_quiet_hours_survive_formatting_and_parsing(hours: QuietHours) -> None:
    assert parse_quiet_hours(str(hours)) == hours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("22-7 UTC", '"22-7 UTC" is not a period of quiet hours. Use a form like "22:00'),
        ("22:00-07:00", '"22:00-07:00" is not a period of quiet hours. Use a form like "22:00'),
        ("25:00-07:00 UTC", '"25:00" is not a time of day. Use "00:00" to "23:59".'),
        ("22:00-24:00 UTC", '"24:00" is not a time of day'),
        ("7:00-07:00 UTC", '"7:00-07:00 UTC" starts and ends at the same time. Use two different'),
        ("22:00-07:00 europe/berlin", 'not a time zone. Did you mean "Europe/Berlin"?'),
        (
            "22:00-07:00 Europe",
            '"Europe" is not a time zone. Use an IANA name, for example "Europe/Berlin".',
        ),
        ("22:00-07:00 CEST", '"CEST" is not a time zone. Use an IANA name'),
        ("22:00-07:00 ../../etc/passwd", "is not a time zone. Use an IANA name"),
    ],
)
def test_invalid_quiet_hours_report_what_to_write_instead(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_quiet_hours(text)
