"""What is owed to people, and how it is gathered so that one incident is one message."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import IntEnum
from typing import TypeAlias

from vdm_alerts.core.alerts import Alert, Firing, Key, Ok, Pending, Told
from vdm_alerts.core.findings import Finding
from vdm_alerts.core.metrics import Dimension
from vdm_alerts.core.reading.culprits import Culprit
from vdm_alerts.core.reputation import Estimate
from vdm_alerts.core.rules import Rule, Severity
from vdm_alerts.core.verdicts import Evidence, Verdict, evidence_of


class Reason(IntEnum):
    """Why a word is owed; where several are, the highest speaks for the message."""

    RESOLVED = 1
    FIRING = 2
    ESCALATED = 3


def due(alert: Alert) -> Reason | None:
    """Say why a word is owed, judging by what was last delivered and not by what just changed."""
    match alert.state, alert.told:
        case Firing(), None:
            return Reason.FIRING
        case Firing(severity=now_at), Told(severity=told_at) if now_at > told_at:
            return Reason.ESCALATED
        case Ok(), Told():
            return Reason.RESOLVED
        case _:  # What is pending has not been told of yet, or is not over for good.
            return None


@dataclass(frozen=True, slots=True)
class Affected:
    """One scope of an incident: its alert, the verdict of this run, and the word it is owed."""

    alert: Alert
    verdict: Verdict | None
    reason: Reason | None

    @property
    def is_firing(self) -> bool:
        """Whether the rule is still broken here."""
        return isinstance(self.alert.state, Firing)

    @property
    def severity(self) -> Severity | None:
        """How bad it is here now; None where it is not."""
        return self.alert.state.severity if isinstance(self.alert.state, Firing) else None

    @property
    def since(self) -> datetime | None:
        """When the episode began that is, or was, going on here."""
        if isinstance(self.alert.state, Firing):
            return self.alert.state.since
        return self.alert.told.since if self.alert.told else None

    @property
    def evidence(self) -> Evidence | None:
        """The figures of this run; None where there was no mail, or no answer."""
        return evidence_of(self.verdict)

    def rank(self, rule: Rule) -> tuple[bool, int, int, float]:
        """Return where it stands among the others: owed a word, then bad, then by kind, then worse.

        The account comes first of the kinds, then who sends, and only then where it goes.
        """
        return (
            self.reason is not None,
            self.severity or 0,
            -min((list(Dimension).index(one) + 1 for one in self.alert.scope.kind), default=0),
            rule.at(self.alert.scope).badness(self.evidence.rate.value) if self.evidence else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Incident:
    """A message about one rule: every scope it is broken in, or was until now.

    *sequence* counts the messages of the incident from 1; a message that has to be sent again
    carries the same number. *affected* begins with the scope that matters most. *culprit* is who is
    behind what the lead is accused of, and *estimate* is of the rate that SES itself goes by, where
    it goes by this one. Where days are counted *until* one before today, or what was told before is
    not *remembered*, the message says so.
    """

    id: str
    sequence: int
    reason: Reason
    rule: Rule
    affected: tuple[Affected, ...]
    culprit: Culprit | None = None
    estimate: Estimate | None = None
    until: date | None = None
    remembered: bool = True

    @property
    def lead(self) -> Affected:
        """The scope that the message is first of all about."""
        return self.affected[0]

    @property
    def severity(self) -> Severity | None:
        """The worst severity anywhere in the incident now; None once it is over."""
        return max((one.severity for one in self.affected if one.severity), default=None)

    @property
    def faded(self) -> bool:
        """Whether it is over for want of figures, which is no proof that anything has mended."""
        return self.severity is None and self.lead.evidence is None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A message of *findings*, none once all is in order, and of those that are *gone*.

    *kept* are those that were told before and may stand still: nobody could look.
    """

    sequence: int
    findings: tuple[Finding, ...]
    gone: tuple[Finding, ...] = ()
    kept: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity | None:
        """The worst severity of any finding; None where there is none."""
        return max((finding.severity for finding in self.findings), default=None)


Notice: TypeAlias = Incident | Trouble


def gather(alerts: Iterable[Alert], now: datetime) -> list[Alert]:
    """Return *alerts* with every firing one in an incident: its rule's open one, or a new one.

    One that ended before anybody was told of it leaves its incident.
    """
    remembered = [alert if alert.is_open else replace(alert, incident=None) for alert in alerts]
    opened = {alert.rule: alert.incident for alert in remembered if alert.incident}
    return [
        replace(alert, incident=opened.setdefault(alert.rule, f"{alert.rule}-{now:%Y%m%dT%H%MZ}"))
        if isinstance(alert.state, Firing) and alert.incident is None
        else alert
        for alert in remembered
    ]


def incidents(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule],
    verdicts: Mapping[Key, Verdict],
    culprit: Callable[[Key], Culprit | None],
) -> list[Incident]:
    """Return the message that each incident owes, the worst incident first.

    *alerts* are gathered ones; *culprit* finds out who is behind a breach. An alert whose rule
    cannot be read now has to wait for it.
    """
    groups: defaultdict[str, list[Affected]] = defaultdict(list)
    for alert in alerts:
        if alert.rule in rules and alert.incident and not alert.is_at_rest:
            groups[alert.incident].append(Affected(alert, verdicts.get(alert.key), due(alert)))
    owed = [
        _incident(incident, group, rules, culprit)
        for incident, group in groups.items()
        if any(one.reason for one in group)
    ]
    return sorted(owed, key=lambda one: (-(one.severity or 0), one.id))


def _incident(
    incident: str,
    group: Sequence[Affected],
    rules: Mapping[str, Rule],
    culprit: Callable[[Key], Culprit | None],
) -> Incident:
    rule = rules[group[0].alert.rule]
    affected = sorted(
        group, key=lambda one: (*(-part for part in one.rank(rule)), str(one.alert.scope))
    )
    return Incident(
        id=incident,
        sequence=1 + max((one.alert.told.sequence for one in group if one.alert.told), default=0),
        reason=max(one.reason for one in group if one.reason),
        rule=rule,
        affected=tuple(affected),
        culprit=culprit(affected[0].alert.key),
    )


def delivered(alert: Alert, incident: Incident, now: datetime) -> Alert:
    """Return *alert* as it stands once the message about its *incident* has gone out."""
    match alert.state:
        case Firing(severity=severity, since=since):
            return replace(alert, told=Told(severity, since, incident.sequence, now))
        case Ok():
            return replace(alert, told=None, incident=None)
        case Pending():
            return alert


def trouble(
    findings: Sequence[Finding], told: Sequence[Finding], told_sequence: int
) -> Trouble | None:
    """Return the message that is owed about findings, if any, the worst of them first.

    One is owed when something is wrong that people were not told of yet, and once more when
    nothing is wrong any longer. A passing finding is told to nobody, but while there is one
    it is too early to say that all is well.
    """
    lasting = [finding for finding in findings if not finding.passing]
    is_news = any(finding not in told for finding in lasting)
    is_over = bool(told) and not findings
    if not (is_news or is_over):
        return None
    abouts = {finding.about for finding in lasting}
    others = tuple(finding for finding in told if finding.about not in abouts)
    blind = any(finding.hinders for finding in findings)
    return Trouble(
        sequence=told_sequence + 1,
        findings=tuple(sorted(lasting, key=lambda finding: -finding.severity)),
        gone=() if blind else others,
        kept=others if blind else (),
    )
