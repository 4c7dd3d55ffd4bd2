"""The index finds exactly the values whose patterns a test of each pattern finds."""

from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.rules.matcher_index import MatcherIndex
from vdm_alerts.core.rules.patterns import matches_pattern

FIELDS = ("rule", "identity", "tenant")
PATTERNS = st.dictionaries(st.sampled_from(FIELDS), st.text("abA*?", max_size=4))
NAMES = st.dictionaries(st.sampled_from(FIELDS), st.text("abB", max_size=5))


def match(patterns: dict[str, str], names: dict[str, str]) -> bool:
    return all(
        field in names and matches_pattern(names[field], pattern)
        for field, pattern in patterns.items()
    )


@given(st.lists(PATTERNS), NAMES)
def test_index_misses_no_value_and_keeps_the_order(
    entries: list[dict[str, str]], names: dict[str, str]
) -> None:
    index = MatcherIndex((patterns, number) for number, patterns in enumerate(entries))
    found = [number for number in index.candidates(names) if match(entries[number], names)]
    assert found == [number for number, patterns in enumerate(entries) if match(patterns, names)]


def test_index_finds_few_of_many_patterns_with_a_common_part() -> None:
    patterns = [f"{number}-*.example.com" for number in range(1_000)]
    index = MatcherIndex(({"identity": pattern}, pattern) for pattern in patterns)
    assert index.candidates({"identity": "7-news.example.com"}) == ["7-*.example.com"]
    assert index.candidates({"identity": "news.example.com"}) == []
