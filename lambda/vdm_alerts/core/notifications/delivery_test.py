"""The test notification: it shows whether notifications arrive, and says nothing about rates."""

from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.model.severity import Severity


@dataclass(frozen=True, slots=True)
class DeliveryTest:
    """A notification that a user has requested to test its delivery.

    It belongs to no alert: it is not stored, and not repeated.
    """

    requested_at: datetime
    """The time of the request, in UTC."""

    @property
    def id(self) -> str:
        """The id of this test, which tests of the same second share."""
        return f"test-{self.requested_at:%Y%m%dT%H%M%SZ}"

    @property
    def sequence(self) -> int:
        """The number of the notification: a test has only one."""
        return 1

    @property
    def severity(self) -> Severity | None:
        """No severity, because nothing is open."""
        return None
