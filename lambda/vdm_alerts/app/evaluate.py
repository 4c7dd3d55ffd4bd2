"""One run: load, collect, evaluate, advance, due, deliver, save, report."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vdm_alerts.app.collect import collect
from vdm_alerts.app.notify import NotificationsUnsentError, Outbox, OutboxFactory
from vdm_alerts.core.alerts.damage import without_future_times
from vdm_alerts.core.alerts.history import RecentTransitions, Transition, transitions
from vdm_alerts.core.alerts.lifecycle import advance_all
from vdm_alerts.core.alerts.stored_state import (
    History,
    HistoryUnavailable,
    StoredState,
    known_state,
)
from vdm_alerts.core.model.deadline import elapsed
from vdm_alerts.core.model.errors import ClockWentBackError
from vdm_alerts.core.model.findings import Finding, OperationFailedError
from vdm_alerts.core.model.metrics import Window
from vdm_alerts.core.model.target import Target
from vdm_alerts.core.muting.quiet_hours import QuietHours
from vdm_alerts.core.notifications.due import deliverable, due_notifications
from vdm_alerts.core.notifications.grouping import group_into_incidents
from vdm_alerts.core.notifications.rendering.links import Links
from vdm_alerts.core.notifications.weekly_summary import is_weekly_summary_due
from vdm_alerts.core.observations.evaluation import Evaluation, evaluate, record_of
from vdm_alerts.core.observations.metric_reading import UNLIMITED, Limits
from vdm_alerts.core.observations.next_state import next_state
from vdm_alerts.core.observations.no_email import NO_EMAIL_AFTER
from vdm_alerts.core.observations.observation import Observation
from vdm_alerts.core.observations.run_metrics import run_metrics
from vdm_alerts.core.observations.run_report import (
    RunCounts,
    RunReport,
    is_new_period,
    rate_samples,
    report_run,
)
from vdm_alerts.core.observations.weekly_figures import WEEK, weekly_figures
from vdm_alerts.ports import Ports

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lease:
    """The period in which no other run of the same target may act."""

    taken: datetime
    """The wall clock time at which the run takes the lease."""
    until: datetime
    """The wall clock time at which the lease expires, unless the run releases it before."""
    owner: str | None = None
    """The invocation of the run. A retry has the same, and takes over the lease if the run died."""


@dataclass(frozen=True, slots=True)
class NotificationOptions:
    """What you choose about notifications when you deploy."""

    quiet_hours: QuietHours | None = None
    """The daily hours in which only urgent notifications are sent."""
    no_email_after: Window | None = NO_EMAIL_AFTER
    """The days without email of the account that are a finding; None if no number is."""
    runbook_url: str = ""
    """The URL of the runbook. If empty, notifications name the file of the runbook."""


DEFAULT_OPTIONS = NotificationOptions()
"""No quiet hours, and no URL of a runbook."""


def run(
    ports: Ports,
    target: Target,
    now: datetime,
    lease: Lease,
    limits: Limits = UNLIMITED,
    options: NotificationOptions = DEFAULT_OPTIONS,
    create_outbox: OutboxFactory = Outbox,
) -> RunReport:
    """Evaluate *target* as of *now*, send what is due, and return the run report.

    The run reads metrics within *limits*, and sends through the outbox that *create_outbox*
    returns.

    No notification is lost by any of these errors. Lambda retries the run, except while another run
    holds the lease. Raises:

    * LeaseHeldError while another run holds the lease;
    * ClockWentBackError if *now* is before the time of the last run;
    * StaleStateError if another run has saved since this run loaded the state;
    * NotificationsUnsentError if a notification could not be sent;
    * AccessDeniedError or UnavailableError if the deliveries could not be saved.
    """
    quiet = options.quiet_hours is not None and options.quiet_hours.include(now)
    remaining = limits.deadline.remaining()
    with ExitStack() as stack:
        history = _load(ports, target, lease, now, stack)
        if isinstance(history, HistoryUnavailable):  # Nothing is saved that could be continued.
            limits = replace(limits, may_continue=False)
        before = known_state(history)
        recent = _recent_transitions(ports, target, before, now, quiet=quiet)
        observation = collect(ports, target, before, now, limits, options.no_email_after)
        evaluation = evaluate(observation)
        state = _advance(before, observation, evaluation, now)
        changes = _transitions(observation, evaluation, state, now)
        recent = recent.followed_by(changes) if recent else None
        due = due_notifications(
            history, state, observation, evaluation, now, quiet=quiet, recent=recent
        )
        links = Links(target, options.runbook_url)
        outbox = create_outbox(ports.store, ports.notifier, links, history, state, changes)
        history = outbox.record_attempts(deliverable(due, before, observation), now)
        if isinstance(history, HistoryUnavailable):  # Without history, other notifications are due.
            due = due_notifications(history, state, observation, evaluation, now, quiet=quiet)
        to_send = deliverable(due, before, observation)
        sent = outbox.publish(to_send, now)
        after = outbox.record_deliveries(sent, now)
        is_roster_saved = _save_roster(ports, target, observation, after, history)
        findings = _findings(history, observation.findings)
        _log_outcome(findings, changes)
        counts = RunCounts(len(findings), len(due), len(sent), failed=len(to_send) - len(sent))
        duration = elapsed(limits.deadline, remaining)
        report = report_run(observation, evaluation, after, now, counts=counts, duration=duration)
        report = replace(report, is_cut_short=report.is_cut_short and is_roster_saved)
        samples = rate_samples(observation, evaluation, state.alerts, now, before.last_run)
        metrics = run_metrics(report, is_new_period=is_new_period(now, before.last_run))
        ports.recorder.record(target, report, samples, metrics)
    if len(sent) < len(to_send):
        raise NotificationsUnsentError(len(to_send) - len(sent), len(to_send))
    return report


def _load(ports: Ports, target: Target, lease: Lease, now: datetime, stack: ExitStack) -> History:
    """Take the lease until *stack* closes, and return the stored state.

    The history is unavailable if DynamoDB fails. The run continues then, without a lease if it
    could not take one: a breach is reported even if nothing is known about earlier notifications.
    """
    try:
        stack.enter_context(ports.store.lease(target, lease.until, lease.taken, lease.owner))
        state = ports.store.load(target)
    except OperationFailedError as error:
        return HistoryUnavailable(error.finding)
    state = without_future_times(state, lease.taken)
    if state.last_run and now < state.last_run:
        message = (
            f"now: {now.isoformat()} is earlier than the last run, {state.last_run.isoformat()}. "
            "Use a later time."
        )
        raise ClockWentBackError(message)
    return state


def _advance(
    before: StoredState, observation: Observation, evaluation: Evaluation, now: datetime
) -> StoredState:
    """Return the state after *before*: alerts advanced by their verdicts, in their incidents."""
    alerts = advance_all(
        observation.alerts,
        evaluation.verdicts,
        observation.rules,
        evaluation.close_reasons,
        now,
        applies_hold=before.summary_sent,
    )
    grouped = group_into_incidents(
        alerts.values(), evaluation.contributors, evaluation.same_email, now
    )
    return next_state(before, observation, grouped, now)


def _transitions(
    observation: Observation, evaluation: Evaluation, state: StoredState, now: datetime
) -> Sequence[Transition]:
    """Return each change of an alert's state, with the verdict or the reason that caused it."""
    changes = transitions(
        observation.alerts,
        state.alerts,
        evaluation.verdicts,
        evaluation.close_reasons,
        lambda key: record_of(key, observation, evaluation),
        now,
    )
    return tuple(changes)


def _recent_transitions(
    ports: Ports, target: Target, state: StoredState, now: datetime, *, quiet: bool
) -> RecentTransitions | None:
    """Return the transitions of the last week; None if no summary needs them, or after an error.

    They are read before VDM, which takes all the time that is left.
    """
    if quiet or not is_weekly_summary_due(state):
        return None
    try:
        return ports.store.transitions_since(target, now - timedelta(days=WEEK.days))
    except Exception as error:  # noqa: BLE001 - the summary is sent without them
        _log.warning("alert history of the last week not read: %s", error)
        return None


def _save_roster(
    ports: Ports, target: Target, observation: Observation, state: StoredState, history: History
) -> bool:
    """Save the sender roster as of *observation*, unless the *state* of this run was not saved.

    An error is only logged, because without a roster the next run only makes more queries. Returns
    whether the roster is saved, so that another invocation can continue the sweep.
    """
    reading = observation.reading
    if reading is None or isinstance(history, HistoryUnavailable):
        return False
    roster = reading.roster_after()
    if reading.is_cut_short and is_weekly_summary_due(state):
        figures = weekly_figures(observation)
        roster = replace(roster, notable=figures.senders if figures else ())
    try:
        ports.rosters.save(target, roster)
    except Exception as error:  # noqa: BLE001 - the notifications are sent and the state is saved
        _log.warning("sender roster not saved; the next run makes more queries: %s", error)
        return False
    return True


def _findings(history: History, observed: Iterable[Finding]) -> list[Finding]:
    unavailable = [history.finding] if isinstance(history, HistoryUnavailable) else []
    return [*unavailable, *observed]


def _log_outcome(findings: Iterable[Finding], changes: Iterable[Transition]) -> None:
    for finding in findings:
        _log.warning("%s", finding)
    for change in changes:
        _log.warning(
            "rule %s, %s: %s, was %s: %s",
            change.key.rule,
            change.key.scope,
            change.after,
            change.before,
            change.reason,
        )
