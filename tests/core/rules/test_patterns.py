from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.rules.patterns import ScopeMatcher

IDENTITY, ISP = Dimension.IDENTITY, Dimension.ISP
patterns = st.text("ab*?", min_size=1, max_size=5)
words = st.text("ab", min_size=1, max_size=6)


def names(pattern: str) -> ScopeMatcher:
    return ScopeMatcher({IDENTITY: pattern})


@pytest.mark.parametrize(
    ("narrow", "wide", "is_within"),
    [
        ("news.example.com", "*.example.com", True),
        ("*.example.com", "news.example.com", False),
        ("*.eu.example.com", "*.example.com", True),
        ("News.Example.com", "news.*", True),
        ("a*", "a?", False),
        ("a?", "a*", True),
        ("*", "*", True),
    ],
)
def test_pattern_is_within_another_only_when_all_its_names_match_the_other(
    narrow: str, wide: str, is_within: bool
) -> None:
    assert names(narrow).is_within(names(wide)) == is_within


@given(patterns, patterns, words)
def test_contained_pattern_matches_no_name_outside_the_wider_pattern(
    narrow: str, wide: str, word: str
) -> None:
    if names(narrow).is_within(names(wide)) and fnmatchcase(word, narrow):
        assert fnmatchcase(word, wide)


@given(patterns, patterns, words)
def test_patterns_can_overlap_when_both_match_a_name(one: str, other: str, word: str) -> None:
    if fnmatchcase(word, one) and fnmatchcase(word, other):
        assert names(one).may_overlap(names(other))
        assert names(other).may_overlap(names(one))


@pytest.mark.parametrize(
    ("one", "other"), [("a*", "b*"), ("*.com", "*.org"), ("??", "?"), ("", "a")]
)
def test_patterns_never_overlap_when_no_name_matches_both(one: str, other: str) -> None:
    assert not names(one).may_overlap(names(other))


def test_pattern_with_more_dimensions_is_more_specific() -> None:
    both = ScopeMatcher({IDENTITY: "news.example.com", ISP: "Hotmail"})
    assert both.is_within(names("*.example.com"))
    assert not names("news.example.com").is_within(both)
    assert both.matches(Scope(identity="news.example.com", isp="Hotmail"))
    assert not both.matches(Scope(identity="news.example.com"))
    assert names("news.*").matches(Scope(identity="news.example.com", isp="Hotmail"))
