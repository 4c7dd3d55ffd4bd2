"""The shapes of a chart with a scale, dates, levels and alerts.

A chart has no fixed width: its shapes stretch, and its texts do not. So horizontal positions of
shapes are in units of a day, and those of texts are percentages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby

from vdm_alerts.core.model.rates import Gap, Rate, percent
from vdm_alerts.core.model.wording import enumeration, number_of
from vdm_alerts_cli.report.page import AlertSpan, Chart, DayRate, Level
from vdm_alerts_cli.report.scale import Label, date_labels, short_number, tick_labels, top_of
from vdm_alerts_cli.report.shapes import (
    Area,
    describe,
    gap_areas,
    line_path,
    number,
    reaching,
)

DAY_WIDTH = 10
"""The units of a day."""
PLOT_HEIGHT, VOLUME_HEIGHT = 150, 34
"""The pixels of the rates, and of the emails below them."""
MAX_LANES = 6
"""The most alerts of other scopes that a chart shows at one time."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A level at its height in pixels."""

    y: str
    text: str
    level: Level


@dataclass(frozen=True)
class ChartShapes:
    """Everything that *chart* draws."""

    chart: Chart

    @property
    def width(self) -> int:
        """The width of all days, in units."""
        return len(self.chart.rates) * DAY_WIDTH

    @property
    def line(self) -> str:
        """The path of the daily rates."""
        return line_path(self.chart.rates, self._x, self._y)

    @property
    def bad(self) -> str:
        """The path of the days that reach the first threshold."""
        return line_path(self._bad, self._x, self._y)

    @property
    def volume(self) -> str:
        """The shape of a bar for each day: the emails that the rate is of."""
        highest = self._max_volume or 1
        bar = 0.8 * DAY_WIDTH
        return "".join(
            f"M{number(self._x(index + 0.1))} {VOLUME_HEIGHT}"
            f"v-{number(max(1, rate.volume / highest * VOLUME_HEIGHT))}"
            f"h{number(bar)}V{VOLUME_HEIGHT}"
            for index, rate in enumerate(self.chart.rates)
            if isinstance(rate, Rate)
        )

    @property
    def max_volume(self) -> str:
        """The emails of the highest bar; empty without bars."""
        return short_number(self._max_volume) if self._max_volume else ""

    @property
    def markers(self) -> str:
        """The path of the dots of another source."""
        return "".join(
            f"M{number(self._x(self._day_of(each.time)))} {number(self._y(each.share))}h0"
            for each in self.chart.markers
            if 0 <= self._day_of(each.time) <= len(self.chart.rates)
        )

    @property
    def gaps(self) -> Sequence[Area]:
        """The days whose rate is unknown."""
        return list(gap_areas(self.chart.rates, self._x))

    @property
    def ticks(self) -> Sequence[Label]:
        """The labels of the scale."""
        return tick_labels(self._top, PLOT_HEIGHT)

    @property
    def dates(self) -> Sequence[Label]:
        """The labels of days."""
        return date_labels(self.chart.days)

    @property
    def levels(self) -> Sequence[LevelLine]:
        """A line for each level on the scale. Equal levels share a line."""
        return [
            LevelLine(number(self._y(share)), _level_text(levels), levels[0])
            for share, levels in _by_share(self.chart.levels)
            if share <= self._top
        ]

    @property
    def alerts(self) -> Sequence[Area]:
        """The periods of the alerts about this rate."""
        return [self._area(each) for each in self.chart.alerts if self._is_visible(each)]

    @property
    def lanes(self) -> Sequence[Sequence[Area]]:
        """The alerts of other scopes, in rows in which they do not overlap."""
        lanes = _in_lanes([each for each in self.chart.other_alerts if self._is_visible(each)])
        return [[self._area(alert) for alert in lane] for lane in lanes[:MAX_LANES]]

    @property
    def days(self) -> Sequence[Area]:
        """An area for each day, whose text is the numbers of the day."""
        return [
            Area(str(index * DAY_WIDTH), str(DAY_WIDTH), f"{day}: {describe(rate)}")
            for index, (day, rate) in enumerate(zip(self.chart.days, self.chart.rates, strict=True))
        ]

    @property
    def summary(self) -> str:
        """What the chart shows, in words."""
        return " ".join(f"{sentence}." for sentence in self._sentences())

    @property
    def notes(self) -> Sequence[str]:
        """What the chart cannot show, a sentence each."""
        above = [
            _level_text(levels)
            for share, levels in _by_share(self.chart.levels)
            if share > self._top
        ]
        visible = [each for each in self.chart.other_alerts if self._is_visible(each)]
        hidden = sum(len(lane) for lane in _in_lanes(visible)[MAX_LANES:])
        notes = [f"{sentence}." for sentence in self._unknown_days()]
        if above:
            notes.append(f"Above this scale: {enumeration(above)}.")
        if hidden:
            notes.append(f"{number_of('more alert', hidden)} not shown here.")
        return notes

    @property
    def _top(self) -> float:
        return top_of(self.chart)

    @property
    def _max_volume(self) -> int:
        return max((rate.volume for rate in self.chart.rates if isinstance(rate, Rate)), default=0)

    def _x(self, day: float) -> float:
        return day * DAY_WIDTH

    def _y(self, share: float) -> float:
        return (1 - share / self._top) * PLOT_HEIGHT

    @property
    def _bad(self) -> Sequence[DayRate]:
        shares = [level.share for level in self.chart.levels if level.severity]
        low_is_bad = self.chart.low_is_bad
        first = (max if low_is_bad else min)(shares, default=None)
        return reaching(self.chart.rates, first, low_is_bad=low_is_bad)

    def _day_of(self, moment: datetime) -> float:
        """Return the days from the start of the chart to *moment*."""
        return (moment - datetime.combine(self.chart.first_day, time(), UTC)) / _DAY

    def _is_visible(self, alert: AlertSpan) -> bool:
        ends = self._day_of(alert.end) if alert.end else len(self.chart.rates)
        return ends > 0 and (alert.start is None or self._day_of(alert.start) < self._last_day)

    @property
    def _last_day(self) -> int:
        return len(self.chart.rates)

    def _area(self, alert: AlertSpan) -> Area:
        """Return the area of *alert* within the chart, at least a fifth of a day wide."""
        start = max(0.0, self._day_of(alert.start)) if alert.start else 0.0
        end = self._day_of(alert.end) if alert.end else float(self._last_day)
        start = min(start, self._last_day - 0.2)
        end = min(max(end, start + 0.2), self._last_day)
        return Area(number(self._x(start)), number(self._x(end - start)), span_text(alert), alert)

    def _sentences(self) -> Iterator[str]:
        rates = [rate for rate in self.chart.rates if isinstance(rate, Rate)]
        if rates:
            values = [rate.value for rate in rates]
            yield f"Lowest {percent(min(values))}, highest {percent(max(values))}"
            yield f"Emails on {number_of('day', len(rates))} of {len(self.chart.rates)}"
            if bad := sum(rate is not None for rate in self._bad):
                yield f"{number_of('day', bad)} at or {self._bad_side} a threshold"
        unknown = list(self._unknown_days())
        yield from unknown
        if not rates and not unknown:
            yield "No email"
        if alerts := len(self.alerts):
            yield f"{number_of('alert', alerts)} about this rate"

    def _unknown_days(self) -> Iterator[str]:
        unknown = [rate for rate in self.chart.rates if isinstance(rate, Gap)]
        for gap in dict.fromkeys(unknown):
            yield f"{number_of('day', unknown.count(gap))} {describe(gap)}"

    @property
    def _bad_side(self) -> str:
        return "below" if self.chart.low_is_bad else "above"


def span_text(alert: AlertSpan) -> str:
    """Return the severity, the subject and the days of *alert*."""
    start = f"since {alert.start:%Y-%m-%d}" if alert.start else "since an unknown time"
    end = f" until {alert.end:%Y-%m-%d}" if alert.end else ""
    return f"{alert.severity}: {alert.title}, {start}{end}"


def _in_lanes(alerts: Sequence[AlertSpan]) -> Sequence[Sequence[AlertSpan]]:
    """Return *alerts* in as few rows as needed so that they do not overlap."""
    earliest = datetime.min.replace(tzinfo=UTC)
    latest = datetime.max.replace(tzinfo=UTC)
    lanes: list[list[AlertSpan]] = []
    for alert in sorted(alerts, key=lambda each: each.start or earliest):
        start = alert.start or earliest
        free = (lane for lane in lanes if (lane[-1].end or latest) <= start)
        if lane := next(free, None):
            lane.append(alert)
        else:
            lanes.append([alert])
    return lanes


def _by_share(levels: Sequence[Level]) -> Iterator[tuple[float, Sequence[Level]]]:
    """Yield the levels with each share: thresholds before levels of SES."""
    ordered = sorted(levels, key=lambda level: (level.share, level.severity is None))
    for share, group in groupby(ordered, key=lambda level: level.share):
        yield share, list(group)


def _level_text(levels: Sequence[Level]) -> str:
    names = list(dict.fromkeys(level.name for level in levels))
    return f"{percent(levels[0].share)} {', '.join(names)}"
