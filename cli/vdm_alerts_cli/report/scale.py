"""The scales of charts: which rates they show, and where they have labels."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.model.rates import Rate, percent
from vdm_alerts_cli.report.page import Chart

_HEADROOM = 1.15
"""How many times the highest rate and the first threshold a chart shows."""
_STEPS = (1, 2, 2.5, 5, 10)
_MAX_TICKS = 5
_MAX_DATES = 5


@dataclass(frozen=True, slots=True)
class Label:
    """A text beside a chart: at a height in pixels, or at a percentage of the width."""

    position: str
    text: str
    anchor: str = "middle"


def top_of(chart: Chart) -> float:
    """Return the highest rate that *chart* shows. Levels above it are not shown."""
    values = [rate.value for rate in chart.rates if isinstance(rate, Rate)]
    values += [marker.share for marker in chart.markers]
    thresholds = [level.share for level in chart.levels if level.severity]
    first = max(thresholds, default=0.0) if chart.low_is_bad else min(thresholds, default=0.0)
    top = max([*values, first]) * _HEADROOM or 0.01
    return min(top, max(1.0, *values)) if values else top


def ticks(top: float) -> Iterator[float]:
    """Yield round rates from 0 to *top*."""
    magnitude = 10 ** math.floor(math.log10(top / _MAX_TICKS))
    step = next(step for each in _STEPS if top / (step := each * magnitude) <= _MAX_TICKS)
    for index in range(int(top / step) + 1):
        yield round(index * step, 12)


def tick_labels(top: float, height: int) -> Sequence[Label]:
    """Return a label for each of the `ticks` of a chart of *height* pixels."""
    return [Label(f"{(1 - each / top) * height:.1f}", percent(each), "end") for each in ticks(top)]


def date_labels(days: Sequence[date]) -> Sequence[Label]:
    """Return labels below some of *days*, the last one included."""
    step = math.ceil(len(days) / _MAX_DATES)
    indexes = sorted(range(len(days) - 1, -1, -step))
    return [
        Label(
            f"{(index + 0.5) / len(days) * 100:.2f}%",
            f"{days[index]:%b} {days[index].day}",
            "end" if index == len(days) - 1 and len(days) > 1 else "middle",
        )
        for index in indexes
    ]


def short_number(number: int) -> str:
    """Return *number* with at most one decimal, rounded down, such as "40k"."""
    for unit, sign in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number * 10 // unit / 10:g}{sign}"
    return str(number)
