"""Rules: what is watched, where the lines are, and how much mail it takes to speak."""

from dataclasses import dataclass
from enum import IntEnum

from vdm_alerts.core.metrics import Kind, Scope, Window
from vdm_alerts.core.rates import Indicator, Rate


class Severity(IntEnum):
    """How bad it is; a higher one outranks a lower."""

    WARNING = 1
    CRITICAL = 2

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line: a rate at or above *share* (a fraction) is of *severity*."""

    severity: Severity
    share: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One indicator, watched in some kinds of scope, over some windows, against its thresholds.

    *source* is where it is written, such as "/vdm-alerts/rules/shipped/bounce-rate". A rate counts
    only from *min_volume* messages and *min_events* events on: below them it is too few to tell.
    """

    name: str
    source: str
    indicator: Indicator
    scopes: frozenset[Kind]
    windows: tuple[Window, ...]
    thresholds: tuple[Threshold, ...]
    min_volume: int
    min_events: int

    def covers(self, scope: Scope) -> bool:
        """Say whether this rule watches *scope*."""
        return scope.kind in self.scopes and self.indicator.applies_to(scope)

    def has_enough(self, rate: Rate) -> bool:
        """Say whether *rate* is of enough messages and events to mean something."""
        return rate.volume >= self.min_volume and rate.events >= self.min_events

    def passed_by(self, rate: Rate) -> Threshold | None:
        """Return the highest threshold that *rate* reaches, if any."""
        passed = (line for line in self.thresholds if rate.value >= line.share)
        return max(passed, key=lambda line: line.severity, default=None)
