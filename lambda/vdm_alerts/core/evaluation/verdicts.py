"""The judgement of one series at one instant, and the one sentence that explains it."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from vdm_alerts.core.model.metrics import Scope, Window
from vdm_alerts.core.model.rates import Gap, Indicator, Rate, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.wording import WORDING, of
from vdm_alerts.core.rules.rule import Threshold


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged: one rate, of one scope."""

    indicator: Indicator
    scope: Scope

    def __str__(self) -> str:
        return f"the {WORDING[self.indicator].noun} {of(self.scope)}"

    @property
    def begun(self) -> str:
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
    sure: float | None = None
    until: date | None = None
    is_of_heard: bool = False

    def counted(self, indicator: Indicator) -> str:
        """Return what was counted, as the beginning of a sentence."""
        rate, happened = self.rate, WORDING[indicator].happened
        mails = f"{rate.volume:,} mails"
        if self.is_of_heard:
            mails = f"the {rate.volume:,} or so mails that one can have heard of by now"
        return f"{rate.events:,} of {mails} {happened} {self._when} ({percent(rate.value)})"

    @property
    def _when(self) -> str:
        is_one = self.window.days == 1
        if self.until is None:
            return "today so far" if is_one else f"in the last {self.window}"
        return f"on {self.until}" if is_one else f"in the {self.window} until {self.until}"


@dataclass(frozen=True, slots=True)
class Healthy:
    """Nothing is proven wrong, and what was, is so no longer. *line* is the nearest threshold.

    *evidence* is None where no mail was; it then speaks of the *window* that has none. Where people
    were told another rate of the very same days, it *withdraws* that.
    """

    of: Subject
    line: Threshold
    window: Window
    evidence: Evidence | None
    withdraws: Rate | None = None

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_mail(self.of, self.window)
        counted, side = self.evidence.counted(self.of.indicator), self.of.good_side
        if self.withdraws and self.evidence.rate.corrects(self.withdraws):
            return f"{counted}, by later counts, and not {self.withdraws} as you were told."
        if self.withdraws:
            return f"{counted} in the end; it was {self.withdraws} when you were told."
        if self.evidence.sure is not None:
            how = _percentage(self.evidence.sure)
            return f"{counted}: {how} sure that {self.of} is back {side} {self.line}."
        if self.line.is_reached_by(self.evidence.rate.value, self.of.indicator):
            return f"{counted}: too few to be sure on which side of {self.line} {self.of} is."
        return f"{counted}: {self.of} is {side} {self.line}."


@dataclass(frozen=True, slots=True)
class Breached:
    """The rate has passed *threshold*."""

    of: Subject
    threshold: Threshold
    evidence: Evidence

    @property
    def severity(self) -> Severity:
        """How bad: the severity of the threshold that was passed."""
        return self.threshold.severity

    def __str__(self) -> str:
        counted, sure = self.evidence.counted(self.of.indicator), self.evidence.sure
        if sure is None:
            return f"{counted}: {self.of} has reached {self.threshold.named}."
        side = self.of.bad_side
        return (
            f"{counted}: {_percentage(sure)} sure that {self.of} is {side} {self.threshold.named}."
        )


@dataclass(frozen=True, slots=True)
class Silent:
    """There was no mail in *window*, where the rule says that this is a breach of itself."""

    of: Subject
    severity: Severity
    window: Window

    def __str__(self) -> str:
        what = f"No {WORDING[self.of.indicator].mail} in the last {self.window}"
        return f"{what}, which the rule about {self.of} takes for a breach."


@dataclass(frozen=True, slots=True)
class Unsure:
    """The numbers are known, and prove nothing either way: too few, or too near to *line*.

    *evidence* is None where no mail was.
    """

    of: Subject
    line: Threshold
    window: Window
    evidence: Evidence | None

    def __str__(self) -> str:
        if self.evidence is None:
            return _no_mail(self.of, self.window)
        counted = self.evidence.counted(self.of.indicator)
        return f"{counted}: not enough to be sure on which side of {self.line} {self.of} is."


@dataclass(frozen=True, slots=True)
class Unknown:
    """The numbers could not be had, so nothing is said either way."""

    of: Subject
    gap: Gap

    def __str__(self) -> str:
        return f"{self.of.begun} is not known: {self.gap}."


Verdict: TypeAlias = Healthy | Breached | Silent | Unsure | Unknown


def evidence_of(verdict: Verdict | None) -> Evidence | None:
    """Return the figures that *verdict* rests on, if it rests on any."""
    return verdict.evidence if isinstance(verdict, Healthy | Breached | Unsure) else None


def _no_mail(of: Subject, window: Window) -> str:
    mail = WORDING[of.indicator].mail
    return f"No {mail} in the last {window}, so {of} is not known, which proves nothing."


def _percentage(sure: float) -> str:
    """Return how sure one is, never as if there were no doubt."""
    return "more than 99.9%" if sure >= 0.9995 else percent(sure)  # noqa: PLR2004 - it rounds
