"""What is remembered of one rule in one scope, and how a verdict moves it on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from vdm_alerts.core.evaluation.prior_state import PriorState
from vdm_alerts.core.evaluation.revision import ReportedFigures
from vdm_alerts.core.model.metrics import Scope
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule

FLAP_COUNT = 2
"""So many ends, within LATELY, make an alert one that comes and goes."""
FLAP_WINDOW = timedelta(days=14)
FLAP_COOLDOWN = timedelta(days=3)
"""For how long such an alert has to be over before that is said, or believed."""


@dataclass(frozen=True, slots=True)
class Ok:
    """Nothing is wrong here, as far as is known: *since* an alert ended, or ever.

    How that ended, where nothing has simply mended: by counts that were *revised* to a lower rate
    in the days that it was told of, or as it is *unwatched* now, for the reason given. What was
    *cut* short by that had been going on since then; else it was over before. *line* is the share
    of the first threshold of then.
    """

    since: datetime | None = None
    revised: Rate | None = None
    closed_because: str = ""
    interrupted_since: datetime | None = None
    threshold_share: float | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """The rule is broken here *since* an instant, not yet for as long as it takes to say so.

    Before, all was well since *well*, or ever, by the first threshold of then, *line*.
    """

    severity: Severity
    since: datetime
    healthy_since: datetime | None = None
    threshold_share: float | None = None


@dataclass(frozen=True, slots=True)
class Firing:
    """The rule is broken here *since* an instant; since *mending*, it no longer seems to be.

    *line* is the share of the rule's threshold that was passed; None where it was none of those,
    and *silent* says that it was for want of mail.
    """

    severity: Severity
    since: datetime
    recovering_since: datetime | None = None
    threshold_share: float | None = None
    no_email: bool = False


State: TypeAlias = Ok | Pending | Firing


def still_applies(rule: Rule, state: State) -> bool:
    """Say whether *state* still holds by *rule*, which may have been edited since.

    What fires does by its own line; what was over before, unless the first line is a stricter one.
    """
    if state.threshold_share is None:
        return True
    if isinstance(state, Firing):
        return state.threshold_share in {line.share for line in rule.thresholds}
    return rule.badness(rule.first_threshold.share) >= rule.badness(state.threshold_share)


@dataclass(frozen=True, slots=True)
class LastNotified:
    """What people were last told of this alert, by which message of its incident.

    *since* is when the episode began that they were told of, and *ground* on what figures, if any.
    Of a message of which nobody knows whether it went out, *sequence* is 0.
    """

    severity: Severity
    since: datetime
    sequence: int
    sent_at: datetime
    figures: ReportedFigures | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether the message has gone out for certain."""
        return self.sequence > 0


class AlertKey(NamedTuple):
    """What tells an alert from every other: a rule's name, a scope, and the rate it is about.

    A rule that is changed to be about another rate begins anew, beside what it has left to say.
    """

    rule: str
    scope: Scope
    indicator: Indicator | None = None

    @classmethod
    def for_rule(cls, rule: Rule, scope: Scope) -> "AlertKey":
        """Return the key of what *rule* finds in *scope*."""
        return cls(rule.name, scope, rule.indicator)


@dataclass(frozen=True, slots=True)
class Alert:
    """Where one rule stands in one scope, what was last told of it, and in which incident.

    *indicator* is None where that was remembered by a version that did not keep it. *ends* are the
    instants at which it ended lately.
    """

    rule: str
    scope: Scope
    indicator: Indicator | None = None
    state: State = Ok()
    last_notified: LastNotified | None = None
    incident: str | None = None
    resolved_at: tuple[datetime, ...] = ()

    @property
    def key(self) -> AlertKey:
        """What tells this alert from every other."""
        return AlertKey(self.rule, self.scope, self.indicator)

    def prior_state(self, rule: Rule) -> PriorState:
        """Return what is going on here, for the next judgement by *rule*.

        What was judged by other thresholds, or was not for a while, is judged as if for the first
        time, and yet is not over while some window is on the bad side of these.
        """
        if not still_applies(rule.for_scope(self.scope), self.state):
            return PriorState(is_pending=not isinstance(self.state, Ok))
        match self.state:
            case Ok(since=since, closed_because=why):
                return PriorState(since, is_pending=bool(why))
            case Pending(healthy_since=since):
                return PriorState(since, is_pending=True)
            case Firing() as firing:
                told = self.last_notified.figures if self.last_notified else None
                return PriorState(firing.since, firing.severity, firing.no_email, reported=told)

    @property
    def is_open(self) -> bool:
        """Whether something is wrong here, or somebody is owed a word."""
        return not isinstance(self.state, Ok) or self.last_notified is not None

    @property
    def is_inactive(self) -> bool:
        """Whether there is nothing to remember."""
        return not self.is_open and self.state == Ok() and not self.resolved_at

    @property
    def is_flapping(self) -> bool:
        """Whether it has ended so often lately that one more end is not to be believed at once."""
        return len(self.resolved_at) >= FLAP_COUNT
