"""One run in numbers, and the rates worth a metric."""

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


@dataclass(frozen=True, slots=True)
class RateSample:
    """One rate that *rule* judged, for the record: its indicator of *scope*, a fraction."""

    rule: Rule
    scope: Scope
    value: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run in numbers. It is logged, and is what the function returns.

    *queries* is how many VDM was asked. *days_behind* is how many days ago the newest mail is that
    VDM has counted, 0 for today; None where that is not known. *unread* counts what else is
    unwatched: rules that cannot be used, and what should pass.
    """

    queries: int
    days_behind: int | None
    series_evaluated: int
    series_unknown: int
    alerts_warning: int
    alerts_critical: int
    notifications_sent: int
    notifications_unsent: int
    findings: int
    unreadable: int
    subscribers: int | None

    def published(self) -> dict[str, int | None]:
        """Return the figures under the names that the log and the function's response carry."""
        return {name: getattr(self, field) for field, name in PUBLISHED_FIGURES.items()}


PUBLISHED_FIGURES: Mapping[str, str] = {
    "queries": "queries",
    "days_behind": "days_behind",
    "series_evaluated": "series_judged",
    "series_unknown": "series_unknown",
    "alerts_warning": "alerts_warning",
    "alerts_critical": "alerts_critical",
    "notifications_sent": "notices_told",
    "notifications_unsent": "notices_owed",
    "findings": "findings",
    "unreadable": "unread",
    "subscribers": "subscribers",
}
"""The published name of each field of a `Summary`."""


NAMESPACE = "VdmAlerts"
"""The CloudWatch namespace of what is recorded; the dimension "service" tells stacks apart."""


MAX_SAMPLES = 20
"""Rates beside the account's that a run makes a metric of."""
RECORDING_PERIOD = timedelta(hours=6)
"""How often it does: rates are of days, and a metric is paid for by the hour with data in it."""


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
    """Return the figures of a run that leaves *state*.

    *owed* notifications were due, of which *told* were sent.
    """
    newest = observation.newest_day
    states = [alert.state for alert in state.alerts.values()]
    firing = [each.severity for each in states if isinstance(each, Firing)]
    unmonitored = sum(finding.blocks_monitoring for finding in observation.invalid_rules.values())
    return RunReport(
        queries=observation.reading.queries_made if observation.reading else 0,
        days_behind=None if newest is None else (now.date() - newest).days,
        series_evaluated=len(evaluation.verdicts),
        series_unknown=evaluation.series_unknown,
        alerts_warning=firing.count(Severity.WARNING),
        alerts_critical=firing.count(Severity.CRITICAL),
        notifications_sent=sent,
        notifications_unsent=due - sent,
        findings=findings,
        unreadable=len(observation.transient_since) + unmonitored,
        subscribers=observation.subscribers,
    )


def rate_samples(
    observation: Observation,
    evaluation: Evaluation,
    alerts: Mapping[AlertKey, Alert],
    now: datetime,
    last_run: datetime | None,
) -> Sequence[RateSample]:
    """Return the rates to record as metrics: the account's, and the worst with an open alert.

    None if the *last_run* recorded them a short time ago. A metric costs money, and an account can
    have ten thousand identities.
    """
    if not is_new_period(now, last_run):
        return ()
    samples = [
        RateSample(observation.rules[key.rule].for_scope(key.scope), key.scope, evidence.rate.value)
        for key, verdict in evaluation.verdicts.items()
        if key.scope == ACCOUNT or (key in alerts and alerts[key].is_open)
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
    """Return how bad *sample* is compared with its rule's first threshold."""
    return sample.rule.badness(sample.value)
