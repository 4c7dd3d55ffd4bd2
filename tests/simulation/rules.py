"""The rules of every history: one that compares rates, and one that has to be sure; and edits."""

from functools import lru_cache

from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.parser import BadRule, parse_rule
from vdm_alerts.core.rules.rule import Rule

COMPARING = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d"]
confidence = "none"
"""
SURE = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d", "2d"]
"""
LINES = """
warning = "5%"
critical = "10%"
"""
HIGHER = """
warning = "8%"
critical = "15%"
"""
OTHER = COMPARING.replace("bounce_rate", "transient_bounce_rate") + LINES
"""About another rate, of which there never is any."""
HELD = """
hold = "2h"
"""
BAD = "indicator = 7"
RULES = {"comparing": COMPARING + LINES, "sure": SURE + LINES}
DAYS = {"comparing": 1, "sure": 3}
"""How many days each looks at, the one before its longest window too."""
EDITS = {
    "comparing": (
        BAD,
        None,
        COMPARING + HIGHER,
        COMPARING + LINES + HELD,
        OTHER,
        COMPARING + LINES,
    ),
    "sure": (BAD, None, SURE + HIGHER, SURE + LINES),
}
"""What may be written in place of each; None is that it is deleted."""


@lru_cache(maxsize=64)
def parsed(name: str, text: str) -> Rule | None:
    """Return the rule of *text*, or None for a bad one; parsed once for all histories."""
    try:
        return parse_rule(name, text, source_of(name))
    except BadRule:
        return None


def source_of(name: str) -> str:
    """Return where the rule *name* is written."""
    return f"/vdm-alerts/rules/{name}"


def severity(level: int, rule: Rule) -> int:
    """Return how bad so many bounces of a thousand are by *rule*: 0, or the rank of a severity."""
    if rule.indicator is not Indicator.BOUNCE_RATE:
        return 0
    return sum(level >= round(1_000 * line.share) for line in rule.thresholds)
