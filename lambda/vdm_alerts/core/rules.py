"""Rules: what is watched, where the lines are, and how much mail it takes to speak."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from fnmatch import fnmatchcase

from vdm_alerts.core.isps import KNOWN_ISPS, OTHER_ISPS
from vdm_alerts.core.metrics import Dimension, Kind, Scope, Series, Window
from vdm_alerts.core.rates import Indicator, Rate


class Severity(IntEnum):
    """How bad it is; a higher one outranks a lower."""

    WARNING = 1
    CRITICAL = 2

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line: a rate that reaches *share* (a fraction) is of *severity*."""

    severity: Severity
    share: float


@dataclass(frozen=True, slots=True)
class Globs:
    """Patterns of names, a tuple for each dimension that has any; case is nothing to them."""

    patterns: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)

    def match(self, dimension: Dimension, name: str) -> bool:
        """Say whether *name* is one of those meant for *dimension*."""
        return any(
            fnmatchcase(name.lower(), pattern.lower())
            for pattern in self.patterns.get(dimension, ())
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One indicator, watched in some kinds of scope, over some windows, against its thresholds.

    *source* is where it is written, such as "/vdm-alerts/rules/shipped/bounce-rate". A rate counts
    only from *min_volume* messages and *min_events* events on: below them it is too few to tell.
    Names that *include* has patterns for have to match one of them, and none of *exclude*. Of each
    kind of sender, only the *top* ones by volume are watched, where that is set.
    """

    name: str
    source: str
    indicator: Indicator
    scopes: frozenset[Kind]
    windows: tuple[Window, ...]
    thresholds: tuple[Threshold, ...]
    min_volume: int
    min_events: int
    include: Globs = Globs()
    exclude: Globs = Globs()
    top: int | None = None

    @property
    def isps(self) -> tuple[str, ...]:
        """The providers to ask about: those known, and those that *include* names outright."""
        named = self.include.patterns.get(Dimension.ISP, ())
        literal = (one for one in named if one != OTHER_ISPS and not set(one) & set("*?["))
        return (*KNOWN_ISPS, *literal)

    @property
    def first_line(self) -> Threshold:
        """The threshold that a rate that gets worse reaches first."""
        return min(self.thresholds, key=lambda line: line.severity)

    def covers(self, scope: Scope) -> bool:
        """Say whether this rule watches *scope*, as far as its name tells."""
        if scope.kind not in self.scopes:
            return False
        if not (self.include.patterns or self.exclude.patterns):
            return True
        return all(
            (dimension not in self.include.patterns or self.include.match(dimension, name))
            and not self.exclude.match(dimension, name)
            for dimension, name in scope.dimensions.items()
        )

    def has_enough(self, rate: Rate) -> bool:
        """Say whether *rate* is of enough messages, and enough that is bad, to mean something."""
        bad = rate.volume - rate.events if self.indicator.low_is_bad else rate.events
        return rate.volume >= self.min_volume and bad >= self.min_events

    def passed_by(self, rate: Rate) -> Threshold | None:
        """Return the highest threshold that *rate* reaches, if any."""
        passed = (line for line in self.thresholds if self._reaches(rate.value, line.share))
        return max(passed, key=lambda line: line.severity, default=None)

    def badness(self, value: float) -> float:
        """Return how bad a rate of *value* is: 1 at the first threshold, and the more the worse."""
        first = self.first_line.share
        return (1 - value) / (1 - first) if self.indicator.low_is_bad else value / first

    def may_speak_of(self, sent: Series, last: date) -> bool:
        """Say whether so much was sent by *last* that the rate, whatever it is, may count.

        No volume is more than what was sent. But mail may be delivered on a later day than it was
        sent on, so the day before the window is looked at too.
        """
        return any(
            sent.total(Window(window.days + 1), last) >= self.min_volume for window in self.windows
        )

    def may_be_broken_by(self, events: Series, last: date) -> bool:
        """Say whether *events*, of a volume not known, may be enough to break this rule.

        So they may in a part of the mail, too: where they are too few for the whole, they are for
        every part.
        """
        if self.indicator.low_is_bad:
            return True
        # A share is a fraction of two: 0.07 of 100 comes to a hair more than 7.
        reached = math.ceil(self.first_line.share * self.min_volume - 1e-9)
        fewest = max(self.min_events, reached)
        return any(events.total(window, last) >= fewest for window in self.windows)

    def _reaches(self, value: float, line: float) -> bool:
        return value <= line if self.indicator.low_is_bad else value >= line
