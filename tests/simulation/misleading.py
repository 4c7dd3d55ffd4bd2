"""Notifications that mislead: by the scope that they lead with, or by what they call OK."""

from collections.abc import Collection, Mapping
from typing import Any

from vdm_alerts.core.rules.rule import Rule


def leads_with_good_news(incident: Mapping[str, Any], rules: Collection[Rule]) -> bool:
    """Say whether *incident* leads with another scope than one that is above its threshold.

    A rate in doubt has no threshold in the payload. It is above if it reaches the lowest one of
    *rules*, the rules that may apply to the scope, or without them, one of another scope. Another
    scope may be above a higher threshold of the same rule.
    """
    first, *others = incident["affected"]
    thresholds: list[float] = [each["threshold"] for each in others if _is_above(each)]
    if _is_above(first) or not thresholds:
        return False
    own = [threshold.share for rule in rules for threshold in rule.thresholds]
    rate: float = first["rate"] or 0
    return bool(first["severity"] == "OK" or rate < min(own or thresholds))


def says_ok(document: Mapping[str, Any]) -> bool:
    """Say whether the subject of the message with *document* is an all-clear."""
    subject: str = document["subject"]
    return subject.startswith("[OK]")


def _is_above(affected: Mapping[str, Any]) -> bool:
    """Say whether an open alert is above its threshold; rates here are bad when high."""
    is_open = affected["severity"] != "OK" and affected["threshold"] is not None
    return bool(is_open and affected["rate"] >= affected["threshold"])
