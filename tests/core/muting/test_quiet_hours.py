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
    return sum(hours.hold(midnight + timedelta(minutes=each)) for each in range(24 * 60))


@pytest.mark.parametrize("nothing", ["", "none"])
def test_where_nothing_is_said_it_is_never_quiet(nothing: str) -> None:
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
def test_it_is_quiet_from_the_first_minute_and_no_longer_at_the_last(
    text: str, clock: str, is_quiet: bool
) -> None:
    for day in (date(2026, 1, 15), date(2026, 7, 15)):  # By winter time, and by summer time.
        now = datetime.combine(day, time.fromisoformat(clock), BERLIN)
        assert quiet(f"{text} Europe/Berlin").hold(now.astimezone(UTC)) == is_quiet


def test_a_quiet_night_is_an_hour_shorter_or_longer_where_the_clock_is_changed() -> None:
    """In Berlin that is on 29 March and on 25 October 2026, at 01:00 UTC."""
    night = "22:00-07:00 Europe/Berlin"
    assert quiet_minutes(night, date(2026, 3, 28)) == 9 * 60
    spring, autumn = (
        sum(quiet(night).hold(noon + timedelta(minutes=each)) for each in range(24 * 60))
        for noon in (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
    )
    assert (spring, autumn) == (8 * 60, 10 * 60)


def test_what_ends_in_an_hour_that_is_skipped_is_over_after_it() -> None:
    hours = quiet("01:00-02:30 Europe/Berlin")
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)  # The clock goes from 01:59 to 03:00.
    assert hours.hold(change - timedelta(minutes=1))
    assert not hours.hold(change)


def test_what_is_in_an_hour_that_comes_twice_is_quiet_twice() -> None:
    hours = quiet("02:15-02:45 Europe/Berlin")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert [hours.hold(first + timedelta(minutes=each)) for each in (0, 30, 60, 90)] == [
        True,
        False,
        True,
        False,
    ]


@given(some_hours, instants)
def test_what_is_not_quiet_is_so_by_the_other_hours_of_the_day(
    hours: QuietHours, now: datetime
) -> None:
    rest = QuietHours(hours.ends, hours.begins, hours.zone)
    assert hours.hold(now) != rest.hold(now)


@given(some_hours, instants, st.sampled_from(ZONES))
def test_the_clock_in_its_zone_decides_and_not_how_an_instant_is_written(
    hours: QuietHours, now: datetime, elsewhere: str
) -> None:
    assert hours.hold(now) == hours.hold(now.astimezone(ZoneInfo(elsewhere)))
    clock = now.astimezone(hours.zone).time()
    assume(hours.begins < hours.ends)
    assert hours.hold(now) == (hours.begins <= clock < hours.ends)


@given(some_hours)
def test_quiet_hours_are_read_back_from_what_is_written_of_them(hours: QuietHours) -> None:
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
def test_what_cannot_be_read_is_told_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_quiet_hours(text)
