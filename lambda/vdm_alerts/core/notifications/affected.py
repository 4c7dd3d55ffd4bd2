"""One scope of an incident: alert, verdict, and reason to notify."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, Firing, LastNotified, Ok, Pending
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.evaluation.verdicts import (
    Breached,
    Evidence,
    Healthy,
    Inconclusive,
    NoEmail,
    Unknown,
    Verdict,
    evidence_of,
    value_of,
)
from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.reasons import Reason


@dataclass(frozen=True, slots=True)
class AffectedScope:
    """One scope of an incident, as a notification lists it."""

    alert: Alert
    verdict: Verdict | None
    """The verdict of this run; None if the rule was not evaluated in this scope."""
    reason: Reason | None
    """Why a notification about this scope is due; None if the recipients know its state."""
    contributor: Scope | None = None
    """The main contributor to the breach; None if there is none, or it is the scope itself."""

    @property
    def is_firing(self) -> bool:
        """Whether the alert is firing, recovering included."""
        return isinstance(self.alert.state, Firing)

    @property
    def is_recovering(self) -> bool:
        """Whether the rate is in range, but not yet for `clear_after`."""
        return (
            isinstance(self.alert.state, Firing) and self.alert.state.recovering_since is not None
        )

    @property
    def needs_reminder(self) -> bool:
        """Whether the scope is firing, and no window that ends now has a good rate or no emails."""
        is_doubtful = isinstance(self.verdict, Inconclusive) and not self.is_on_bad_side
        return self.is_firing and not (self.is_recovering or is_doubtful)

    @property
    def severity(self) -> Severity | None:
        """The severity now; None if the alert is not firing."""
        return self.alert.state.severity if isinstance(self.alert.state, Firing) else None

    @property
    def fingerprint_content(self) -> Sequence[object]:
        """The scope, and its severity or how its alert ended.

        The figures and the wording are not part of the content: a retry may differ in both.
        """
        return [str(self.alert.scope), self.severity or (self.reason and self.reason.value)]

    @property
    def since(self) -> datetime | None:
        """The start of the alert, open or ended; None if that is unknown."""
        match self.alert.state:
            case Firing(since=since) | Ok(interrupted_since=datetime() as since):
                return since
            case _:
                return self.alert.last_notified.since if self.alert.last_notified else None

    @property
    def evidence(self) -> Evidence | None:
        """The counts of this run; None without emails, if unreadable, or if SES has none."""
        return evidence_of(self.verdict)

    @property
    def ses_rate(self) -> SesRate | None:
        """SES's own rate, if it decided."""
        return self.verdict.ses_rate if isinstance(self.verdict, Healthy | Breached) else None

    @property
    def value(self) -> float | None:
        """The rate of this run, a fraction; None without emails, or if unreadable."""
        return value_of(self.verdict)

    @property
    def stated_indicator(self) -> Indicator:
        """The indicator of `value`: the alert's, or the one of SES if SES's own rate decided."""
        assert self.alert.indicator  # Alerts without an indicator are never notified.
        from_ses = self.alert.indicator.from_ses if self.ses_rate else None
        return from_ses or self.alert.indicator

    @property
    def closed_because(self) -> str:
        """Why the scope is no longer monitored; empty if it is monitored."""
        return self.alert.state.closed_because if isinstance(self.alert.state, Ok) else ""

    @property
    def was_interrupted(self) -> bool:
        """Whether the alert was still open when the scope stopped being monitored."""
        return isinstance(self.alert.state, Ok) and self.alert.state.interrupted_since is not None

    @property
    def revised(self) -> Rate | None:
        """The recount of the notified rate, if it withdraws the alert."""
        return self.alert.state.revised if isinstance(self.alert.state, Ok) else None

    @property
    def last_notified_rate(self) -> Rate | SesRate | None:
        """The rate in the last notification; None if it stated none."""
        last_notified = self.alert.last_notified
        if last_notified is None:
            return None
        figures = last_notified.figures
        return last_notified.ses_rate or (figures.rate if figures else None)

    @property
    def priority(self) -> int:
        """The priority of the reason; -1 if there is no reason."""
        return self.reason.priority if self.reason else -1

    @property
    def is_on_bad_side(self) -> bool:
        """Whether the rate is on the bad side of a threshold, or emails are missing as a breach."""
        match self.verdict:
            case Breached() | NoEmail():
                return True
            case (
                Healthy(threshold=threshold, subject=subject)
                | Inconclusive(threshold=threshold, subject=subject)
            ) if self.value is not None:
                return threshold.is_reached_by(self.value, subject.indicator)
            case _:
                return False

    @property
    def is_unreadable(self) -> bool:
        """Whether this run could not evaluate the scope."""
        return self.verdict is None or isinstance(self.verdict, Unknown)

    @property
    def rank(self) -> tuple[int, int, int, int, int, int]:
        """The sort key in the incident; the highest is listed first.

        An open scope on the bad side precedes an unreadable one, which precedes an open scope on
        the good side and then all that ended. Among these, what got worse precedes what recipients
        know. Then the key is the severity, the kind of scope, and the number of bad events, so that
        the account precedes senders, and senders precede mailbox providers. The account as VDM
        counts it precedes the same account as SES itself measures it: it has counts and a cause.
        """
        standing = 0
        if self.is_firing:
            standing = 3 if self.is_on_bad_side else 2 if self.is_unreadable else 1
        dimensions = list(Dimension)
        kind = min((dimensions.index(name) + 1 for name in self.alert.scope.kind), default=0)
        is_worse = self.priority == Reason.FIRING.priority
        end = 0 if self.is_firing else self.priority
        return (standing, is_worse, end, self.severity or 0, -kind, self._bad_events)

    @property
    def _bad_events(self) -> int:
        """The events of the rate; if these are desired, the emails without one."""
        if self.evidence is None:
            return 0
        rate, indicator = self.evidence.rate, self.alert.indicator
        return rate.volume - rate.events if indicator and indicator.low_is_bad else rate.events


def alert_when_attempted(scope: AffectedScope, now: datetime) -> Alert:
    """Return the alert as stored before its notification is published.

    The recipients may or may not get that notification. The stored alert therefore keeps every
    later notification due:

    * A first notification is stored as unconfirmed. The notification is still due, and so is one
      about the end of the alert.
    * A notification about the end of an alert makes the last one unconfirmed. The end is still due,
      and so is a new breach.
    * Any other notification leaves the lower of the two severities. A rise to the higher one is
      still due.
    """
    alert = scope.alert
    match alert.state, alert.last_notified:
        case _, None:
            return replace(alert, last_notified=alert_when_delivered(scope, 0, now).last_notified)
        case Ok(), LastNotified() as last_notified:
            return replace(alert, last_notified=replace(last_notified, sequence=0))
        case Firing(severity=severity), LastNotified() as last_notified:
            lowest = min(last_notified.severity, severity)
            return replace(alert, last_notified=replace(last_notified, severity=lowest))
        case _:
            return alert


def alert_when_delivered(scope: AffectedScope, sequence: int, now: datetime) -> Alert:
    """Return the alert as stored once notification *sequence* is delivered.

    A *sequence* of 0 marks the notification as unconfirmed.
    """
    alert = scope.alert
    match alert.state:
        case Firing(severity=severity, since=since):
            figures = None if scope.ses_rate else _reported_figures(scope.evidence, now)
            return replace(
                alert,
                last_notified=LastNotified(severity, since, sequence, now, figures, scope.ses_rate),
                history_lost=alert.history_lost and sequence == 0,
            )
        case Ok(since=since, threshold_share=threshold_share):
            return replace(
                alert,
                state=Ok(since, threshold_share=threshold_share),
                last_notified=None,
                incident=None,
                history_lost=False,
            )
        case Pending():
            return alert


def _reported_figures(evidence: Evidence | None, now: datetime) -> ReportedFigures | None:
    if evidence is None:
        return None
    return ReportedFigures(evidence.rate, evidence.window, evidence.last_day or now.date())
