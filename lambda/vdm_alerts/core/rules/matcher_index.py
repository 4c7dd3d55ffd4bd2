"""Finding the values whose name patterns may match, without a test of every pattern."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

F = TypeVar("F", bound=str)
T = TypeVar("T")


class MatcherIndex(Generic[F, T]):
    """Values by name patterns.

    A name contains each literal part of every pattern that it matches. Each value is found by the
    rarest of its parts. So few values are tested for a name, however many there are, unless their
    patterns have all parts in common.
    """

    def __init__(self, entries: Iterable[tuple[Mapping[F, str], T]]) -> None:
        """Index the value of each entry by its patterns, by the field that each is about.

        All patterns of an entry must match. A value may have several entries.
        """
        parts_and_values = [(_literals(patterns), value) for patterns, value in entries]
        frequency = Counter(part for parts, _ in parts_and_values for part in parts)
        self._by_part: defaultdict[tuple[F, str] | None, dict[int, T]] = defaultdict(dict)
        for position, (parts, value) in enumerate(parts_and_values):
            rarest = min(
                parts, key=lambda part: (frequency[part], -len(part[1]), part), default=None
            )
            self._by_part[rarest][position] = value
        self._lengths: defaultdict[F, set[int]] = defaultdict(set)
        for field, text in filter(None, self._by_part):
            self._lengths[field].add(len(text))

    def candidates(self, names: Mapping[F, str]) -> Sequence[T]:
        """Return every value whose patterns may match *names*, by field, in the order of entries.

        The caller tests the patterns.
        """
        found = dict(self._by_part[None])
        for field, name in names.items():
            for part in _parts_of(name.lower(), self._lengths.get(field, ())):
                found |= self._by_part.get((field, part), {})
        return [found[position] for position in sorted(found)]


def _literals(patterns: Mapping[F, str]) -> set[tuple[F, str]]:
    """Return the parts of *patterns* without wildcards, in lower case, each after its field."""
    return {
        (field, text)
        for field, pattern in patterns.items()
        for text in re.split(r"[*?]", pattern.lower())
        if text
    }


def _parts_of(name: str, lengths: Iterable[int]) -> set[str]:
    """Return the parts of *name* that have one of *lengths*."""
    return {
        name[start : start + length]
        for length in lengths
        for start in range(len(name) - length + 1)
    }
