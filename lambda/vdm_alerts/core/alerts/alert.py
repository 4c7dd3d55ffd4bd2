"""An alert: the state of one rule in one scope, and its last notification.

`lifecycle` describes how verdicts move an alert between the states.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from vdm_alerts.core.evaluation.prior_state import OpenAlert, PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator, Rate, SesRate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule, Threshold

FLAP_COUNT = 2
"""The number of resolutions within `FLAP_WINDOW` from which an alert is flapping."""
FLAP_WINDOW = timedelta(days=14)
"""The period after a resolution in which the resolution counts towards `FLAP_COUNT`."""
FLAP_COOLDOWN = timedelta(days=3)
"""The minimum time that a flapping alert must be recovering before it is resolved."""


@dataclass(frozen=True, slots=True)
class Ok:
    """The state of an alert whose rule is not breached, as far as is known."""

    since: datetime | None = None
    """When the alert was resolved; counts before that day do not fire it again.

    None if there was no resolution, or if earlier counts are to be evaluated again.
    """
    revised: Rate | None = None
    """The later rate of the notified days, if later counts contradicted the notification."""
    closed_because: str = ""
    """Why the alert was closed without proof, as a sentence without a period; else empty."""
    interrupted_since: datetime | None = None
    """When the alert began that was still open when it was closed; None if none was open."""
    threshold_share: float | None = None
    """The rule's first threshold at the time of the resolution, as a fraction."""


@dataclass(frozen=True, slots=True)
class Pending:
    """The state of an alert whose breach is shorter than the rule's `hold`."""

    severity: Severity
    """The severity of the breach."""
    since: datetime
    """When the breach began; the hold timer starts here."""
    healthy_since: datetime | None = None
    """`Ok.since` of the state before the breach."""
    threshold_share: float | None = None
    """`Ok.threshold_share` of the state before the breach."""


@dataclass(frozen=True, slots=True)
class Firing:
    """The state of an alert that is firing or recovering."""

    severity: Severity
    """The current severity."""
    since: datetime
    """When the breach began."""
    recovering_since: datetime | None = None
    """When the rate became healthy; None if the alert is not recovering.

    A recovering alert waits for the rule's `clear_after`.
    """
    threshold_share: float | None = None
    """The rule's threshold that is breached, as a fraction.

    None if the alert is about a baseline or about missing email.
    """
    no_email: bool = False
    """Whether the alert is about missing email."""
    severity_since: datetime | None = None
    """When the severity last rose or fell; None if it has been the same since `since`."""
    opened_from: date | None = None
    """The first day of the window that led to the severity; None if that is the day of `since`."""
    healthy_since: datetime | None = None
    """When the alert before this one was resolved; None if no counts from before are evaluated."""
    baseline: Threshold | None = None
    """The threshold that was breached, if it was calculated from a baseline."""


State: TypeAlias = Ok | Pending | Firing
"""The state of an alert."""


def still_applies(rule: Rule, state: State) -> bool:
    """Return whether *state* is still valid for the thresholds of *rule*.

    *rule* can have been edited since. A firing state is valid if the rule still has its threshold,
    or the factor of its baseline.
    Any other state is valid unless the rule's first threshold became stricter.
    """
    if isinstance(state, Firing) and state.baseline and state.baseline.baseline:
        return state.baseline.baseline.factor == rule.baseline_factor
    if state.threshold_share is None:
        return True
    if isinstance(state, Firing):
        return state.threshold_share in {threshold.share for threshold in rule.thresholds}
    return rule.badness(rule.first_threshold.share) >= rule.badness(state.threshold_share)


@dataclass(frozen=True, slots=True)
class LastNotified:
    """The last notification about an alert."""

    severity: Severity
    """The severity that was notified."""
    since: datetime
    """When the notified breach began."""
    sequence: int
    """The number of the notification within its incident; 0 if its delivery is not confirmed."""
    sent_at: datetime
    """When the notification was sent."""
    figures: ReportedFigures | None = None
    """The counts that the notification stated; None if it stated none."""
    ses_rate: SesRate | None = None
    """SES's own rate, if the notification stated it as the rate of the alert."""

    @property
    def is_confirmed(self) -> bool:
        """Whether the delivery of the notification is confirmed."""
        return self.sequence > 0


class AlertKey(NamedTuple):
    """The unique key of an alert.

    If a rule changes its indicator, the rule gets a new alert. The old alert is closed.
    """

    rule: str
    """The name of the rule."""
    scope: Scope
    """The scope of the alert."""
    indicator: Indicator | None = None
    """The rate of the alert; None if an earlier version did not store the indicator."""

    @classmethod
    def for_rule(cls, rule: Rule, scope: Scope) -> "AlertKey":
        """Return the key of the alert of *rule* in *scope*."""
        return cls(rule.name, scope, rule.indicator)


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one rule in one scope, and what was notified about it."""

    rule: str
    """The name of the rule."""
    scope: Scope
    """The scope of the alert."""
    indicator: Indicator | None = None
    """The rate of the alert; None if an earlier version did not store the indicator."""
    state: State = Ok()
    """The current state."""
    last_notified: LastNotified | None = None
    """The last notification; None if there is none, or after the end was notified."""
    incident: str | None = None
    """The ID of the incident that the alert belongs to."""
    resolved_at: tuple[datetime, ...] = ()
    """The resolutions within `FLAP_WINDOW`, each as the time when its recovery began."""
    history_lost: bool = False
    """Whether an earlier alert of this key is unreadable, which may have been notified.

    The first notification says so. It may repeat an earlier notification.
    """

    @property
    def key(self) -> AlertKey:
        """The unique key of the alert."""
        return AlertKey(self.rule, self.scope, self.indicator)

    def prior_state(self, rule: Rule) -> PriorState:
        """Return what this alert means for its next evaluation by *rule*.

        If the thresholds changed, or if the alert was closed, the next evaluation starts as for a
        new alert. A doubtful rate then is inconclusive and not healthy.
        """
        if not still_applies(rule.for_scope(self.scope), self.state):
            return PriorState(is_pending=not isinstance(self.state, Ok))
        match self.state:
            case Ok(since=since, closed_because=why):
                return PriorState(since, is_pending=bool(why) or self.history_lost)
            case Pending(healthy_since=since):
                return PriorState(since, is_pending=True)
            case Firing() as firing:
                return PriorState(firing.healthy_since, self._open_alert(firing))

    def _open_alert(self, state: Firing) -> OpenAlert:
        return OpenAlert(
            severity=state.severity,
            since=state.since,
            severity_since=state.severity_since or state.since,
            opened_from=state.opened_from or state.since.date(),
            is_about_no_email=state.no_email,
            baseline=state.baseline,
            reported=self.last_notified.figures if self.last_notified else None,
        )

    @property
    def is_active(self) -> bool:
        """Whether the alert is not Ok, its end is not notified yet, or its history is lost."""
        is_open = not isinstance(self.state, Ok) or self.last_notified is not None
        return is_open or self.history_lost

    @property
    def is_inactive(self) -> bool:
        """Whether the alert has nothing to store."""
        return not self.is_active and self.state == Ok() and not self.resolved_at

    @property
    def is_flapping(self) -> bool:
        """Whether `FLAP_WINDOW` has at least `FLAP_COUNT` resolutions."""
        return len(self.resolved_at) >= FLAP_COUNT
