"""The rates in a dataset: of single days, and of the days that a report compares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from vdm_alerts.core.model.metrics import Metric, Scope, Series, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate
from vdm_alerts.core.planning.queries import Query
from vdm_alerts_cli.dataset import Dataset
from vdm_alerts_cli.report.page import DayRate

WEEK = Window(7)
"""The days that a report states rates of, and compares with the report before."""


@dataclass(frozen=True, slots=True)
class DatasetRates:
    """The rates in *dataset* in the last *days* days."""

    dataset: Dataset
    days: int

    @property
    def first_day(self) -> date:
        """The first of the days."""
        return Window(self.days).first_day(self.dataset.last_day)

    @property
    def week(self) -> Window:
        """The last whole days: a week, if there are as many."""
        before = (self.last_whole_day - self.first_day).days + 1
        return min(WEEK, Window(before))

    @property
    def last_whole_day(self) -> date:
        """The last day of the week: not today, which is partial, unless it is the only day."""
        last, dataset = self.dataset.last_day, self.dataset
        is_partial = last >= dataset.read_at.date() and self.days > 1
        return last - timedelta(days=1) if is_partial else last

    def emails(self, scope: Scope) -> int | Gap:
        """Return the emails of *scope* in the week."""
        return self._total(Metric.SEND, scope, self.week, self.last_whole_day)

    def sent_email(self, scope: Scope) -> bool:
        """Return whether *scope* sent email on any of the days. True if that is unknown."""
        window = Window(self.days)
        return self._total(Metric.SEND, scope, window, self.dataset.last_day) != 0

    def rate(self, indicator: Indicator, scope: Scope) -> DayRate:
        """Return the rate of *scope* in the week."""
        return self._rate(indicator, scope, self.week, self.last_whole_day)

    def daily(self, indicator: Indicator, scope: Scope) -> Sequence[DayRate]:
        """Return the rate of *scope* on each of the days."""
        days = (self.first_day + timedelta(days=index) for index in range(self.days))
        return [self._rate(indicator, scope, Window(1), day) for day in days]

    def _rate(self, indicator: Indicator, scope: Scope, window: Window, last: date) -> DayRate:
        if gap := indicator.permanent_gap(scope):
            return gap
        volume = self._total(indicator.volume, scope, window, last)
        events = self._total(indicator.events, scope, window, last)
        if isinstance(volume, Gap):
            return volume
        if volume == 0:
            return None
        return events if isinstance(events, Gap) else Rate(events, volume)

    def _total(self, metric: Metric, scope: Scope, window: Window, last: date) -> int | Gap:
        answer = self.dataset.answers.get(Query(metric, scope), Gap.CUT_OFF)
        return answer.total(window, last) if isinstance(answer, Series) else answer
