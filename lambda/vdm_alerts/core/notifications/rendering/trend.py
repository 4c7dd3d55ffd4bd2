"""A daily rate as a line of block characters."""

from datetime import date, timedelta

from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.model.rates import Rate, percent
from vdm_alerts.core.model.wording import Wording

_BLOCKS = "▁▂▃▄▅▆▇█"
_NO_EMAIL = "·"


def trend_line(trend: Trend, wording: Wording, today: date) -> str:
    """Return one line about the daily rates of *trend*, which may include a part of *today*.

    The line is empty if fewer than two days have a rate.
    """
    values = [rate.value for rate in trend.rates if rate]
    if len(values) < 2:  # noqa: PLR2004 - one point is no trend
        return ""
    first_day = trend.last_day - timedelta(days=len(trend.rates) - 1)
    blocks = "".join(_block(rate, max(values)) for rate in trend.rates)
    last_day = "today (partial)" if trend.last_day == today else str(trend.last_day)
    lowest, highest = percent(min(values)), percent(max(values))
    extent = f"always {lowest}" if lowest == highest else f"lowest {lowest}, highest {highest}"
    return f"Daily {wording.noun}, {first_day} to {last_day}: {blocks} ({extent})"


def _block(rate: Rate | None, highest: float) -> str:
    """Return the block character of *rate*; the *highest* rate has the highest block."""
    if rate is None:
        return _NO_EMAIL
    steps = len(_BLOCKS) - 1
    return _BLOCKS[round(rate.value / highest * steps) if highest else 0]
