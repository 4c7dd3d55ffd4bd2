"""Name patterns: `*` matches any text, `?` any character, ignoring case."""

import re
from collections import defaultdict
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

        A True is certain, as that of the function `is_within` is.
        """
        return all(
            dimension in self.patterns and is_within(self.patterns[dimension], pattern)
            for dimension, pattern in wider.patterns.items()
        )

    def may_overlap(self, other: "ScopeMatcher") -> bool:
        """Return whether a scope can exist that both matchers match."""
        return all(
            may_overlap(self.patterns[dimension], other.patterns[dimension])
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


def is_within(narrow: str, wide: str) -> bool:
    """Return whether the pattern *wide* matches every name that the pattern *narrow* matches.

    A True is certain. Between a `*` and a `?` that are swapped, such as "*?" and "?*", the result
    is False although both match the same names.
    """
    # Dynamic programming over the suffixes of both patterns, from their ends.
    suffixes = _Suffixes(wide.lower())
    # Bit i of contains: the suffix of wide from i on matches every name of the suffix of narrow
    # that has been processed.
    contains = suffixes.matching_nothing
    for character in reversed(narrow.lower()):
        after_match = contains >> 1 & suffixes.accepting(character)
        contains = suffixes.with_stars(after_match, contains)
    return bool(contains & 1)


def may_overlap(first: str, second: str) -> bool:
    """Return whether a name can exist that both patterns match."""
    # Dynamic programming over the suffixes of both patterns, from their ends.
    suffixes = _Suffixes(second.lower())
    # Bit i of overlaps: the suffix of second from i on, and the suffix of first that has been
    # processed, match a common name.
    overlaps = suffixes.matching_nothing
    for character in reversed(first.lower()):
        if character == "*":
            overlaps = (1 << overlaps.bit_length()) - 1
        else:
            accepting = suffixes.not_star if character == "?" else suffixes.accepting(character)
            overlaps = suffixes.with_stars(overlaps >> 1 & accepting, overlaps)
    return bool(overlaps & 1)


def _punycode_label(label: str) -> str:
    if label.isascii() or set(label) & WILDCARDS:
        return label
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return label


class _Suffixes:
    """The suffixes of a pattern, as bits: bit i is the suffix that starts with character i.

    One operation on an integer handles every suffix, so that many long patterns can be compared.
    """

    def __init__(self, pattern: str) -> None:
        pattern = re.sub(r"\*+", "*", pattern)  # No star follows another one.
        self._starting_with: defaultdict[str, int] = defaultdict(int)
        for index, character in enumerate(pattern):
            self._starting_with[character] |= 1 << index
        self._star = self._starting_with["*"]
        self.not_star = (1 << len(pattern)) - 1 ^ self._star
        """The suffixes that start with another character than a star."""
        self.matching_nothing = self.with_stars(1 << len(pattern), 0)
        """The suffixes that match the empty name."""

    def accepting(self, character: str) -> int:
        """Return the suffixes whose first character, not a star, matches all of *character*.

        *character* is a character of another pattern. No other character than a star matches a
        star.
        """
        if character == "*":
            return 0
        return self._starting_with[character] | self._starting_with["?"]

    def with_stars(self, matching: int, before: int) -> int:
        """Return *matching* with the suffixes that start with a star.

        A star matches nothing more, or the next character, too: then its suffix is in *before*.
        """
        matching |= before & self._star
        return matching | (matching >> 1 & self._star)
