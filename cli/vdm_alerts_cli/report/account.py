"""What a report is made from: counts, rules, and what is known of alerts and of SES's own rates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Firing
from vdm_alerts.core.alerts.firing_periods import FiringPeriod, firing_periods
from vdm_alerts.core.alerts.history import RecentTransitions
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.metrics import Kind, Scope
from vdm_alerts.core.model.rates import Indicator, Rate
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.rules.rule import Rule, Threshold
from vdm_alerts.core.rules.rule_set import RuleSet
from vdm_alerts_cli.report.rates import DatasetRates
from vdm_alerts_cli.report.snapshot import OpenAlert, RuleFigures, ScopeFigures, Snapshot


@dataclass(frozen=True, slots=True)
class AlertHistory:
    """The alerts of a deployment."""

    alerts: Mapping[AlertKey, Alert]
    transitions: RecentTransitions
    last_run: datetime | None
    """The time of the last run; None before the first run."""

    @property
    def periods(self) -> Sequence[FiringPeriod]:
        """The periods in which alerts fired, worst first."""
        return firing_periods(self.transitions.items, self.alerts)

    @property
    def open_alerts(self) -> Mapping[AlertKey, Firing]:
        """The states of the open alerts."""
        return {
            key: alert.state
            for key, alert in self.alerts.items()
            if isinstance(alert.state, Firing)
        }

    def latest_reason(self, key: AlertKey) -> str:
        """Return why an alert last changed its state; empty if that is unknown."""
        matching = (each.reason for each in reversed(self.transitions.items) if each.key == key)
        return next(matching, "")


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that a report is about."""

    rates: DatasetRates
    rules: RuleSet
    history: AlertHistory | str
    """The alerts, or why they are unknown, as a sentence without a period."""
    ses_rates: Mapping[Indicator, SesRates] | str
    """The rates that SES itself reports, or why they are unknown, as above."""
    made_at: datetime

    def rules_for(self, indicator: Indicator, scope: Scope) -> Sequence[Rule]:
        """Return the rules about *indicator* in *scope*, with the overrides for it."""
        return [
            rule.for_scope(scope)
            for rule in self.rules.rules.values()
            if rule.indicator is indicator and rule.covers(scope)
        ]

    def first_threshold(self, indicator: Indicator, scope: Scope) -> Threshold | None:
        """Return the threshold that a rate of *scope* reaches first; None without a rule."""
        firsts = [rule.first_threshold for rule in self.rules_for(indicator, scope)]
        strictest = max if indicator.low_is_bad else min
        return strictest(firsts, key=lambda each: each.share) if firsts else None

    def reached(self, indicator: Indicator, scope: Scope) -> Threshold | None:
        """Return the worst threshold that the rate of the week reaches; None if there is none."""
        rate = self.rates.rate(indicator, scope)
        if not isinstance(rate, Rate):
            return None
        reached = [
            threshold
            for rule in self.rules_for(indicator, scope)
            for threshold in rule.thresholds
            if threshold.is_reached_by(rate.value, indicator)
        ]
        return max(reached, key=lambda threshold: threshold.severity, default=None)

    @property
    def snapshot(self) -> Snapshot:
        """What the next report compares with."""
        dataset = self.rates.dataset
        return Snapshot(
            dataset.target,
            self.made_at,
            self.rates.week,
            self.rates.last_whole_day,
            {
                scope: ScopeFigures(
                    self.rates.emails(scope),
                    {each: self.rates.rate(each, scope) for each in self.indicators_of(scope.kind)},
                )
                for scope in dataset.scopes
                if self.rates.sent_email(scope)
            },
            {
                name: RuleFigures(
                    rule.indicator, {each.severity: each.share for each in rule.thresholds}
                )
                for name, rule in self.rules.rules.items()
            },
            self._open_alerts(),
            self._latest_ses_rates(),
        )

    def indicators_of(self, kind: Kind) -> Sequence[Indicator]:
        """Return the rates that a report shows of scopes of *kind*: those that a rule monitors.

        The account has all of them.
        """
        rules = self.rules.rules.values()
        monitored = {rule.indicator.counted for rule in rules if kind in rule.scopes or not kind}
        return [indicator for indicator in Indicator if indicator in monitored]

    def open_severities(self, scope: Scope) -> Sequence[Severity]:
        """Return the severities of the open alerts about *scope*."""
        if isinstance(self.history, str):
            return ()
        open_alerts = self.history.open_alerts.items()
        return [state.severity for key, state in open_alerts if key.scope == scope]

    def _open_alerts(self) -> tuple[OpenAlert, ...] | None:
        if isinstance(self.history, str):
            return None
        return tuple(
            OpenAlert(key.rule, key.scope, key.indicator, state.severity, state.since)
            for key, state in self.history.open_alerts.items()
        )

    def _latest_ses_rates(self) -> Mapping[Indicator, float] | None:
        if isinstance(self.ses_rates, str):
            return None
        return {
            indicator: rates.fresh.value
            for indicator, rates in self.ses_rates.items()
            if rates.fresh
        }
