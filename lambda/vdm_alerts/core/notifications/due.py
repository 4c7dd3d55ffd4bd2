"""Which notifications are due.

A notification is due if an alert or a finding differs from what was last delivered about it, not
because it has just changed: a notification that was lost stays due.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, Memory
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.notifications import incidents, notification
from vdm_alerts.core.notifications.incidents import Incident, digest_of
from vdm_alerts.core.notifications.notification import SERVICE, Notice, Trouble, within_bounds
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.observations.evaluation import Evaluation
from vdm_alerts.core.observations.observation import Observation


def due_notifications(
    history: History,
    state: Memory,
    observation: Observation,
    evaluation: Evaluation,
    now: datetime,
    *,
    quiet: bool,
) -> list[Notice]:
    """Return the notifications that are due, the worst incident first.

    *history* is the stored one, and *state* has the alerts as they are now. During *quiet* hours,
    what is not critical waits.
    """
    incidents_due = _due_incidents(state, observation, evaluation, now)
    if isinstance(history, HistoryUnavailable):
        return _due_without_history(history, incidents_due, state, observation, now, quiet=quiet)
    service = _due_service(observation.findings, state, observation)
    others: list[Notice] = [service] if service and (service.is_urgent or not quiet) else []
    is_first = not state.introduced and evaluation.coverage.scopes
    if is_first and (incidents_due or observation.is_complete):
        # One summary of what is monitored and of everything that is wrong at first.
        first = notification.summary(
            incidents_due, evaluation.coverage, state.attempts, beside=_has_open_alerts(state)
        )
        return [first, *others] if first.is_urgent or not quiet else others
    in_time = [incident for incident in incidents_due if incident.is_urgent or not quiet]
    return [*within_bounds(in_time, len(others)), *others]


def _due_without_history(
    history: HistoryUnavailable,
    incidents_due: Sequence[Incident],
    state: Memory,
    observation: Observation,
    now: datetime,
    *,
    quiet: bool,
) -> list[Notice]:
    """Return what is wrong now, at every run and under ids of its own.

    Without history, nobody could later correct a message about a resolution or a lower severity.
    """
    firing = [_without_history(each, now) for each in incidents_due if each.lead.is_firing]
    service = _due_service([history.finding, *observation.findings], state, observation)
    if service:
        service = replace(service, id=_unique_id(service, now), sequence=1)
    others: list[Notice] = [service] if service and (service.is_urgent or not quiet) else []
    in_time = [incident for incident in firing if incident.is_urgent or not quiet]
    return [*within_bounds(in_time, len(others)), *others]


def deliverable(due: Sequence[Notice], state: Memory, observation: Observation) -> list[Notice]:
    """Return what of *due* to publish: nothing if nobody is subscribed.

    It stays due for whoever subscribes first. If subscriptions cannot be counted in this run, the
    count of the run before applies, stored in *state*; without one, somebody is subscribed.
    """
    counted = observation.subscribers
    subscribers = state.subscribers if counted is None else counted
    return [] if subscribers == 0 else list(due)


def _due_incidents(
    state: Memory, observation: Observation, evaluation: Evaluation, now: datetime
) -> list[Incident]:
    due = incidents.incidents(
        _not_silenced(state, observation),
        observation.rules,
        evaluation.verdicts,
        evaluation.contributors,
        state.numbers,
        state.attempts,
        now,
    )
    return [
        replace(
            incident,
            until=observation.until,
            estimate=observation.estimate(incident.terms) if incident.terms else None,
        )
        for incident in due
    ]


def _due_service(
    findings: Sequence[Finding], state: Memory, observation: Observation
) -> Trouble | None:
    return notification.trouble(
        findings,
        state.findings,
        state.trouble_sequence,
        state.attempts.get(SERVICE),
        blind=observation.blind,
        beside=_has_open_alerts(state),
    )


def _not_silenced(state: Memory, observation: Observation) -> list[Alert]:
    return [alert for key, alert in state.alerts.items() if not observation.is_silenced(key)]


def _has_open_alerts(state: Memory) -> bool:
    return any(isinstance(alert.state, Firing) for alert in state.alerts.values())


def _without_history(incident: Incident, now: datetime) -> Incident:
    """Return *incident* as a notification of what fires now, marked as without history."""
    incident = replace(incident, remembered=False)
    firing = tuple(replace(scope, reason=Reason.FIRING) for scope in incident.firing)
    return replace(
        incident,
        id=_unique_id(incident, now),
        sequence=1,
        reason=Reason.FIRING,
        affected=firing,
    )


def _unique_id(notice: Notice, now: datetime) -> str:
    """Return an id that no stored notification uses, unique to this time and content."""
    return f"{notice.id}-unremembered-{digest_of([now.isoformat(), notice.news])}"
