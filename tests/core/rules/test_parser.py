import re
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NEWS_IDENTITY

from vdm_alerts.core.model.mailbox_providers import KNOWN_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Scope, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.planning.rule_scopes import provider_names
from vdm_alerts.core.rules.field_types import INDICATORS, KINDS
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import MinimumConfidence, MissingData, PlainComparison
from vdm_alerts.core.rules.schema import RuleDocument
from vdm_alerts.core.statistics.arrival import DEFAULT_CURVES

VALID_RULE = """
indicator = "bounce_rate"
scopes = ["account", "isp"]
windows = ["7d", "3d"]
warning = "5%"
critical = "10 %"
min_volume = 200
min_events = 10
"""

INVALID_RULE_PATHS = sorted((Path(__file__).parents[2] / "bad_rules").glob("*.toml"))


def test_rule_is_parsed_from_its_toml_text() -> None:
    rule = parse_rule("bounce-rate", VALID_RULE, "here")
    assert rule.name == "bounce-rate"
    assert rule.indicator is Indicator.BOUNCE_RATE
    assert rule.scopes == {(), (Dimension.ISP,)}
    assert rule.windows == (Window(3), Window(7))
    assert [(threshold.severity, threshold.share) for threshold in rule.thresholds] == [
        (Severity.WARNING, 0.05),
        (Severity.CRITICAL, 0.1),
    ]
    assert (rule.min_volume, rule.min_events) == (200, 10)


def test_rule_parses_include_exclude_and_top() -> None:
    patterns = """
top = 5
include.isp = ["Hotmail", "Orange", "G*"]
include.identity = ["news.*"]
exclude.tenant = ["test-?"]
"""
    rule = parse_rule("x", VALID_RULE + patterns, "here")
    assert rule.top == 5
    assert rule.include.patterns == {
        Dimension.ISP: ("Hotmail", "Orange", "G*"),
        Dimension.IDENTITY: ("news.*",),
    }
    assert rule.exclude.patterns == {Dimension.TENANT: ("test-?",)}
    assert provider_names(rule) == (*KNOWN_ISPS, "Hotmail", "Orange")


def test_first_threshold_is_the_higher_one_when_low_rates_are_bad() -> None:
    text = (
        VALID_RULE.replace("bounce_rate", "delivery_rate")
        .replace("5%", "95%")
        .replace("10 %", "90%")
    )
    rule = parse_rule("x", text, "here")
    assert rule.first_threshold.share == 0.95


def test_rule_reference_lists_exactly_the_keys_indicators_and_scopes(root: Path) -> None:
    page = (root / "docs" / "rules.md").read_text()
    first_cells = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    headings = ["indicator", "scopes"]
    keys = [field.name for field in fields(RuleDocument)]
    assert sorted(listed) == sorted([*keys, *INDICATORS, *KINDS, *headings])
    example, for_targets = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse_rule("example", example, "here").top == 100
    assert parse_rule("example", for_targets, "here").targets.include.region == ("eu-*",)


def test_rule_with_one_threshold_is_valid() -> None:
    rule = parse_rule("x", VALID_RULE.replace('warning = "5%"\n', ""), "here")
    assert [threshold.severity for threshold in rule.thresholds] == [Severity.CRITICAL]


@pytest.mark.parametrize("path", INVALID_RULE_PATHS, ids=lambda path: path.stem)
def test_invalid_rule_reports_every_error_with_its_path_and_fix(path: Path) -> None:
    """The first comment lines of each file in bad_rules are the expected message."""
    text = path.read_text()
    expected = [line.removeprefix("#: ") for line in text.splitlines() if line.startswith("#: ")]
    with pytest.raises(InvalidRuleError) as error_info:
        parse_rule(path.stem, text, f"/vdm-alerts/rules/{path.stem}")
    assert str(error_info.value).splitlines() == expected


@pytest.mark.parametrize("part", ["a.", '"a" . ', "''."])
@pytest.mark.parametrize("form", ["{}a = 1", "[{}a]", "x = {{ {}a = 1 }}"])
def test_key_of_very_many_parts_is_an_error(part: str, form: str) -> None:
    with pytest.raises(InvalidRuleError, match="has a key of more than 100 parts"):
        parse_rule("rule", form.format(part * 500), "/rules/rule")


def test_text_with_dots_is_no_key() -> None:
    with pytest.raises(InvalidRuleError) as error:
        parse_rule("rule", f'indicator = "{"a word. " * 300}"', "/rules/rule")
    assert "parts" not in str(error.value)


def test_deeply_nested_text_is_reported_as_invalid_toml() -> None:
    with pytest.raises(InvalidRuleError, match="is not valid TOML"):
        parse_rule("x", "a = " + "[" * 5_000, "here")


def test_invalid_rule_examples_exist() -> None:
    assert [path.stem for path in INVALID_RULE_PATHS] == [
        "always-so",
        "empty",
        "everything-at-once",
        "high-rates",
        "impossible-windows",
        "no-threshold",
        "not-toml",
        "numbers-for-percentages",
        "odd-overrides",
        "odd-targets",
        "old-words",
        "plain-and-unusual",
        "ses-with-counts",
        "unreasonable",
        "unsure",
        "upside-down",
        "wrong-names",
    ]


OPTIONAL_KEYS = """
confidence = "90%"
above_baseline = 3
drop_below = 0.5
hold = "6h"
clear_after = "2d"
missing_data = "breaching"
representative_volume = 5_000
feedback = { "6h" = "70%", "1h" = "50%" }
"""


def test_rule_parses_confidence_baseline_hold_and_feedback() -> None:
    rule = parse_rule("x", VALID_RULE + OPTIONAL_KEYS.replace("drop_below = 0.5\n", ""), "here")
    assert (rule.confidence, rule.baseline_factor, rule.missing_data) == (
        MinimumConfidence(0.1),
        3,
        MissingData.BREACHING,
    )
    assert (rule.hold, rule.clear_after) == (timedelta(hours=6), timedelta(days=2))
    assert (rule.representative_volume, rule.arrival_curve.points) == (5_000, ((1, 0.5), (6, 0.7)))


def test_rule_defaults_to_confidence_and_several_windows() -> None:
    text = 'indicator = "open_rate"\nscopes = ["account"]\nwarning = "5%"'
    rule = parse_rule("x", text, "here")
    assert (rule.confidence, rule.min_volume, rule.min_events) == (MinimumConfidence(0.02), 1, 2)
    assert [window.days for window in rule.windows] == [1, 2, 4, 7]
    assert rule.arrival_curve == DEFAULT_CURVES[Indicator.OPEN_RATE]
    plain = parse_rule("x", f'{text}\nconfidence = "none"', "here")
    assert (plain.confidence, plain.min_events) == (PlainComparison(), 1)


RULE_WITH_OVERRIDES = (
    VALID_RULE.replace('["account", "isp"]', '["account", "identity", "identity_at_isp"]')
    + """
above_baseline = 3

[[overrides]]
identity = "*.example.com"
critical = "12%"

[[overrides]]
identity = "news.example.com"
confidence = "none"
min_volume = 50

[[overrides]]
identity = "news.*"
isp = "Hotmail"
warning = "7%"
"""
)


def test_only_the_most_specific_override_applies() -> None:
    text = RULE_WITH_OVERRIDES.replace('"news.*"', '"news.example.com"')
    rule = parse_rule("x", text, "here")
    assert rule.for_scope(ACCOUNT) is rule
    shop, news = rule.for_scope(Scope(identity="shop.example.com")), rule.for_scope(NEWS_IDENTITY)
    assert [threshold.share for threshold in shop.thresholds] == [0.05, 0.12]
    assert (shop.confidence, shop.baseline_factor, shop.min_volume) == (
        MinimumConfidence(0.02),
        3,
        200,
    )
    assert [threshold.share for threshold in news.thresholds] == [0.05, 0.1], (
        "the wider override does not apply"
    )
    assert (news.confidence, news.baseline_factor, news.min_volume) == (PlainComparison(), None, 50)
    assert rule.for_scope(NEWS_IDENTITY.at_provider("Yahoo")) == news
    pair = rule.for_scope(NEWS_IDENTITY.at_provider("Hotmail"))
    assert pair.confidence == MinimumConfidence(0.02)
    assert [threshold.share for threshold in pair.thresholds] == [0.07, 0.1]
    backwards = replace(rule, overrides=rule.overrides[::-1])
    assert backwards.for_scope(NEWS_IDENTITY.at_provider("Hotmail")) == pair


def test_overlapping_overrides_are_invalid_when_neither_is_more_specific() -> None:
    with pytest.raises(
        InvalidRuleError, match=r"overrides\[2\]  can match the same names as overrides\[0\]"
    ):
        parse_rule("x", RULE_WITH_OVERRIDES, "here")


def test_override_patterns_longer_than_any_name_are_not_compared_with_each_other() -> None:
    overrides = "".join(
        f'[[overrides]]\nidentity = "{"*a" * 2_000}{end}"\nwarning = "6%"\n' for end in "*?"
    )
    text = f'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "5%"\n{overrides}'
    with pytest.raises(InvalidRuleError) as caught:
        parse_rule("long", text, "/vdm-alerts/rules/long")
    assert str(caught.value).count("is too long") == 2
    assert "more specific" not in str(caught.value)


def test_ambiguous_override_patterns_as_long_as_a_name_are_found() -> None:
    overrides = "".join(
        f'[[overrides]]\nidentity = "{pattern}"\nwarning = "6%"\n'
        for pattern in ("?*" * 159 + "a*", "*b" + "?*" * 159)
    )
    text = f'indicator = "bounce_rate"\nscopes = ["identity"]\nwarning = "5%"\n{overrides}'
    with pytest.raises(InvalidRuleError, match="neither is more specific"):
        parse_rule("long", text, "/vdm-alerts/rules/long")
