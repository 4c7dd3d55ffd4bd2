"""Patterns of names: `*` stands for any letters, `?` for any one, and case is nothing to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache

from vdm_alerts.core.metrics import Dimension, Scope

WILD = frozenset("*?")


@dataclass(frozen=True, slots=True)
class Globs:
    """Patterns of names, a tuple for each dimension that has any."""

    patterns: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)

    def match(self, dimension: Dimension, name: str) -> bool:
        """Say whether *name* is one of those meant for *dimension*."""
        return any(matches(name, pattern) for pattern in self.patterns.get(dimension, ()))


ANY = Globs()


@dataclass(frozen=True, slots=True)
class Names:
    """One pattern for each dimension that is named, all of which have to match."""

    patterns: Mapping[Dimension, str]

    def match(self, scope: Scope) -> bool:
        """Say whether *scope* is meant."""
        names = scope.dimensions
        return all(
            dimension in names and matches(names[dimension], pattern)
            for dimension, pattern in self.patterns.items()
        )

    def is_within(self, wider: "Names") -> bool:
        """Say whether whatever is meant by this is meant by *wider* too."""
        return all(
            dimension in self.patterns
            and _within(self.patterns[dimension].lower(), pattern.lower())
            for dimension, pattern in wider.patterns.items()
        )

    def may_meet(self, other: "Names") -> bool:
        """Say whether there may be a scope that is meant by this and by *other*."""
        common = self.patterns.keys() & other.patterns.keys()
        return all(
            _meet(self.patterns[each].lower(), other.patterns[each].lower()) for each in common
        )


def matches(name: str, pattern: str) -> bool:
    """Say whether *name* is one of those that *pattern* is of."""
    return fnmatchcase(name.lower(), pattern.lower())


@lru_cache
def _within(narrow: str, wide: str) -> bool:
    """Say whether every name of the pattern *narrow* is one of *wide*, too."""
    if not wide:
        return not narrow
    if wide[0] == "*":
        return _within(narrow, wide[1:]) or (bool(narrow) and _within(narrow[1:], wide))
    if not narrow or (narrow[0] != wide[0] and (wide[0] != "?" or narrow[0] == "*")):
        return False
    return _within(narrow[1:], wide[1:])


@lru_cache
def _meet(one: str, other: str) -> bool:
    """Say whether some name is of both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*" or other[0] == "*":
        star, rest = (one, other) if one[0] == "*" else (other, one)
        return _meet(star[1:], rest) or _meet(star, rest[1:])
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _meet(one[1:], other[1:])
