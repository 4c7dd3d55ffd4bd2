"""What SES says of the account itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from vdm_alerts.core.model.findings import Finding


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """What SES says of the account itself; *findings* are what a person should hear of it."""

    vdm_enabled: bool
    may_send: bool = True
    findings: Sequence[Finding] = ()
