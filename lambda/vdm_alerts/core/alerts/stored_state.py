"""The alert history: the state that a run stores for the next run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeAlias

from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.alerts.sequence import SendAttempt
from vdm_alerts.core.alerts.week import WeekFigures
from vdm_alerts.core.model.findings import Finding
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.rules.rule_set import RuleSet, RuleText, parse_stored_rule


@dataclass(frozen=True, slots=True)
class SubscriberCount:
    """The confirmed subscriptions of the topic at a time."""

    confirmed: int
    """The number of confirmed subscriptions."""
    counted_at: datetime
    """The time of the run that counted them."""


@dataclass(frozen=True, slots=True)
class StoredState:
    """The state that a run stores for the next run."""

    alerts: Mapping[AlertKey, Alert] = field(default_factory=dict)
    """The active alerts: see `Alert.is_inactive`."""
    findings: Sequence[Finding] = ()
    """The findings of sent or attempted notifications that were not notified as fixed."""
    service_sequence: int = 0
    """The number of the last service notification."""
    last_run: datetime | None = None
    """The time of the last run; None before the first run."""
    sequences: Mapping[str, int] = field(default_factory=dict)
    """The number of the last notification about each open incident, by incident ID."""
    attempts: Mapping[str, SendAttempt] = field(default_factory=dict)
    """The notifications whose delivery is not confirmed, by notification ID."""
    rules: Mapping[str, RuleText] = field(default_factory=dict)
    """The last valid version of each rule, by rule name."""
    transient_since: Mapping[str, datetime] = field(default_factory=dict)
    """When each finding that usually passes without action was first seen, by finding key."""
    summary_sent: bool = False
    """Whether the first summary was sent."""
    subscribers: int | None = None
    """The subscribers that the last run counted; None if they were not counted."""
    expected_subscribers: SubscriberCount | None = None
    """The count that the subscribers know of; None before the first count.

    A lower count is a finding until it is notified. A run that cannot count keeps it.
    """
    sent_last_day: int | None = None
    """The emails that SES counted in the 24 hours before the last run; None if unknown."""
    days_without_vdm: frozenset[date] = frozenset()
    """The recent days on which VDM was off, so that it does not count all of their emails."""
    weekly_requests: frozenset[date] = frozenset()
    """The days for which a weekly summary is requested."""
    week: WeekFigures = field(default_factory=WeekFigures)
    """The figures of the runs since the last weekly summary."""
    version: int = 0
    """The number of saves."""
    damage: Sequence[Finding] = ()
    """The findings about damaged items: those of the last load, and those not notified yet.

    The run that finds an item damaged usually replaces it, so no later run finds it again.
    """

    @property
    def open_weekly_requests(self) -> frozenset[date]:
        """The requests that no weekly summary has answered. There is at most one summary a day.

        Lambda can repeat an invocation whose run has sent the summary, and so its request.
        """
        answered = self.week.summary_day or date.min
        return frozenset(day for day in self.weekly_requests if day > answered)

    def alerts_with_indicator(self, rule_set: RuleSet | None) -> Mapping[AlertKey, Alert]:
        """Return the alerts by key, with an indicator where one can be found.

        An earlier version stored no indicator. Such an alert gets the indicator of its rule: of the
        last valid version that was stored, else of the rule in *rule_set*.
        """
        alerts = (
            alert
            if alert.indicator
            else replace(alert, indicator=self._indicator_of(alert.rule, rule_set))
            for alert in self.alerts.values()
        )
        return {alert.key: alert for alert in alerts}

    def _indicator_of(self, rule_name: str, rule_set: RuleSet | None) -> Indicator | None:
        stored_text = self.rules.get(rule_name)
        rule = parse_stored_rule(rule_name, stored_text) if stored_text else None
        if rule is None and rule_set:
            rule = rule_set.rules.get(rule_name)
        return rule.indicator if rule else None


@dataclass(frozen=True, slots=True)
class HistoryUnavailable:
    """The alert history cannot be read or written.

    Breaches are still notified, although earlier notifications are unknown.
    """

    finding: Finding
    """Why the history is unavailable."""


History: TypeAlias = StoredState | HistoryUnavailable
"""The stored state, or why it is unavailable."""


def known_state(history: History) -> StoredState:
    """Return the stored state; an empty state if *history* is unavailable."""
    return StoredState() if isinstance(history, HistoryUnavailable) else history
