"""Which notifications are due in one run.

A notification is due if an alert or a finding differs from the last delivered notification about
it. When the difference arose does not matter, so a notification that was lost is still due.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing
from vdm_alerts.core.alerts.history import RecentTransitions
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, StoredState
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.muting.silences import SilenceIndex
from vdm_alerts.core.notifications.incidents import (
    IncidentNotification,
    fingerprint_of,
    incident_notifications,
)
from vdm_alerts.core.notifications.notification import (
    Notification,
    NumberedNotification,
    first_summary,
    limit_messages,
)
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.notifications.service_notification import (
    SERVICE,
    ServiceNotification,
    service_notification,
)
from vdm_alerts.core.notifications.weekly_summary import (
    WeeklySummary,
    is_weekly_summary_due,
    weekly_summary,
)
from vdm_alerts.core.observations.evaluation import Evaluation
from vdm_alerts.core.observations.observation import Observation


def due_notifications(
    history: History,
    state: StoredState,
    observation: Observation,
    evaluation: Evaluation,
    now: datetime,
    *,
    quiet: bool,
    recent: RecentTransitions | None = None,
) -> list[Notification]:
    """Return the notifications that are due, the worst incident first.

    *history* is what the table holds, and *state* has the alerts after this run's verdicts. During
    *quiet* hours only urgent notifications are returned. The others stay due. *recent* are the
    transitions for a weekly summary; None if they are unreadable, or if none is due.

    Until the first summary is sent, the summary replaces the notifications about incidents. A
    summary without incidents waits for a run that could read the account. While another invocation
    continues a sweep, only notifications about incidents are due: it may read what a summary, or a
    problem, is about.
    """
    incidents = _due_incidents(state, observation, evaluation, now)
    if isinstance(history, HistoryUnavailable):
        return _due_without_history(history, incidents, state, observation, now, quiet=quiet)
    if observation.reading and observation.reading.is_cut_short:
        return _due_now(incidents if state.summary_sent else (), None, None, quiet=quiet)
    service = _due_service(observation.findings, state, observation)
    needs_summary = not state.summary_sent and evaluation.coverage.scopes
    if needs_summary and (incidents or observation.is_complete):
        summary = first_summary(
            incidents,
            replace(
                evaluation.coverage,
                queries=observation.reading.queries_made if observation.reading else 0,
                plan=observation.plan,
            ),
            state.attempts,
            _silenced_severities(state, observation),
        )
        return [
            notification
            for notification in (summary, service)
            if notification and (notification.is_urgent or not quiet)
        ]
    weekly = None
    if is_weekly_summary_due(state):
        weekly = weekly_summary(state, observation, evaluation, recent)
    return _due_now(incidents, service, weekly, quiet=quiet)


def deliverable(
    due: Sequence[Notification], state: StoredState, observation: Observation
) -> list[Notification]:
    """Return the notifications to publish: none without subscribers.

    Without subscribers, notifications stay due. If this run could not count the subscribers, the
    count of the last run in *state* applies. Without any count, all of *due* is published.
    """
    counted = observation.subscribers
    subscribers = state.subscribers if counted is None else counted
    return [] if subscribers == 0 else list(due)


def _due_without_history(
    history: HistoryUnavailable,
    incidents: Sequence[IncidentNotification],
    state: StoredState,
    observation: Observation,
    now: datetime,
    *,
    quiet: bool,
) -> list[Notification]:
    """Return what is wrong now, in every run and with new ids.

    Resolved incidents and lower severities are left out: without history, no later notification
    could correct them.
    """
    firing = [
        _without_history(incident, now) for incident in incidents if incident.primary.is_firing
    ]
    service = _due_service([history.finding, *observation.findings], state, observation)
    if service:
        service = replace(service, id=_unique_id(service, now), sequence=1)
    return _due_now(firing, service, None, quiet=quiet)


def _due_now(
    incidents: Sequence[IncidentNotification],
    service: ServiceNotification | None,
    weekly: WeeklySummary | None,
    *,
    quiet: bool,
) -> list[Notification]:
    """Return what to send now; during *quiet* hours only what is urgent."""
    others = [each for each in (service, weekly) if each and (each.is_urgent or not quiet)]
    now_due = [incident for incident in incidents if incident.is_urgent or not quiet]
    return [*limit_messages(now_due, len(others)), *others]


def _due_incidents(
    state: StoredState, observation: Observation, evaluation: Evaluation, now: datetime
) -> list[IncidentNotification]:
    """Return the due notifications about incidents that are not silenced."""
    notifications = incident_notifications(
        _alerts(state, observation, muted=False),
        observation.rules,
        evaluation.verdicts,
        evaluation.contributors,
        state.sequences,
        state.attempts,
        now,
    )
    return [
        replace(
            notification,
            last_day=observation.last_day,
            estimate=observation.estimate(notification.rule) if notification.rule else None,
            ses_rates=_ses_rates(notification, observation),
            trend=observation.trend(notification.indicator, notification.primary.alert.scope),
        )
        for notification in notifications
    ]


def _ses_rates(notification: IncidentNotification, observation: Observation) -> SesRates | None:
    """Return what SES reported of the rate of *notification*; None if that is unknown."""
    indicator = notification.indicator.from_ses
    return observation.rates_of_ses(indicator) if indicator else None


def _due_service(
    findings: Sequence[Finding], state: StoredState, observation: Observation
) -> ServiceNotification | None:
    return service_notification(
        findings,
        state.findings,
        state.service_sequence,
        state.attempts.get(SERVICE),
        unreadable_sources=observation.unreadable_sources,
        has_open_alerts=_has_open_alerts(state),
    )


def _alerts(state: StoredState, observation: Observation, *, muted: bool) -> list[Alert]:
    """Return the alerts that a silence mutes, or those that none mutes."""
    silences = SilenceIndex(observation.silences)
    return [
        alert
        for key, alert in state.alerts.items()
        if silences.covers(key.rule, key.scope) is muted
    ]


def _silenced_severities(state: StoredState, observation: Observation) -> list[Severity]:
    """Return the severities of the firing alerts that a silence mutes."""
    return [
        alert.state.severity
        for alert in _alerts(state, observation, muted=True)
        if isinstance(alert.state, Firing)
    ]


def _has_open_alerts(state: StoredState) -> bool:
    return any(isinstance(alert.state, Firing) for alert in state.alerts.values())


def _without_history(incident: IncidentNotification, now: datetime) -> IncidentNotification:
    """Return *incident* with its firing scopes only, and without history."""
    incident = replace(incident, has_history=False)
    firing = tuple(replace(scope, reason=Reason.FIRING) for scope in incident.firing)
    return replace(
        incident,
        id=_unique_id(incident, now),
        sequence=1,
        reason=Reason.FIRING,
        affected=firing,
    )


def _unique_id(notification: NumberedNotification, now: datetime) -> str:
    """Return an id for this time and content that no notification has."""
    suffix = fingerprint_of([now.isoformat(), notification.fingerprint])
    return f"{notification.id}-unremembered-{suffix}"
