"""One evaluation: gather, judge, tell, remember."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vdm_alerts.core.alerts import Alert, Firing, Key, advance, aged
from vdm_alerts.core.errors import VdmAlertsError
from vdm_alerts.core.findings import Finding, Hindrance
from vdm_alerts.core.metrics import ACCOUNT
from vdm_alerts.core.rules import Severity
from vdm_alerts.core.telling import notices
from vdm_alerts.core.telling.messages import compose
from vdm_alerts.core.telling.notices import Incident, Notice
from vdm_alerts.core.telling.prose import Origin
from vdm_alerts.core.verdicts import Unknown, Verdict, evidence_of
from vdm_alerts.gather import Gathered, gather
from vdm_alerts.ports import Memory, Ports, Reading, Summary, WentBack
from vdm_alerts.survey import UNLIMITED, Limits

MOST_RECORDED = 20
"""Rates beside the account's that a run makes a metric of."""
RECORDED_EVERY = timedelta(hours=6)
"""How often it does: rates are of days, and a metric is paid for by the hour with data in it."""

RESERVE = timedelta(minutes=2)
"""How much of a run's time reading leaves for all the rest."""

_log = logging.getLogger(__name__)


class StillOwed(VdmAlertsError):
    """Everything else was done, but some message could not be sent; it is owed at the next run."""


@dataclass(frozen=True, slots=True)
class Lease:
    """From when until when, by the wall clock, this run is the one that acts."""

    taken: datetime
    until: datetime

    @property
    def patience(self) -> timedelta:
        """How long reading may take, so that there is time to judge, tell and remember."""
        return self.until - self.taken - RESERVE


def run(
    ports: Ports, origin: Origin, now: datetime, lease: Lease, limits: Limits = UNLIMITED
) -> Summary:
    """Judge the account as of *now*, tell people what they are owed, and remember it.

    Raises Busy while another run acts, WentBack where *now* is before the last run's, StillOwed
    where a message could not be sent, and AccessDenied or Unavailable where what was told could
    not be saved. Lambda tries again after each of them; none of them loses a message.
    """
    with ExitStack() as held:
        before, amnesia = _recall(ports, held, lease)
        if before.last_run and now < before.last_run:
            message = f"asked to run as of {now}, but the last run was as of {before.last_run}"
            raise WentBack(message)
        seen = gather(ports, before.alerts, now, limits, lease.patience)
        verdicts = seen.verdicts
        alerts = _advanced(before, seen, verdicts, now)
        known = replace(before, alerts={alert.key: alert for alert in alerts}, last_run=now)
        owed = _owed(before, known, seen, verdicts, amnesia)
        if owed and not amnesia:
            # What fires, and in which incident, is saved before a word goes out: should the save
            # after it fail, the message that is sent again carries the same id and number.
            try:
                known = ports.store.save(known, replacing=before)
            except Hindrance as hindrance:
                amnesia = [hindrance.finding]
                owed = _owed(before, known, seen, verdicts, amnesia)
        for finding in (*amnesia, *seen.findings):
            _log.warning("%s", finding)
        # What nobody would get is not said, so that it is owed to whoever subscribes first.
        due = owed if seen.subscribers != 0 else []
        told = [notice for notice in due if _sent(ports, notice, origin, now)]
        after = _after(known, told, now)
        if not amnesia:
            ports.store.save(after, replacing=known if owed else before)
            _keep(ports, seen)

        findings = [*amnesia, *seen.findings]
        summary = _summary(
            seen, verdicts, after, now, findings=findings, told=len(told), owed=len(owed)
        )
        is_due = _is_later_spell(now, before.last_run)
        ports.recorder.record(summary, _readings(seen, verdicts, known) if is_due else ())
    if len(told) < len(due):
        message = f"{len(due) - len(told)} of {len(due)} messages could not be sent"
        raise StillOwed(message)
    return summary


def _recall(ports: Ports, held: ExitStack, lease: Lease) -> tuple[Memory, Sequence[Finding]]:
    """Take the lease and return what is remembered; nothing, and why, where that is out of reach.

    A breach must be told even when nobody knows what was told before.
    """
    try:
        held.enter_context(ports.store.lease(lease.until, lease.taken))
        return ports.store.load(), ()
    except Hindrance as hindrance:
        return Memory(), [hindrance.finding]


def _advanced(
    before: Memory, seen: Gathered, verdicts: Mapping[Key, Verdict], now: datetime
) -> Sequence[Alert]:
    """Return every alert that is not at rest, as it stands after *verdicts*."""
    alerts = {
        key: aged(alert, seen.rules[alert.rule], now) if alert.rule in seen.rules else alert
        for key, alert in before.alerts.items()
        if not seen.is_gone(key)
    }
    for rule, scope in before.alerts.keys() - alerts.keys():
        _log.warning("%s of %s: forgotten, because it is not watched any more", rule, scope)
    for key, verdict in verdicts.items():
        rule, scope = key
        was = alerts.get(key, Alert(rule, scope))
        alerts[key] = advance(was, verdict, seen.rules[rule], now)
        if type(was.state) is not type(alerts[key].state):
            _log.info("%s of %s: now %s", rule, scope, alerts[key].state)
    return notices.gather((alert for alert in alerts.values() if not alert.is_at_rest), now)


def _owed(
    before: Memory,
    known: Memory,
    seen: Gathered,
    verdicts: Mapping[Key, Verdict],
    amnesia: Sequence[Finding],
) -> list[Notice]:
    """Return every message that people are owed, the worst first."""
    incidents = notices.incidents(known.alerts.values(), seen.rules, verdicts, seen.culprit)
    findings = [*amnesia, *seen.findings]
    trouble = notices.trouble(findings, before.findings, before.trouble_sequence)
    owed: list[Notice] = [
        replace(one, remembered=not amnesia, until=seen.until, estimate=seen.estimate(one.rule))
        for one in incidents
    ]
    return [*owed, trouble] if trouble else owed


def _sent(ports: Ports, notice: Notice, origin: Origin, now: datetime) -> bool:
    """Send *notice*; say whether it went out for certain."""
    message = compose(notice, origin, now)
    try:
        ports.notifier.publish(message)
    except Hindrance as hindrance:
        _log.error("not sent, so still owed: %s: %s", message.subject, hindrance)
        return False
    except Exception:  # noqa: BLE001 - one message must not silence those after it
        _log.exception("not sent, so still owed, by an unknown error: %s", message.subject)
        return False
    _log.info("told: %s", message.subject)
    return True


def _keep(ports: Ports, seen: Gathered) -> None:
    """Remember what was read, once what came of it is; without it the next run asks for more."""
    if seen.survey is None:
        return
    try:
        ports.rosters.save(seen.survey.roster)
    except Exception as error:  # noqa: BLE001 - the run has done its work
        _log.warning("what was read is not remembered: %s", error)


def _after(known: Memory, told: Sequence[Notice], now: datetime) -> Memory:
    """Return what is to be remembered once *told* has gone out."""
    alerts = dict(known.alerts)
    for notice in told:
        if isinstance(notice, Incident):
            for one in notice.affected:
                alerts[one.alert.key] = notices.delivered(one.alert, notice, now)
        else:
            remembered = (*notice.findings, *notice.kept)
            known = replace(known, findings=remembered, trouble_sequence=notice.sequence)
    awake = {key: alert for key, alert in alerts.items() if not alert.is_at_rest}
    return replace(known, alerts=awake)


def _summary(
    seen: Gathered,
    verdicts: Mapping[Key, Verdict],
    after: Memory,
    now: datetime,
    *,
    findings: Sequence[Finding],
    told: int,
    owed: int,
) -> Summary:
    newest = seen.newest_day
    firing = [one.state.severity for one in after.alerts.values() if isinstance(one.state, Firing)]
    return Summary(
        queries=seen.survey.asked if seen.survey else 0,
        days_behind=None if newest is None else (now.date() - newest).days,
        series_judged=len(verdicts),
        series_unknown=sum(
            isinstance(verdict, Unknown) and verdict.gap.is_failure for verdict in verdicts.values()
        ),
        alerts_warning=firing.count(Severity.WARNING),
        alerts_critical=firing.count(Severity.CRITICAL),
        notices_told=told,
        notices_owed=owed - told,
        findings=len(findings),
        unread=sum(each.passing and each.hinders for each in findings) + len(seen.unusable),
        subscribers=seen.subscribers,
    )


def _readings(seen: Gathered, verdicts: Mapping[Key, Verdict], known: Memory) -> Sequence[Reading]:
    """Return the rates worth a metric each: the account's, and the worst of what fires.

    Every one of them costs money, and an account can have ten thousand identities.
    """
    open_ = {key for key, alert in known.alerts.items() if alert.is_open}
    readings = [
        Reading(seen.rules[rule].at(scope), scope, evidence.rate.value)
        for (rule, scope), verdict in verdicts.items()
        if scope == ACCOUNT or (rule, scope) in open_
        if (evidence := evidence_of(verdict))
    ]
    account = [each for each in readings if each.scope == ACCOUNT]
    firing = [each for each in readings if each.scope != ACCOUNT]
    return [*account, *sorted(firing, key=_height, reverse=True)[:MOST_RECORDED]]


def _is_later_spell(now: datetime, before: datetime | None) -> bool:
    """Say whether *now* is in a later spell for recording rates than *before* was."""
    spell = RECORDED_EVERY.total_seconds()
    return before is None or now.timestamp() // spell > before.timestamp() // spell


def _height(reading: Reading) -> float:
    """Return how bad *reading* is, beside its rule's first threshold."""
    return reading.rule.badness(reading.value)
