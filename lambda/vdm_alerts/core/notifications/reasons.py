"""Why a notification about an alert is due: a change, or a reminder."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok


class Reason(Enum):
    """Why a notification is due.

    The value is the name in message attributes and in the JSON payload.
    """

    DEESCALATED = "DEESCALATED"
    REPEAT = "REPEAT"
    CLOSED = "CLOSED"
    RESOLVED = "RESOLVED"
    REVISED = "REVISED"
    FIRING = "FIRING"
    ESCALATED = "ESCALATED"

    @property
    def priority(self) -> int:
        """How early a scope with this reason is listed in a notification.

        A higher number is listed earlier: 3 for what got worse, 2 for the end of an alert, 1 for a
        reminder. A reason of priority 0 causes no notification of its own.
        """
        return _PRIORITIES[self]


_PRIORITIES = {
    Reason.ESCALATED: 3,
    Reason.FIRING: 3,
    Reason.REVISED: 2,
    Reason.RESOLVED: 2,
    Reason.CLOSED: 2,
    Reason.REPEAT: 1,
    Reason.DEESCALATED: 0,
}


def reason_to_notify(alert: Alert) -> Reason | None:
    """Return the reason to notify about *alert*, or None.

    The reason is the difference between the alert's state and the last delivered notification about
    the alert. A notification that was lost is therefore still due. Reminders are not covered here:
    see `is_reminder_due`.
    """
    match alert.state, alert.last_notified:
        case Firing(recovering_since=datetime()), _:
            return None  # A recovering alert either resolves or fires again.
        case (Firing(), None) | (Firing(), LastNotified(is_confirmed=False)):
            return Reason.FIRING
        case Firing(severity=severity), LastNotified(severity=notified) if severity != notified:
            return Reason.ESCALATED if severity > notified else Reason.DEESCALATED
        case Ok(closed_because=closed_because), LastNotified() if closed_because:
            return Reason.CLOSED
        case Ok(revised=revised), LastNotified():
            return Reason.REVISED if revised else Reason.RESOLVED
        case _:  # Nothing changed, or the alert is pending: it may still fire or return to OK.
            return None


def is_reminder_due(alerts: Sequence[Alert], after: Sequence[timedelta], now: datetime) -> bool:
    """Return whether a reminder about the *alerts* of one incident is due: see `next_reminder`."""
    due_at = next_reminder(alerts, after)
    return due_at is not None and due_at <= now


def next_reminder(alerts: Sequence[Alert], after: Sequence[timedelta]) -> datetime | None:
    """Return when the next reminder about the *alerts* of one incident is due; None if never.

    Reminders are due at each duration in *after*, counted from the start of the incident, and then
    at multiples of the last duration. Any notification about these alerts replaces the reminders
    before it. A reminder is delayed until half of its interval has passed since that notification.
    """
    starts = [
        alert.state.since
        for alert in alerts
        if isinstance(alert.state, Firing) and alert.last_notified
    ]
    sent_times = [
        alert.last_notified.sent_at
        for alert in alerts
        if alert.last_notified and alert.last_notified.is_confirmed
    ]
    if not (starts and sent_times and after):
        return None
    started, last_sent = min(starts), max(sent_times)
    number = _reminder_count(last_sent - started, after) + 1
    while True:
        delayed = last_sent + (_offset(number, after) - _offset(number - 1, after)) / 2
        # Once the reminder after it is scheduled, that one takes its place.
        if delayed < started + _offset(number + 1, after):
            return max(started + _offset(number, after), delayed)
        number += 1


def _reminder_count(age: timedelta, after: Sequence[timedelta]) -> int:
    """Return how many reminders are scheduled until an incident has *age*."""
    last = after[-1]
    return sum(offset <= age for offset in after) + max(0, (age - last) // last)


def _offset(number: int, after: Sequence[timedelta]) -> timedelta:
    """Return the age of an incident for which reminder *number* is scheduled; 0 is its start."""
    offsets = (timedelta(), *after)
    return offsets[number] if number < len(offsets) else after[-1] * (number - len(after) + 1)
