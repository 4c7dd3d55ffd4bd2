"""What a page shows, without its markup: text, alerts, charts and tables.

Every text is plain text, which `rendering` escapes. Anything that is unknown says so and why: it is
never zero, and never an empty list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from vdm_alerts.core.model.rates import Gap, Rate
from vdm_alerts.core.model.severity import Severity

DayRate: TypeAlias = Rate | Gap | None
"""The rate of a day or of several; a `Gap` if it is unknown, and None if there was no email."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level that a chart marks: a threshold of a rule, or a level of SES."""

    share: float
    """The level, a fraction."""
    name: str
    """What it is, such as "warning" or "SES review level"."""
    severity: Severity | None = None
    """The severity of a threshold; None for a level of SES."""


@dataclass(frozen=True, slots=True)
class AlertSpan:
    """The period of one alert."""

    title: str
    """What the alert is about, such as "Bounce rate of news.example.com"."""
    severity: Severity
    """The worst severity in the period."""
    start: datetime | None
    """When the alert fired; None if that was before the known history."""
    end: datetime | None
    """When it was resolved or closed; None if it is open, or if that is unknown."""
    is_open: bool = False
    details: Sequence[str] = ()
    """Further facts, a sentence each."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A value of another source at a time, which a chart shows beside its rate."""

    time: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Chart:
    """One rate of one scope, day by day."""

    title: str
    first_day: date
    rates: Sequence[DayRate]
    """The rate of each day from `first_day` on. At least one."""
    low_is_bad: bool = False
    levels: Sequence[Level] = ()
    alerts: Sequence[AlertSpan] = ()
    """The alerts about this rate of this scope."""
    other_alerts: Sequence[AlertSpan] = ()
    """The alerts about this rate of other scopes."""
    markers: Sequence[Marker] = ()
    """The values of another source, in the order of their times."""
    marker_name: str = ""
    """What the markers are, such as "rate that SES reports"."""

    @property
    def days(self) -> Sequence[date]:
        """The days of the rates."""
        return [self.first_day + timedelta(days=index) for index in range(len(self.rates))]


@dataclass(frozen=True, slots=True)
class RateCell:
    """A rate of a scope in a table."""

    rate: DayRate
    """The rate in the window that the table states."""
    reached: Level | None = None
    """The worst threshold that the rate reaches; None if it reaches none, or is unknown."""
    first_day: date = date.min
    daily: Sequence[DayRate] = ()
    """The rate of each day from `first_day` on; empty for no chart."""
    threshold: float | None = None
    """The first threshold, a fraction; None if no rule monitors the rate of this scope."""
    low_is_bad: bool = False


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """A scope in a table."""

    name: str
    emails: int | Gap
    """The emails in the window that the table states."""
    cells: Sequence[RateCell]
    """One rate for each column of the table."""
    open_alerts: Sequence[Severity] = ()
    """The severities of the open alerts about the scope."""

    @property
    def needs_attention(self) -> bool:
        """Whether the scope has an open alert, or a rate that reaches a threshold."""
        return bool(self.open_alerts) or any(cell.reached for cell in self.cells)


@dataclass(frozen=True, slots=True)
class FigureSection:
    """A few important figures."""

    figures: Sequence["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One important figure."""

    name: str
    value: str
    note: str = ""
    severity: Severity | None = None
    """The severity of the state that the figure shows, if any."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a list."""

    text: str
    kind: str = ""
    """What kind of entry it is, in a word or two."""
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class ListSection:
    """A list of texts."""

    id: str
    title: str
    items: Sequence[Item]
    intro: str = ""
    """A paragraph before the list. Without items, it is all that the section shows."""
    is_notice: bool = False
    """Whether the section reports what is unknown, so that it stands out."""


@dataclass(frozen=True, slots=True)
class AlertSection:
    """A table of alerts."""

    id: str
    title: str
    alerts: Sequence[AlertSpan]
    intro: str = ""
    """A paragraph before the table. Without alerts, it is all that the section shows."""


@dataclass(frozen=True, slots=True)
class ChartSection:
    """Charts, and a table of their numbers."""

    id: str
    title: str
    charts: Sequence[Chart]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class ScopeSection:
    """A table of scopes, which a reader can sort and filter."""

    id: str
    title: str
    scope_title: str
    """The title of the column with the names, such as "Identity"."""
    emails_title: str
    """The title of the column with the emails, such as "Emails"."""
    columns: Sequence[str]
    """The titles of the columns with rates."""
    rows: Sequence[ScopeRow]
    intro: str = ""
    outro: str = ""


@dataclass(frozen=True, slots=True)
class TableSection:
    """A small table of texts."""

    id: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    intro: str = ""


Section: TypeAlias = (
    FigureSection | ListSection | AlertSection | ChartSection | ScopeSection | TableSection
)


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page."""

    title: str
    subtitle: str
    sections: Sequence[Section]
    footer: Sequence[str] = ()
    """Paragraphs at the end: how to read the page."""
    time_zone: tzinfo = UTC
    """The time zone of times. Days are UTC days."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """A JSON document that the page contains for programs; empty for none."""
