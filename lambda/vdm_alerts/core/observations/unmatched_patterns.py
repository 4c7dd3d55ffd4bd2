"""Which patterns match no name, and which name they are probably a misspelling of."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from vdm_alerts.core.rules.matcher_index import MatcherIndex
from vdm_alerts.core.rules.patterns import WILDCARDS, matches_pattern

MIN_SIMILARITY = 0.9
"""The smallest share of characters that a pattern has in common with the name that it means."""
_FIELD = "name"


def unmatched_patterns(patterns: Iterable[str], names: Collection[str]) -> Mapping[str, str | None]:
    """Return those of *patterns* that match none of *names*, each with the name that it may mean.

    That name is None if no name is similar enough, or if the pattern has wildcards.
    """
    unmatched = dict.fromkeys(patterns)
    index = MatcherIndex(({_FIELD: pattern}, pattern) for pattern in unmatched)
    for name in names:
        for pattern in index.candidates({_FIELD: name}):
            if pattern in unmatched and matches_pattern(name, pattern):
                del unmatched[pattern]
    return {**unmatched, **_similar_names(unmatched, names)}


def _similar_names(patterns: Iterable[str], names: Iterable[str]) -> Mapping[str, str]:
    """Return the most similar of *names* for each of *patterns* that has one.

    In one of them or in both, one character is deleted: so it may be missing, superfluous, wrong,
    or in the wrong place.
    """
    patterns_by_variant: defaultdict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        if not set(pattern) & WILDCARDS:
            for variant in _variants(pattern):
                patterns_by_variant[variant].append(pattern)
    similar: dict[str, tuple[float, str]] = {}
    for name in names if patterns_by_variant else ():
        for variant in _variants(name):
            for pattern in patterns_by_variant.get(variant, ()):
                similarity = 2 * len(variant) / (len(pattern) + len(name))
                if similarity >= MIN_SIMILARITY:
                    similar[pattern] = max((similarity, name), similar.get(pattern, (0.0, "")))
    return {pattern: name for pattern, (_, name) in similar.items()}


def _variants(name: str) -> Iterator[str]:
    """Yield *name* in lower case, and with each of its characters deleted."""
    lowercase = name.lower()
    yield lowercase
    yield from {lowercase[:index] + lowercase[index + 1 :] for index in range(len(lowercase))}
