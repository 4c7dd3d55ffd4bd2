"""The alert history: what one run leaves for the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText, parse_stored_rule


@dataclass(frozen=True, slots=True)
class StoredState:
    """What one run leaves for the next: alerts not at rest, and what was told of the service.

    *numbers* are those of the last message about each open incident, by its id, and *attempts* the
    messages of which it is not known whether they went out; *rules* the last version of each rule
    that could be used; *passing* since when there has been what should pass. *introduced* says that
    the first summary has been told, *subscribers* how many were counted in the last run. *version*
    counts the saves.
    """

    alerts: Mapping[AlertKey, Alert] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    service_sequence: int = 0
    last_run: datetime | None = None
    sequences: Mapping[str, int] = field(default_factory=dict)
    attempts: Mapping[str, SendAttempt] = field(default_factory=dict)
    rules: Mapping[str, RuleText] = field(default_factory=dict)
    transient_since: Mapping[str, datetime] = field(default_factory=dict)
    summary_sent: bool = False
    subscribers: int | None = None
    version: int = 0

    def alerts_with_indicator(self, rulebook: RuleSet | None) -> Mapping[AlertKey, Alert]:
        """Return the alerts, each with the indicator that it is about.

        If an earlier version stored none, it is that of the rule when it was last valid.
        """
        alerts = (
            alert
            if alert.indicator
            else replace(alert, indicator=self._indicator_of(alert.rule, rulebook))
            for alert in self.alerts.values()
        )
        return {alert.key: alert for alert in alerts}

    def _indicator_of(self, name: str, rulebook: RuleSet | None) -> Indicator | None:
        written = self.rules.get(name)
        rule = parse_stored_rule(name, written) if written else None
        if rule is None and rulebook:
            rule = rulebook.rules.get(name)
        return rule.indicator if rule else None


@dataclass(frozen=True, slots=True)
class HistoryUnavailable:
    """The alert history cannot be read, or cannot be written.

    A breach has to be reported even if nobody knows what was reported before.
    """

    finding: Finding
    """Why it is unavailable."""


History: TypeAlias = StoredState | HistoryUnavailable


def known_state(history: History) -> StoredState:
    """Return the stored state; an empty one if the history is unavailable."""
    return StoredState() if isinstance(history, HistoryUnavailable) else history
