"""Name patterns: `*` matches any text, `?` any character, ignoring case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from vdm_alerts.core.model.metrics import Dimension, Scope

WILDCARDS = frozenset("*?")
"""The wildcard characters."""


@dataclass(frozen=True, slots=True)
class ScopePatterns:
    """Lists of name patterns, such as the key `include` of a rule."""

    patterns: Mapping[Dimension, tuple[str, ...]] = field(default_factory=dict)
    """The patterns of each dimension that has any."""

    def includes(self, dimension: Dimension, name: str) -> bool:
        """Return whether *name* matches a pattern of *dimension*."""
        return any(matches_pattern(name, pattern) for pattern in self.patterns.get(dimension, ()))


ANY_SCOPE = ScopePatterns()
"""No patterns."""


@dataclass(frozen=True, slots=True)
class ScopeMatcher:
    """Name patterns that a scope must match, all of them."""

    patterns: Mapping[Dimension, str]
    """The pattern of each dimension that has one."""

    def matches(self, scope: Scope) -> bool:
        """Return whether *scope* names every dimension and matches every pattern."""
        names = scope.dimensions
        return all(
            dimension in names and matches_pattern(names[dimension], pattern)
            for dimension, pattern in self.patterns.items()
        )

    def is_within(self, wider: "ScopeMatcher") -> bool:
        """Return whether *wider* matches every scope that this matcher matches.

        A True is certain. Between a `*` and a `?` that are swapped, such as "*?" and "?*", the
        result is False although both match the same names.
        """
        return all(
            dimension in self.patterns
            and _is_within(self.patterns[dimension].lower(), pattern.lower())
            for dimension, pattern in wider.patterns.items()
        )

    def may_overlap(self, other: "ScopeMatcher") -> bool:
        """Return whether a scope can exist that both matchers match."""
        return all(
            _may_overlap(self.patterns[dimension].lower(), other.patterns[dimension].lower())
            for dimension in self.patterns.keys() & other.patterns.keys()
        )


def with_punycode(pattern: str) -> str:
    """Return a *pattern* of identities with its domain in Punycode, as SES lists domains.

    A label of the domain that contains a wildcard, or has no such form, stays as it is.
    """
    local_part, separator, domain = pattern.rpartition("@")
    return f"{local_part}{separator}{'.'.join(map(_punycode_label, domain.split('.')))}"


def matches_pattern(name: str, pattern: str) -> bool:
    """Return whether *name* matches *pattern*."""
    return fnmatchcase(name.lower(), pattern.lower())


def _punycode_label(label: str) -> str:
    if label.isascii() or set(label) & WILDCARDS:
        return label
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return label


def _is_within(narrow: str, wide: str) -> bool:
    """Return whether *wide* matches every name that *narrow* matches.

    Dynamic programming over the suffixes of both patterns, from their ends.
    """
    # contains[i]: wide[i:] matches every name of the suffix of narrow that has been processed.
    contains = [not wide[index:].strip("*") for index in range(len(wide) + 1)]
    for character in reversed(narrow):
        contains_rest, contains = contains, [False] * (len(wide) + 1)
        for index in range(len(wide) - 1, -1, -1):
            if wide[index] == "*":
                contains[index] = contains[index + 1] or contains_rest[index]
            elif wide[index] == character or (wide[index] == "?" and character != "*"):
                contains[index] = contains_rest[index + 1]
    return contains[0]


def _may_overlap(first: str, second: str) -> bool:
    """Return whether a name can exist that both patterns match.

    Dynamic programming over the suffixes of both patterns, from their ends.
    """
    # overlaps[i]: second[i:] and the processed suffix of first match a common name.
    overlaps = [not second[index:].strip("*") for index in range(len(second) + 1)]
    for character in reversed(first):
        overlaps_rest, overlaps = overlaps, [False] * (len(second) + 1)
        overlaps[-1] = character == "*" and overlaps_rest[-1]
        for index in range(len(second) - 1, -1, -1):
            if character == "*" or second[index] == "*":
                overlaps[index] = overlaps_rest[index] or overlaps[index + 1]
            elif character == second[index] or "?" in {character, second[index]}:
                overlaps[index] = overlaps_rest[index + 1]
    return overlaps[0]
