"""What is remembered of one rule in one scope, and how a verdict moves it on."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from vdm_alerts.core.metrics import Scope
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.verdicts import Breached, Healthy, Unknown, Verdict


@dataclass(frozen=True, slots=True)
class Ok:
    """Nothing is wrong here, as far as is known."""


@dataclass(frozen=True, slots=True)
class Firing:
    """The rule is broken here, without a break since *since*."""

    severity: Severity
    since: datetime


State: TypeAlias = Ok | Firing


@dataclass(frozen=True, slots=True)
class Told:
    """What people were last told of this alert, by which message of its incident.

    *since* is when the episode began that they were told of.
    """

    severity: Severity
    since: datetime
    sequence: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    """Where one rule stands in one scope, what was last told of it, and in which incident."""

    rule: str
    scope: Scope
    state: State = Ok()
    told: Told | None = None
    incident: str | None = None

    @property
    def key(self) -> "Key":
        """What tells this alert from every other."""
        return self.rule, self.scope

    @property
    def is_at_rest(self) -> bool:
        """Whether there is nothing to remember: all is well, and nobody is owed a word."""
        return isinstance(self.state, Ok) and self.told is None


Key: TypeAlias = tuple[str, Scope]


def advance(alert: Alert, verdict: Verdict, now: datetime) -> Alert:
    """Return *alert* as it stands after *verdict*."""
    match verdict:
        case Breached(severity=severity):
            began = alert.state.since if isinstance(alert.state, Firing) else now
            return replace(alert, state=Firing(severity, began))
        case Healthy():
            return replace(alert, state=Ok())
        case Unknown():
            return alert  # Not knowing is no news: it neither fires nor resolves.
        case _:
            assert_never(verdict)
