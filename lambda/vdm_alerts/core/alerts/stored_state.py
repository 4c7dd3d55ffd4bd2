"""The alert history: what one run leaves for the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.alert import Alert, Key
from vdm_alerts.core.alerts.sequence import Attempt
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import Rulebook, Written, read


@dataclass(frozen=True, slots=True)
class Memory:
    """What one run leaves for the next: alerts not at rest, and what was told of the service.

    *numbers* are those of the last message about each open incident, by its id, and *attempts* the
    messages of which it is not known whether they went out; *rules* the last version of each rule
    that could be used; *passing* since when there has been what should pass. *introduced* says that
    the first summary has been told, *subscribers* how many were counted in the last run. *version*
    counts the saves.
    """

    alerts: Mapping[Key, Alert] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    trouble_sequence: int = 0
    last_run: datetime | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    rules: Mapping[str, Written] = field(default_factory=dict)
    passing: Mapping[str, datetime] = field(default_factory=dict)
    introduced: bool = False
    subscribers: int | None = None
    version: int = 0

    def alerts_with_indicator(self, rulebook: Rulebook | None) -> Mapping[Key, Alert]:
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

    def _indicator_of(self, name: str, rulebook: Rulebook | None) -> Indicator | None:
        written = self.rules.get(name)
        rule = read(name, written) if written else None
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


History: TypeAlias = Memory | HistoryUnavailable


def known_state(history: History) -> Memory:
    """Return the stored state; an empty one if the history is unavailable."""
    return Memory() if isinstance(history, HistoryUnavailable) else history
