"""The judgement of one series at one instant, and the one sentence that explains it."""

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
    """What is judged: one rate, of one scope."""

    indicator: Indicator
    scope: Scope

    def __str__(self) -> str:
        return f"the {WORDING[self.indicator].noun} {scope_phrase(self.scope)}"

    @property
    def capitalized(self) -> str:
        """The same, as a sentence begins with it."""
        return str(self).replace("the", "The", 1)

    @property
    def bad_side(self) -> str:
        """Which side of a threshold it is bad to be on."""
        return "below" if self.indicator.low_is_bad else "above"

    @property
    def good_side(self) -> str:
        """Which side of a threshold it is good to be on."""
        return "above" if self.indicator.low_is_bad else "below"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The numbers a verdict rests on: a rate as it was counted, and the window it was seen in.

    *sure* is the probability that the true rate is on the side of the threshold that the verdict
    says, after allowing for late feedback and uneven days; None where rates are simply compared.
    *until* is the window's last day, None where that is the one that is going on. The rate may be
    of the mail that one can have heard of by now.
    """

    rate: Rate
    window: Window
    confidence: float | None = None
    last_day: date | None = None
    is_of_emails_with_feedback: bool = False

    def counted_phrase(self, indicator: Indicator) -> str:
        """Return what was counted, as the beginning of a sentence."""
        rate, happened = self.rate, WORDING[indicator].happened
        mails = f"{rate.volume:,} mails"
        if self.is_of_emails_with_feedback:
            mails = f"the {rate.volume:,} or so mails that one can have heard of by now"
        return f"{rate.events:,} of {mails} {happened} {self._when} ({percent(rate.value)})"

    @property
    def _when(self) -> str:
        is_one = self.window.days == 1
        if self.last_day is None:
            return "today so far" if is_one else f"in the last {self.window}"
        return f"on {self.last_day}" if is_one else f"in the {self.window} until {self.last_day}"


@dataclass(frozen=True, slots=True)
class Healthy:
    """Nothing is proven wrong, and what was, is so no longer. *line* is the nearest threshold.

    *evidence* is None where no mail was; it then speaks of the *window* that has none. Where people
    were told another rate of the very same days, it *withdraws* that.
    """

    subject: Subject
    threshold: Threshold
    window: Window
    evidence: Evidence | None
    withdraws: Rate | None = None

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_email(self.subject, self.window)
        counted, side = self.evidence.counted_phrase(self.subject.indicator), self.subject.good_side
        if self.withdraws and self.evidence.rate.corrects(self.withdraws):
            return f"{counted}, by later counts, and not {self.withdraws} as you were told."
        if self.withdraws:
            return f"{counted} in the end; it was {self.withdraws} when you were told."
        if self.evidence.confidence is not None:
            how = _percentage(self.evidence.confidence)
            return f"{counted}: {how} sure that {self.subject} is back {side} {self.threshold}."
        if self.threshold.is_reached_by(self.evidence.rate.value, self.subject.indicator):
            which = f"on which side of {self.threshold} {self.subject} is"
            return f"{counted}: too few to be sure {which}."
        return f"{counted}: {self.subject} is {side} {self.threshold}."


@dataclass(frozen=True, slots=True)
class Breached:
    """The rate has passed *threshold*."""

    subject: Subject
    threshold: Threshold
    evidence: Evidence

    @property
    def severity(self) -> Severity:
        """How bad: the severity of the threshold that was passed."""
        return self.threshold.severity

    def __str__(self) -> str:
        counted, sure = (
            self.evidence.counted_phrase(self.subject.indicator),
            self.evidence.confidence,
        )
        if sure is None:
            return f"{counted}: {self.subject} has reached {self.threshold.phrase}."
        where = f"{self.subject.bad_side} {self.threshold.phrase}"
        return f"{counted}: {_percentage(sure)} sure that {self.subject} is {where}."


@dataclass(frozen=True, slots=True)
class NoEmail:
    """There was no mail in *window*, where the rule says that this is a breach of itself."""

    subject: Subject
    severity: Severity
    window: Window

    def __str__(self) -> str:
        what = f"No {WORDING[self.subject.indicator].emails} in the last {self.window}"
        return f"{what}, which the rule about {self.subject} takes for a breach."


@dataclass(frozen=True, slots=True)
class Inconclusive:
    """The numbers are known, and prove nothing either way: too few, or too near to *line*.

    *evidence* is None where no mail was.
    """

    subject: Subject
    threshold: Threshold
    window: Window
    evidence: Evidence | None

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_email(self.subject, self.window)
        counted = self.evidence.counted_phrase(self.subject.indicator)
        return (
            f"{counted}: not enough to be sure on which side of {self.threshold} {self.subject} is."
        )


@dataclass(frozen=True, slots=True)
class Unknown:
    """The numbers could not be had, so nothing is said either way."""

    subject: Subject
    gap: Gap

    def __str__(self) -> str:
        return f"{self.subject.capitalized} is not known: {self.gap}."


Verdict: TypeAlias = Healthy | Breached | NoEmail | Inconclusive | Unknown


def evidence_of(verdict: Verdict | None) -> Evidence | None:
    """Return the figures that *verdict* rests on, if it rests on any."""
    return verdict.evidence if isinstance(verdict, Healthy | Breached | Inconclusive) else None


def _no_email(of: Subject, window: Window) -> str:
    mail = WORDING[of.indicator].emails
    return f"No {mail} in the last {window}, so {of} is not known, which proves nothing."


def _percentage(sure: float) -> str:
    """Return how sure one is, never as if there were no doubt."""
    return "more than 99.9%" if sure >= 0.9995 else percent(sure)  # noqa: PLR2004 - it rounds
