from fnmatch import fnmatchcase
from itertools import product

import pytest

from vdm_alerts.core.model.metrics import Dimension, Scope
from vdm_alerts.core.rules.patterns import ScopeMatcher, with_punycode

IDENTITY, ISP = Dimension.IDENTITY, Dimension.ISP
PATTERNS = ["".join(letters) for size in (1, 2, 3) for letters in product("ab*?", repeat=size)]
NAMES = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]
MATCHES = {pattern: {name for name in NAMES if fnmatchcase(name, pattern)} for pattern in PATTERNS}
"""All patterns of up to 3 characters, and the names of up to 4 letters that each matches.

Patterns of this length are told apart by names of this length.
"""


def identity_pattern(pattern: str) -> ScopeMatcher:
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
    assert identity_pattern(narrow).is_within(identity_pattern(wide)) == is_within


def test_contained_pattern_matches_no_name_outside_the_wider_pattern() -> None:
    contained = [
        (narrow, wide)
        for narrow, wide in product(PATTERNS, repeat=2)
        if identity_pattern(narrow).is_within(identity_pattern(wide))
    ]
    assert len(contained) > len(PATTERNS), "also pairs of different patterns"
    assert [pair for pair in contained if not MATCHES[pair[0]] <= MATCHES[pair[1]]] == []


def test_pattern_without_star_is_within_another_exactly_when_its_names_match_the_other() -> None:
    for narrow, wide in product(PATTERNS, repeat=2):
        if "*" not in narrow:
            is_within = identity_pattern(narrow).is_within(identity_pattern(wide))
            assert is_within == (MATCHES[narrow] <= MATCHES[wide]), (narrow, wide)


def test_patterns_can_overlap_exactly_when_both_match_a_name() -> None:
    for first, second in product(PATTERNS, repeat=2):
        may_overlap = identity_pattern(first).may_overlap(identity_pattern(second))
        assert may_overlap == bool(MATCHES[first] & MATCHES[second]), (first, second)


@pytest.mark.parametrize(
    ("first", "second"), [("a*", "b*"), ("*.com", "*.org"), ("??", "?"), ("", "a")]
)
def test_patterns_never_overlap_when_no_name_matches_both(first: str, second: str) -> None:
    assert not identity_pattern(first).may_overlap(identity_pattern(second))


def test_pattern_with_more_dimensions_is_more_specific() -> None:
    both = ScopeMatcher({IDENTITY: "news.example.com", ISP: "Hotmail"})
    assert both.is_within(identity_pattern("*.example.com"))
    assert not identity_pattern("news.example.com").is_within(both)
    assert both.matches(Scope(identity="news.example.com", isp="Hotmail"))
    assert not both.matches(Scope(identity="news.example.com"))
    assert identity_pattern("news.*").matches(Scope(identity="news.example.com", isp="Hotmail"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("*.MÜNCHEN.example", "*.xn--mnchen-3ya.example"),
        ("anna@münchen.example", "anna@xn--mnchen-3ya.example"),
        ("news.example.com", "news.example.com"),
        ("mün*.example", "mün*.example"),
        (f"{'ü' * 64}.example", f"{'ü' * 64}.example"),
    ],
)
def test_internationalized_domains_become_punycode(pattern: str, expected: str) -> None:
    assert with_punycode(pattern) == expected
