"""The run report, and the rates that a run records as metrics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing, Pending
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.ses_rates import threshold_reached
from vdm_alerts.core.evaluation.verdicts import evidence_of
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import SilenceIndex
from vdm_alerts.core.observations.evaluation import Evaluation
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.rules.rule import Rule

NAMESPACE = "VdmAlerts"
"""The CloudWatch namespace of all metrics; the dimension "service" separates deployments."""

MAX_SAMPLES = 20
"""Rates that a run records as metrics, in addition to those of the account."""

RECORDING_PERIOD = timedelta(hours=6)
"""How often rates are recorded.

Rates cover whole days, and CloudWatch charges a metric for each hour that has data.
"""


@dataclass(frozen=True, slots=True)
class RateSample:
    """One rate to record as a metric."""

    rule: Rule
    """The rule that evaluated the rate, with the override for the scope."""
    scope: Scope
    value: float
    """The rate of the rule's indicator, a fraction."""

    @property
    def crossed(self) -> Severity | None:
        """The worst severity whose threshold the rate has reached; None if it has reached none.

        A breach also needs confidence, so a rate can cross a threshold without an alert.
        """
        threshold = threshold_reached(self.rule, self.value)
        return threshold.severity if threshold else None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The figures of one run: a log record, and the function's response."""

    queries: int
    """Queries of VDM."""
    days_behind: int | None
    """Days since the newest email that VDM counted, 0 for today; None if unknown."""
    data_age_hours: float | None
    """Hours since the end of the day of that email, 0 for today; None if unknown."""
    run_seconds: float | None
    """The duration of the run until its report; None without a deadline to measure it by."""
    throttled_calls: int
    """Calls of VDM that SES throttled, retries included."""
    series_evaluated: int
    """Rates that a rule was evaluated for, unknown ones included."""
    series_unknown: int
    """Rates that are unknown because SES did not answer, or was not queried in time.

    A name that SES rejects or denies is a finding, and would keep an alarm red for good.
    """
    alerts_warning: int
    """Open alerts of severity WARNING."""
    alerts_critical: int
    """Open alerts of severity CRITICAL."""
    alerts_warning_recovering: int
    """Those of severity WARNING that are recovering."""
    alerts_critical_recovering: int
    alerts_warning_silenced: int
    """Those of severity WARNING that a silence mutes, firing or recovering."""
    alerts_critical_silenced: int
    alerts_pending: int
    """Breaches that are shorter than the `hold` of their rule, so that no alert is open."""
    notifications_sent: int
    """Notifications that the topic accepted; for a target of a fleet, those handed over."""
    notifications_unsent: int
    """Notifications that were due and not sent, for example during quiet hours."""
    notifications_failed: int
    """Those that the topic did not accept."""
    findings: int
    """Problems that are not rates."""
    unreadable: int
    """Sources that are unreadable in other ways: transient problems, and rules without effect."""
    subscribers: int | None
    """Confirmed subscriptions of the topic; None if unknown."""
    is_cut_short: bool = field(default=False, kw_only=True)
    """Whether another invocation continues the sweep: the time was too short. It is not published.
    """

    def published_figures(self) -> dict[str, float | None]:
        """Return the figures by their published names."""
        return {name: getattr(self, field) for field, name in PUBLISHED_FIGURES.items()}


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What a run counts of its own work."""

    findings: int = 0
    """Problems that are not rates."""
    due: int = 0
    """Notifications that were due."""
    sent: int = 0
    """Notifications of these that the topic accepted."""
    failed: int = 0
    """Notifications of these that the topic did not accept."""


PUBLISHED_FIGURES: Mapping[str, str] = {
    "queries": "queries",
    "days_behind": "days_behind",
    "data_age_hours": "data_age_hours",
    "run_seconds": "run_seconds",
    "throttled_calls": "throttled_calls",
    "series_evaluated": "series_evaluated",
    "series_unknown": "series_unknown",
    "alerts_warning": "alerts_warning",
    "alerts_critical": "alerts_critical",
    "alerts_warning_recovering": "alerts_warning_recovering",
    "alerts_critical_recovering": "alerts_critical_recovering",
    "alerts_warning_silenced": "alerts_warning_silenced",
    "alerts_critical_silenced": "alerts_critical_silenced",
    "alerts_pending": "alerts_pending",
    "notifications_sent": "notifications_sent",
    "notifications_unsent": "notifications_unsent",
    "notifications_failed": "notifications_failed",
    "findings": "findings",
    "unreadable": "unreadable",
    "subscribers": "subscribers",
}
"""The published name of each field of a `RunReport`. Renaming a field does not change it."""


def report_run(
    observation: Observation,
    evaluation: Evaluation,
    state: StoredState,
    now: datetime,
    *,
    counts: RunCounts,
    duration: timedelta | None = None,
) -> RunReport:
    """Return the figures of a run at *now* after which *state* is stored.

    *duration* is how long the run took so far; None if unknown.
    """
    newest_day, reading = observation.newest_day, observation.reading
    states = [alert.state for alert in state.alerts.values()]
    open_alerts = _open_alerts(state, SilenceIndex(observation.silences))
    rules_without_effect = sum(
        finding.blocks_monitoring for finding in observation.invalid_rules.values()
    )
    return RunReport(
        queries=reading.queries_made if reading else 0,
        days_behind=None if newest_day is None else (now.date() - newest_day).days,
        data_age_hours=None if newest_day is None else _hours_since_end_of(newest_day, now),
        run_seconds=None if duration is None else round(duration.total_seconds(), 1),
        throttled_calls=reading.throttled_calls if reading else 0,
        series_evaluated=len(evaluation.verdicts),
        series_unknown=evaluation.series_unanswered,
        alerts_warning=_count(open_alerts, Severity.WARNING),
        alerts_critical=_count(open_alerts, Severity.CRITICAL),
        alerts_warning_recovering=_count(open_alerts, Severity.WARNING, is_recovering=True),
        alerts_critical_recovering=_count(open_alerts, Severity.CRITICAL, is_recovering=True),
        alerts_warning_silenced=_count(open_alerts, Severity.WARNING, is_silenced=True),
        alerts_critical_silenced=_count(open_alerts, Severity.CRITICAL, is_silenced=True),
        alerts_pending=sum(isinstance(state, Pending) for state in states),
        notifications_sent=counts.sent,
        notifications_unsent=counts.due - counts.sent,
        notifications_failed=counts.failed,
        findings=counts.findings,
        unreadable=len(observation.transient_since) + rules_without_effect,
        subscribers=observation.subscribers,
        is_cut_short=reading is not None and reading.is_cut_short,
    )


class _OpenAlert(NamedTuple):
    """What the report counts of an open alert."""

    severity: Severity
    is_recovering: bool
    is_silenced: bool


def _open_alerts(state: StoredState, silences: SilenceIndex) -> Sequence[_OpenAlert]:
    return [
        _OpenAlert(
            alert.state.severity,
            alert.state.recovering_since is not None,
            silences.covers(key.rule, key.scope),
        )
        for key, alert in state.alerts.items()
        if isinstance(alert.state, Firing)
    ]


def _count(
    alerts: Iterable[_OpenAlert],
    severity: Severity,
    *,
    is_recovering: bool = False,
    is_silenced: bool = False,
) -> int:
    """Return how many of *alerts* have *severity*, and are recovering or silenced if required."""
    return sum(
        alert.severity is severity
        and alert.is_recovering >= is_recovering
        and alert.is_silenced >= is_silenced
        for alert in alerts
    )


def _hours_since_end_of(day: date, now: datetime) -> float:
    """Return the hours from the end of *day* to *now*, at least 0, with one decimal."""
    age = now - AsOf(now, day).end_of_last_day
    return round(max(timedelta(), age) / timedelta(hours=1), 1)


def rate_samples(
    observation: Observation,
    evaluation: Evaluation,
    alerts: Mapping[AlertKey, Alert],
    now: datetime,
    last_run: datetime | None,
) -> Sequence[RateSample]:
    """Return the rates to record as metrics.

    These are the account's rates, and the worst rates with an open alert. *alerts* are the alerts
    after this run. No rate is returned if *last_run* was in the same recording period as *now*.
    CloudWatch charges for each metric, and an account can have 10,000 identities, so at most
    MAX_SAMPLES rates are of other scopes than the account.
    """
    if not is_new_period(now, last_run):
        return ()
    samples = [
        RateSample(observation.rules[key.rule].for_scope(key.scope), key.scope, evidence.rate.value)
        for key, verdict in evaluation.verdicts.items()
        if key.scope == ACCOUNT or (key in alerts and alerts[key].is_active)
        if (evidence := evidence_of(verdict))
    ]
    account = [sample for sample in samples if sample.scope == ACCOUNT]
    others = [sample for sample in samples if sample.scope != ACCOUNT]
    return [*account, *sorted(others, key=_badness, reverse=True)[:MAX_SAMPLES]]


def is_new_period(now: datetime, last_run: datetime | None) -> bool:
    """Return whether *now* is in a later recording period than *last_run*."""
    period = RECORDING_PERIOD.total_seconds()
    return last_run is None or now.timestamp() // period > last_run.timestamp() // period


def _badness(sample: RateSample) -> float:
    """Return how bad *sample* is: 1 at its rule's first threshold."""
    return sample.rule.badness(sample.value)
