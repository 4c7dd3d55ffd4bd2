"""The run report, and the rates that a run records as metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.evaluation.verdicts import evidence_of
from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.severity import Severity
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
        severities = (
            threshold.severity
            for threshold in self.rule.thresholds
            if threshold.is_reached_by(self.value, self.rule.indicator)
        )
        return max(severities, default=None)


@dataclass(frozen=True, slots=True)
class RunReport:
    """The figures of one run: a log record, and the function's response."""

    queries: int
    """Queries of VDM."""
    days_behind: int | None
    """Days since the newest email that VDM counted, 0 for today; None if unknown."""
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
    notifications_sent: int
    notifications_unsent: int
    """Notifications that were due and not sent."""
    findings: int
    """Problems that are not rates."""
    unreadable: int
    """Sources that are unreadable in other ways: transient problems, and rules without effect."""
    subscribers: int | None
    """Confirmed subscriptions of the topic; None if unknown."""

    def published_figures(self) -> dict[str, int | None]:
        """Return the figures by their published names."""
        return {name: getattr(self, field) for field, name in PUBLISHED_FIGURES.items()}


PUBLISHED_FIGURES: Mapping[str, str] = {
    "queries": "queries",
    "days_behind": "days_behind",
    "series_evaluated": "series_evaluated",
    "series_unknown": "series_unknown",
    "alerts_warning": "alerts_warning",
    "alerts_critical": "alerts_critical",
    "notifications_sent": "notifications_sent",
    "notifications_unsent": "notifications_unsent",
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
    findings: int,
    sent: int,
    due: int,
) -> RunReport:
    """Return the figures of a run at *now* after which *state* is stored.

    *findings* is the number of problems. *due* notifications were due, of which *sent* were sent.
    """
    newest_day = observation.newest_day
    states = [alert.state for alert in state.alerts.values()]
    open_severities = [state.severity for state in states if isinstance(state, Firing)]
    rules_without_effect = sum(
        finding.blocks_monitoring for finding in observation.invalid_rules.values()
    )
    return RunReport(
        queries=observation.reading.queries_made if observation.reading else 0,
        days_behind=None if newest_day is None else (now.date() - newest_day).days,
        series_evaluated=len(evaluation.verdicts),
        series_unknown=evaluation.series_unanswered,
        alerts_warning=open_severities.count(Severity.WARNING),
        alerts_critical=open_severities.count(Severity.CRITICAL),
        notifications_sent=sent,
        notifications_unsent=due - sent,
        findings=findings,
        unreadable=len(observation.transient_since) + rules_without_effect,
        subscribers=observation.subscribers,
    )


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
