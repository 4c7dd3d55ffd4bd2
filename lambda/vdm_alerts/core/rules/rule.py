"""Rules: which rates are monitored, and when they fire an alert."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from typing import TypeAlias

from vdm_alerts.core.model.metrics import Dimension, Kind, Scope, Series, Window
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.patterns import ANY_SCOPE, ScopeMatcher, ScopePatterns
from vdm_alerts.core.rules.target_patterns import (
    ALL_TARGETS,
    ANY_TARGET,
    TargetMatcher,
    TargetSelection,
)
from vdm_alerts.core.statistics.arrival import ArrivalCurve

REPRESENTATIVE_VOLUME = 10_000
"""The emails that the estimate of the account's rate covers by default.

Two notices from AWS that were published mention 10,476 emails in 75 days and 10,192 emails in 225
days: https://github.com/steedos/workflow/issues/1052 and
https://blog.lalatendu.info/misc/aws-q-n-a/aws-important-change-in-your-sending-status
"""
REMIND_AFTER = tuple(timedelta(days=days) for days in (1, 3, 7))
"""The default of `Rule.remind_after`."""
BASELINE_WINDOW = Window(28)
"""The days before the evaluated windows from which a baseline is calculated."""


MIN_PERSISTENCE_WINDOW = Window(4)
"""The shortest window in which the rates of single days show that a rate persists."""
PERSISTENCE_WINDOWS = (MIN_PERSISTENCE_WINDOW, Window(7), Window(14))
"""The windows in which each rule looks for a rate that persists."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The past rate of a series, as the origin of a threshold."""

    rate: Rate
    """The rate of the series in `window`."""
    window: Window
    """The days of the rate. They end before the evaluated days."""
    factor: float
    """The multiple of the rate that is too high (factor above 1) or too low (below 1)."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit of a rate, and the severity of a breach of this limit."""

    severity: Severity
    share: float
    """The limit, a fraction. The limit itself is a breach."""
    baseline: Baseline | None = None
    """The origin of a threshold that is calculated, or None for a threshold of the rule.

    A calculated `share` includes a margin, because the rate of the baseline varies by chance.
    """

    def is_reached_by(self, value: float, indicator: Indicator) -> bool:
        """Return whether a rate of *value* is a breach.

        Low rates are breaches if low rates of *indicator* are bad.
        """
        return value <= self.share if indicator.low_is_bad else value >= self.share


class MissingData(Enum):
    """The verdict on a scope without email in all windows of a rule."""

    KEEP = "keep"
    """The alert keeps its state."""
    OK = "ok"
    """The scope is healthy."""
    BREACHING = "breaching"
    """The scope breaches the rule, if it sent email in the last 60 days."""


@dataclass(frozen=True, slots=True)
class MinimumConfidence:
    """A rule fires if the true rate is very probably beyond a threshold."""

    error_probability: float
    """The highest probability that the true rate is not beyond it, without a known usual rate.

    Greater than 0. A low usual rate allows more, and a high one less.
    """


@dataclass(frozen=True, slots=True)
class PlainComparison:
    """A rule fires if the counted rate reaches a threshold."""


Confidence: TypeAlias = MinimumConfidence | PlainComparison
"""How a rate is compared with a threshold."""


@dataclass(frozen=True)
class Rule:
    """An alerting rule: an indicator, its scopes and its thresholds."""

    name: str
    source: str
    """The place of the text, such as "/vdm-alerts/rules/shipped/bounce-rate"."""
    indicator: Indicator
    scopes: frozenset[Kind]
    """The kinds of scopes that the rule monitors. None in a target that it does not monitor."""
    windows: tuple[Window, ...]
    """The windows in which the rate is evaluated, shortest first. At least one."""
    thresholds: tuple[Threshold, ...]
    """The thresholds, WARNING first. At least one."""
    confidence: Confidence
    min_volume: int
    """The fewest emails of a rate that can fire. Only emails with feedback expected so far count.

    At least 1.
    """
    min_events: int
    """The fewest bad events of a rate that can fire. At least 1."""
    arrival_curve: ArrivalCurve
    """How late feedback arrives."""
    baseline_factor: float | None = None
    """The multiple of its baseline at which a series breaches the rule, with severity WARNING.

    Above 1 if high rates are bad, below 1 if low rates are bad. None switches this check off.
    """
    hold: timedelta = timedelta()
    """How long a breach must last before the alert fires, like `for` in Prometheus."""
    clear_after: timedelta = timedelta()
    """How long the breach must be over before the alert resolves.

    Like `keep_firing_for` in Prometheus.
    """
    missing_data: MissingData = MissingData.OK
    include: ScopePatterns = ANY_SCOPE
    """In each dimension that has patterns, a monitored name must match one of them."""
    exclude: ScopePatterns = ANY_SCOPE
    """Names that match any of these patterns are not monitored."""
    targets: TargetSelection = ALL_TARGETS
    """The targets that the rule monitors. `for_target` applies it."""
    top: int | None = None
    """The number of senders of each kind to monitor, largest volume first. None means all."""
    overrides: "tuple[Override, ...]" = ()
    representative_volume: int | None = None
    """The number of emails from which SES is assumed to calculate the rate of the account.

    None is the number whose estimates agree with the rates of SES, or `REPRESENTATIVE_VOLUME`.
    """
    remind_after: tuple[timedelta, ...] = REMIND_AFTER
    """When reminders about an open alert are due, since it opened, shortest first.

    The last duration repeats. An empty tuple switches reminders off.
    """

    @cached_property
    def first_threshold(self) -> Threshold:
        """The threshold that a rate reaches first when it gets worse."""
        return min(self.thresholds, key=lambda threshold: threshold.severity)

    @cached_property
    def longest_window(self) -> Window:
        """The longest of the windows."""
        return self.windows[-1]

    @cached_property
    def persistence_windows(self) -> tuple[Window, ...]:
        """The windows in which a rate breaches the rule by being above the threshold day after day.

        A rule that compares counted rates has none.
        """
        if isinstance(self.confidence, PlainComparison):
            return ()
        shortest = max(MIN_PERSISTENCE_WINDOW, self.windows[0])
        windows = {*PERSISTENCE_WINDOWS, *self.windows}
        return tuple(sorted(window for window in windows if window >= shortest))

    @cached_property
    def lookback(self) -> Window:
        """The longest evaluated window with 1 day more.

        All windows are within it, also if they end yesterday because today has no counts yet.
        """
        return Window(max((self.longest_window, *self.persistence_windows)).days + 1)

    def covers(self, scope: Scope) -> bool:
        """Return whether the kind and the names of *scope* match the rule.

        `top` is not considered.
        """
        return scope.kind in self.scopes and self.covers_names(scope)

    def covers_names(self, scope: Scope) -> bool:
        """Return whether the patterns of the rule accept the names of *scope*."""
        if not (self.include.patterns or self.exclude.patterns):
            return True
        return all(self._covers_name(key, name) for key, name in scope.dimensions.items())

    def covers_provider(self, isp: str) -> bool:
        """Return whether the patterns of the rule accept the provider *isp*."""
        return self._covers_name(Dimension.ISP, isp)

    def for_target(self, target: Target) -> "Rule":
        """Return the rule as it applies in *target*, without patterns of targets.

        It has no scopes if it does not monitor *target*. Of the overrides, those for other targets
        are left out, and one that applies to every scope becomes the rule itself.
        """
        if self.targets == ALL_TARGETS and all(
            override.target_matcher == ANY_TARGET for override in self.overrides
        ):
            return self
        if not self.targets.covers(target):
            return replace(self, scopes=frozenset(), targets=ALL_TARGETS, overrides=())
        matching = [each for each in self.overrides if each.target_matcher.matches(target)]
        general = self
        overrides = []
        for override in matching:
            if any(other.takes_precedence_over(override) for other in matching):
                continue
            if override.matcher.patterns:
                overrides.append(override.for_any_target())
            else:
                general = override.rule
        return replace(general, targets=ALL_TARGETS, overrides=tuple(overrides))

    def for_scope(self, scope: Scope) -> "Rule":
        """Return the rule of the most specific override for *scope*, or this rule.

        The overrides must be those of one target: see `for_target`.
        """
        best: Override | None = None
        for override in self.overrides:
            if override.matcher.matches(scope) and (
                best is None or override.matcher.is_within(best.matcher)
            ):
                best = override
        return best.rule if best else self

    def badness(self, value: float) -> float:
        """Return how bad a rate of *value* is, relative to `first_threshold`.

        The result is 1 at this threshold, and higher for worse rates.
        """
        first = self.first_threshold.share
        return (1 - value) / (1 - first) if self.indicator.low_is_bad else value / first

    def worst_badness(self, events: Series, volume: Series, last: date) -> float:
        """Return the badness of the worst rate in any window ending *last*.

        Returns 0 if there was no email.
        """
        return max(
            (
                self.badness(events.total(window, last) / emails)
                for window in self.windows
                if (emails := volume.total(window, last))
            ),
            default=0.0,
        )

    def _covers_name(self, dimension: Dimension, name: str) -> bool:
        """Return whether `include` and `exclude` accept *name* in *dimension*."""
        is_included = dimension not in self.include.patterns or self.include.includes(
            dimension, name
        )
        return is_included and not self.exclude.includes(dimension, name)


@dataclass(frozen=True, slots=True)
class Override:
    """A rule that replaces another rule for some scopes of some targets."""

    matcher: ScopeMatcher
    """Which scopes the override applies to."""
    rule: Rule
    """The rule that applies to these scopes, without overrides of its own."""
    target_matcher: TargetMatcher = ANY_TARGET
    """Which targets the override applies to."""
    index: int = 0
    """The position of the override in the text of the rule, from 0."""

    def is_within(self, wider: "Override") -> bool:
        """Return whether *wider* matches every scope of every target that this override matches."""
        return self.matcher.is_within(wider.matcher) and self.target_matcher.is_within(
            wider.target_matcher
        )

    def takes_precedence_over(self, other: "Override") -> bool:
        """Return whether the override always applies in place of *other*, in a common target.

        That is so if both match the same scopes, and this one is for fewer targets.
        """
        return self is not other and self.is_within(other) and other.matcher.is_within(self.matcher)

    def for_any_target(self) -> "Override":
        """Return the override without patterns of targets."""
        rule = replace(self.rule, targets=ALL_TARGETS)
        return replace(self, rule=rule, target_matcher=ANY_TARGET)
