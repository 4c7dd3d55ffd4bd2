"""Why people are owed a word."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok


class Reason(Enum):
    """Why a notification is due, and how much it matters among others in one message.

    The value is the name that message attributes and the JSON payload carry.
    """

    DEESCALATED = "DEESCALATED"
    REPEAT = "REPEAT"
    CLOSED = "ENDED"
    RESOLVED = "RESOLVED"
    REVISED = "REVISED"
    FIRING = "FIRING"
    ESCALATED = "ESCALATED"

    @property
    def weight(self) -> int:
        """What is worse speaks before what is over, and both before what people know already.

        What weighs nothing waits for the next message that goes out anyway.
        """
        return _WEIGHTS[self]


_WEIGHTS = {
    Reason.ESCALATED: 3,
    Reason.FIRING: 3,
    Reason.REVISED: 2,
    Reason.RESOLVED: 2,
    Reason.CLOSED: 2,
    Reason.REPEAT: 1,
    Reason.DEESCALATED: 0,
}


def reason_to_notify(alert: Alert) -> Reason | None:
    """Say why a word is owed, judging by what was last delivered and not by what just changed."""
    match alert.state, alert.last_notified:
        case Firing(recovering_since=datetime()), _:
            return None  # Whatever there was to say, by now there is less of it.
        case (Firing(), None) | (Firing(), LastNotified(is_confirmed=False)):
            return Reason.FIRING
        case Firing(severity=now_at), LastNotified(severity=told_at) if now_at != told_at:
            return Reason.ESCALATED if now_at > told_at else Reason.DEESCALATED
        case Ok(closed_because=why), LastNotified() if why:
            return Reason.CLOSED
        case Ok(revised=rate), LastNotified():
            return Reason.REVISED if rate else Reason.RESOLVED
        case _:  # What is pending has not been told of yet, or is not over for good.
            return None


def is_reminder_due(alerts: Sequence[Alert], after: Sequence[timedelta], now: datetime) -> bool:
    """Say whether it is time to remind people of the *alerts* of one incident.

    So it is *after* each of these since it began, and then after every one as long as the last; not
    where they have heard of it since for whatever reason, and if they had not long before, later.
    """
    began = [
        each.state.since for each in alerts if isinstance(each.state, Firing) and each.last_notified
    ]
    told = [
        each.last_notified.sent_at
        for each in alerts
        if each.last_notified and each.last_notified.is_confirmed
    ]
    if not (began and told and after):
        return False
    first, last = min(began), max(told)
    count = _reminders_due(now - first, after)
    return (
        count > _reminders_due(last - first, after)
        and now - last >= _interval_before(count, after) / 2
    )


def _reminders_due(age: timedelta, after: Sequence[timedelta]) -> int:
    """Return how many of the times for a reminder have come at *age*."""
    last = after[-1]
    return sum(each <= age for each in after) + max(0, (age - last) // last)


def _interval_before(count: int, after: Sequence[timedelta]) -> timedelta:
    """Return how long after the one before it the reminder of that *count* is due."""
    marks = (timedelta(), *after)
    return marks[count] - marks[count - 1] if count < len(marks) else after[-1]
