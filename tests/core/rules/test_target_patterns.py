"""Tests of rules by account and Region."""

import json
from collections.abc import Mapping, Sequence

import pytest
from builders import NEWS_IDENTITY
from hypothesis import assume, given
from hypothesis import strategies as st

from vdm_alerts.core.model.metrics import ACCOUNT, Scope
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.patterns import matches_pattern
from vdm_alerts.core.rules.rule import Rule
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts.core.rules.target_patterns import ALL_TARGETS, TargetPatterns

SHOP = Target("222222222222", "eu-west-1")
OTHER_REGION = Target("222222222222", "us-east-1")
OTHER_ACCOUNT = Target("333333333333", "eu-west-1")
TARGETS = (SHOP, OTHER_REGION, OTHER_ACCOUNT, Target("333333333333", "us-east-1"))
SCOPES = (ACCOUNT, NEWS_IDENTITY, Scope(identity="shop.example.com"), Scope(identity="a.test"))


def rule_of(
    text: str, indicator: str = "bounce_rate", scopes: str = '"account", "identity"'
) -> Rule:
    return parse_rule(
        "mine", f'indicator = "{indicator}"\nscopes = [{scopes}]\nwarning = "50%"\n{text}', "here"
    )


def warning(rule: Rule, scope: Scope) -> int:
    """Return the threshold of *rule* for *scope*, in percent."""
    return round(100 * rule.for_scope(scope).first_threshold.share)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("", TARGETS),
        ('include.account = ["222222222222"]', [SHOP, OTHER_REGION]),
        ('include.account = ["2*"]\ninclude.region = ["us-*", "ap-*"]', [OTHER_REGION]),
        ('exclude.region = ["eu-west-1"]', [OTHER_REGION, TARGETS[3]]),
        ('exclude.account = ["2222????????"]\nexclude.region = ["us-*"]', [OTHER_ACCOUNT]),
        ('include.region = ["eu-*"]\nexclude.account = ["*3"]', [SHOP]),
    ],
)
def test_rule_covers_scopes_only_in_the_targets_that_it_includes(
    text: str, covered: Sequence[Target]
) -> None:
    rules = {target: rule_of(text).for_target(target) for target in TARGETS}
    assert [each for each in TARGETS if rules[each].covers(ACCOUNT)] == list(covered)
    assert [each for each in TARGETS if rules[each].covers(NEWS_IDENTITY)] == list(covered)
    assert all(rule.targets == ALL_TARGETS for rule in rules.values())


def test_rule_without_patterns_of_targets_stays_the_same_rule() -> None:
    rule = rule_of('[[overrides]]\nidentity = "news.*"\nwarning = "6%"')
    assert rule.for_target(SHOP) is rule


def test_rule_of_another_target_stays_in_the_rule_set_and_is_not_read() -> None:
    rule_set = RuleSet({"mine": rule_of('exclude.region = ["us-*"]')})
    assert rule_set.for_target(SHOP).counted_rules
    elsewhere = rule_set.for_target(OTHER_REGION)
    assert list(elsewhere.rules) == ["mine"]
    assert elsewhere.counted_rules == []


def test_override_applies_only_in_the_targets_that_match_it() -> None:
    rule = rule_of(
        """
        [[overrides]]
        account = "2222*"
        region = "eu-*"
        warning = "6%"
        [[overrides]]
        identity = "news.*"
        region = "eu-*"
        account = "222222222222"
        warning = "7%"
        [[overrides]]
        identity = "shop.*"
        account = "*"
        region = "us-*"
        warning = "8%"
        [[overrides]]
        identity = "shop.*"
        account = "222222222222"
        region = "us-*"
        warning = "9%"
        """
    )
    shop, other_region, other_account, last = (rule.for_target(each) for each in TARGETS)
    assert [warning(shop, scope) for scope in SCOPES] == [6, 7, 6, 6]
    assert [warning(other_region, scope) for scope in SCOPES] == [50, 50, 9, 50]
    assert [warning(other_account, scope) for scope in SCOPES] == [50, 50, 50, 50]
    assert [warning(last, scope) for scope in SCOPES] == [50, 50, 8, 50]
    assert [each.index for each in other_region.overrides] == [3], "its place in the text"


def test_rate_of_ses_can_have_other_thresholds_in_an_account() -> None:
    text = 'exclude.region = ["us-*"]\n[[overrides]]\naccount = "2222*"\nwarning = "7%"'
    rule = rule_of(text, indicator="ses_bounce_rate", scopes='"account"')
    assert warning(rule.for_target(SHOP), ACCOUNT) == 7
    assert rule.for_target(SHOP).first_threshold.share == 0.07, "the override is the rule itself"
    assert warning(rule.for_target(OTHER_ACCOUNT), ACCOUNT) == 50
    assert not rule.for_target(OTHER_REGION).covers(ACCOUNT)


def test_override_of_a_rate_of_ses_cannot_select_senders() -> None:
    text = (
        'include.identity = ["a.test"]\n'
        '[[overrides]]\nidentity = "news.*"\nmin_volume = 5\nwarning = "7%"\n'
        '[[overrides]]\nwarning = "8%"\n'
        '[[overrides]]\naccount = "2222*"\ncritical = "40%"'
    )
    with pytest.raises(InvalidRuleError) as error:
        rule_of(text, indicator="ses_bounce_rate", scopes='"account"')
    assert [each.path for each in error.value.errors] == [
        "include.identity",
        "overrides[0].identity",
        "overrides[0].min_volume",
        "overrides[1]",
        "overrides[2].critical",
    ]


@pytest.mark.parametrize(
    ("first", "second", "is_ambiguous"),
    [
        ({"account": "2*"}, {"region": "eu-*"}, True),
        ({"account": "2*", "region": "us-*"}, {"region": "eu-*"}, False),
        ({"account": "2*"}, {"account": "*2"}, True),
        ({"account": "2*"}, {"account": "3*"}, False),
        ({"account": "2*"}, {"account": "22*"}, False),
        ({"account": "2*"}, {"identity": "news.*"}, True),
        ({"account": "2*", "identity": "*.example.com"}, {"identity": "*.example.com"}, False),
        ({"account": "2*", "identity": "*.example.com"}, {"identity": "news.example.com"}, True),
        ({"account": "2*", "identity": "*.a.test"}, {"account": "3*", "identity": "x.*"}, False),
        ({"account": "*", "identity": "a.test"}, {"identity": "a.test"}, True),
    ],
)
def test_overrides_are_ambiguous_only_for_a_common_scope_of_a_common_target(
    first: Mapping[str, str], second: Mapping[str, str], is_ambiguous: bool
) -> None:
    text = "".join(_override(each, 5) for each in (first, second))
    if is_ambiguous:
        with pytest.raises(InvalidRuleError, match=r"overrides\[1\]  can match the same"):
            rule_of(text)
    else:
        rule_of(text)


keys = st.fixed_dictionaries(
    {},
    optional={
        "account": st.sampled_from(["*", "2*", "222222222222", "*3", "3333*"]),
        "region": st.sampled_from(["*", "eu-*", "eu-west-1", "us-*", "*-1"]),
        "identity": st.sampled_from(["*", "*.example.com", "news.*", "news.example.com", "a.*"]),
    },
)


@given(st.lists(keys.filter(bool), min_size=1, max_size=5))
def test_most_specific_override_applies_in_every_target(overrides: list[dict[str, str]]) -> None:
    """A rule for a target has the same thresholds as a search through all overrides has."""
    text = "".join(_override(each, number) for number, each in enumerate(overrides, 1))
    try:
        rule = rule_of(text)
    except InvalidRuleError:
        assume(False)
    places = [(target, scope) for target in TARGETS for scope in SCOPES]
    matched = {
        number: {place for place in places if _matches(each, *place)}
        for number, each in enumerate(overrides, 1)
    }
    for target, scope in places:
        resolved = rule.for_target(target)
        chosen = warning(resolved, scope)
        candidates = [number for number in matched if (target, scope) in matched[number]]
        assert chosen in candidates or (chosen == 50 and not candidates)
        # No other candidate matches less than the one that was chosen.
        assert not any(matched[other] < matched[chosen] for other in candidates)
        assert resolved.for_target(target) == resolved


@given(keys, st.sampled_from(TARGETS), st.sampled_from(TARGETS))
def test_patterns_that_include_a_common_target_may_overlap(
    patterns: dict[str, str], target: Target, other: Target
) -> None:
    first = TargetPatterns(
        (patterns["account"],) if "account" in patterns else (),
        (patterns["region"],) if "region" in patterns else (),
    )
    second = TargetPatterns((target.account, other.account), (target.region,))
    if first.includes(target):
        assert first.may_overlap(second)
        assert second.may_overlap(first)


def _override(patterns: Mapping[str, str], percentage: int) -> str:
    lines = (f"{key} = {json.dumps(pattern)}\n" for key, pattern in patterns.items())
    return f'[[overrides]]\n{"".join(lines)}warning = "{percentage}%"\n'


def _matches(patterns: Mapping[str, str], target: Target, scope: Scope) -> bool:
    names = {"account": target.account, "region": target.region, "identity": scope.identity}
    return all(
        (name := names[key]) is not None and matches_pattern(name, pattern)
        for key, pattern in patterns.items()
    )
