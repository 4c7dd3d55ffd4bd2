"""What is wrong, gathered by cause, so that one cause is one message."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import Alert, AlertKey, Pending
from vdm_alerts.core.alerts.sequence import SendAttempt, next_sequence
from vdm_alerts.core.evaluation.ses_estimate import AccountRateEstimate
from vdm_alerts.core.evaluation.verdicts import Verdict
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import AffectedScope
from vdm_alerts.core.notifications.grouping import Contributors, cause_of
from vdm_alerts.core.notifications.reasons import Reason, is_reminder_due, reason_to_notify
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class IncidentNotification:
    """A message about one cause: every scope a rule is broken in for it, or was until now.

    *terms* is the rule as it is; None where it is gone, cannot be read, or is about another rate by
    now. *sequence* counts the messages of the incident from 1; a message that has to be sent again
    carries the same number. *affected* begins with the scope that matters most. *culprit* is who is
    behind what the lead is accused of, and *estimate* is of the rate that SES itself goes by, where
    it goes by this one. Where days are counted *until* one before today, or what was told before is
    not *remembered*, the message says so.
    """

    id: str
    sequence: int
    reason: Reason
    rule: Rule | None
    affected: tuple[AffectedScope, ...]
    contributor: Contributor | None = None
    estimate: AccountRateEstimate | None = None
    last_day: date | None = None
    has_history: bool = True

    @property
    def primary(self) -> AffectedScope:
        """The scope that the message is first of all about."""
        return self.affected[0]

    @property
    def rule_name(self) -> str:
        """The name of the rule that is, or was, broken."""
        return self.primary.alert.rule

    @property
    def indicator(self) -> Indicator:
        """The rate that it is about."""
        assert self.primary.alert.indicator  # Of what it is not known of, nobody is told.
        return self.primary.alert.indicator

    @property
    def severity(self) -> Severity | None:
        """The worst severity anywhere in the incident now; None once it is over."""
        return max((one.severity for one in self.affected if one.severity), default=None)

    @property
    def is_urgent(self) -> bool:
        """Whether what is to be told is critical, going on, and no reminder."""
        news = (one for one in self.affected if one.weight > Reason.REPEAT.weight)
        return any(one.severity is Severity.CRITICAL for one in news)

    @property
    def firing(self) -> tuple[AffectedScope, ...]:
        """Those that the rule is still broken in."""
        return tuple(one for one in self.affected if one.is_firing)

    @property
    def is_unproven(self) -> bool:
        """Whether it is over for want of figures, or of a look, which proves nothing mended."""
        is_unread = self.reason is Reason.RESOLVED and self.primary.evidence is None
        return self.severity is None and (self.reason is Reason.CLOSED or is_unread)

    @property
    def fingerprint(self) -> str:
        """What the message says of whom, in short: two that say the same have the same."""
        return fingerprint_of(one.content for one in self.affected)


def fingerprint_of(news: Iterable[object]) -> str:
    """Return a short text that is the same for the same *news*, in whatever order."""
    lines = sorted(json.dumps(each) for each in news)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def incident_notifications(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule],
    verdicts: Mapping[AlertKey, Verdict],
    contributors: Contributors,
    sequences: Mapping[str, int],
    attempts: Mapping[str, SendAttempt],
    now: datetime,
) -> list[IncidentNotification]:
    """Return the message that each incident owes, the worst first, and news before reminders.

    *alerts* are gathered ones, none that people have asked not to hear of; *numbers* are those of
    the last messages, by incident, and *attempts* messages of which it is not known whether they
    went out. Where a rule cannot be read, there are no reminders of what it has found. An alert
    that is pending is neither over nor anything to speak of yet.
    """
    groups: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        is_settled = not isinstance(alert.state, Pending)
        if alert.indicator and alert.incident and alert.is_open and is_settled:
            groups[alert.incident].append(alert)
    owed = []
    for incident, group in groups.items():
        rule = rules.get(group[0].rule)
        terms = rule if rule and rule.indicator is group[0].indicator else None
        affected = [_affected(one, verdicts.get(one.key), contributors) for one in group]
        is_due = any(one.weight > 0 for one in affected)
        bad = [one.alert for one in affected if one.needs_reminder]
        if terms and is_reminder_due(bad, terms.remind_after, now):
            is_due, affected = True, [_as_reminder(one) for one in affected]
        if is_due:
            found = _incident(incident, affected, terms, contributors)
            told = (one.last_notified.sequence for one in group if one.last_notified)
            last = max(sequences.get(incident, 0), *told, 0)
            number = next_sequence(last, attempts.get(incident), found.fingerprint)
            owed.append(replace(found, sequence=number))
    return sorted(owed, key=lambda one: (-(one.severity or 0), -one.primary.weight, one.id))


def _affected(alert: Alert, verdict: Verdict | None, contributors: Contributors) -> AffectedScope:
    cause = cause_of(alert, contributors)
    return AffectedScope(
        alert, verdict, reason_to_notify(alert), None if cause == alert.scope else cause
    )


def _as_reminder(one: AffectedScope) -> AffectedScope:
    return replace(one, reason=Reason.REPEAT) if one.needs_reminder and not one.reason else one


def _incident(
    incident: str,
    group: Sequence[AffectedScope],
    terms: Rule | None,
    contributors: Contributors,
) -> IncidentNotification:
    affected = sorted(
        group, key=lambda one: (*(-part for part in one.rank(terms)), str(one.alert.scope))
    )
    reason = affected[0].reason
    assert reason
    return IncidentNotification(
        id=incident,
        sequence=0,
        reason=reason,
        rule=terms,
        affected=tuple(affected),
        contributor=contributors.get(affected[0].alert.key),
    )
