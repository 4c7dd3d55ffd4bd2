"""The plan of one reading: its inputs, and the scopes to read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from heapq import nlargest

from vdm_alerts.core.alerts.alert import Alert, AlertKey
from vdm_alerts.core.evaluation.as_of import AsOf
from vdm_alerts.core.evaluation.prior_state import NO_OPEN_ALERT, PriorState
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.model.mailbox_providers import OTHER_ISPS
from vdm_alerts.core.model.metrics import ACCOUNT, Dimension, Metric, Scope, Window
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.planning.minimum_counts import MinimumCounts
from vdm_alerts.core.planning.queries import Answers, Query, data_as_of
from vdm_alerts.core.planning.roster import SenderRoster
from vdm_alerts.core.planning.rule_scopes import RuleScopes, provider_names
from vdm_alerts.core.planning.selection import ScopeSelection, reread_interval, select_scopes
from vdm_alerts.core.rules.rule import Rule

MAX_LARGEST = 50
"""Identities whose events a later invocation of a sweep reads again, to find a contributor."""


@dataclass(frozen=True)
class ReadPlan:
    """The inputs of one reading, and the scopes to read.

    `plan_reading` builds a plan. A plan does not change while the reading goes on.
    """

    rules: Sequence[Rule]
    roster: SenderRoster
    alerts: Mapping[AlertKey, Alert]
    """The stored alerts."""
    now: datetime
    """The time of the reading, in UTC."""
    last_day: date
    """The last day to query: today, or yesterday if today is not read."""
    isps: Sequence[str]
    """Every provider that a rule needs and whose name SES does not reject."""
    open_scopes: frozenset[Scope]
    """The scopes that have an open alert."""
    rule_scopes: RuleScopes
    selection: ScopeSelection
    minimum_counts: Mapping[str, MinimumCounts]
    """The smallest counts that can breach each rule, by the rule's name."""
    sent_last_day: int | None = None
    """The emails that SES itself counted in the last 24 hours; None if unknown."""
    ses_rates: Mapping[Indicator, SesRates] | None = None
    """What SES itself reported of each of its rates; None if that is unreadable."""
    sweep_started: datetime | None = None
    """The start of the sweep that this reading may continue; None if it is a sweep of its own."""

    def part(self, scopes: Collection[Scope]) -> "ReadPlan":
        """Return the plan to read only the account and *scopes*, as this plan does."""
        return replace(self, selection=self.selection.part(scopes))

    def postpone(self, scopes: Collection[Scope]) -> "ReadPlan":
        """Return the plan in which *scopes* are left to the next invocation of the sweep."""
        return replace(self, selection=self.selection.postpone(scopes)) if scopes else self

    @cached_property
    def read_before(self) -> Sequence[Scope]:
        """The senders that earlier invocations of the sweep have read, and this one does not."""
        return [
            scope
            for scope in self.selection.deferred
            if self.roster.was_read_since(scope, self.sweep_started)
        ]

    @cached_property
    def largest_read_before(self) -> Sequence[Scope]:
        """The largest identities of `read_before`: `MAX_LARGEST` of them, the largest first."""
        identities = (scope for scope in self.read_before if scope.kind == (Dimension.IDENTITY,))
        return nlargest(MAX_LARGEST, identities, key=lambda each: self.roster.record(each).volume)

    def ses_rates_for(self, rule: Rule, scope: Scope) -> SesRates | None:
        """Return what SES reported of the rate of *rule* in *scope*; None if that is unknown."""
        from_ses = rule.indicator.from_ses
        if scope != ACCOUNT or from_ses is None or self.ses_rates is None:
            return None
        return self.ses_rates[from_ses]

    def data_as_of(self, answers: Answers) -> AsOf:
        """Return the time of the reading, and the last day that *answers* have counts of."""
        return data_as_of(self.now, self.last_day, answers, self.sent_last_day)

    @cached_property
    def longest_window(self) -> Window:
        """The longest window of any rule."""
        return max(rule.longest_window for rule in self.rules)

    @cached_property
    def activity_window(self) -> Window:
        """The days that the stored volume of a sender covers."""
        return max(rule.lookback for rule in self.rules)

    @cached_property
    def reread_interval(self) -> timedelta:
        """How long a scope without emails, or without a problem, can wait."""
        return reread_interval(self.rules)

    @cached_property
    def all_scopes(self) -> Sequence[Scope]:
        """Every scope of the plan, also if it is deferred or rejected."""
        return self.selection.all_scopes

    def was_left_out(self, scope: Scope, answers: Answers) -> bool:
        """Return whether *scope* can wait, so that it has no emails among *answers*."""
        can_wait = scope in self.selection.deferred or scope in self.selection.postponed
        return can_wait and Query(Metric.SEND, scope) not in answers

    @cached_property
    def scopes_by_rule(self) -> Mapping[str, Sequence[Scope]]:
        """The scopes that each rule is evaluated for, by the rule's name."""
        return self._scopes_by_rule(self.rule_scopes.rules_applying_to)

    @cached_property
    def senders_by_rule(self) -> Mapping[str, Sequence[Scope]]:
        """The senders that each rule is evaluated for at each provider, by the rule's name."""
        return self._scopes_by_rule(self.rule_scopes.rules_applying_to_parts)

    def _scopes_by_rule(
        self, rules_for: Callable[[Scope], Iterable[Rule]]
    ) -> Mapping[str, Sequence[Scope]]:
        scopes: defaultdict[str, list[Scope]] = defaultdict(list)
        for scope in self.all_scopes:
            for rule in rules_for(scope):
                scopes[rule.name].append(scope)
        return scopes

    @cached_property
    def identity_rules(self) -> Sequence[Rule]:
        """The rules that monitor identities."""
        return [rule for rule in self.rules if (Dimension.IDENTITY,) in rule.scopes]

    @cached_property
    def leaves_out_identities(self) -> bool:
        """Whether this reading does not count some identity that may send email."""
        selection = self.selection
        return any(
            scope in selection.rejected
            or scope in selection.postponed
            or (scope in selection.deferred and record.volume)
            for scope, record in self.roster.records.items()
            if scope.kind == (Dimension.IDENTITY,)
        )

    @cached_property
    def series_counts(self) -> Mapping[str, int]:
        """How many series each rule evaluates that may have emails, by the rule's name.

        Senders at single providers are included, whether they will be read or not.
        """
        return {rule.name: self._series_count(rule) for rule in self.rules}

    def _series_count(self, rule: Rule) -> int:
        provider_count = sum(rule.covers_provider(isp) for isp in (*self.isps, OTHER_ISPS))
        scopes, senders = (
            self.scopes_by_rule.get(rule.name, ()),
            self.senders_by_rule.get(rule.name, ()),
        )
        return sum(map(self._may_have_emails, scopes)) + provider_count * sum(
            map(self._may_have_emails, senders)
        )

    def _may_have_emails(self, scope: Scope) -> bool:
        record = self.roster.record(scope)
        return bool(record.volume) or record.read_at is None or scope == ACCOUNT

    def prior_state(self, rule: Rule, scope: Scope) -> PriorState:
        """Return the alert state that the evaluation of *rule* depends on."""
        alert = self.alerts.get(AlertKey.for_rule(rule, scope))
        return alert.prior_state(rule) if alert else NO_OPEN_ALERT

    def needs_drilldown(self, rule: Rule, scope: Scope) -> bool:
        """Return whether the regular drill-down into *scope* for *rule* is due."""
        drilled_down_at = self.roster.record(scope).drilled_down_at.get(rule.name)
        return drilled_down_at is None or self.now - drilled_down_at >= self.reread_interval


def plan_reading(
    rules: Sequence[Rule],
    roster: SenderRoster,
    alerts: Mapping[AlertKey, Alert],
    now: datetime,
    last: date,
    sent_last_day: int | None = None,
    ses_rates: Mapping[Indicator, SesRates] | None = None,
    sweep_started: datetime | None = None,
) -> ReadPlan:
    """Return the plan of a reading at *now* of the days through *last*.

    *alerts* are the stored alerts. *rules* must not be empty. *sent_last_day* are the emails that
    SES itself counted in the last 24 hours. *ses_rates* are the rates that SES itself reported.
    *sweep_started* is the start of the sweep that the reading may continue.
    """
    names = dict.fromkeys(isp for rule in rules for isp in provider_names(rule))
    isps = [isp for isp in names if not roster.is_rejected(ACCOUNT.at_provider(isp), now)]
    open_alerts = [alert for alert in alerts.values() if alert.is_active]
    open_scopes = frozenset(alert.scope for alert in open_alerts)
    rule_scopes = RuleScopes(rules, roster, isps, open_scopes)
    selection = select_scopes(
        rules,
        roster,
        isps,
        rule_scopes,
        [alert.scope for alert in sorted(open_alerts, key=_longest_unnotified)],
        now,
        sweep_started,
    )
    return ReadPlan(
        rules=rules,
        roster=roster,
        alerts=alerts,
        now=now,
        sent_last_day=sent_last_day,
        ses_rates=ses_rates,
        last_day=last,
        isps=isps,
        open_scopes=open_scopes,
        rule_scopes=rule_scopes,
        selection=selection,
        minimum_counts={rule.name: MinimumCounts.for_rule(rule) for rule in rules},
        sweep_started=sweep_started,
    )


def _longest_unnotified(alert: Alert) -> tuple[float, str]:
    """Return the sort key by which the alerts that a notification may be due about come first."""
    sent_at = alert.last_notified.sent_at.timestamp() if alert.last_notified else 0.0
    return sent_at, str(alert.scope)
