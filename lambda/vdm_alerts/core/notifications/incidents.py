"""The notifications about incidents: which are due, and their content."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Pending
from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate
from vdm_alerts.core.evaluation.ses_rates import SesRates
from vdm_alerts.core.evaluation.trend import Trend
from vdm_alerts.core.evaluation.verdicts import Healthy, Inconclusive, Verdict, value_of
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.common_provider import CommonProvider, common_provider
from vdm_alerts.core.notifications.grouping import Contributors, cause_of
from vdm_alerts.core.notifications.reasons import Reason, is_reminder_due, reason_to_notify
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class IncidentNotification:
    """A notification about one incident, in all scopes of the incident."""

    id: str
    """The id of the incident. All notifications about it share one thread."""
    sequence: int
    """The number within the incident, from 1. A retry has the same number."""
    reason: Reason
    """The reason of highest priority of any scope."""
    rule: Rule | None
    """The current rule of the primary scope.

    None if it is deleted, unreadable, or has another indicator now.
    """
    affected: tuple[AffectedScope, ...]
    """All scopes of the incident, the most important first. Never empty."""
    contributor: Contributor | None = None
    """The main contributor to the breach of the primary scope."""
    provider: CommonProvider | None = None
    """The mailbox provider that is the common cause for several senders."""
    estimate: AccountRateEstimate | None = None
    """The estimate of the account rate that SES uses, if SES uses this indicator."""
    ses_rates: SesRates | None = None
    """What SES itself reported of that rate; None if that is unreadable, or if SES has none."""
    last_day: date | None = None
    """The last day with counts; None if that is today."""
    trend: Trend | None = None
    """The daily rates of the primary scope; None if they are unreadable."""
    has_history: bool = True
    """Whether the history of all alerts is available. If it is not, the text says so."""

    @property
    def primary(self) -> AffectedScope:
        """The scope that the subject line and the first sentence are about."""
        return self.affected[0]

    @property
    def is_history_lost(self) -> bool:
        """Whether the stored history of an alert was damaged, not just out of reach."""
        return any(scope.alert.history_lost for scope in self.affected)

    @property
    def rule_name(self) -> str:
        """The name of the breached rule of the primary scope."""
        return self.primary.alert.rule

    @property
    def indicator(self) -> Indicator:
        """The rate of the primary scope.

        The incident can have the account twice: as VDM counts it, and as SES itself measures it.
        """
        assert self.primary.alert.indicator  # Alerts without an indicator are never notified.
        return self.primary.alert.indicator

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any scope now; None if no scope is firing.

        Recovering scopes count only if all are recovering.
        """
        return max(
            (scope.severity for scope in self.firing if not scope.is_recovering and scope.severity),
            default=max((scope.severity for scope in self.firing if scope.severity), default=None),
        )

    @property
    def is_urgent(self) -> bool:
        """Whether a scope is critical now and its reason is more than a reminder.

        Quiet hours do not delay an urgent notification.
        """
        return any(
            scope.severity is Severity.CRITICAL and scope.priority > Reason.REPEAT.priority
            for scope in self.affected
        )

    @property
    def firing(self) -> tuple[AffectedScope, ...]:
        """The scopes whose alerts are firing, recovering ones included."""
        return tuple(scope for scope in self.affected if scope.is_firing)

    @property
    def is_unproven(self) -> bool:
        """Whether the incident ended without proof that the rate is in range."""
        has_no_figures = self.reason is Reason.RESOLVED and self.primary.value is None
        return self.severity is None and (self.reason is Reason.CLOSED or has_no_figures)

    @property
    def fingerprint(self) -> str:
        """A hash of the content, by which a retry is recognized."""
        rules = {scope.alert.rule for scope in self.affected}
        return fingerprint_of(
            [*scope.fingerprint_content, *([scope.alert.rule] if len(rules) > 1 else [])]
            for scope in self.affected
        )


def incident_notifications(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule],
    verdicts: Mapping[AlertKey, Verdict],
    contributors: Contributors,
    sequences: Mapping[str, int],
    attempts: Mapping[str, SendAttempt],
    now: datetime,
) -> list[IncidentNotification]:
    """Return the due notification of each incident, the worst one first.

    *alerts* have their incidents, and none of them is silenced. *rules* are the valid rules by
    name. By incident id, *sequences* are the numbers of the last delivered notifications, and
    *attempts* are notifications whose delivery is unconfirmed.

    An incident is due if a scope has a reason of a priority above 0, or if a reminder is due. There
    are no reminders while the rule of the most important scope is unreadable.
    """
    due = []
    for incident, group in _by_incident(alerts).items():
        scopes = _worst_first(
            _affected_scope(alert, verdicts.get(alert.key), contributors) for alert in group
        )
        rule = _current_rule(scopes[0].alert, rules)
        open_alerts = [scope.alert for scope in scopes if scope.needs_reminder]
        if rule and is_reminder_due(open_alerts, rule.remind_after, now):
            scopes = [_with_reminder(scope) for scope in scopes]
        elif not any(scope.priority > 0 for scope in scopes):
            continue
        notification = _notification(incident, scopes, rules, contributors)
        attempt = attempts.get(incident)
        last_sequence = _last_sequence(group, sequences.get(incident, 0), attempt)
        sequence = next_sequence(last_sequence, attempt, notification.fingerprint)
        due.append(replace(notification, sequence=sequence))
    return sorted(due, key=_sort_key)


def fingerprint_of(contents: Iterable[object]) -> str:
    """Return a hash of *contents* in any order: 16 hexadecimal digits."""
    lines = sorted(json.dumps(content) for content in contents)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _by_incident(alerts: Iterable[Alert]) -> Mapping[str, Sequence[Alert]]:
    """Return the alerts that a notification can list, by incident."""
    groups: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        is_pending = isinstance(alert.state, Pending)
        if alert.indicator and alert.incident and alert.is_active and not is_pending:
            groups[alert.incident].append(alert)
    return groups


def _current_rule(alert: Alert, rules: Mapping[str, Rule]) -> Rule | None:
    """Return the current rule of *alert*, or None.

    A rule that has another indicator now no longer explains the alert.
    """
    rule = rules.get(alert.rule)
    return rule if rule and rule.indicator is alert.indicator else None


def _affected_scope(
    alert: Alert, verdict: Verdict | None, contributors: Contributors
) -> AffectedScope:
    cause = cause_of(alert, contributors)
    contributor = None if cause == alert.scope else cause
    reason = reason_to_notify(alert)
    has_no_email = isinstance(verdict, Healthy | Inconclusive) and value_of(verdict) is None
    if reason is Reason.RESOLVED and has_no_email:  # That proves nothing.
        reason = Reason.CLOSED
    return AffectedScope(alert, verdict, reason, contributor)


def _worst_first(scopes: Iterable[AffectedScope]) -> Sequence[AffectedScope]:
    """Return *scopes*, the most important first, and those of the same rank by their names."""
    by_name = sorted(scopes, key=lambda scope: (str(scope.alert.scope), scope.alert.rule))
    return sorted(by_name, key=lambda scope: scope.rank, reverse=True)


def _with_reminder(scope: AffectedScope) -> AffectedScope:
    """Return *scope*, with the reason REPEAT if it needs a reminder."""
    is_repeated = scope.needs_reminder and not scope.reason
    return replace(scope, reason=Reason.REPEAT) if is_repeated else scope


def _notification(
    incident: str,
    scopes: Sequence[AffectedScope],
    rules: Mapping[str, Rule],
    contributors: Contributors,
) -> IncidentNotification:
    """Return the notification about *scopes*, with sequence number 0."""
    affected = list(scopes)
    reasons = [scope.reason for scope in affected if scope.reason]
    provider = common_provider(affected, contributors) if affected[0].is_firing else None
    if provider and provider.own_alert:
        affected.remove(provider.own_alert)
        affected.insert(0, provider.own_alert)
    return IncidentNotification(
        id=incident,
        sequence=0,
        reason=max(reasons, key=lambda reason: reason.priority),
        rule=_current_rule(affected[0].alert, rules),
        affected=tuple(affected),
        contributor=_contributor(affected, contributors),
        provider=provider,
        has_history=not any(scope.alert.history_lost for scope in scopes),
    )


def _contributor(
    affected: Sequence[AffectedScope], contributors: Contributors
) -> Contributor | None:
    """Return the main contributor to the breach of the primary scope.

    SES publishes no parts of its own rate, so it is the one of the same rate as VDM counts it.
    """
    primary = affected[0].alert
    if primary.indicator is None or not primary.indicator.is_from_ses:
        return contributors.get(primary.key)
    counted = (
        contributors.get(scope.alert.key)
        for scope in affected
        if scope.is_firing and scope.alert.scope == primary.scope
    )
    return next(filter(None, counted), None)


def _last_sequence(group: Sequence[Alert], stored: int, attempt: SendAttempt | None) -> int:
    """Return the highest delivered number: *stored*, or in a last notification.

    The number of *attempt* is not counted if it is the last one of some alerts only: very many
    alerts do not fit into one transaction, and the save stopped in between. The notification is
    sent again, with the same number if it has the same content.
    """
    numbers = {alert.last_notified.sequence for alert in group if alert.last_notified}
    if attempt and len(numbers) > 1:
        numbers.discard(attempt.sequence)
    return max(stored, *numbers, 0)


def _sort_key(notification: IncidentNotification) -> tuple[int, int, str]:
    """Return a sort key: severity, priority of the reason, id."""
    return (-(notification.severity or 0), -notification.reason.priority, notification.id)
