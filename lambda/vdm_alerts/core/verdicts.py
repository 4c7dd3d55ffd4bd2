"""The judgement of one series at one instant."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from vdm_alerts.core.metrics import Series, Window
from vdm_alerts.core.rates import Gap, Rate
from vdm_alerts.core.rules import Rule, Severity, Threshold


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers a verdict rests on: a rate, and the window it was seen in."""

    rate: Rate
    window: Window


@dataclass(frozen=True, slots=True)
class Healthy:
    """Nothing is proven wrong; *evidence* is the highest rate seen, None where no mail was."""

    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Breached:
    """The rate is at or above *threshold*."""

    threshold: Threshold
    evidence: Evidence

    @property
    def severity(self) -> Severity:
        """How bad: the severity of the threshold that was passed."""
        return self.threshold.severity


@dataclass(frozen=True, slots=True)
class Unknown:
    """The numbers could not be had, so nothing is said either way."""

    gap: Gap


Verdict: TypeAlias = Healthy | Breached | Unknown


def evidence_of(verdict: Verdict | None) -> Evidence | None:
    """Return the figures that *verdict* rests on, if it rests on any."""
    return None if verdict is None or isinstance(verdict, Unknown) else verdict.evidence


def judge(rule: Rule, events: Series | Gap, volume: Series | Gap, today: date) -> Verdict:
    """Judge by *rule* the events among the messages of *volume*, in its windows ending *today*.

    The worst window decides. Where one of the two series is missing, so is the verdict; and where
    a rate is above a threshold on too little mail to mean it, nothing is said either way.
    """
    if isinstance(events, Gap):
        return Unknown(events)
    if isinstance(volume, Gap):
        return Unknown(volume)
    seen = [
        Evidence(Rate(events.total(window, today), messages), window)
        for window in rule.windows
        if (messages := volume.total(window, today))
    ]
    above = [
        Breached(threshold, evidence)
        for evidence in seen
        if (threshold := rule.passed_by(evidence.rate))
    ]
    breaches = [breach for breach in above if rule.has_enough(breach.evidence.rate)]
    if above and not breaches:
        return Unknown(Gap.TOO_FEW)
    if breaches:
        return max(breaches, key=lambda breach: (breach.severity, breach.evidence.rate.value))
    return Healthy(max(seen, key=lambda evidence: evidence.rate.value, default=None))
