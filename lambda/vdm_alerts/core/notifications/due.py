"""Which notifications are due.

A notification is due if an alert or a finding differs from what was last delivered about it, not
because it has just changed: a notification that was lost stays due.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, StoredState
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.notifications import incidents, notification
from vdm_alerts.core.notifications.incidents import IncidentNotification, fingerprint_of
from vdm_alerts.core.notifications.notification import (
    SERVICE,
    Notification,
    ServiceNotification,
    limit_messages,
)
from vdm_alerts.core.notifications.reasons import Reason
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
) -> list[Notification]:
    """Return the notifications that are due, the worst incident first.

    *history* is the stored one, and *state* has the alerts as they are now. During *quiet* hours,
    what is not critical waits.
    """
    incidents_due = _due_incidents(state, observation, evaluation, now)
    if isinstance(history, HistoryUnavailable):
        return _due_without_history(history, incidents_due, state, observation, now, quiet=quiet)
    service = _due_service(observation.findings, state, observation)
    others: list[Notification] = [service] if service and (service.is_urgent or not quiet) else []
    is_first = not state.summary_sent and evaluation.coverage.scopes
    if is_first and (incidents_due or observation.is_complete):
        # One summary of what is monitored and of everything that is wrong at first.
        first = notification.first_summary(
            incidents_due,
            evaluation.coverage,
            state.attempts,
            has_open_alerts=_has_open_alerts(state),
        )
        return [first, *others] if first.is_urgent or not quiet else others
    in_time = [incident for incident in incidents_due if incident.is_urgent or not quiet]
    return [*limit_messages(in_time, len(others)), *others]


def _due_without_history(
    history: HistoryUnavailable,
    incidents_due: Sequence[IncidentNotification],
    state: StoredState,
    observation: Observation,
    now: datetime,
    *,
    quiet: bool,
) -> list[Notification]:
    """Return what is wrong now, at every run and under ids of its own.

    Without history, nobody could later correct a message about a resolution or a lower severity.
    """
    firing = [_without_history(each, now) for each in incidents_due if each.primary.is_firing]
    service = _due_service([history.finding, *observation.findings], state, observation)
    if service:
        service = replace(service, id=_unique_id(service, now), sequence=1)
    others: list[Notification] = [service] if service and (service.is_urgent or not quiet) else []
    in_time = [incident for incident in firing if incident.is_urgent or not quiet]
    return [*limit_messages(in_time, len(others)), *others]


def deliverable(
    due: Sequence[Notification], state: StoredState, observation: Observation
) -> list[Notification]:
    """Return what of *due* to publish: nothing if nobody is subscribed.

    It stays due for whoever subscribes first. If subscriptions cannot be counted in this run, the
    count of the run before applies, stored in *state*; without one, somebody is subscribed.
    """
    counted = observation.subscribers
    subscribers = state.subscribers if counted is None else counted
    return [] if subscribers == 0 else list(due)


def _due_incidents(
    state: StoredState, observation: Observation, evaluation: Evaluation, now: datetime
) -> list[IncidentNotification]:
    due = incidents.incident_notifications(
        _not_silenced(state, observation),
        observation.rules,
        evaluation.verdicts,
        evaluation.contributors,
        state.sequences,
        state.attempts,
        now,
    )
    return [
        replace(
            incident,
            last_day=observation.last_day,
            estimate=observation.estimate(incident.rule) if incident.rule else None,
        )
        for incident in due
    ]


def _due_service(
    findings: Sequence[Finding], state: StoredState, observation: Observation
) -> ServiceNotification | None:
    return notification.service_notification(
        findings,
        state.findings,
        state.service_sequence,
        state.attempts.get(SERVICE),
        unreadable_sources=observation.unreadable_sources,
        has_open_alerts=_has_open_alerts(state),
    )


def _not_silenced(state: StoredState, observation: Observation) -> list[Alert]:
    return [alert for key, alert in state.alerts.items() if not observation.is_silenced(key)]


def _has_open_alerts(state: StoredState) -> bool:
    return any(isinstance(alert.state, Firing) for alert in state.alerts.values())


def _without_history(incident: IncidentNotification, now: datetime) -> IncidentNotification:
    """Return *incident* as a notification of what fires now, marked as without history."""
    incident = replace(incident, has_history=False)
    firing = tuple(replace(scope, reason=Reason.FIRING) for scope in incident.firing)
    return replace(
        incident,
        id=_unique_id(incident, now),
        sequence=1,
        reason=Reason.FIRING,
        affected=firing,
    )


def _unique_id(notice: Notification, now: datetime) -> str:
    """Return an id that no stored notification uses, unique to this time and content."""
    return f"{notice.id}-unremembered-{fingerprint_of([now.isoformat(), notice.fingerprint])}"
