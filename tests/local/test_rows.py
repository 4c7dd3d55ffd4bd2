"""Rows add up to what each of them says by itself, at any hour."""

from hypothesis import given
from hypothesis import strategies as st

from vdm_local.rows import Row, left_of, parse_row, total

COUNTS = st.integers(0, 30)
VIEWS = st.lists(st.tuples(COUNTS, st.integers(0, 72)), min_size=1, max_size=3)
TOKENS = st.one_of(
    COUNTS.map(str),
    st.tuples(COUNTS, st.integers(0, 4)).map(lambda pair: f"{pair[0]}x{pair[1]}"),
    VIEWS.map(lambda views: "/".join(f"{count}@+{hours}h" for count, hours in views)),
)
ROWS = st.lists(TOKENS, max_size=6).map(" ".join).map(parse_row)
DAYS, HOURS = range(-2, 20), range(-30, 80)


def seen(row: Row) -> list[list[int]]:
    return [[row.at(day, hours) for hours in HOURS] for day in DAYS]


def each_with_each(*rows: Row) -> list[list[tuple[int, ...]]]:
    return [[tuple(row.at(day, hours) for row in rows) for hours in HOURS] for day in DAYS]


@given(st.lists(ROWS, max_size=4))
def test_a_total_is_the_sum_of_its_rows_on_every_day_and_at_every_hour(rows: list[Row]) -> None:
    if rows:
        assert seen(total(rows)) == [[sum(at) for at in day] for day in each_with_each(*rows)]
    else:
        assert total(rows) == Row()


@given(ROWS, ROWS)
def test_what_is_left_is_the_difference_but_never_less_than_nothing(whole: Row, lost: Row) -> None:
    left = [[max(0, one - other) for one, other in day] for day in each_with_each(whole, lost)]
    assert seen(left_of(whole, lost)) == left


def test_rows_that_are_written_alike_are_one_row() -> None:
    assert parse_row("20x7 30") is parse_row("20x7 30")


def test_a_count_of_the_days_end_is_plain_however_it_is_written() -> None:
    assert parse_row("5@+24h") == parse_row("5") == parse_row("5x1") == Row((5,))
