"""What a stored alert means for the next evaluation of its series."""

from dataclasses import dataclass
from datetime import date, datetime

from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Threshold


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What an open alert means for the next evaluation of its series."""

    severity: Severity
    """The severity of the alert."""
    since: datetime
    """When the breach began."""
    severity_since: datetime
    """When the breach got the present severity."""
    opened_from: date
    """The first day of the window that gave the alert the present severity."""
    is_about_no_email: bool = False
    """Whether the alert is about missing email and not about a rate."""
    baseline: Threshold | None = None
    """The threshold that was calculated from a baseline, if it opened the alert."""
    reported: ReportedFigures | None = None
    """The figures of the last notification."""


@dataclass(frozen=True, slots=True)
class PriorState:
    """What a stored alert means for the next evaluation of its series."""

    healthy_since: datetime | None = None
    """When the last alert was resolved, or its severity fell; None if neither happened lately.

    Earlier counts are no evidence for a new breach or a higher severity.
    """
    open_alert: OpenAlert | None = None
    """The open alert, if there is one."""
    is_pending: bool = False
    """Whether a doubtful rate is `Inconclusive` and not `Healthy`, although no alert is open.

    True if the alert is pending, was closed, or was opened with other thresholds.
    """


NO_OPEN_ALERT = PriorState()
"""The prior state of a series that never had an alert."""
