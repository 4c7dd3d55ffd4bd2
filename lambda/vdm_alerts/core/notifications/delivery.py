"""What is stored of a notification before and after it is published."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.stored_state import StoredState, SubscriberCount
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.notifications import affected
from vdm_alerts.core.notifications.notification import (
    SUMMARY,
    Digest,
    Notification,
    incidents_of,
    numbered_notifications,
)
from vdm_alerts.core.notifications.service_notification import (
    FLEET_SERVICE,
    SERVICE,
    ServiceNotification,
)
from vdm_alerts.core.notifications.weekly_summary import WeeklySummary


def mark_attempted(state: StoredState, due: Sequence[Notification], now: datetime) -> StoredState:
    """Return *state* as saved before *due* is published.

    From then on, each notification may have been sent. Its attempt stores the sequence number and
    the fingerprint, so that a retry has the same number.
    """
    alerts, attempts = dict(state.alerts), dict(state.attempts)
    for notification in due:
        for numbered in numbered_notifications(notification):
            attempts[numbered.id] = SendAttempt(numbered.sequence, numbered.fingerprint)
        for incident in incidents_of(notification):
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.alert_when_attempted(scope, now)
        if isinstance(notification, ServiceNotification):
            state = replace(state, findings=notification.findings_when_attempted)
    return replace(state, alerts=alerts, attempts=attempts)


def mark_delivered(state: StoredState, sent: Sequence[Notification], now: datetime) -> StoredState:
    """Return *state* as saved once *sent* is delivered.

    Inactive alerts are dropped, and so are the attempts and sequence numbers of closed incidents.
    """
    alerts, attempts, sequences = dict(state.alerts), dict(state.attempts), dict(state.sequences)
    for notification in sent:
        for numbered in numbered_notifications(notification):
            attempts.pop(numbered.id, None)
        for incident in incidents_of(notification):
            sequences[incident.id] = incident.sequence
            for scope in incident.affected:
                alerts[scope.alert.key] = affected.alert_when_delivered(
                    scope, incident.sequence, now
                )
        if isinstance(notification, ServiceNotification):
            state = replace(
                state,
                findings=notification.findings_when_delivered,
                damage=tuple(each for each in state.damage if each not in notification.findings),
                service_sequence=notification.sequence,
                expected_subscribers=_notified_subscribers(state, now),
            )
        if isinstance(notification, Digest) and notification.coverage:
            # It says what a weekly summary of the same day would say.
            state = replace(_with_new_week(state, now.date(), now), summary_sent=True)
        if isinstance(notification, WeeklySummary):
            state = _with_new_week(state, notification.day, now)
    active = {key: alert for key, alert in alerts.items() if not alert.is_inactive}
    incidents = (alert.incident for alert in active.values())
    open_ids = {SERVICE, FLEET_SERVICE, SUMMARY, *incidents}
    return replace(
        state,
        alerts=active,
        attempts={key: attempt for key, attempt in attempts.items() if key in open_ids},
        sequences={key: sequence for key, sequence in sequences.items() if key in open_ids},
    )


def _with_new_week(state: StoredState, day: date, now: datetime) -> StoredState:
    """Return *state* after a summary of *day* that was sent at *now*."""
    week = WeekFigures(since=now, summary_day=day)
    return replace(state, week=week, weekly_requests=frozenset())


def _notified_subscribers(state: StoredState, now: datetime) -> SubscriberCount | None:
    """Return the count that the subscribers know of after a service notification.

    The notification had every finding of this run, so also that subscriptions have ended.
    """
    if state.subscribers is None:
        return state.expected_subscribers
    return SubscriberCount(state.subscribers, now)
