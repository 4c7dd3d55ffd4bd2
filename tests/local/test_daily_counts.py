"""Daily counts, their sums and their differences, at any hour."""

from hypothesis import given
from hypothesis import strategies as st

from vdm_local.daily_counts import DailyCounts, add_counts, parse_counts, subtract_counts

COUNTS = st.integers(0, 30)
REVISIONS = st.lists(st.tuples(COUNTS, st.integers(0, 72)), min_size=1, max_size=3)
TOKENS = st.one_of(
    COUNTS.map(str),
    st.tuples(COUNTS, st.integers(0, 4)).map(lambda pair: f"{pair[0]}x{pair[1]}"),
    REVISIONS.map(lambda revisions: "/".join(f"{count}@+{hours}h" for count, hours in revisions)),
)
DAILY_COUNTS = st.lists(TOKENS, max_size=6).map(" ".join).map(parse_counts)
DAYS, HOURS = range(-2, 20), range(-30, 80)


def counts_of(counts: DailyCounts) -> list[list[int]]:
    return [[counts.count(day, hours) for hours in HOURS] for day in DAYS]


def zip_counts(*addends: DailyCounts) -> list[list[tuple[int, ...]]]:
    return [
        [tuple(counts.count(day, hours) for counts in addends) for hours in HOURS] for day in DAYS
    ]


@given(st.lists(DAILY_COUNTS, max_size=4))
def test_sum_equals_sum_of_counts_on_every_day_and_hour(addends: list[DailyCounts]) -> None:
    if addends:
        assert counts_of(add_counts(addends)) == [
            [sum(at) for at in day] for day in zip_counts(*addends)
        ]
    else:
        assert add_counts(addends) == DailyCounts()


@given(DAILY_COUNTS, DAILY_COUNTS)
def test_difference_is_at_least_zero_on_every_day_and_hour(
    minuend: DailyCounts, subtrahend: DailyCounts
) -> None:
    expected = [
        [max(0, first - second) for first, second in day] for day in zip_counts(minuend, subtrahend)
    ]
    assert counts_of(subtract_counts(minuend, subtrahend)) == expected


def test_parser_returns_same_object_for_equal_rows() -> None:
    assert parse_counts("20x7 30") is parse_counts("20x7 30")


def test_count_reported_at_end_of_day_is_final_in_every_notation() -> None:
    assert parse_counts("5@+24h") == parse_counts("5") == parse_counts("5x1") == DailyCounts((5,))
