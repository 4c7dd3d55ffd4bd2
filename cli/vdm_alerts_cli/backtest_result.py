"""What rules would have done in an account: the alerts of a backtest, and their comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from vdm_alerts.core.alerts.alert import AlertKey
from vdm_alerts.core.evaluation.verdicts import Evidence
from vdm_alerts.core.model.metrics import Scope, Series
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.planning.queries import Query
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts_cli.dataset import Dataset


@dataclass(frozen=True, slots=True)
class ReplayedAlert:
    """One alert, from when it fired until it was resolved. Days are UTC days."""

    key: AlertKey
    """The rule, the scope and the rate."""
    severity: Severity
    """The highest severity that it reached."""
    fired: date
    """The first day at whose end it was firing; the day before the first if it was open already."""
    was_open_before: bool
    """Whether it was open before the first day, so that it is unknown when it fired."""
    resolved: date | None
    """The day at whose end it was resolved; None if it is still open after the last day."""
    last_day: date
    """The last day of the backtest."""
    worst: Evidence | None
    """The worst counts on which a verdict rests; None if it is about missing email."""

    @property
    def days(self) -> int:
        """The number of days that it was open, through the last day at most."""
        return ((self.resolved or self.last_day) - self.fired).days

    def overlaps(self, other: "ReplayedAlert") -> bool:
        """Return whether both alerts are about the same rate, and were open at the same time."""
        return (
            (self.key.scope, self.key.indicator) == (other.key.scope, other.key.indicator)
            and (other.resolved is None or self.fired < other.resolved)
            and (self.resolved is None or other.fired < self.resolved)
        )


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """What one set of rules would have done."""

    dataset: Dataset
    """The counts that were replayed."""
    rules: Mapping[str, Rule]
    """The rules, by name."""
    first_day: date
    """The first day that was replayed. The days before it in the dataset are the warm-up."""
    alerts: Sequence[ReplayedAlert]
    """The alerts, in the order in which they fired, the worst of a run first."""
    notifications: Mapping[date, int]
    """The number of notifications about alerts on each day."""
    seconds: float
    """How long the evaluation took."""

    @property
    def days(self) -> int:
        """The number of days that were replayed."""
        return (self.dataset.last_day - self.first_day).days + 1

    @property
    def warm_up_days(self) -> int:
        """The number of days of counts before the first day that was replayed."""
        return self.dataset.days - self.days

    def daily_rates(self, scope: Scope, indicator: Indicator) -> Mapping[date, Rate | None]:
        """Return the counted rate of each day of the dataset; None on a day without email.

        The result is empty if the counts are unknown.
        """
        events, volume = (
            self.dataset.answers.get(Query(metric, scope))
            for metric in (indicator.counted.events, indicator.counted.volume)
        )
        if not (isinstance(events, Series) and isinstance(volume, Series)):
            return {}
        days, last = self.dataset.days, self.dataset.last_day
        pairs = zip(events.daily(days, last), volume.daily(days, last), strict=True)
        return {
            self.dataset.first_day + timedelta(days=age): Rate(count, emails) if emails else None
            for age, (count, emails) in enumerate(pairs)
        }


@dataclass(frozen=True, slots=True)
class ComparedAlert:
    """An alert of the present rules with those of the candidates meanwhile, or one of these."""

    present: ReplayedAlert | None
    """The alert of the present rules; None if only the candidates fire."""
    candidates: Sequence[ReplayedAlert]
    """The alerts of the candidates; empty if only the present rules fire."""

    @property
    def first(self) -> ReplayedAlert:
        """The alert of the present rules, or else the one of the candidates."""
        return self.present or self.candidates[0]

    @property
    def is_missed(self) -> bool:
        """Whether the present rules fire more severely than any of the candidates."""
        severities = [alert.severity for alert in self.candidates]
        return self.present is not None and (
            not severities or max(severities) < self.present.severity
        )

    @property
    def fired_by(self) -> str:
        """Which rules fire: "both", "present" or "candidates"."""
        if self.present is None:
            return "candidates"
        return "both" if self.candidates else "present"


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the present rules would have done, and what candidates would have done instead."""

    present: BacktestResult
    candidates: BacktestResult | None = None
    """None if there are no candidates."""

    @property
    def comparison(self) -> Sequence[ComparedAlert]:
        """Every alert of the present rules and of the candidates, matched by rate and time.

        The alerts that only the candidates fire come last.
        """
        if self.candidates is None:
            return []
        others = self.candidates.alerts
        matched = [
            ComparedAlert(alert, [each for each in others if alert.overlaps(each)])
            for alert in self.present.alerts
        ]
        known = {id(each) for row in matched for each in row.candidates}
        only = [ComparedAlert(None, [each]) for each in others if id(each) not in known]
        return [*matched, *only]

    @property
    def missed(self) -> Sequence[ReplayedAlert]:
        """The alerts of the present rules that the candidates fire less severely, or not at all."""
        return [row.first for row in self.comparison if row.is_missed]
