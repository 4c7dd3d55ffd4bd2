"""One run: read everything, evaluate it, send the notifications that are due, save the state."""

import logging
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from vdm_alerts.app.collect import collect
from vdm_alerts.app.notify import NotificationsUnsentError, Outbox
from vdm_alerts.core.alerts.history import Transition, transitions
from vdm_alerts.core.alerts.lifecycle import advance_all
from vdm_alerts.core.alerts.stored_state import History, HistoryUnavailable, known_state
from vdm_alerts.core.model.errors import ClockWentBackError
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.notifications.due import deliverable, due_notifications
from vdm_alerts.core.notifications.grouping import group_into_incidents
from vdm_alerts.core.observations.evaluation import evaluate
from vdm_alerts.core.observations.metric_reading import UNLIMITED, Limits, MetricReading
from vdm_alerts.core.observations.next_state import next_state
from vdm_alerts.core.observations.run_report import RunReport, rate_samples, report_run
from vdm_alerts.ports import Ports

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """From when until when this run is the only one that acts. Wall clock times."""

    taken: datetime
    until: datetime


def run(
    ports: Ports,
    target: Target,
    now: datetime,
    lease: Lease,
    limits: Limits = UNLIMITED,
    quiet_hours: QuietHours | None = None,
) -> RunReport:
    """Evaluate *target* as of *now*, notify, save the state, and return the run report.

    Raises Busy while another run acts, Superseded if one has acted
    meanwhile, WentBack if *now* is before the last run's, NotificationsUnsentError if a
    notification could not be sent, and AccessDenied or Unavailable if a delivery could not be
    saved. Lambda retries after each of them, and no notification is lost.
    """
    quiet = quiet_hours is not None and quiet_hours.include(now)
    with ExitStack() as held:
        history = _load(ports, target, held, lease, now)
        before = known_state(history)
        observation = collect(ports, target, before, now, limits)
        evaluation = evaluate(observation)
        alerts = advance_all(
            observation.alerts,
            evaluation.verdicts,
            observation.rules,
            evaluation.closed,
            now,
            waits=before.summary_sent,
        )
        incidents = group_into_incidents(alerts.values(), evaluation.contributors, now)
        state = next_state(before, observation, incidents, now)
        changes = tuple(
            transitions(
                observation.alerts, state.alerts, evaluation.verdicts, evaluation.closed, now
            )
        )
        due = due_notifications(history, state, observation, evaluation, now, quiet=quiet)
        outbox = Outbox(ports.store, ports.notifier, target, history, state, changes)
        history = outbox.record_attempts(deliverable(due, before, observation), now)
        if isinstance(history, HistoryUnavailable):
            due = due_notifications(history, state, observation, evaluation, now, quiet=quiet)
        to_send = deliverable(due, before, observation)
        sent = outbox.publish(to_send, now)
        after = outbox.record_deliveries(sent, now)
        _save_roster(ports, target, observation.reading, history)
        findings = _findings(history, observation.findings)
        _log_outcome(findings, changes)
        report = report_run(
            observation,
            evaluation,
            after,
            now,
            findings=len(findings),
            sent=len(sent),
            due=len(due),
        )
        samples = rate_samples(observation, evaluation, state.alerts, now, before.last_run)
        ports.recorder.record(target, report, samples)
    if len(sent) < len(to_send):
        raise NotificationsUnsentError(len(to_send) - len(sent), len(to_send))
    return report


def _load(ports: Ports, target: Target, held: ExitStack, lease: Lease, now: datetime) -> History:
    """Take the lease, and return the stored state; unavailable if the table is out of reach."""
    try:
        held.enter_context(ports.store.lease(target, lease.until, lease.taken))
        state = ports.store.load(target)
    except OperationFailedError as error:
        return HistoryUnavailable(error.finding)
    if state.last_run and now < state.last_run:
        message = f"asked to run as of {now}, but the last run was as of {state.last_run}"
        raise ClockWentBackError(message)
    return state


def _findings(history: History, observed: Iterable[Finding]) -> list[Finding]:
    unavailable = [history.finding] if isinstance(history, HistoryUnavailable) else []
    return [*unavailable, *observed]


def _save_roster(
    ports: Ports, target: Target, reading: MetricReading | None, history: History
) -> None:
    """Save the sender roster. Without it, the next run only makes more queries.

    It is saved after the state that came of this reading, and not without it.
    """
    if reading is None or isinstance(history, HistoryUnavailable):
        return
    try:
        ports.rosters.save(target, reading.roster_after())
    except Exception as error:  # noqa: BLE001 - the run has done its work
        _log.warning("the sender roster is not saved: %s", error)


def _log_outcome(findings: Iterable[Finding], changes: Iterable[Transition]) -> None:
    for finding in findings:
        _log.warning("%s", finding)
    for change in changes:
        _log.warning(
            "%s of %s: %s, was %s: %s",
            change.key.rule,
            change.key.scope,
            change.after,
            change.before,
            change.why,
        )
