"""What a stored alert means for the next evaluation of its series."""

from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.severity import Severity


@dataclass(frozen=True, slots=True)
class PriorState:
    """What a stored alert means for the next evaluation of its series."""

    since: datetime | None = None
    """When the open alert began or, without an open alert, when the last alert was resolved.

    None if there was neither. Earlier counts are no evidence for a new breach or higher severity.
    """
    severity: Severity | None = None
    """The severity of the open alert; None if no alert is open."""
    is_about_no_email: bool = False
    """Whether the open alert is about missing email and not about a rate."""
    is_pending: bool = False
    """Whether a doubtful rate is `Inconclusive` and not `Healthy`, although no alert is open.

    True if the alert is pending, was closed, or was opened with other thresholds.
    """
    reported: ReportedFigures | None = None
    """The figures of the last notification about the open alert."""

    @property
    def is_open_or_pending(self) -> bool:
        """Whether an alert is open or pending."""
        return self.severity is not None or self.is_pending


NO_OPEN_ALERT = PriorState()
"""The prior state of a series that never had an alert."""
