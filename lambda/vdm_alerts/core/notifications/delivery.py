"""What is stored of a notification before it is published, and once it is delivered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState
from vdm_alerts.core.notifications import affected
from vdm_alerts.core.notifications.notification import (
    SERVICE,
    SUMMARY,
    Digest,
    Notification,
    ServiceNotification,
    incidents_of,
    numbered_notifications,
)


def mark_attempted(state: StoredState, due: Sequence[Notification], now: datetime) -> StoredState:
    """Return *state* as saved before *due* is published: from then on it may have been sent."""
    alerts, attempts = dict(state.alerts), dict(state.attempts)
    for notice in due:
        for each in numbered_notifications(notice):
            attempts[each.id] = SendAttempt(each.sequence, each.fingerprint)
        for incident in incidents_of(notice):
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.alert_when_attempted(scope, now)
        if isinstance(notice, ServiceNotification):
            state = replace(state, findings=notice.findings_when_attempted)
    return replace(state, alerts=alerts, attempts=attempts)


def mark_delivered(state: StoredState, sent: Sequence[Notification], now: datetime) -> StoredState:
    """Return *state* as saved once *sent* is delivered."""
    alerts, attempts, numbers = dict(state.alerts), dict(state.attempts), dict(state.sequences)
    for notice in sent:
        for each in numbered_notifications(notice):
            attempts.pop(each.id, None)
        for incident in incidents_of(notice):
            numbers[incident.id] = incident.sequence
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.alert_when_delivered(
                    scope, incident.sequence, now
                )
        if isinstance(notice, ServiceNotification):
            state = replace(
                state, findings=notice.findings_when_delivered, service_sequence=notice.sequence
            )
        if isinstance(notice, Digest) and notice.coverage:
            state = replace(state, summary_sent=True)
    active = {key: alert for key, alert in alerts.items() if not alert.is_inactive}
    open_ids = {SERVICE, SUMMARY, *(alert.incident for alert in active.values())}
    return replace(
        state,
        alerts=active,
        attempts={id_: attempt for id_, attempt in attempts.items() if id_ in open_ids},
        sequences={id_: number for id_, number in numbers.items() if id_ in open_ids},
    )
