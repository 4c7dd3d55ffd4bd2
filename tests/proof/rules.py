"""The rules of every history: one that compares rates, and one that has to be sure of them."""

from functools import lru_cache

from vdm_alerts.core.config import BadRule, parse_rule
from vdm_alerts.core.rules import Rule

COMPARING = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d"]
confidence = "none"
warning = "5%"
critical = "10%"
"""
SURE = """
indicator = "bounce_rate"
scopes = ["account", "identity"]
windows = ["1d", "2d"]
warning = "5%"
critical = "10%"
"""
RULES = {"comparing": COMPARING, "sure": SURE}


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
