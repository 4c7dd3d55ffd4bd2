import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vdm_alerts.core.muting.quiet_hours import QuietHours, parse_quiet_hours

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
"""With summer time, with half an hour of it, with an odd offset, with none of all that."""

clocks = st.times().map(lambda each: each.replace(second=0, microsecond=0))
some_hours = st.builds(QuietHours, clocks, clocks, st.sampled_from(ZONES).map(ZoneInfo)).filter(
    lambda each: each.begins != each.ends
)
instants = st.integers(0, 10**9).map(lambda each: datetime.fromtimestamp(each * 3, UTC))


def quiet(text: str) -> QuietHours:
    hours = parse_quiet_hours(text)
    assert hours
    return hours


def quiet_minutes(text: str, day: date) -> int:
    """How many minutes of the day that *day* is in UTC are quiet."""
    midnight = datetime.combine(day, time(), UTC)
    hours = quiet(text)
    return sum(hours.include(midnight + timedelta(minutes=each)) for each in range(24 * 60))


@pytest.mark.parametrize("nothing", ["", "none"])
def test_quiet_hours_are_none_when_they_are_not_set(nothing: str) -> None:
    assert parse_quiet_hours(nothing) is None


@pytest.mark.parametrize(
    ("text", "clock", "is_quiet"),
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
    text: str, clock: str, is_quiet: bool
) -> None:
    for day in (date(2026, 1, 15), date(2026, 7, 15)):  # By winter time, and by summer time.
        now = datetime.combine(day, time.fromisoformat(clock), BERLIN)
        assert quiet(f"{text} Europe/Berlin").include(now.astimezone(UTC)) == is_quiet


def test_quiet_night_is_one_hour_shorter_or_longer_when_the_clock_changes() -> None:
    """In Berlin that is on 29 March and on 25 October 2026, at 01:00 UTC."""
    night = "22:00-07:00 Europe/Berlin"
    assert quiet_minutes(night, date(2026, 3, 28)) == 9 * 60
    spring, autumn = (
        sum(quiet(night).include(noon + timedelta(minutes=each)) for each in range(24 * 60))
        for noon in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
    )
    assert (spring, autumn) == (8 * 60, 10 * 60)


def test_quiet_hours_end_at_the_clock_change_when_their_end_time_is_skipped() -> None:
    hours = quiet("01:00-02:30 Europe/Berlin")
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)  # The clock goes from 01:59 to 03:00.
    assert hours.include(change - timedelta(minutes=1))
    assert not hours.include(change)


def test_quiet_hours_apply_twice_when_the_hour_is_repeated() -> None:
    hours = quiet("02:15-02:45 Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [hours.include(first + timedelta(minutes=each)) for each in (0, 30, 60, 90)] == [
        True,
        False,
        True,
        False,
    ]


@given(some_hours, instants)
def test_every_time_is_either_in_quiet_hours_or_in_their_complement(
    hours: QuietHours, now: datetime
) -> None:
    rest = QuietHours(hours.ends, hours.begins, hours.zone)
    assert hours.include(now) != rest.include(now)


@given(some_hours, instants, st.sampled_from(ZONES))
def test_quiet_hours_depend_on_the_local_time_in_their_zone_and_not_on_the_utc_offset(
    hours: QuietHours, now: datetime, elsewhere: str
) -> None:
    assert hours.include(now) == hours.include(now.astimezone(ZoneInfo(elsewhere)))
    clock = now.astimezone(hours.zone).time()
    assume(hours.begins < hours.ends)
    assert hours.include(now) == (hours.begins <= clock < hours.ends)


@given(some_hours)
def test_quiet_hours_survive_formatting_and_parsing(hours: QuietHours) -> None:
    assert parse_quiet_hours(str(hours)) == hours


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("22-7 UTC", '"22-7 UTC" is not like "22:00-07:00 Europe/Berlin"'),
        ("22:00-07:00", '"22:00-07:00" is not like "22:00-07:00 Europe/Berlin"'),
        ("25:00-07:00 UTC", '"25:00" is not a time of day; those are "00:00" to "23:59"'),
        ("22:00-24:00 UTC", '"24:00" is not a time of day'),
        ("7:00-07:00 UTC", '"7:00-07:00 UTC" begins when it ends; all day long takes a silence'),
        ("22:00-07:00 europe/berlin", 'no time zone; did you mean "Europe/Berlin"?'),
        ("22:00-07:00 Europe", '"Europe" is no time zone; write its IANA name, "Europe/Berlin"'),
        ("22:00-07:00 CEST", '"CEST" is no time zone; write its IANA name'),
        ("22:00-07:00 ../../etc/passwd", "is no time zone; write its IANA name"),
    ],
)
def test_invalid_quiet_hours_report_what_to_write_instead(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_quiet_hours(text)
