"""What charts and sparklines have in common: paths, dots, and rates in words.

Rates become the paths and labels that a template writes as SVG. A day without a rate breaks a line,
and a day with an unknown rate is an area of its own: neither is ever a point at zero.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts_cli.report.page import AlertSpan, DayRate

Position: TypeAlias = Callable[[float], float]
"""A function from a day, or a rate, to a position."""
Point: TypeAlias = tuple[int, int]
"""A position in tenths of a unit, so that sums of steps are exact."""


@dataclass(frozen=True, slots=True)
class Area:
    """An area of a chart, and what it means."""

    x: str
    width: str
    text: str
    alert: AlertSpan | None = None
    """The alert that the area stands for, if any."""


def line_path(rates: Sequence[DayRate], x: Position, y: Position) -> str:
    """Return the path through the middle of each day with a rate. A day alone is a dot.

    Its steps are relative, which makes it a third shorter.
    """
    path, here = "", (0, 0)
    for segment in _segments(rates, x, y):
        corners = _without_flat_steps(segment)
        path += f"m{_steps(here, corners)}{'h0' if len(segment) == 1 else ''}"
        here = corners[-1]
    return path


def reaching(
    rates: Sequence[DayRate], threshold: float | None, *, low_is_bad: bool
) -> Sequence[DayRate]:
    """Return *rates* with None in place of those on the good side of *threshold*."""
    return [
        rate
        if isinstance(rate, Rate) and is_reached(rate.value, threshold, low_is_bad=low_is_bad)
        else None
        for rate in rates
    ]


def _segments(rates: Sequence[DayRate], x: Position, y: Position) -> Iterator[Sequence[Point]]:
    """Yield the points of consecutive days with a rate."""
    days = groupby(enumerate(rates), key=lambda day: isinstance(day[1], Rate))
    for _, group in days:
        points = [
            _point(x(index + 0.5), y(rate.value)) for index, rate in group if isinstance(rate, Rate)
        ]
        if points:
            yield points


def _without_flat_steps(points: Sequence[Point]) -> Sequence[Point]:
    """Return *points* without those between two points of the same height."""
    return [
        point
        for index, point in enumerate(points)
        if not 0 < index < len(points) - 1
        or not points[index - 1][1] == point[1] == points[index + 1][1]
    ]


def _steps(start: Point, points: Sequence[Point]) -> str:
    """Return the steps from *start* through *points*, without needless spaces."""
    numbers = []
    for point, before in zip(points, [start, *points], strict=False):
        numbers += [number((point[axis] - before[axis]) / 10) for axis in (0, 1)]
    return " ".join(numbers).replace(" -", "-")


def _point(x: float, y: float) -> Point:
    return round(x * 10), round(y * 10)


def gap_areas(rates: Sequence[DayRate], x: Position) -> Iterator[Area]:
    """Yield the areas of consecutive days that are unknown for the same reason."""
    start = 0
    for rate, group in groupby(rates):
        length = len(list(group))
        if isinstance(rate, Gap):
            width = x(start + length) - x(start)
            yield Area(number(x(start)), number(width), describe(rate))
        start += length


def is_reached(value: float, threshold: float | None, *, low_is_bad: bool) -> bool:
    """Return whether a rate of *value* is at *threshold* or on its bad side."""
    if threshold is None:
        return False
    return value <= threshold if low_is_bad else value >= threshold


def describe(rate: DayRate) -> str:
    """Return *rate* in words."""
    match rate:
        case Rate():
            return str(rate)
        case Gap():
            return f"{'unknown' if rate.is_failure else 'not available'}: {rate}"
        case None:
            return "no email"


def number(value: float) -> str:
    """Return *value* with at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
