"""One evaluation: gather, judge, tell, remember."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vdm_alerts.app.collect import gather
from vdm_alerts.app.notify import StillOwed, _sent
from vdm_alerts.core.alerts import history
from vdm_alerts.core.alerts.alert import Alert, Key, advance, aged, unwatched
from vdm_alerts.core.alerts.stored_state import Memory
from vdm_alerts.core.model.errors import WentBack
from vdm_alerts.core.model.findings import Finding, Hindrance
from vdm_alerts.core.model.target import Origin
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.notifications import grouping
from vdm_alerts.core.notifications.due import attempting, delivering, owed
from vdm_alerts.core.observations.metric_reading import UNLIMITED, Limits
from vdm_alerts.core.observations.observation import Gathered
from vdm_alerts.core.observations.run_report import Summary, readings, summary
from vdm_alerts.ports import Ports

RESERVE = timedelta(minutes=2)
"""How much of a run's time reading leaves for all the rest."""

_log = logging.getLogger(__name__)


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
    ports: Ports,
    origin: Origin,
    now: datetime,
    lease: Lease,
    limits: Limits = UNLIMITED,
    quiet_hours: QuietHours | None = None,
) -> Summary:
    """Judge the account as of *now*, tell people what they are owed, and remember it.

    Raises Busy while another run acts, and Superseded where one has acted in the meantime; WentBack
    where *now* is before the last run's, StillOwed where a message could not be sent, and
    AccessDenied or Unavailable where what was told could not be saved. Lambda tries again after
    each of them; none of them loses a message.
    """
    with ExitStack() as held:
        before, amnesia = _recall(ports, held, lease)
        if before.last_run and now < before.last_run:
            message = f"asked to run as of {now}, but the last run was as of {before.last_run}"
            raise WentBack(message)
        seen = gather(ports, before, now, limits, lease.patience)
        known = _advanced(before, seen, now)
        is_quiet = quiet_hours is not None and quiet_hours.hold(now)
        all_owed = owed(known, seen, amnesia, now, quiet=is_quiet)
        # What nobody would get is not said, so that it is owed to whoever subscribes first. Where
        # they cannot be counted once, there are as many as before; where they cannot again, some.
        counted = before.subscribers if seen.subscribers is None else seen.subscribers
        due = [] if counted == 0 else all_owed
        steps = tuple(history.transitions(seen.alerts, known.alerts, seen.verdicts, seen.gone, now))
        saved = before
        if due and not amnesia:
            # What fires, in which incident, and what is about to be said of it, is saved before a
            # word goes out: should the save after it fail, the message that is sent again carries
            # the same id and number.
            try:
                known = saved = ports.store.save(attempting(known, due, now), before, steps)
                steps = ()
            except Hindrance as hindrance:
                amnesia = [hindrance.finding]
                due = all_owed = owed(known, seen, amnesia, now, quiet=is_quiet)
        findings = [*amnesia, *seen.findings]
        for finding in findings:
            _log.warning("%s", finding)
        told = [notice for notice in due if _sent(ports, notice, origin, now)]
        after = delivering(known, told, now)
        if not amnesia:
            ports.store.save(after, saved, steps)
            _keep(ports, seen)
        figures = summary(
            seen, after, now, findings=len(findings), told=len(told), owed=len(all_owed)
        )
        ports.recorder.record(figures, readings(seen, known, now, before.last_run))
    if len(told) < len(due):
        message = f"{len(due) - len(told)} of {len(due)} messages could not be sent"
        raise StillOwed(message)
    return figures


def _recall(ports: Ports, held: ExitStack, lease: Lease) -> tuple[Memory, Sequence[Finding]]:
    """Take the lease and return what is remembered; nothing, and why, where that is out of reach.

    A breach must be told even when nobody knows what was told before.
    """
    try:
        held.enter_context(ports.store.lease(lease.until, lease.taken))
        return ports.store.load(), ()
    except Hindrance as hindrance:
        return Memory(), [hindrance.finding]


def _advanced(before: Memory, seen: Gathered, now: datetime) -> Memory:
    """Return what there is to remember, with every alert as it stands after this run's verdicts."""
    alerts: dict[Key, Alert] = {}
    for key, alert in seen.alerts.items():
        if why := seen.gone(key):
            _log.warning("%s of %s: %s", key.rule, key.scope, why)
            if key.indicator:  # Else nobody can say what it is that ends.
                alerts[key] = unwatched(alert, why)
        elif alert.rule in seen.rules:
            alerts[key] = aged(alert, seen.rules[alert.rule], now)
        else:
            alerts[key] = alert
    for key, verdict in seen.verdicts.items():
        if not seen.gone(key):
            was = alerts.get(key, Alert(*key))
            rule = seen.rules[was.rule]
            alerts[key] = advance(was, verdict, rule, now, waits=before.introduced)
            if type(was.state) is not type(alerts[key].state):
                _log.info("%s of %s: now %s", key.rule, key.scope, alerts[key].state)
    awake = (alert for alert in alerts.values() if not alert.is_at_rest)
    gathered = grouping.grouped(awake, now, seen.culprit)
    return replace(
        before,
        alerts={alert.key: alert for alert in gathered},
        passing=seen.passing,
        subscribers=seen.subscribers,
        rules=seen.rulebook.written if seen.rulebook else before.rules,
        last_run=now,
    )


def _keep(ports: Ports, seen: Gathered) -> None:
    """Remember what was read, once what came of it is; without it the next run asks for more."""
    if seen.survey is None:
        return
    try:
        ports.rosters.save(seen.survey.roster)
    except Exception as error:  # noqa: BLE001 - the run has done its work
        _log.warning("what was read is not remembered: %s", error)
