from dataclasses import replace

import pytest
from builders import HOUR, NOW, firing

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.reasons import Reason, is_reminder_due, reason_to_notify

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
RECOVERING = Firing(CRITICAL, NOW, recovering_since=NOW)


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        (firing(), Reason.FIRING),
        (firing(notified=WARNING), None),
        (firing(severity=CRITICAL, notified=WARNING), Reason.ESCALATED),
        (firing(severity=WARNING, notified=CRITICAL), Reason.DEESCALATED),
        (replace(firing(notified=WARNING), state=Ok()), Reason.RESOLVED),
        (replace(firing(notified=WARNING), state=Ok(revised=Rate(1, 100))), Reason.REVISED),
        (replace(firing(notified=WARNING), state=Ok(closed_because="It is gone")), Reason.CLOSED),
        (replace(firing(), state=Ok()), None),
        (replace(firing(notified=WARNING), state=Pending(WARNING, NOW)), None),
        (firing(notified=WARNING, sequence=0), Reason.FIRING),
        (replace(firing(notified=WARNING, sequence=0), state=Ok()), Reason.RESOLVED),
        (replace(firing(), state=RECOVERING), None),
        (replace(firing(notified=WARNING), state=RECOVERING), None),
        (replace(firing(notified=WARNING, sequence=0), state=RECOVERING), None),
    ],
)
def test_due_reason_follows_from_the_alert_state_and_the_last_notification(
    alert: Alert, reason: Reason | None
) -> None:
    assert reason_to_notify(alert) is reason


@pytest.mark.parametrize(
    ("sent_hours", "due_hours"),
    [(0, 24), (8, 24), (12, 24), (13, 25), (23, 35), (24, 72), (60, 84), (72, 168), (400, 504)],
)
def test_reminder_is_delayed_when_the_last_notification_is_recent(
    sent_hours: int, due_hours: int
) -> None:
    """Reminders are due after 1, 3, and 7 days, and then every 7 days.

    At least half of a reminder's interval passes after any other notification.
    """
    last_notified = LastNotified(WARNING, NOW, 2, NOW + sent_hours * HOUR)
    alerts = [replace(firing(), last_notified=last_notified)]
    after = [24 * HOUR, 72 * HOUR, 168 * HOUR]
    first = next(
        hours
        for hours in range(sent_hours, 999)
        if is_reminder_due(alerts, after, NOW + hours * HOUR)
    )
    assert first == due_hours
