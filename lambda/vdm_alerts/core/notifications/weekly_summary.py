"""The weekly summary: what happened in a week, also if all is well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.alerts.firing_periods import FiringPeriod, firing_periods
from vdm_alerts.core.alerts.history import RecentTransitions
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.evaluation.verdicts import Verdict
from vdm_alerts.core.model.account import Impact, Recommendation
from vdm_alerts.core.model.findings import Finding, FindingSource
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.observations.coverage import Coverage
from vdm_alerts.core.observations.evaluation import Evaluation
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.weekly_figures import WeeklyFigures, weekly_figures


@dataclass(frozen=True, slots=True)
class CurrentAlert:
    """An open alert at the time of the summary."""

    period: FiringPeriod
    """Since when it is open, and its severity now."""
    verdict: Verdict | None
    """The latest verdict; None if there is none."""
    incident: str | None
    """The ID of the incident that the alert belongs to."""


@dataclass(frozen=True, slots=True)
class WeeklySummary:
    """The notification about a week."""

    day: date
    """The day for which the summary was requested. Its id has this day, also if it is late."""
    figures: WeeklyFigures | None
    """The volumes and rates; None if VDM was not read."""
    open_alerts: tuple[CurrentAlert, ...]
    """The open alerts, silenced ones included, the worst first."""
    ended: tuple[FiringPeriod, ...] | None
    """The periods of the last 7 days that have ended; None if the history was not read."""
    is_history_complete: bool
    """Whether `ended` has all of them."""
    findings: tuple[Finding, ...]
    """The open problems, the worst first."""
    advice: tuple[Recommendation, ...] | None
    """The open recommendations of low impact; None if they were not read.

    Those of high impact are among the problems.
    """
    unreadable_sources: tuple[FindingSource, ...]
    """The sources that this run could not read."""
    coverage: Coverage
    """What this run monitors, and what of it is unreadable now."""
    week: WeekFigures
    """The figures of the runs since the last weekly summary."""
    sequence: int = 1
    """The number of the notification. One that is sent again is the same summary."""

    @property
    def id(self) -> str:
        """The id, which a summary that is sent again has, too."""
        return f"weekly-{self.day}"

    @property
    def is_incomplete(self) -> bool:
        """Whether something is unknown at the time of the summary."""
        is_account_unknown = self.figures is None or self.figures.emails is None
        is_history_unknown = self.ended is None or not self.is_history_complete
        has_unreadable = bool(self.unreadable_sources or self.coverage.unreadable)
        return is_account_unknown or is_history_unknown or has_unreadable

    @property
    def severity(self) -> Severity | None:
        """The worst severity of the open alerts and problems; None if there are none.

        A summary of which something is unknown is a WARNING at least, like the first summary.
        """
        severities = [
            *(alert.period.severity for alert in self.open_alerts),
            *(finding.severity for finding in self.findings),
            *([Severity.WARNING] if self.is_incomplete else []),
        ]
        return max(severities, default=None)

    @property
    def is_urgent(self) -> bool:
        """Whether quiet hours do not delay the notification: never."""
        return False


def is_weekly_summary_due(state: StoredState) -> bool:
    """Return whether a weekly summary is due: it is requested, and the first summary was sent."""
    return state.summary_sent and bool(state.open_weekly_requests)


def weekly_summary(
    state: StoredState,
    observation: Observation,
    evaluation: Evaluation,
    recent: RecentTransitions | None,
) -> WeeklySummary:
    """Return the weekly summary for the latest request in *state*, which must have one.

    *recent* are the transitions of the last 7 days, those of this run included; None if they are
    unreadable.
    """
    periods = firing_periods(recent.items if recent else (), state.alerts)
    lasting = [finding for finding in observation.findings if not finding.transient]
    return WeeklySummary(
        day=max(state.open_weekly_requests),
        figures=weekly_figures(observation),
        open_alerts=_open_alerts(periods, state.alerts, evaluation.verdicts),
        ended=tuple(period for period in periods if not period.is_open) if recent else None,
        is_history_complete=recent is not None and recent.is_complete,
        findings=tuple(sorted(lasting, key=lambda finding: -finding.severity)),
        advice=_advice(observation),
        unreadable_sources=tuple(sorted(observation.unreadable_sources)),
        coverage=evaluation.coverage,
        week=state.week,
    )


def _advice(observation: Observation) -> tuple[Recommendation, ...] | None:
    if observation.recommendations is None:
        return None
    return tuple(each for each in observation.recommendations if each.impact is Impact.LOW)


def _open_alerts(
    periods: Sequence[FiringPeriod],
    alerts: Mapping[AlertKey, Alert],
    verdicts: Mapping[AlertKey, Verdict],
) -> tuple[CurrentAlert, ...]:
    """Return the open alerts with their severity now, which may be lower than it was."""
    current = [
        CurrentAlert(
            FiringPeriod(period.key, state.severity, period.start, None, is_open=True),
            verdicts.get(period.key),
            alerts[period.key].incident,
        )
        for period in periods
        if period.is_open and isinstance(state := alerts[period.key].state, Firing)
    ]
    return tuple(sorted(current, key=lambda alert: -alert.period.severity))
