"""What to ask VDM for, so that every rule can be judged."""

from collections.abc import Iterable
from dataclasses import dataclass

from vdm_alerts.core.metrics import Metric, Scope, Window
from vdm_alerts.core.rules import Rule


@dataclass(frozen=True, slots=True)
class Query:
    """One metric of one scope: one query of the API, whatever the number of days."""

    metric: Metric
    scope: Scope


def plan(rules: Iterable[Rule], scopes: Iterable[Scope]) -> tuple[list[Query], Window]:
    """Return the fewest queries that *rules* need of *scopes*, and the window that serves them all.

    The queries of a scope stand together, wide scopes first, as *scopes* are given.
    """
    rulebook = list(rules)
    wanted = (
        Query(metric, scope)
        for scope in scopes
        for rule in rulebook
        if rule.covers(scope)
        for metric in (rule.indicator.volume, rule.indicator.events)
    )
    longest = max((window for rule in rulebook for window in rule.windows), default=Window(1))
    return list(dict.fromkeys(wanted)), longest
