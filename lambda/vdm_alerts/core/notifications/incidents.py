"""What is wrong, gathered by cause, so that one cause is one message."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vdm_alerts.core.alerts.alert import Alert, Key, Pending
from vdm_alerts.core.alerts.sequence import Attempt, numbered
from vdm_alerts.core.evaluation.ses_estimate import Estimate
from vdm_alerts.core.evaluation.verdicts import Verdict
from vdm_alerts.core.model.rates import Indicator
from vdm_alerts.core.model.severity import Severity
from vdm_alerts.core.notifications.affected import Affected
from vdm_alerts.core.notifications.grouping import Contributors, cause_of
from vdm_alerts.core.notifications.reasons import Reason, due, is_to_be_repeated
from vdm_alerts.core.planning.contributor import Contributor
from vdm_alerts.core.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Incident:
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
    terms: Rule | None
    affected: tuple[Affected, ...]
    culprit: Contributor | None = None
    estimate: Estimate | None = None
    until: date | None = None
    remembered: bool = True

    @property
    def lead(self) -> Affected:
        """The scope that the message is first of all about."""
        return self.affected[0]

    @property
    def rule(self) -> str:
        """The name of the rule that is, or was, broken."""
        return self.lead.alert.rule

    @property
    def indicator(self) -> Indicator:
        """The rate that it is about."""
        assert self.lead.alert.indicator  # Of what it is not known of, nobody is told.
        return self.lead.alert.indicator

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
    def firing(self) -> tuple[Affected, ...]:
        """Those that the rule is still broken in."""
        return tuple(one for one in self.affected if one.is_firing)

    @property
    def faded(self) -> bool:
        """Whether it is over for want of figures, or of a look, which proves nothing mended."""
        is_unread = self.reason is Reason.RESOLVED and self.lead.evidence is None
        return self.severity is None and (self.reason is Reason.ENDED or is_unread)

    @property
    def news(self) -> str:
        """What the message says of whom, in short: two that say the same have the same."""
        return digest_of(one.news for one in self.affected)


def digest_of(news: Iterable[object]) -> str:
    """Return a short text that is the same for the same *news*, in whatever order."""
    lines = sorted(json.dumps(each) for each in news)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def incidents(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule],
    verdicts: Mapping[Key, Verdict],
    contributors: Contributors,
    numbers: Mapping[str, int],
    attempts: Mapping[str, Attempt],
    now: datetime,
) -> list[Incident]:
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
        bad = [one.alert for one in affected if one.goes_on]
        if terms and is_to_be_repeated(bad, terms.remind_after, now):
            is_due, affected = True, [_repeated(one) for one in affected]
        if is_due:
            found = _incident(incident, affected, terms, contributors)
            told = (one.told.sequence for one in group if one.told)
            last = max(numbers.get(incident, 0), *told, 0)
            number = numbered(last, attempts.get(incident), found.news)
            owed.append(replace(found, sequence=number))
    return sorted(owed, key=lambda one: (-(one.severity or 0), -one.lead.weight, one.id))


def _affected(alert: Alert, verdict: Verdict | None, contributors: Contributors) -> Affected:
    cause = cause_of(alert, contributors)
    return Affected(alert, verdict, due(alert), None if cause == alert.scope else cause)


def _repeated(one: Affected) -> Affected:
    return replace(one, reason=Reason.REPEAT) if one.goes_on and not one.reason else one


def _incident(
    incident: str,
    group: Sequence[Affected],
    terms: Rule | None,
    contributors: Contributors,
) -> Incident:
    affected = sorted(
        group, key=lambda one: (*(-part for part in one.rank(terms)), str(one.alert.scope))
    )
    reason = affected[0].reason
    assert reason
    return Incident(
        id=incident,
        sequence=0,
        reason=reason,
        terms=terms,
        affected=tuple(affected),
        culprit=contributors.get(affected[0].alert.key),
    )
