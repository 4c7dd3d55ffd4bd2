"""Patterns of account IDs and of Regions: which targets a rule or a silence is about.

They have the wildcards of name patterns. An alias of a target is no name for them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.patterns import is_within, matches_pattern, may_overlap

TARGET_KEYS = ("account", "region")
"""The keys of rules and silences that select targets."""
ANY = "*"
"""The pattern that every account ID and every Region matches."""


@dataclass(frozen=True, slots=True)
class TargetMatcher:
    """A pattern of account IDs and a pattern of Regions. A target must match both."""

    account: str = ANY
    region: str = ANY

    @property
    def patterns(self) -> Mapping[str, str]:
        """The patterns that do not match everything, by their keys."""
        patterns = zip(TARGET_KEYS, (self.account, self.region), strict=True)
        return {key: pattern for key, pattern in patterns if pattern != ANY}

    def matches(self, target: Target) -> bool:
        """Return whether *target* matches both patterns."""
        return matches_pattern(target.account, self.account) and matches_pattern(
            target.region, self.region
        )

    def is_within(self, wider: "TargetMatcher") -> bool:
        """Return whether *wider* matches every target that this matcher matches.

        A True is certain, as that of `patterns.is_within` is.
        """
        return is_within(self.account, wider.account) and is_within(self.region, wider.region)

    def may_overlap(self, other: "TargetMatcher") -> bool:
        """Return whether a target can exist that both matchers match."""
        return may_overlap(self.account, other.account) and may_overlap(self.region, other.region)


ANY_TARGET = TargetMatcher()
"""The matcher of every target."""


@dataclass(frozen=True, slots=True)
class TargetPatterns:
    """Lists of patterns, as in the keys `include` and `exclude` of a rule."""

    account: tuple[str, ...] = ()
    region: tuple[str, ...] = ()

    def includes(self, target: Target) -> bool:
        """Return whether *target* matches a pattern of each list that is not empty."""
        return _matches_any(target.account, self.account or (ANY,)) and _matches_any(
            target.region, self.region or (ANY,)
        )

    def excludes(self, target: Target) -> bool:
        """Return whether *target* matches any pattern of either list."""
        return _matches_any(target.account, self.account) or _matches_any(
            target.region, self.region
        )

    def may_overlap(self, other: "TargetPatterns") -> bool:
        """Return whether a target can exist that both include."""
        return all(
            any(
                may_overlap(first, second)
                for first in ours or (ANY,)
                for second in theirs or (ANY,)
            )
            for ours, theirs in ((self.account, other.account), (self.region, other.region))
        )


@dataclass(frozen=True, slots=True)
class TargetSelection:
    """The targets that a rule monitors: those that are included and not excluded."""

    include: TargetPatterns = TargetPatterns()
    exclude: TargetPatterns = TargetPatterns()

    def covers(self, target: Target) -> bool:
        """Return whether the rule monitors *target*."""
        return self.include.includes(target) and not self.exclude.excludes(target)


ALL_TARGETS = TargetSelection()
"""Every target."""


def _matches_any(name: str, patterns: tuple[str, ...]) -> bool:
    return any(matches_pattern(name, pattern) for pattern in patterns)
