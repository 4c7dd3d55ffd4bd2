"""The status of an SES account, as SES reports it."""

from collections.abc import Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.findings import Finding


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The settings and health of an SES account in one Region."""

    vdm_enabled: bool
    """Whether Virtual Deliverability Manager is on."""
    may_send: bool = True
    """Whether SES lets the account send email."""
    sent_last_day: int | None = None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    findings: Sequence[Finding] = ()
    """Problems of the account that are worth a notification."""
