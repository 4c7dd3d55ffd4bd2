import re
from dataclasses import fields
from pathlib import Path

import pytest

from vdm_alerts.core.config import BadRule, _Document, parse_rule
from vdm_alerts.core.isps import KNOWN_ISPS
from vdm_alerts.core.metrics import Dimension, Window
from vdm_alerts.core.rates import Indicator
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.values import INDICATORS, KINDS

GOOD = """
indicator = "bounce_rate"
scopes = ["account", "isp"]
windows = ["7d", "3d"]
warning = "5%"
critical = "10 %"
min_volume = 200
min_events = 10
"""

BAD_RULES = sorted((Path(__file__).parents[1] / "bad_rules").glob("*.toml"))


def test_a_rule_is_read_from_the_words_that_people_write() -> None:
    rule = parse_rule("bounce-rate", GOOD, "here")
    assert rule.name == "bounce-rate"
    assert rule.indicator is Indicator.BOUNCE_RATE
    assert rule.scopes == {(), (Dimension.ISP,)}
    assert rule.windows == (Window(3), Window(7))
    assert [(line.severity, line.share) for line in rule.thresholds] == [
        (Severity.WARNING, 0.05),
        (Severity.CRITICAL, 0.1),
    ]
    assert (rule.min_volume, rule.min_events) == (200, 10)


def test_a_rule_can_be_of_some_names_only_and_of_the_largest() -> None:
    more = """
top = 5
include.isp = ["Hotmail", "Orange", "G*"]
include.identity = ["news.*"]
exclude.tenant = ["test-?"]
"""
    rule = parse_rule("x", GOOD + more, "here")
    assert rule.top == 5
    assert rule.include.patterns == {
        Dimension.ISP: ("Hotmail", "Orange", "G*"),
        Dimension.IDENTITY: ("news.*",),
    }
    assert rule.exclude.patterns == {Dimension.TENANT: ("test-?",)}
    assert rule.isps == (*KNOWN_ISPS, "Hotmail", "Orange")


def test_where_low_is_bad_the_critical_threshold_is_the_lower_one() -> None:
    text = GOOD.replace("bounce_rate", "delivery_rate").replace("5%", "95%").replace("10 %", "90%")
    rule = parse_rule("x", text, "here")
    assert rule.first_line.share == 0.95


def test_the_reference_names_every_key_indicator_and_scope_and_no_other(root: Path) -> None:
    page = (root / "docs" / "rules.md").read_text()
    first = re.findall(r"^\| (`.+?) \|", page, re.MULTILINE)
    named = [name for cell in first for name in re.findall(r"`(\w+)`", cell)]
    headings = ["indicator", "scopes"]
    keys = [field.name for field in fields(_Document)]
    assert sorted(named) == sorted([*keys, *INDICATORS, *KINDS, *headings])
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert parse_rule("example", example, "here").top == 100


def test_one_threshold_is_enough() -> None:
    rule = parse_rule("x", GOOD.replace('warning = "5%"\n', ""), "here")
    assert [line.severity for line in rule.thresholds] == [Severity.CRITICAL]


@pytest.mark.parametrize("path", BAD_RULES, ids=lambda path: path.stem)
def test_a_bad_rule_is_told_every_problem_with_its_path_and_what_to_write(path: Path) -> None:
    """Each file in bad_rules says in its first comment lines what people should be told."""
    text = path.read_text()
    expected = [line.removeprefix("#: ") for line in text.splitlines() if line.startswith("#: ")]
    with pytest.raises(BadRule) as caught:
        parse_rule(path.stem, text, f"/vdm-alerts/rules/{path.stem}")
    assert str(caught.value).splitlines() == expected


def test_a_text_that_is_nested_beyond_reason_is_a_bad_rule_like_any_other() -> None:
    with pytest.raises(BadRule, match="is not TOML"):
        parse_rule("x", "a = " + "[" * 5_000, "here")


def test_there_are_bad_rules_to_try() -> None:
    assert len(BAD_RULES) >= 5
