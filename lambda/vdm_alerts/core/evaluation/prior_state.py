"""What is going on already, where something is to be judged."""

from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.severity import Severity


@dataclass(frozen=True, slots=True)
class PriorState:
    """What is going on already, *since* an instant, or ever: an alert of *severity*, or none.

    What was before has been judged, and a window does not reach back past it to change it. The
    alert may be of *silence*, or people may have been *told* figures; where there is none, one may
    be *pending*, or have been judged by other thresholds than those of now.
    """

    since: datetime | None = None
    severity: Severity | None = None
    is_about_no_email: bool = False
    is_pending: bool = False
    reported: ReportedFigures | None = None

    @property
    def is_open_or_pending(self) -> bool:
        """Whether there is an alert, or may soon be."""
        return self.severity is not None or self.is_pending


NO_OPEN_ALERT = PriorState()
