"""What is wrong, gathered by cause, so that one cause is one message."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from vdm_alerts.core.alerts import Alert, Firing, Key, Ok, Pending, Told
from vdm_alerts.core.metrics import Dimension, Scope
from vdm_alerts.core.rates import Rate
from vdm_alerts.core.reading.culprits import Culprit
from vdm_alerts.core.reputation import Estimate
from vdm_alerts.core.revision import Ground
from vdm_alerts.core.rules import Rule, Severity
from vdm_alerts.core.telling.causes import Culprits, cause_of
from vdm_alerts.core.telling.numbering import Attempt, numbered
from vdm_alerts.core.telling.reasons import Reason, due, is_to_be_repeated
from vdm_alerts.core.verdicts import Evidence, Healthy, Unsure, Verdict, evidence_of


@dataclass(frozen=True, slots=True)
class Affected:
    """One scope of an incident: its alert, the verdict of this run, and the word it is owed.

    *cause* is the part of it that is behind what is wrong there.
    """

    alert: Alert
    verdict: Verdict | None
    reason: Reason | None
    cause: Scope | None = None

    @property
    def is_firing(self) -> bool:
        """Whether the rule is still broken here, or was until too short a while ago."""
        return isinstance(self.alert.state, Firing)

    @property
    def is_mending(self) -> bool:
        """Whether it is broken no longer, and not yet for as long as it takes to say so."""
        return isinstance(self.alert.state, Firing) and self.alert.state.mending is not None

    @property
    def goes_on(self) -> bool:
        """Whether it is worth a reminder: neither mending, nor out of sight for want of mail."""
        is_out_of_sight = isinstance(self.verdict, Unsure) and self.verdict.evidence is None
        is_well = isinstance(self.verdict, Healthy) or self.is_mending
        return self.is_firing and not (is_well or is_out_of_sight)

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

    @property
    def unwatched(self) -> str:
        """Why nobody looks here any more; empty where somebody does."""
        return self.alert.state.unwatched if isinstance(self.alert.state, Ok) else ""

    @property
    def revised(self) -> Rate | None:
        """The rate that people were told of, as it is by later counts, where that withdraws it."""
        return self.alert.state.revised if isinstance(self.alert.state, Ok) else None

    @property
    def told_rate(self) -> Rate | None:
        """The rate that people were last told of."""
        told = self.alert.told
        return told.ground.rate if told and told.ground else None

    @property
    def weight(self) -> int:
        """How much the word that is owed matters: 0 where it can wait, less where there is none."""
        return self.reason.weight if self.reason else -1

    def rank(self, rule: Rule) -> tuple[int, int, int, float]:
        """Return where it stands among the others: by its word, then bad, then by kind, then worse.

        The account comes first of the kinds, then who sends, and only then where it goes.
        """
        return (
            self.weight,
            self.severity or 0,
            -min((list(Dimension).index(one) + 1 for one in self.alert.scope.kind), default=0),
            rule.at(self.alert.scope).badness(self.evidence.rate.value) if self.evidence else 0.0,
        )


@dataclass(frozen=True, slots=True)
class Incident:
    """A message about one cause: every scope a rule is broken in for it, or was until now.

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
        is_unproven = self.reason is Reason.ENDED or self.lead.evidence is None
        return self.severity is None and is_unproven

    @property
    def news(self) -> str:
        """What the message says of whom, in short: two that say the same have the same."""
        return digest_of([str(one.alert.scope), one.severity or 0] for one in self.affected)


def digest_of(news: Iterable[object]) -> str:
    """Return a short text that is the same for the same *news*, in whatever order."""
    lines = sorted(json.dumps(each) for each in news)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def incidents(
    alerts: Iterable[Alert],
    rules: Mapping[str, Rule],
    verdicts: Mapping[Key, Verdict],
    culprit: Culprits,
    numbers: Mapping[str, int],
    attempts: Mapping[str, Attempt],
    now: datetime,
) -> list[Incident]:
    """Return the message that each incident owes, the worst first, and news before reminders.

    *alerts* are gathered ones, none that people have asked not to hear of; *numbers* are those of
    the last messages, by incident, and *attempts* messages of which it is not known whether they
    went out. An alert whose rule cannot be read now has to wait for it. One that is pending is
    neither over nor anything to speak of yet.
    """
    groups: defaultdict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        is_settled = not isinstance(alert.state, Pending)
        if alert.rule in rules and alert.incident and alert.is_open and is_settled:
            groups[alert.incident].append(alert)
    owed = []
    for incident, group in groups.items():
        rule = rules[group[0].rule]
        affected = [_affected(one, verdicts.get(one.key), culprit) for one in group]
        is_due = any(one.weight > 0 for one in affected)
        bad = [one.alert for one in affected if one.goes_on]
        if is_to_be_repeated(bad, rule.remind_after, now):
            is_due, affected = True, [_repeated(one) for one in affected]
        if is_due:
            found = _incident(incident, affected, rule, culprit)
            told = (one.told.sequence for one in group if one.told)
            last = max(numbers.get(incident, 0), *told, 0)
            number = numbered(last, attempts.get(incident), found.news)
            owed.append(replace(found, sequence=number))
    return sorted(owed, key=lambda one: (-(one.severity or 0), -one.lead.weight, one.id))


def _affected(alert: Alert, verdict: Verdict | None, culprit: Culprits) -> Affected:
    cause = cause_of(alert, culprit)
    return Affected(alert, verdict, due(alert), None if cause == alert.scope else cause)


def _repeated(one: Affected) -> Affected:
    return replace(one, reason=Reason.REPEAT) if one.goes_on and not one.reason else one


def _incident(
    incident: str,
    group: Sequence[Affected],
    rule: Rule,
    culprit: Culprits,
) -> Incident:
    affected = sorted(
        group, key=lambda one: (*(-part for part in one.rank(rule)), str(one.alert.scope))
    )
    reason = affected[0].reason
    assert reason
    return Incident(
        id=incident,
        sequence=0,
        reason=reason,
        rule=rule,
        affected=tuple(affected),
        culprit=culprit(affected[0].alert.key),
    )


def attempted(one: Affected, now: datetime) -> Alert:
    """Return the alert of *one* as it stands while a message about it is on its way.

    Should nobody ever know whether that went out, what comes after a beginning is owed too, its
    end; and what comes after an end, should it begin anew, or after better news, should it rise.
    """
    alert = one.alert
    match alert.state, alert.told:
        case _, None:
            return replace(alert, told=delivered(one, 0, now).told)
        case Ok(), Told() as told:
            return replace(alert, told=replace(told, sequence=0))
        case Firing(severity=severity), Told() as told:
            return replace(alert, told=replace(told, severity=min(told.severity, severity)))
        case _:
            return alert


def delivered(one: Affected, sequence: int, now: datetime) -> Alert:
    """Return the alert of *one* as it stands once message *sequence* about it has gone out."""
    alert, seen = one.alert, one.evidence
    match alert.state:
        case Firing(severity=severity, since=since):
            ground = Ground(seen.rate, seen.window, seen.until or now.date()) if seen else None
            return replace(alert, told=Told(severity, since, sequence, now, ground))
        case Ok(since=since, line=line):
            return replace(alert, state=Ok(since, line=line), told=None, incident=None)
        case Pending():
            return alert
