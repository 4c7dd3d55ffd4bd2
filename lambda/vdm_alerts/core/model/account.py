"""The status of an SES account, as SES reports it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from vdm_alerts.core.model.findings import Finding


class SesPlan(StrEnum):
    """A pricing plan of SES, as `GetAccount` spells it.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PricingAttributes.html
    """

    NONE = "NONE"
    """No plan: each feature has a price of its own."""
    ESSENTIALS = "ESSENTIALS"
    PRO = "PRO"
    ENTERPRISE = "ENTERPRISE"


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The settings and health of an SES account in one Region."""

    vdm_enabled: bool
    """Whether Virtual Deliverability Manager is on."""
    may_send: bool = True
    """Whether SES lets the account send email."""
    sent_last_day: int | None = None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    plan: SesPlan | None = None
    """The pricing plan of SES; None if unknown."""
    findings: Sequence[Finding] = ()
    """Problems of the account that are worth a notification."""
