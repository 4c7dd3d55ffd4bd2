"""Verdicts: the result of an evaluation, and the sentence about it."""

import math
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import WORDING, scope_phrase
from vdm_alerts.core.rules.rule import Threshold


@dataclass(frozen=True, slots=True)
class Subject:
    """The rate and the scope that a verdict is about."""

    indicator: Indicator
    """The rate."""
    scope: Scope
    """The scope, for example a sending identity."""

    def __str__(self) -> str:
        return f"the {WORDING[self.indicator].noun} {scope_phrase(self.scope)}"

    @property
    def capitalized(self) -> str:
        """The text of the subject, capitalized for the start of a sentence."""
        return str(self).replace("the", "The", 1)

    @property
    def bad_side(self) -> str:
        """The bad side of a threshold: "above", or "below" if low rates are bad."""
        return "below" if self.indicator.low_is_bad else "above"

    @property
    def good_side(self) -> str:
        """The good side of a threshold: "below", or "above" if low rates are bad."""
        return "above" if self.indicator.low_is_bad else "below"


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

    def counted_phrase(self, indicator: Indicator) -> str:
        """Return the counts as the start of a sentence."""
        rate, happened = self.rate, WORDING[indicator].predicate
        counts = f"{rate.events:,} of {rate.volume:,} mails"
        return f"{counts} {happened} {self._period} ({percent(rate.value)})"

    @property
    def _period(self) -> str:
        is_one_day = self.window.days == 1
        if self.last_day is None:
            return "today so far" if is_one_day else f"in the last {self.window}"
        if is_one_day:
            return f"on {self.last_day}"
        return f"in the {self.window} until {self.last_day}"


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

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_email_sentence(self.subject, self.window)
        subject, evidence, threshold = self.subject, self.evidence, self.threshold
        counted, side = evidence.counted_phrase(subject.indicator), subject.good_side
        if self.withdrawn_rate:
            return f"{counted}, by later counts, and not {self.withdrawn_rate} as you were told."
        if evidence.confidence is not None:
            confidence = _percentage(evidence.confidence)
            return f"{counted}: {confidence} sure that {subject} is back {side} {threshold}."
        if threshold.is_reached_by(evidence.rate.value, subject.indicator):
            return f"{counted}: too few to be sure on which side of {threshold} {subject} is."
        return f"{counted}: {subject} is {side} {threshold}."


@dataclass(frozen=True, slots=True)
class Breached:
    """The verdict that the rate is on the bad side of a threshold."""

    subject: Subject
    """The rate and scope that were evaluated."""
    threshold: Threshold
    """The most severe threshold that is breached."""
    evidence: Evidence
    """The counts of the window that decided."""
    severity_limit: Severity | None = None
    """The highest severity that newer email still allows for an open alert.

    None if newer email is no evidence that the severity has fallen.
    """

    @property
    def severity(self) -> Severity:
        """The severity of the breached threshold."""
        return self.threshold.severity

    def __str__(self) -> str:
        subject, threshold = self.subject, self.threshold.phrase
        counted = self.evidence.counted_phrase(subject.indicator)
        if self.evidence.confidence is None:
            return f"{counted}: {subject} has reached {threshold}."
        confidence = _percentage(self.evidence.confidence)
        return f"{counted}: {confidence} sure that {subject} is {subject.bad_side} {threshold}."


@dataclass(frozen=True, slots=True)
class NoEmail:
    """The verdict that missing email is a breach, as the rule says."""

    subject: Subject
    """The rate and scope that were evaluated."""
    severity: Severity
    """The severity of the rule's first threshold."""
    window: Window
    """The window without email."""

    def __str__(self) -> str:
        missing = f"No {WORDING[self.subject.indicator].emails} in the last {self.window}"
        return f"{missing}, which the rule about {self.subject} takes for a breach."


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

    @property
    def is_on_bad_side(self) -> bool:
        """Whether the counted rate is on the bad side of the threshold."""
        if self.evidence is None:
            return False
        return self.threshold.is_reached_by(self.evidence.rate.value, self.subject.indicator)

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_email_sentence(self.subject, self.window)
        counted = self.evidence.counted_phrase(self.subject.indicator)
        return (
            f"{counted}: not enough to be sure on which side of {self.threshold} {self.subject} is."
        )


@dataclass(frozen=True, slots=True)
class Unknown:
    """The verdict that the counts are not available.

    An alert keeps its state.
    """

    subject: Subject
    """The rate and scope that were to be evaluated."""
    gap: Gap
    """Why the counts are not available."""

    def __str__(self) -> str:
        return f"{self.subject.capitalized} is not known: {self.gap}."


Verdict: TypeAlias = Healthy | Breached | NoEmail | Inconclusive | Unknown
"""The result of one evaluation. `str()` returns a sentence that explains the verdict."""


def evidence_of(verdict: Verdict | None) -> Evidence | None:
    """Return the evidence of *verdict*; None if the verdict has no counts."""
    return verdict.evidence if isinstance(verdict, Healthy | Breached | Inconclusive) else None


def _no_email_sentence(subject: Subject, window: Window) -> str:
    emails = WORDING[subject.indicator].emails
    return f"No {emails} in the last {window}, so {subject} is not known, which proves nothing."


def _percentage(confidence: float) -> str:
    """Return *confidence* as a whole percentage, rounded down, such as "about 98%"."""
    return f"about {math.floor(confidence * 100 + 1e-9)}%"
