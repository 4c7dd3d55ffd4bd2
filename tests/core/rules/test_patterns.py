from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.rules.patterns import Names

IDENTITY, ISP = Dimension.IDENTITY, Dimension.ISP
patterns = st.text("ab*?", min_size=1, max_size=5)
words = st.text("ab", min_size=1, max_size=6)


def names(pattern: str) -> Names:
    return Names({IDENTITY: pattern})


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
def test_one_pattern_is_within_another(narrow: str, wide: str, is_within: bool) -> None:
    assert names(narrow).is_within(names(wide)) == is_within


@given(patterns, patterns, words)
def test_what_is_within_matches_nothing_else(narrow: str, wide: str, word: str) -> None:
    if names(narrow).is_within(names(wide)) and fnmatchcase(word, narrow):
        assert fnmatchcase(word, wide)


@given(patterns, patterns, words)
def test_patterns_that_share_a_name_may_meet(one: str, other: str, word: str) -> None:
    if fnmatchcase(word, one) and fnmatchcase(word, other):
        assert names(one).may_meet(names(other))
        assert names(other).may_meet(names(one))


@pytest.mark.parametrize(
    ("one", "other"), [("a*", "b*"), ("*.com", "*.org"), ("??", "?"), ("", "a")]
)
def test_patterns_that_share_no_name_never_meet(one: str, other: str) -> None:
    assert not names(one).may_meet(names(other))


def test_more_names_are_the_more_specific() -> None:
    both = Names({IDENTITY: "news.example.com", ISP: "Hotmail"})
    assert both.is_within(names("*.example.com"))
    assert not names("news.example.com").is_within(both)
    assert both.match(Scope(identity="news.example.com", isp="Hotmail"))
    assert not both.match(Scope(identity="news.example.com"))
    assert names("news.*").match(Scope(identity="news.example.com", isp="Hotmail"))
