"""Charts that are as high as a line of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vdm_alerts.core.model.rates import Gap, Rate, percent
from vdm_alerts.core.model.wording import number_of
from vdm_alerts_cli.report.page import RateCell
from vdm_alerts_cli.report.shapes import (
    Area,
    describe,
    gap_areas,
    line_path,
    number,
    reaching,
)

WIDTH, HEIGHT = 120, 26
_MARGIN = 2
_HEADROOM = 1.2
"""How many times the threshold a sparkline shows at least."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """The shapes of a sparkline."""

    line: str
    bad: str
    """The days that reach the threshold."""
    threshold: str
    gaps: Sequence[Area]
    text: str
    """What the chart shows, in words."""


def sparkline(cell: RateCell) -> Sparkline:
    """Return the shapes of the daily rates of *cell*."""
    values = [rate.value for rate in cell.daily if isinstance(rate, Rate)]
    top = max([*values, (cell.threshold or 0) * _HEADROOM]) or 1
    bad = reaching(cell.daily, cell.threshold, low_is_bad=cell.low_is_bad)

    def x(day: float) -> float:
        return round(day * WIDTH / len(cell.daily))

    def y(value: float) -> float:
        return _MARGIN + round((1 - value / top) * (HEIGHT - 2 * _MARGIN))

    return Sparkline(
        line=line_path(cell.daily, x, y),
        bad=line_path(bad, x, y),
        threshold="" if cell.threshold is None else f"M0 {number(y(cell.threshold))}h{WIDTH}",
        gaps=list(gap_areas(cell.daily, x)),
        text=_text(cell, values, sum(rate is not None for rate in bad)),
    )


def _text(cell: RateCell, values: Sequence[float], bad_days: int) -> str:
    if not values:
        reasons = dict.fromkeys(describe(rate) for rate in cell.daily)
        return f"Per day: {', '.join(reasons)}"
    worst = (min if cell.low_is_bad else max)(values)
    index = next(
        index
        for index, rate in enumerate(cell.daily)
        if isinstance(rate, Rate) and rate.value == worst
    )
    word = "lowest" if cell.low_is_bad else "highest"
    parts = [f"Per day: {word} {percent(worst)} on {cell.first_day + timedelta(days=index)}"]
    if bad_days and cell.threshold is not None:
        side = "or below" if cell.low_is_bad else "or above"
        parts.append(f"{number_of('day', bad_days)} at {side} {percent(cell.threshold)}")
    if unknown := sum(isinstance(rate, Gap) for rate in cell.daily):
        parts.append(f"{number_of('day', unknown)} unknown")
    return ", ".join(parts)
