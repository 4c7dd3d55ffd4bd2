"""Verdicts: the results of an evaluation."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias

from vdm_alerts.core.evaluation.as_of import is_settled
from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Threshold


@dataclass(frozen=True, slots=True)
class Subject:
    """The rate and the scope that a verdict is about."""

    indicator: Indicator
    """The rate."""
    scope: Scope
    """The scope, for example a sending identity."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The counts that a verdict is based on."""

    rate: Rate
    """The counted rate."""
    window: Window
    """The window of the rate."""
    confidence: float | None = None
    """The probability that the true rate is on the side of the threshold that the verdict states.

    The probability allows for late feedback and day-to-day variation. None if the counted rate was
    compared, or if the counts prove nothing.
    """
    last_day: date | None = None
    """The last day of the window; None if that is today (partial)."""

    def is_settled(self, now: datetime) -> bool:
        """Return whether the counts can no longer change at *now*."""
        return is_settled(self.last_day or now.date(), now)


@dataclass(frozen=True, slots=True)
class Healthy:
    """The verdict that no threshold is breached.

    An open alert starts to recover.
    """

    subject: Subject
    """The rate and scope that were evaluated."""
    threshold: Threshold
    """The threshold that a worsening rate reaches first."""
    window: Window
    """The window that was evaluated, also if it had no email."""
    evidence: Evidence | None
    """The counts; None if there was no email in the window."""
    withdrawn_rate: Rate | None = None
    """The rate that a notification reported and that later counts of the same days contradict."""
    ses_rate: SesRate | None = None
    """SES's own rate, if it decided."""


@dataclass(frozen=True, slots=True)
class Breached:
    """The verdict that the rate is on the bad side of a threshold."""

    subject: Subject
    """The rate and scope that were evaluated."""
    threshold: Threshold
    """The most severe threshold that is breached."""
    evidence: Evidence | None
    """The counts of the window that decided, or at least breached; None if VDM was not asked."""
    severity_limit: Severity | None = None
    """The highest severity that newer email still allows for an open alert.

    None if newer email is no evidence that the severity has fallen.
    """
    ses_rate: SesRate | None = None
    """SES's own rate, if it decided."""

    def __post_init__(self) -> None:
        """Raise ValueError if there is no rate at all."""
        if self.evidence is None and self.ses_rate is None:
            message = "a breach needs counts, or a rate of SES"
            raise ValueError(message)

    @property
    def severity(self) -> Severity:
        """The severity of the breached threshold."""
        return self.threshold.severity

    @property
    def counted_events(self) -> Evidence | None:
        """The counts, if they have events; None if SES's own rate alone is bad."""
        return self.evidence if self.evidence and self.evidence.rate.events else None


@dataclass(frozen=True, slots=True)
class NoEmail:
    """The verdict that missing email is a breach, as the rule says."""

    subject: Subject
    """The rate and scope that were evaluated."""
    severity: Severity
    """The severity of the rule's first threshold."""
    window: Window
    """The window without email."""


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """The verdict that the counts prove neither a breach nor a healthy rate.

    An alert keeps its state.
    """

    subject: Subject
    """The rate and scope that were evaluated."""
    threshold: Threshold
    """The threshold that a worsening rate reaches first."""
    window: Window
    """The window that was evaluated, also if it had no email."""
    evidence: Evidence | None
    """The counts; None if there was no email in the window.

    For an open alert, they are those of the worst window that ends now.
    """
    severity_limit: Severity | None = None
    """The highest severity that newer email still allows: see `Breached.severity_limit`."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The verdict that the counts are not available.

    An alert keeps its state.
    """

    subject: Subject
    """The rate and scope that were to be evaluated."""
    gap: Gap
    """Why the counts are not available."""


KnownVerdict: TypeAlias = Healthy | Breached | NoEmail | Inconclusive
"""The result of an evaluation of known counts."""
Verdict: TypeAlias = KnownVerdict | Unknown
"""The result of one evaluation."""


def value_of(verdict: Verdict | None) -> float | None:
    """Return the rate, a fraction, that *verdict* is based on; None if there is none."""
    if isinstance(verdict, Healthy | Breached) and verdict.ses_rate:
        return verdict.ses_rate.value
    evidence = evidence_of(verdict)
    return evidence.rate.value if evidence else None


def evidence_of(verdict: Verdict | None) -> Evidence | None:
    """Return the evidence of *verdict*; None if the verdict has no counts."""
    return verdict.evidence if isinstance(verdict, Healthy | Breached | Inconclusive) else None
