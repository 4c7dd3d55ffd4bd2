"""What keeps the service from doing its work, said so that a person can mend it."""

from dataclasses import dataclass

from vdm_alerts.core.errors import VdmAlertsError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: what happened, to which thing, and what to do about it.

    A *passing* one (an outage, a throttled call) is expected to mend itself: it is logged and
    counted, and no person is written to about it.
    """

    what: str
    remedy: str
    passing: bool = False

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}"


class Hindrance(VdmAlertsError):
    """Work could not be done, and *finding* says why."""

    def __init__(self, finding: Finding) -> None:
        """Carry *finding*."""
        super().__init__(str(finding))
        self.finding = finding
