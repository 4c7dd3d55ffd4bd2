"""Patterns of names: `*` stands for any letters, `?` for any one, and case is nothing to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from vdm_alerts.core.model.metrics import Dimension, Scope

WILD = frozenset("*?")


@dataclass(frozen=True, slots=True)
class ScopePatterns:
    """Patterns of names, a tuple for each dimension that has any."""

    patterns: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)

    def includes(self, dimension: Dimension, name: str) -> bool:
        """Say whether *name* is one of those meant for *dimension*."""
        return any(matches_pattern(name, pattern) for pattern in self.patterns.get(dimension, ()))


ANY_SCOPE = ScopePatterns()


@dataclass(frozen=True, slots=True)
class ScopeMatcher:
    """One pattern for each dimension that is named, all of which have to match."""

    patterns: Mapping[Dimension, str]

    def matches(self, scope: Scope) -> bool:
        """Say whether *scope* is meant."""
        names = scope.dimensions
        return all(
            dimension in names and matches_pattern(names[dimension], pattern)
            for dimension, pattern in self.patterns.items()
        )

    def is_within(self, wider: "ScopeMatcher") -> bool:
        """Say whether whatever is meant by this is meant by *wider* too."""
        return all(
            dimension in self.patterns
            and _within(self.patterns[dimension].lower(), pattern.lower())
            for dimension, pattern in wider.patterns.items()
        )

    def may_overlap(self, other: "ScopeMatcher") -> bool:
        """Say whether there may be a scope that is meant by this and by *other*."""
        common = self.patterns.keys() & other.patterns.keys()
        return all(
            _overlap(self.patterns[each].lower(), other.patterns[each].lower()) for each in common
        )


def matches_pattern(name: str, pattern: str) -> bool:
    """Say whether *name* is one of those that *pattern* is of."""
    return fnmatchcase(name.lower(), pattern.lower())


def _within(narrow: str, wide: str) -> bool:
    """Say whether every name of the pattern *narrow* is one of *wide*, too."""
    # Whether what is left of wide from one letter on takes what is left of narrow, from its end.
    takes = [not wide[place:].strip("*") for place in range(len(wide) + 1)]
    for letter in reversed(narrow):
        before, takes = takes, [False] * (len(wide) + 1)
        for place in range(len(wide) - 1, -1, -1):
            if wide[place] == "*":
                takes[place] = takes[place + 1] or before[place]
            elif wide[place] == letter or (wide[place] == "?" and letter != "*"):
                takes[place] = before[place + 1]
    return takes[0]


def _overlap(one: str, other: str) -> bool:
    """Say whether some name is of both patterns."""
    # Whether what is left of other from one letter on meets what is left of one, from its end.
    meets = [not other[place:].strip("*") for place in range(len(other) + 1)]
    for letter in reversed(one):
        before, meets = meets, [False] * (len(other) + 1)
        meets[-1] = letter == "*" and before[-1]
        for place in range(len(other) - 1, -1, -1):
            if letter == "*" or other[place] == "*":
                meets[place] = before[place] or meets[place + 1]
            elif letter == other[place] or "?" in {letter, other[place]}:
                meets[place] = before[place + 1]
    return meets[0]
