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
    """Nothing is proven wrong; *evidence* is the worst rate seen, None where no mail was."""

    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Breached:
    """The rate has reached *threshold*."""

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


def judge(rule: Rule, events: Series | Gap, volume: Series | Gap, last: date) -> Verdict:
    """Judge by *rule* the events among the messages of *volume*, in its windows ending *last*.

    The worst window decides. Where one of the two series is missing, so is the verdict; and where
    a rate has reached a threshold on too little mail to mean it, nothing is said either way.
    """
    if isinstance(events, Gap):
        return Unknown(events)
    if isinstance(volume, Gap):
        return Unknown(volume)
    seen = [
        Evidence(Rate(events.total(window, last), messages), window)
        for window in rule.windows
        if (messages := volume.total(window, last))
    ]
    passed = [
        Breached(threshold, evidence)
        for evidence in seen
        if (threshold := rule.passed_by(evidence.rate))
    ]
    breaches = [breach for breach in passed if rule.has_enough(breach.evidence.rate)]
    if passed and not breaches:
        return Unknown(Gap.TOO_FEW)
    if breaches:
        return max(breaches, key=lambda one: (one.severity, rule.badness(one.evidence.rate.value)))
    return Healthy(max(seen, key=lambda evidence: rule.badness(evidence.rate.value), default=None))
