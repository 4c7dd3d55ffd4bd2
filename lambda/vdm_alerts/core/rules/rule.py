"""Rules: what is watched, where the lines are, and what it takes to speak."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from vdm_alerts.core.model.metrics import Dimension, Kind, Scope, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate, percent
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.patterns import ANY_SCOPE, ScopeMatcher, ScopePatterns
from vdm_alerts.core.statistics.arrival import ArrivalCurve

REPRESENTATIVE_VOLUME = 10_000
"""Mails that SES is taken to judge an account by, where a rule does not say.

Two notices of AWS's that are public speak of 10,476 mails in 75 days, and of 10,192 in 225:
https://github.com/steedos/workflow/issues/1052 and
https://blog.lalatendu.info/misc/aws-q-n-a/aws-important-change-in-your-sending-status
"""


REMIND_AFTER = tuple(timedelta(days=days) for days in (1, 3, 7))
"""When people are reminded of what goes on, where a rule does not say."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a series has been itself: its *rate*, over *window* before the days that are judged.

    *factor* times that is too much, or too little.
    """

    rate: Rate
    window: Window
    factor: float

    def __str__(self) -> str:
        return f"{self.factor:g} times its own {self.rate} in the {self.window} before"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line: a rate that reaches *share* (a fraction) is of *severity*.

    Where it is not the rule's own but comes of what is *usual*, as much is added to it as that may
    be by chance.
    """

    severity: Severity
    share: float
    baseline: Baseline | None = None

    def is_reached_by(self, value: float, indicator: Indicator) -> bool:
        """Say whether a rate of *value* is on the line, or beyond it."""
        return value <= self.share if indicator.low_is_bad else value >= self.share

    @property
    def phrase(self) -> str:
        """The line with its severity, as it stands in a sentence."""
        return (
            str(self)
            if self.baseline
            else f"your {percent(self.share)} {self.severity.key} threshold"
        )

    def __str__(self) -> str:
        if self.baseline:
            return f"{percent(self.share)}, which is {self.baseline}, and a margin"
        return f"your {percent(self.share)} threshold"


class MissingData(Enum):
    """What it means that in none of a rule's windows there was any mail to judge."""

    KEEP = "keep"
    OK = "ok"
    BREACHING = "breaching"


@dataclass(frozen=True, slots=True)
class MinimumConfidence:
    """A rule fires if the true rate is very probably beyond a threshold."""

    error_probability: float
    """The highest probability, greater than 0, that it is not."""


@dataclass(frozen=True, slots=True)
class PlainComparison:
    """A rule fires if the counted rate reaches a threshold, however few emails were counted."""


Confidence: TypeAlias = MinimumConfidence | PlainComparison
"""How a rate is compared with a threshold."""


@dataclass(frozen=True)
class Rule:
    """One indicator, watched in some kinds of scope, over some windows, against its thresholds.

    *source* is where it is written, such as "/vdm-alerts/rules/shipped/bounce-rate". *confidence*
    says how a rate is compared with a threshold. A rate counts only from *min_volume* messages
    and *min_events* events on.
    Where it is *unusual* times what it was itself over the weeks before, it is a warning too.
    *feedback* is how late one hears of mail. It fires once it has been broken for as long as
    *hold*, and ends once that is over for as long as *clear_after*; *missing_data* says what
    no mail means.
    Names that *include* has patterns for have to match one of them, and none of *exclude*. Of each
    kind of sender, only the *top* ones by volume are watched, where that is set. *overrides* say
    what is different for some. *representative* is how much mail SES is taken to judge by.
    People are reminded of what goes on *remind_after* these times, and then after every one as long
    as the last.
    """

    name: str
    source: str
    indicator: Indicator
    scopes: frozenset[Kind]
    windows: tuple[Window, ...]
    thresholds: tuple[Threshold, ...]
    confidence: Confidence
    min_volume: int
    min_events: int
    arrival_curve: ArrivalCurve
    baseline_factor: float | None = None
    hold: timedelta = timedelta()
    clear_after: timedelta = timedelta()
    missing_data: MissingData = MissingData.OK
    include: ScopePatterns = ANY_SCOPE
    exclude: ScopePatterns = ANY_SCOPE
    top: int | None = None
    overrides: tuple["Override", ...] = ()
    representative_volume: int = REPRESENTATIVE_VOLUME
    remind_after: tuple[timedelta, ...] = REMIND_AFTER

    @cached_property
    def first_threshold(self) -> Threshold:
        """The threshold that a rate that gets worse reaches first."""
        return min(self.thresholds, key=lambda line: line.severity)

    @cached_property
    def longest_window(self) -> Window:
        """The longest of the windows."""
        return self.windows[-1]

    def covers(self, scope: Scope) -> bool:
        """Say whether this rule watches *scope*, as far as its name tells."""
        if scope.kind not in self.scopes:
            return False
        if not (self.include.patterns or self.exclude.patterns):
            return True
        return all(
            (dimension not in self.include.patterns or self.include.includes(dimension, name))
            and not self.exclude.includes(dimension, name)
            for dimension, name in scope.dimensions.items()
        )

    def covers_provider(self, isp: str) -> bool:
        """Say whether this rule watches what goes to *isp*, as far as its name tells."""
        key = Dimension.ISP
        is_included = key not in self.include.patterns or self.include.includes(key, isp)
        return is_included and not self.exclude.includes(key, isp)

    def for_scope(self, scope: Scope) -> "Rule":
        """Return this rule as it is for *scope*: itself, or the most specific override of it."""
        found: Override | None = None
        for each in self.overrides:
            if each.matcher.matches(scope) and (
                found is None or each.matcher.is_within(found.matcher)
            ):
                found = each
        return found.rule if found else self

    def badness(self, value: float) -> float:
        """Return how bad a rate of *value* is: 1 at the first threshold, and the more the worse."""
        first = self.first_threshold.share
        return (1 - value) / (1 - first) if self.indicator.low_is_bad else value / first

    def worst_badness(self, events: Series, volume: Series, last: date) -> float:
        """Return how bad the worst rate in any window ending *last* is; 0 where no mail was."""
        return max(
            (
                self.badness(events.total(window, last) / mails)
                for window in self.windows
                if (mails := volume.total(window, last))
            ),
            default=0.0,
        )

    @cached_property
    def lookback(self) -> Window:
        """The days that any window can take in: the last of them may not have been counted yet."""
        return Window(self.longest_window.days + 1)


@dataclass(frozen=True, slots=True)
class Override:
    """What is different for the scopes that *names* are of: for them, *rule* counts instead."""

    matcher: ScopeMatcher
    rule: Rule


BASELINE_WINDOW = Window(28)
"""The days that what is usual is taken from, before those that are judged."""
