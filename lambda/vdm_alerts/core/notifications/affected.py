"""One scope of an incident: what is wrong there, and what people know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import Evidence, Inconclusive, Verdict, evidence_of
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.reasons import Reason
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class AffectedScope:
    """One scope of an incident: its alert, the verdict of this run, and the word it is owed.

    *cause* is the part of it that is behind what is wrong there.
    """

    alert: Alert
    verdict: Verdict | None
    reason: Reason | None
    contributor: Scope | None = None

    @property
    def is_firing(self) -> bool:
        """Whether the rule is still broken here, or was until too short a while ago."""
        return isinstance(self.alert.state, Firing)

    @property
    def is_recovering(self) -> bool:
        """Whether it is broken no longer, and not yet for as long as it takes to say so."""
        return (
            isinstance(self.alert.state, Firing) and self.alert.state.recovering_since is not None
        )

    @property
    def needs_reminder(self) -> bool:
        """Whether it is worth a reminder: neither mending, nor out of sight for want of mail."""
        is_out_of_sight = isinstance(self.verdict, Inconclusive) and self.verdict.evidence is None
        return self.is_firing and not (self.is_recovering or is_out_of_sight)

    @property
    def severity(self) -> Severity | None:
        """How bad it is here now; None where it is not."""
        return self.alert.state.severity if isinstance(self.alert.state, Firing) else None

    @property
    def content(self) -> Sequence[object]:
        """What is said of it, in short: how bad it is here now, or in which way that is over."""
        return [str(self.alert.scope), self.severity or (self.reason and self.reason.value)]

    @property
    def since(self) -> datetime | None:
        """When the episode began that is, or was, going on here."""
        match self.alert.state:
            case Firing(since=since) | Ok(interrupted_since=datetime() as since):
                return since
            case _:
                return self.alert.last_notified.since if self.alert.last_notified else None

    @property
    def evidence(self) -> Evidence | None:
        """The figures of this run; None where there was no mail, or no answer."""
        return evidence_of(self.verdict)

    @property
    def closed_because(self) -> str:
        """Why nobody looks here any more; empty where somebody does."""
        return self.alert.state.closed_because if isinstance(self.alert.state, Ok) else ""

    @property
    def was_interrupted(self) -> bool:
        """Whether it was going on until nobody looked any more."""
        return isinstance(self.alert.state, Ok) and self.alert.state.interrupted_since is not None

    @property
    def revised(self) -> Rate | None:
        """The rate that people were told of, as it is by later counts, where that withdraws it."""
        return self.alert.state.revised if isinstance(self.alert.state, Ok) else None

    @property
    def last_notified_rate(self) -> Rate | None:
        """The rate that people were last told of."""
        told = self.alert.last_notified
        return told.figures.rate if told and told.figures else None

    @property
    def weight(self) -> int:
        """How much the word that is owed matters: 0 where it can wait, less where there is none."""
        return self.reason.weight if self.reason else -1

    def rank(self, terms: Rule | None) -> tuple[int, int, int, float]:
        """Return where it stands among the others: by its word, then bad, then by kind, then worse.

        How much worse, the *terms* say by which it is judged. The account comes first of the kinds,
        then who sends, and only then where it goes.
        """
        return (
            self.weight,
            self.severity or 0,
            -min((list(Dimension).index(one) + 1 for one in self.alert.scope.kind), default=0),
            terms.for_scope(self.alert.scope).badness(self.evidence.rate.value)
            if terms and self.evidence
            else 0.0,
        )


def alert_when_attempted(one: AffectedScope, now: datetime) -> Alert:
    """Return the alert of *one* as it stands while a message about it is on its way.

    Should nobody ever know whether that went out, what comes after a beginning is owed too, its
    end; and what comes after an end, should it begin anew, or after better news, should it rise.
    """
    alert = one.alert
    match alert.state, alert.last_notified:
        case _, None:
            return replace(alert, last_notified=alert_when_delivered(one, 0, now).last_notified)
        case Ok(), LastNotified() as told:
            return replace(alert, last_notified=replace(told, sequence=0))
        case Firing(severity=severity), LastNotified() as told:
            return replace(
                alert, last_notified=replace(told, severity=min(told.severity, severity))
            )
        case _:
            return alert


def alert_when_delivered(one: AffectedScope, sequence: int, now: datetime) -> Alert:
    """Return the alert of *one* as it stands once message *sequence* about it has gone out."""
    alert, seen = one.alert, one.evidence
    match alert.state:
        case Firing(severity=severity, since=since):
            ground = (
                ReportedFigures(seen.rate, seen.window, seen.last_day or now.date())
                if seen
                else None
            )
            return replace(
                alert, last_notified=LastNotified(severity, since, sequence, now, ground)
            )
        case Ok(since=since, threshold_share=line):
            return replace(
                alert, state=Ok(since, threshold_share=line), last_notified=None, incident=None
            )
        case Pending():
            return alert
