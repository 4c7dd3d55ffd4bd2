"""The shapes of charts and sparklines."""

import itertools
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cli.report.report_accounts import DAY, NOW, TODAY
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts_cli.report.chart import DAY_WIDTH, MAX_LANES, PLOT_HEIGHT, ChartShapes
from vdm_alerts_cli.report.page import AlertSpan, Chart, DayRate, Level, Marker, RateCell
from vdm_alerts_cli.report.scale import date_labels, short_number, ticks
from vdm_alerts_cli.report.shapes import line_path
from vdm_alerts_cli.report.sparkline import HEIGHT, WIDTH, sparkline

LEVELS = (Level(0.05, "warning", Severity.WARNING), Level(0.1, "critical", Severity.CRITICAL))
RATES = st.builds(Rate, st.integers(0, 10**6), st.integers(1, 10**6))
DAY_RATES = st.lists(st.none() | st.sampled_from(Gap) | RATES, min_size=1, max_size=60)
STEP = re.compile(r"([a-z])|(-?\d+(?:\.\d)?)")


def points(path: str) -> list[tuple[float, float]]:
    """Return the points of a *path* of relative steps, dots included."""
    numbers = [float(each) for _, each in STEP.findall(path.replace("h0", "")) if each]
    here, result = (0.0, 0.0), []
    for x, y in zip(numbers[::2], numbers[1::2], strict=True):
        here = (round(here[0] + x, 1), round(here[1] + y, 1))
        result.append(here)
    return result


def a_chart(*rates: DayRate, **options: object) -> ChartShapes:
    chart = Chart("Bounce rate", TODAY - DAY * (len(rates) - 1), rates, levels=LEVELS)
    return ChartShapes(replace(chart, **options))  # type: ignore[arg-type]


def a_span(start: int | None, end: int | None, title: str = "a") -> AlertSpan:
    """Return an alert with its days before `NOW`."""
    return AlertSpan(
        title,
        Severity.WARNING,
        None if start is None else NOW - DAY * start,
        None if end is None else NOW - DAY * end,
    )


def test_line_breaks_where_there_is_no_rate_and_never_drops_to_zero() -> None:
    shapes = a_chart(Rate(5, 100), Rate(5, 100), None, Gap.UNAVAILABLE, Rate(5, 100), None)
    assert shapes.line.count("m") == 2
    assert shapes.line.endswith("h0")
    assert [x for x, _ in points(shapes.line)] == [5, 15, 45]
    assert len({y for _, y in points(shapes.line)}) == 1
    (gap,) = shapes.gaps
    assert (gap.x, gap.width, gap.text) == ("30", "10", "unknown: SES did not answer")


def test_line_without_rates_is_empty() -> None:
    shapes = a_chart(None, Gap.REJECTED)
    assert shapes.line == shapes.bad == shapes.volume == ""
    assert shapes.summary == "1 day unknown: SES rejects queries about it."
    assert shapes.notes[0] == shapes.summary
    assert shapes.max_volume == ""


@given(DAY_RATES)
def test_shapes_are_within_the_chart(rates: list[DayRate]) -> None:
    shapes = a_chart(*rates)
    for x, y in points(shapes.line):
        assert 0 <= x <= len(rates) * DAY_WIDTH
        assert 0 <= y <= PLOT_HEIGHT
    spark = sparkline(RateCell(None, None, TODAY, rates, 0.05))
    for x, y in points(spark.line):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


@given(DAY_RATES)
def test_relative_steps_reach_every_rate_within_a_tenth(rates: list[DayRate]) -> None:
    path = line_path(rates, lambda day: day * 2, lambda value: value / 3)
    exact = [
        ((i + 0.5) * 2, rate.value / 3) for i, rate in enumerate(rates) if isinstance(rate, Rate)
    ]
    drawn = points(path)
    assert len(drawn) <= len(exact)
    if exact:
        assert drawn[-1] == pytest.approx(exact[-1], abs=0.051)


def test_days_that_reach_the_first_threshold_are_marked() -> None:
    shapes = a_chart(Rate(4, 100), Rate(5, 100), Rate(12, 100), Rate(1, 100))
    assert [x for x, _ in points(shapes.bad)] == [15, 25]
    assert "2 days at or above a threshold." in shapes.summary


def test_low_rates_are_marked_if_low_is_bad() -> None:
    levels = (Level(0.9, "warning", Severity.WARNING), Level(0.8, "critical", Severity.CRITICAL))
    rates = (Rate(99, 100), Rate(90, 100), Rate(50, 100))
    shapes = a_chart(*rates, levels=levels, low_is_bad=True)
    assert [x for x, _ in points(shapes.bad)] == [15, 25]
    spark = sparkline(RateCell(None, None, TODAY, rates, 0.9, low_is_bad=True))
    assert spark.text == "Per day: lowest 50% on 2026-03-22, 2 days at or below 90%"


def test_equal_levels_share_a_line_and_high_ones_are_named_below_the_chart() -> None:
    levels = (*LEVELS, Level(0.05, "SES review level"), Level(0.1, "SES pause level"))
    shapes = a_chart(Rate(1, 100), levels=levels)
    assert [line.text for line in shapes.levels] == ["5% warning, SES review level"]
    assert shapes.notes == ["Above this scale: 10% critical, SES pause level."]
    assert len(a_chart(Rate(10, 100), levels=levels).levels) == 2


def test_alerts_are_cut_at_the_ends_of_the_chart() -> None:
    shapes = a_chart(*[Rate(1, 100)] * 10, alerts=[a_span(None, None), a_span(100, 3)])
    first, second = shapes.alerts
    assert (first.x, first.width) == ("0", "100")
    assert (second.x, second.width) == ("0", "63.8")
    assert second.text == "WARNING: a, since 2025-12-10 until 2026-03-17"
    assert a_chart(Rate(1, 100), alerts=[a_span(50, 40)]).alerts == []


def test_alerts_of_other_scopes_do_not_overlap_and_the_rest_is_counted() -> None:
    spans = [a_span(9, 5), a_span(4, 2), *[a_span(3, 1, str(each)) for each in range(7)]]
    shapes = a_chart(*[Rate(1, 100)] * 10, other_alerts=spans)
    assert len(shapes.lanes) == MAX_LANES
    for lane in shapes.lanes:
        for left, right in itertools.pairwise(lane):
            assert float(left.x) + float(left.width) <= float(right.x)
    assert shapes.notes == ["Above this scale: 10% critical.", "2 more alerts not shown here."]


def test_markers_outside_of_the_days_are_left_out() -> None:
    markers = [Marker(NOW - DAY * 9, 0.01), Marker(NOW - timedelta(hours=1), 0.01)]
    assert a_chart(Rate(1, 100), Rate(1, 100), markers=markers).markers.count("M") == 1


@given(st.floats(1e-6, 1e6))
def test_ticks_are_few_and_on_the_scale(top: float) -> None:
    values = list(ticks(top))
    assert 2 <= len(values) <= 6
    assert values[0] == 0
    assert values[-1] <= top * 1.000001


@pytest.mark.parametrize("count", [1, 2, 7, 30, 60])
def test_last_day_has_a_label(count: int) -> None:
    labels = date_labels([TODAY - DAY * age for age in range(count - 1, -1, -1)])
    assert labels[-1].text == "Mar 20"
    assert len(labels) <= 5


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (14_843, "14.8k"),
        (40_000, "40k"),
        (999_999, "999.9k"),
        (1_250_000, "1.2M"),
    ],
)
def test_number_is_short_and_never_rounded_up(number: int, text: str) -> None:
    assert short_number(number) == text
