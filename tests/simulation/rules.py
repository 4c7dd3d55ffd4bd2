"""The rules of every history, one without and one with a confidence level, and their edits."""

from collections.abc import Mapping
from functools import lru_cache

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.parser import InvalidRuleError, parse_rule
from vdm_alerts.core.rules.rule import Rule

PLAIN = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d"]
confidence = "none"
"""
POSTERIOR = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d", "2d"]
"""
THRESHOLDS = """
warning = "5%"
critical = "10%"
"""
HIGHER_THRESHOLDS = """
warning = "8%"
critical = "15%"
"""
OTHER_INDICATOR = PLAIN.replace("bounce_rate", "transient_bounce_rate") + THRESHOLDS
"""A rule about a rate that is always zero here."""
HOLD = """
hold = "2h"
"""
INVALID = "indicator = 7"
RULES = {"plain": PLAIN + THRESHOLDS, "posterior": POSTERIOR + THRESHOLDS}
SES = "ses"
"""The name of the rule about the rate that SES itself reports."""
SES_RULE = (
    """
indicator = "ses_bounce_rate"
scopes = ["account"]
"""
    + THRESHOLDS
)
CROWD_RULE = PLAIN + THRESHOLDS
"""The text of each rule of the crowd."""
SEEN_DAYS = 16
"""The days of counts that an evaluation by any rule can alert about."""
DAYS = {"plain": 2, "posterior": SEEN_DAYS}
"""The days of counts that each rule can alert about, today included."""
CROWD_DAYS = DAYS["plain"]
"""The same for the rules of the crowd."""
EDITS = {
    "plain": (
        INVALID,
        None,
        PLAIN + HIGHER_THRESHOLDS,
        PLAIN + THRESHOLDS + HOLD,
        OTHER_INDICATOR,
        PLAIN + THRESHOLDS,
    ),
    "posterior": (INVALID, None, POSTERIOR + HIGHER_THRESHOLDS, POSTERIOR + THRESHOLDS),
}
"""The texts that may replace each rule; None deletes it."""


@lru_cache(maxsize=512)
def parsed(name: str, text: str) -> Rule | None:
    """Return the rule with *text*, or None if the text is invalid."""
    try:
        return parse_rule(name, text, source_of(name))
    except InvalidRuleError:
        return None


def source_of(name: str) -> str:
    """Return the SSM parameter of the rule *name*."""
    return f"/vdm-alerts/rules/{name}"


def is_monitoring(name: str, texts: Mapping[str, str]) -> bool:
    """Say whether *texts* have a rule of that *name* about the bounces, or an invalid one."""
    rule = parsed(name, texts.get(name, ""))
    return name in texts and not (rule and rule.indicator is not Indicator.BOUNCE_RATE)


def severity(level: int, rule: Rule) -> int:
    """Return the rank of *level* bounces per 1,000 emails by *rule*: 0, 1 or 2."""
    if rule.indicator is not Indicator.BOUNCE_RATE:
        return 0
    return sum(level >= round(1_000 * threshold.share) for threshold in rule.thresholds)
