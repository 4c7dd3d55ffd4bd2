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


class Impact(StrEnum):
    """How much a problem harms deliverability, as the VDM advisor rates it."""

    HIGH = "HIGH"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An open recommendation of the VDM advisor.

    Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Recommendation.html
    """

    resource: str
    """What it is about: an identity, or another resource of SES by its ARN."""
    topic: str
    """The check that failed, as SES spells it, such as "DKIM" or "COMPLAINT"."""
    impact: Impact
    text: str = ""
    """The description that SES gives."""

    def __str__(self) -> str:
        description = f" ({self.text})" if self.text else ""
        return f"{self.resource}: {self.topic}{description}"


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """The settings and health of an SES account in one Region."""

    vdm_enabled: bool
    """Whether Virtual Deliverability Manager is on."""
    may_send: bool = True
    """Whether SES lets the account send email."""
    sent_last_day: int | None = None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    daily_quota: int | None = None
    """The emails that SES lets the account send in 24 hours; None if unlimited or unknown."""
    plan: SesPlan | None = None
    """The pricing plan of SES; None if unknown."""
    findings: Sequence[Finding] = ()
    """Problems of the account that are worth a notification."""
